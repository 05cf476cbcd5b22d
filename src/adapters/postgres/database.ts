// The pool through which the tables are reached. bigint columns arrive as numbers: ids and amounts
// stay far below 2^53, and one that does not is refused here instead of being rounded.

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { prepareOften } from './prepared.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

const INT8 = pg.types.builtins.INT8;
const DATE = pg.types.builtins.DATE;

/** A database that is away must not hold a webhook for ever: Stripe gets its 503 instead. */
const CONNECTION_WAIT_MS = 5_000;

/**
 * A pool of connections; `destroy` waits for those in use. A query throws when no connection is
 * free or to be had within `waitMs`.
 */
export function connect(
  url: string,
  options: {
    readonly connectionsMax: number;
    readonly waitMs?: number;
    /** A setting that each new connection begins with; nothing may depend on it but speed. */
    readonly session?: string;
  },
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.waitMs ?? CONNECTION_WAIT_MS,
    types: { getTypeParser: parserOf },
  });
  // Without these a connection lost while idle ends the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
    // Before all else, since a client answers in turn. A connection that is lost here is told by its first
    // query; a server that will not have it set is only slower.
    if (options.session !== undefined) client.query(options.session).catch(() => {});
    prepareOften(client);
  });
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

const parserOf: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (oid === INT8) return safeInteger;
  // A civil date is not an instant: keep the text.
  if (oid === DATE) return (text: string) => text;
  return pg.types.getTypeParser(oid, format as 'text');
};

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
}
