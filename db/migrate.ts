// Brings a database to the shape this program expects: our own migrations first, then Graphile
// Worker's. Ours are plain SQL files, forward only. Each runs in a transaction of its own, so that locks
// are short and a failure leaves nothing half-made; one that begins with `-- apart` takes its time
// outside of one. Nothing waits long for a lock, since whoever comes later waits behind it: the run
// gives way and tries again (docs/migrations.md).

import { setTimeout as delay } from 'node:timers/promises';
import { Logger, runMigrations } from 'graphile-worker';
import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration';
import { MigrationHeldUp, NewerDatabase } from './migration-faults.ts';
import { type MigrationFile, migrationFiles, statementsOf } from './migration-files.ts';
import { type SchemaState, schemaState, withDatabase } from './schema-state.ts';

export type MigrateOptions = {
  /** How long one statement may wait for a lock before the run gives way. */
  readonly lockTimeoutMs?: number;
  /** How long one statement of a transaction may work. */
  readonly statementTimeoutMs?: number;
  /** How often a run that gave way begins again. */
  readonly tries?: number;
  readonly pauseMs?: number;
  /** Hears what is worth a line of log: one English sentence. */
  readonly tell?: (message: string) => void;
};

const LOCK_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 5 * 60_000;
const TRIES = 10;
const PAUSE_MS = 2_000;

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';
const QUERY_CANCELED = '57014';

/**
 * Runs what is missing. Returns the names of our migrations that ran now, oldest first. Throws
 * MigrationHeldUp, NewerDatabase, or an Error that names the migration that failed and has not
 * happened; those before it have. A newer database that still supports this program is told
 * and left as it is.
 */
export async function migrate(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<string[]> {
  const state = await schemaState(databaseUrl);
  if (state.newer.length > 0) {
    mustBeSupported(state);
    const names = state.newer.join(', ');
    options.tell?.(`the database is newer than this program, and still supports it (${names})`);
    return [];
  }
  const ran = state.pending.length === 0 ? [] : await runOurs(databaseUrl, options);
  await runMigrations({ connectionString: databaseUrl, logger: new Logger(() => () => {}) });
  return ran;
}

/** Throws NewerDatabase unless programs of this release may work on it. */
export function mustBeSupported({ newer, isSupported }: SchemaState): void {
  if (!isSupported) throw new NewerDatabase(newer);
}

/** The names of our migrations that `migrate` would run, oldest first. Changes nothing. */
export async function pendingMigrations(databaseUrl: string): Promise<readonly string[]> {
  return (await schemaState(databaseUrl)).pending;
}

async function runOurs(databaseUrl: string, options: MigrateOptions): Promise<string[]> {
  const files = await migrationFiles();
  return withDatabase(databaseUrl, (db) =>
    alone(db, async () => {
      const ran: string[] = [];
      for (;;) {
        const names = await oneRun(db, files, options);
        if (names.length === 0) return ran;
        ran.push(...names);
      }
    }),
  );
}

// A row of pg_locks instead of a wait: who waits for a lock in SQL holds a snapshot, for which an
// index that is made concurrently would wait in turn.
async function alone<T>(db: Kysely<unknown>, work: () => Promise<T>): Promise<T> {
  return db.connection().execute(async (one) => {
    for (;;) {
      const { rows } = await sql<{
        won: boolean;
      }>`select pg_try_advisory_lock(7302, 1) as won`.execute(one);
      if (rows[0]?.won) break;
      await delay(200);
    }
    return work(); // the lock ends with its connection, which ends with the pool
  });
}

/** The next missing file, in a transaction of its own or apart. Returns what ran; nothing at the end. */
async function oneRun(
  db: Kysely<unknown>,
  files: readonly MigrationFile[],
  options: MigrateOptions,
): Promise<string[]> {
  const done = await migratorOf(db, files, options).getMigrations();
  const isNew = done.every((it) => !it.executedAt);
  const [next] = files.filter((file) => !done.find((it) => it.name === file.name)?.executedAt);
  if (!next) return [];
  // Nobody works on a database without tables: all at once is several times faster.
  const isAllAtOnce = isNew && !files.some((file) => file.isApart && !isOfIndexes(file));
  const migrator = migratorOf(db, isAllAtOnce ? files.map(atOnce) : files, options);
  const { tries = TRIES, pauseMs = PAUSE_MS, tell } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const ran = isAllAtOnce
        ? await migrator.migrateToLatest()
        : await migrator.migrateUp({ disableTransactions: next.isApart });
      return namesOf(ran, next);
    } catch (error) {
      const isLocked = error instanceof MigrationHeldUp && error.kind === 'locked';
      if (!isLocked || attempt >= tries) throw error;
      tell?.(`migration ${error.migration} gave way to others and tries again`);
      await delay(pauseMs);
    }
  }
}

/** Goes apart for the sake of others only. */
function isOfIndexes({ text }: MigrationFile): boolean {
  return statementsOf(text).every((it) =>
    /^(?:--.*\n|\s)*(?:create|drop) index concurrently\b/.test(it),
  );
}

/** The same for a database that nobody else uses: in a transaction. */
function atOnce(file: MigrationFile): MigrationFile {
  if (!file.isApart) return file;
  return { ...file, isApart: false, text: file.text.replaceAll(' index concurrently ', ' index ') };
}

function namesOf({ error, results }: MigrationResultSet, first: MigrationFile): string[] {
  if (!error) return (results ?? []).map((result) => result.migrationName);
  const failed = results?.find((it) => it.status === 'Error')?.migrationName ?? first.name;
  const { code, message } = error as Error & { readonly code?: string };
  if (code === LOCK_NOT_AVAILABLE || code === DEADLOCK_DETECTED) {
    throw new MigrationHeldUp(failed, 'locked', error);
  }
  if (code === QUERY_CANCELED) throw new MigrationHeldUp(failed, 'slow', error);
  throw new Error(`Migration ${failed} failed: ${message}`, { cause: error });
}

function migratorOf(
  db: Kysely<unknown>,
  files: readonly MigrationFile[],
  { lockTimeoutMs = LOCK_TIMEOUT_MS, statementTimeoutMs = STATEMENT_TIMEOUT_MS }: MigrateOptions,
): Migrator {
  const limits = `set local lock_timeout = ${lockTimeoutMs};
    set local statement_timeout = ${statementTimeoutMs};\n`;
  const migrations = files.map(({ name, text, isApart }): [string, Migration] => [
    name,
    {
      up: async (at) => {
        // Without parameters pg sends a text by the simple protocol: many statements at once.
        if (!isApart) await sql.raw(limits + text).execute(at);
        else for (const statement of statementsOf(text)) await sql.raw(statement).execute(at);
      },
    },
  ]);
  const provider = { getMigrations: async () => Object.fromEntries(migrations) };
  return new Migrator({ db, provider });
}
