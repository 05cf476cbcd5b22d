// How a database and this program stand to each other: what the program would add, and what later
// releases have added that it does not know. It may still work on a newer database as long as that one
// says so (table schema_support), so that releases can follow each other, and be taken back, one
// process at a time.

import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { migrationFiles } from './migration-files.ts';

export type SchemaState = {
  /** Names of our migrations that are missing, oldest first. */
  readonly pending: readonly string[];
  /** Names of migrations of later releases. */
  readonly newer: readonly string[];
  /** False: the database no longer supports programs of this release. */
  readonly isSupported: boolean;
};

const UNDEFINED_TABLE = '42P01';

/** Looks, changes nothing. Throws when the database is away, or none of ours. */
export async function schemaState(databaseUrl: string): Promise<SchemaState> {
  const ours = (await migrationFiles()).map((file) => file.name);
  return withDatabase(databaseUrl, async (db) => {
    const done = await rowsOf<{ name: string }>(db, 'select name from kysely_migration');
    const has = new Set(done.map((row) => row.name));
    const strangers = [...has].filter((name) => !ours.includes(name)).sort();
    const last = ours.at(-1) ?? '';
    const foreign = strangers.find((name) => name < last);
    if (foreign !== undefined) {
      throw new Error(`The database has a migration that this program never had: ${foreign}`);
    }
    const support = await rowsOf<{ oldest: string }>(
      db,
      'select oldest_program as oldest from schema_support',
    );
    return {
      pending: ours.filter((name) => !has.has(name)),
      newer: strangers,
      isSupported: strangers.length === 0 || (support[0]?.oldest ?? '~') <= last,
    };
  });
}

async function rowsOf<T>(db: Kysely<unknown>, query: string): Promise<T[]> {
  try {
    return (await sql.raw<T>(query).execute(db)).rows;
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

/** Lends a small pool of its own. */
export async function withDatabase<T>(
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
