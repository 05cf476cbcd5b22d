// Where personal data lies outside the legal documents, and how it is erased: each row once, by the
// one update that the triggers of migration 0009 let through. They refuse what is under way or too
// young, too, so a mistake here erases nothing that it must not.

import { type RawBuilder, sql } from 'kysely';
import type { PersonalData, PurgeCounts } from '#application/purge-personal-data.ts';
import type { Database } from './database.ts';

type Place = {
  readonly table: RawBuilder<unknown>;
  readonly age: RawBuilder<unknown>;
  /** Of rows that hold something still, and are not open. */
  readonly erasable: RawBuilder<unknown>;
  readonly erased: RawBuilder<unknown>;
};

const PLACES: { readonly [P in keyof PurgeCounts]: Place } = {
  events: {
    table: sql`stripe_event t`,
    age: sql`t.received_at`,
    erasable: sql`not is_open_event(t.id)`,
    erased: sql`body = null`,
  },
  orders: {
    table: sql`orders t`,
    age: sql`t.recorded_at`,
    erasable: sql`not is_open_order(t.id)`,
    erased: sql`customer = null, customer_email = null`,
  },
  attempts: {
    table: sql`attempt t`,
    age: sql`t.started_at`,
    erasable: sql`t.ended_at is not null
      and (t.request_body is not null or t.response_body is not null
        or t.response_headers is not null)
      and not is_open_order(
        (select n.order_id from notification n where n.id = t.notification_id))`,
    erased: sql`request_body = null, response_headers = null, response_body = null`,
  },
};

/**
 * True of a `notification` that can still say what it has to say. A credit note's can for ever, by
 * its own text: money may go back late.
 */
export const NOTHING_PURGED = sql<boolean>`(notification.credit_note_id is not null or
  (select purged_at is null from orders where orders.id = notification.order_id))`;

/** Whether the data it would need were erased. Throws when there is no such notification. */
export async function isPurgedNotification(db: Database, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('notification')
    .select(sql<boolean>`not (${NOTHING_PURGED})`.as('purged'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.purged;
}

const NAMES = Object.keys(PLACES) as (keyof PurgeCounts)[];

export function postgresPersonalData(db: Database): PersonalData {
  async function perPlace(ask: (place: Place) => Promise<number>): Promise<PurgeCounts> {
    const counts = { events: 0, orders: 0, attempts: 0 };
    for (const name of NAMES) counts[name] = await ask(PLACES[name]);
    return counts;
  }

  return {
    async oldest(before) {
      const oldest: number[] = [];
      for (const { table, age, erasable } of Object.values(PLACES)) {
        const { rows } = await sql<{ at: Date | null }>`
          select min(${age}) as at from ${table}
          where ${age} < ${before} and t.purged_at is null and ${erasable}`.execute(db);
        if (rows[0]?.at) oldest.push(rows[0].at.getTime());
      }
      return oldest.length === 0 ? null : new Date(Math.min(...oldest));
    },

    count: (before) =>
      perPlace(async ({ table, age, erasable }) => {
        const { rows } = await sql<{ n: number }>`
          select count(*) as n from ${table}
          where ${age} < ${before} and t.purged_at is null and ${erasable}`.execute(db);
        return rows[0]?.n ?? 0;
      }),

    erase: ({ from, to }, at) =>
      perPlace(async ({ table, age, erasable, erased }) => {
        const { numAffectedRows } = await sql`
          update ${table} set ${erased}, purged_at = ${at}
          where ${age} >= ${from} and ${age} < ${to} and t.purged_at is null and ${erasable}
        `.execute(db);
        return Number(numAffectedRows ?? 0n);
      }),
  };
}
