// Stripe's events as rows, and what came of each.

import { sql, type Transaction } from 'kysely';
import type { EventOutcome, Inbox } from '#application/ports.ts';
import type { CreditWait } from '#domain/credit-note.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { type BookWatch, tracedAt, UNWATCHED } from './book-watch.ts';
import type { Tables } from './tables.ts';

// These wait under the key of a payment that is not theirs to answer for.
const WAITS_FOR_ORDERS: readonly CreditWait[] = [
  'awaiting-order',
  'invoice-open',
  'payment-dismissed',
];

export function postgresInbox(trx: Transaction<Tables>, watch: BookWatch = UNWATCHED): Inbox {
  return {
    async store(event, receivedAt) {
      const inserted = await trx
        .insertInto('stripe_event')
        .values({
          id: event.id,
          type: event.type,
          api_version: event.apiVersion,
          livemode: event.livemode,
          account: event.account,
          object_id: event.objectId,
          created_at: event.createdAt,
          received_at: receivedAt,
          body: event.body,
          trace_parent: watch.place(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows !== 1n) return 'duplicate';
      await trx
        .insertInto('event_outcome')
        .values({ event_id: event.id, kind: 'pending', tries: 0, concluded_at: receivedAt })
        .execute();
      return 'stored';
    },

    async find(eventId) {
      const row = await trx
        .selectFrom('stripe_event')
        .select(['id', 'type', 'api_version', 'livemode', 'account', 'object_id', 'created_at'])
        .select(['received_at', 'trace_parent'])
        .where('id', '=', eventId)
        .executeTakeFirst();
      if (!row) return null;
      return {
        id: row.id,
        type: row.type,
        apiVersion: row.api_version,
        livemode: row.livemode,
        account: row.account,
        objectId: row.object_id,
        createdAt: row.created_at,
        trace: tracedAt(row.trace_parent, row.received_at),
      };
    },

    async conclude(eventId, outcome, at) {
      const values = {
        kind: outcome.kind,
        reason: outcome.reason,
        payment_key: outcome.paymentKey,
        tries: outcome.tries,
        concluded_at: at,
      };
      await trx.updateTable('event_outcome').set(values).where('event_id', '=', eventId).execute();
    },

    async paymentKeyOf(eventId) {
      const row = await trx
        .selectFrom('event_outcome')
        .select('payment_key')
        .where('event_id', '=', eventId)
        .executeTakeFirst();
      return (row?.payment_key ?? null) as PaymentKey | null;
    },

    async outcome(eventId): Promise<EventOutcome | null> {
      const row = await trx
        .selectFrom('event_outcome')
        .selectAll()
        .where('event_id', '=', eventId)
        .executeTakeFirst();
      if (!row || row.kind === 'pending') return null;
      const paymentKey = row.payment_key as PaymentKey | null;
      return { kind: row.kind, reason: row.reason, paymentKey, tries: row.tries };
    },

    async reopen(key, at) {
      const rows = await trx
        .updateTable('event_outcome')
        .set({ kind: 'pending', reason: null, tries: 0, concluded_at: at })
        .where('payment_key', '=', key)
        .where('kind', 'in', ['quarantine', 'ignored', 'wait'])
        .where((or) => or('reason', 'is', null).or('reason', 'not in', WAITS_FOR_ORDERS))
        .returning('event_id')
        .execute();
      return rows.map((row) => row.event_id);
    },

    async wake(key, at) {
      const rows = await trx
        .updateTable('event_outcome')
        .set({ kind: 'pending', reason: null, payment_key: null, tries: 0, concluded_at: at })
        .where('payment_key', '=', key)
        .where('kind', 'in', ['wait', 'ignored'])
        .where('reason', 'in', WAITS_FOR_ORDERS)
        .returning('event_id')
        .execute();
      return rows.map((row) => row.event_id);
    },

    async unknown(ids) {
      const { rows } = await sql<{ id: string }>`
        select id from unnest(${[...ids]}::text[]) given(id)
        where not exists (select from stripe_event e where e.id = given.id)`.execute(trx);
      return rows.map((row) => row.id);
    },

    async givenUp(limit) {
      const { rows } = await sql<{ eventId: string; error: string }>`
        select o.event_id as "eventId", coalesce(j.last_error, '') as error
        from event_outcome o
        join graphile_worker.jobs j on j.key = 'resolve-payment:' || o.event_id
        where o.kind in ('pending', 'wait') and j.attempts >= j.max_attempts
          and j.locked_at is null
        order by o.concluded_at limit ${limit}`.execute(trx);
      return rows;
    },

    async unresolvedWithoutJob(before, limit) {
      const { rows } = await sql<{ id: string }>`
        select o.event_id as id from event_outcome o
        where o.kind in ('pending', 'wait') and o.concluded_at < ${before}
          and not exists (select from graphile_worker.jobs j
                          where j.key = 'resolve-payment:' || o.event_id)
        order by o.concluded_at limit ${limit}`.execute(trx);
      return rows.map((row) => row.id);
    },
  };
}
