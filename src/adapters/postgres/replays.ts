// Replays as rows: what was asked for, how far it got, and whether it goes on.

import { sql, type Transaction } from 'kysely';
import type { Replay, Replays } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { Database } from './database.ts';
import type { Row, Tables } from './tables.ts';

export function postgresReplays(trx: Transaction<Tables>): Replays {
  return {
    async insert(replay, at) {
      const row = await trx
        .insertInto('replay')
        .values({
          partner_slug: replay.partner,
          channel: replay.channel,
          since: replay.since,
          until: replay.until,
          rate_per_second: replay.ratePerSecond,
          state: replay.state,
          requested_by: replay.requestedBy,
          why: replay.why,
          created_at: at,
          updated_at: at,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return replayOf(row);
    },

    async lock(id) {
      const row = await trx
        .selectFrom('replay')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return row ? replayOf(row) : null;
    },

    async save({ id, state, cursor, looked, retried }, at) {
      await trx
        .updateTable('replay')
        .set({
          state,
          cursor_at: cursor?.at ?? null,
          cursor_id: cursor?.id ?? null,
          looked,
          retried,
          updated_at: at,
        })
        .where('id', '=', id)
        .execute();
    },

    async runningWithoutJob(before) {
      const { rows } = await sql<{ id: number }>`
        select r.id from replay r
        where r.state = 'running' and r.updated_at < ${before}
          and not exists (select from graphile_worker.jobs j where j.key = 'replay:' || r.id)
        order by r.id`.execute(trx);
      return rows.map((row) => row.id);
    },
  };
}

export type ReplayListing = Replay & { readonly createdAt: Date; readonly updatedAt: Date };

/** The newest replays, at most `limit`. */
export async function listReplays(db: Database, limit: number): Promise<ReplayListing[]> {
  const rows = await db
    .selectFrom('replay')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(replayListingOf);
}

/** One replay as it stands now; null when there is none. */
export async function findReplay(db: Database, id: number): Promise<ReplayListing | null> {
  const row = await db.selectFrom('replay').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? replayListingOf(row) : null;
}

export function replayListingOf(row: Row<'replay'>): ReplayListing {
  return { ...replayOf(row), createdAt: row.created_at, updatedAt: row.updated_at };
}

function replayOf(row: Row<'replay'>): Replay {
  const { cursor_at: at, cursor_id: id } = row;
  return {
    id: row.id,
    partner: row.partner_slug as PartnerSlug,
    channel: row.channel,
    since: row.since,
    until: row.until,
    ratePerSecond: row.rate_per_second,
    state: row.state,
    requestedBy: row.requested_by,
    why: row.why,
    cursor: at !== null && id !== null ? { at, id } : null,
    looked: row.looked,
    retried: row.retried,
  };
}
