// Brings a database to the shape this program expects: our own migrations first, then Graphile
// Worker's. Ours are plain SQL files, forward only. Kysely runs all missing ones in one transaction,
// under a lock, so that a failure leaves nothing half-made and two processes starting at once do
// the work once.

import { readdir, readFile } from 'node:fs/promises';
import { Logger, runMigrations } from 'graphile-worker';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { Pool } from 'pg';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Runs what is missing. Returns the names of our migrations that ran now, oldest first. Throws an
 * Error that names the migration when one fails; then none of this run has happened.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const ran = await withDatabase(databaseUrl, async (db) => {
    const { error, results } = await migrator(db).migrateToLatest();
    if (error) {
      const failed = results?.find((result) => result.status === 'Error')?.migrationName;
      const which = failed === undefined ? 'The migrations' : `Migration ${failed}`;
      throw new Error(`${which} failed: ${(error as Error).message}`, { cause: error });
    }
    return (results ?? []).map((result) => result.migrationName);
  });
  await runMigrations({ connectionString: databaseUrl, logger: new Logger(() => () => {}) });
  return ran;
}

/** The names of our migrations that `migrate` would run, oldest first. Changes nothing. */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  return withDatabase(databaseUrl, async (db) => {
    const all = await migrator(db).getMigrations();
    return all.filter((migration) => !migration.executedAt).map((migration) => migration.name);
  });
}

function migrator(db: Kysely<unknown>): Migrator {
  return new Migrator({ db, provider: sqlFiles() });
}

function sqlFiles(): MigrationProvider {
  return {
    async getMigrations() {
      const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
      const migrations: Record<string, Migration> = {};
      for (const name of names) {
        const text = await readFile(new URL(name, FOLDER), 'utf8');
        migrations[name.slice(0, -'.sql'.length)] = {
          // Without parameters pg sends the file by the simple protocol: many statements at once.
          up: async (db) => {
            await sql.raw(text).execute(db);
          },
        };
      }
      return migrations;
    },
  };
}

async function withDatabase<T>(
  databaseUrl: string,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  const pool = new Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => {}); // a connection lost while idle; the next query tells
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
