// One row per payment key. Locking it is what makes concurrent events of one payment take turns.

import { sql, type Transaction } from 'kysely';
import type { PaymentState, Payments } from '#application/ports.ts';
import type { Tables } from './database.ts';

export function postgresPayments(trx: Transaction<Tables>): Payments {
  return {
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

    async setState(key, state, why, now) {
      await trx
        .updateTable('payment')
        .set({
          state,
          reason: why.reason,
          detail: why.detail,
          event_id: why.eventId,
          updated_at: now,
        })
        .where('key', '=', key)
        .execute();
    },
  };
}
