// One row per payment key. Locking it is what makes concurrent events of one payment take turns.

import { sql, type Transaction } from 'kysely';
import type { PaymentState, Payments } from '#application/ports.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { Tables } from './tables.ts';

export function postgresPayments(trx: Transaction<Tables>): Payments {
  const payments: Payments = {
    async state(key) {
      const row = await trx
        .selectFrom('payment')
        .select('state')
        .where('key', '=', key)
        .executeTakeFirst();
      return row?.state ?? null;
    },

    async lock(key, eventId, now) {
      // `do update` takes the row's lock where `do nothing` would not even see it; xmax tells an
      // inserted row (0) from one that was there.
      const { rows } = await sql<{ state: PaymentState; is_new: boolean }>`
        insert into payment (key, state, reason, event_id, created_at, updated_at)
        values (${key}, 'waiting', 'new', ${eventId}, ${now}, ${now})
        on conflict (key) do update set key = excluded.key
        returning state, (xmax = 0) as is_new`.execute(trx);
      const row = rows[0];
      if (!row) throw new Error(`payment ${key} was not locked`);
      return row.is_new ? 'new' : row.state;
    },

    async lockAll(given, now) {
      const sorted = given.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      const { rows } = await sql<{ key: PaymentKey; state: PaymentState; is_new: boolean }>`
        insert into payment (key, state, event_id, created_at, updated_at)
        select key, 'recorded', event_id, ${now}, ${now} from unnest(
          ${sorted.map((it) => it.key)}::text[], ${sorted.map((it) => it.eventId)}::text[]
        ) with ordinality g (key, event_id, n) order by n
        on conflict (key) do update set key = excluded.key
        returning key, state, (xmax = 0) as is_new`.execute(trx);
      return new Map(rows.map((row) => [row.key, row.is_new ? 'new' : row.state]));
    },

    async hold(key, eventId, now) {
      const state = await payments.lock(key, eventId, now);
      if (state !== 'new') return state;
      // The row is gone again, but who wants to insert it must wait for our commit to know that.
      await trx.deleteFrom('payment').where('key', '=', key).execute();
      return null;
    },

    async lockExisting(key) {
      const row = await trx
        .selectFrom('payment')
        .select(['key', 'state', 'reason', 'detail', 'event_id as eventId'])
        .where('key', '=', key)
        .forUpdate()
        .executeTakeFirst();
      return row ? { ...row, key: row.key as PaymentKey } : null;
    },

    async states(keys) {
      if (keys.length === 0) return new Map();
      const rows = await trx
        .selectFrom('payment')
        .select(['key', 'state'])
        .where('key', 'in', [...keys])
        .execute();
      return new Map(rows.map((row) => [row.key, row.state]));
    },

    async quarantined(limit) {
      const rows = await trx
        .selectFrom('payment')
        .select('key')
        .where('state', '=', 'quarantined')
        .orderBy('updated_at')
        .limit(limit)
        .execute();
      return rows.map((row) => row.key as PaymentKey);
    },

    async recordedBetween(since, until) {
      const rows = await trx
        .selectFrom('orders')
        .select('payment_key')
        .distinct()
        .where('paid_at', '>=', since)
        .where('paid_at', '<', until)
        .execute();
      return rows.map((row) => row.payment_key as PaymentKey);
    },

    async dismiss(key, by, why, now) {
      await trx
        .updateTable('payment')
        .set({ state: 'dismissed', dismissed_by: by, dismissed_why: why, updated_at: now })
        .where('key', '=', key)
        .execute();
    },

    async setState(key, state, why, now) {
      await trx
        .updateTable('payment')
        .set({
          state,
          reason: why.reason,
          detail: why.detail,
          event_id: why.eventId,
          dismissed_by: null,
          dismissed_why: null,
          updated_at: now,
        })
        .where('key', '=', key)
        .execute();
    },
  };
  return payments;
}
