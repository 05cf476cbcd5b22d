// Stripe's events as rows, and what came of each.

import { type Kysely, sql, type Transaction } from 'kysely';
import { type Job, jobKey } from '#application/jobs.ts';
import type { ArrivingEvent, EventOutcome, Inbox } from '#application/ports.ts';
import type { CreditWait } from '#domain/credit-note.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { tracedAt } from './book-watch.ts';
import { concludeEvents, openEvents, paymentKeysOf } from './resolved-events.ts';
import type { Tables } from './tables.ts';

// These wait under the key of a payment that is not theirs to answer for.
const WAITS_FOR_ORDERS: readonly CreditWait[] = [
  'awaiting-order',
  'invoice-open',
  'payment-dismissed',
];

export function postgresInbox(trx: Transaction<Tables>): Inbox {
  return {
    store: (events, receivedAt) => storeEvents(trx, events, receivedAt),

    async quarantined(eventIds) {
      const { rows } = await sql<{ id: string; key: PaymentKey }>`
        select event_id as id, payment_key as key from event_outcome
        where event_id = any(${[...eventIds]}) and kind = 'quarantine'
          and payment_key is not null`.execute(trx);
      return new Map(rows.map(({ id, key }) => [id, key]));
    },

    open: (eventIds) => openEvents(trx, eventIds),
    paymentKeysOf: (eventIds) => paymentKeysOf(trx, eventIds),
    concludeAll: (concluded, at) => concludeEvents(trx, concluded, at),

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

    async wake(keys, at) {
      const rows = await trx
        .updateTable('event_outcome')
        .set({ kind: 'pending', reason: null, payment_key: null, tries: 0, concluded_at: at })
        .where('payment_key', 'in', typeof keys === 'string' ? [keys] : [...keys])
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

/** `Inbox.store`, on a transaction or by itself: it is one statement. */
export async function storeEvents(
  db: Kysely<Tables>,
  events: readonly ArrivingEvent[],
  receivedAt: Date,
): ReturnType<Inbox['store']> {
  const column = <T>(of: (event: ArrivingEvent) => T): T[] => events.map(of);
  const { bytes, starts, lengths } = bodiesOf(events);
  try {
    const { rows } = await sql<{ id: string }>`
      with given as (
        select id, type, api_version, livemode, account, object_id, created_at,
               convert_from(substring(${bytes}::bytea from start for length), 'UTF8') as body,
               trace_parent, payload, job_key
        from unnest(
          ${column((it) => it.id)}::text[],
          ${column((it) => it.type)}::text[],
          ${column((it) => it.apiVersion)}::text[],
          ${column((it) => it.livemode)}::boolean[],
          ${column((it) => it.account)}::text[],
          ${column((it) => it.objectId)}::text[],
          ${column((it) => it.createdAt)}::timestamptz[],
          ${starts}::integer[],
          ${lengths}::integer[],
          ${column((it) => it.place ?? null)}::text[],
          ${column(payloadOf)}::json[],
          ${column((it) => jobKey(jobOf(it)))}::text[]
        ) as t (id, type, api_version, livemode, account, object_id, created_at, start, length,
                trace_parent, payload, job_key)
      ), stored as (
        insert into stripe_event (id, type, api_version, livemode, account, object_id,
                                  created_at, received_at, body, trace_parent)
        select id, type, api_version, livemode, account, object_id,
               created_at, ${receivedAt}, body, trace_parent from given
        on conflict (id) do nothing returning id
      ), opened as (
        insert into event_outcome (event_id, kind, tries, concluded_at)
        select id, 'pending', 0, ${receivedAt} from stored
      ), queued as (
        select graphile_worker.add_jobs(array_agg(
          row('resolve-payment', payload, null, null, null, job_key, null, null)
            ::graphile_worker.job_spec order by id))
        from stored join given using (id) having count(*) > 0
      )
      select id from stored where (select count(*) from queued) > 0`.execute(db);
    return new Set(rows.map((row) => row.id));
  } catch (error) {
    if (isRefusal(error)) return { refused: error };
    throw error;
  }
}

function jobOf({ id }: ArrivingEvent): Job {
  return { task: 'resolve-payment', payload: { eventId: id } };
}

// All bodies as one value and where each begins (from 1): as an array of texts every quote in them
// would be escaped here and read again there, which cost as much as the rest of the statement.
function bodiesOf(events: readonly ArrivingEvent[]): {
  readonly bytes: Buffer;
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
} {
  const lengths = events.map(({ body }) => Buffer.byteLength(body));
  let next = 1;
  const starts = lengths.map((length) => {
    next += length;
    return next - length;
  });
  return { bytes: Buffer.from(events.map(({ body }) => body).join('')), starts, lengths };
}

function payloadOf(event: ArrivingEvent): string {
  const { payload } = jobOf(event);
  return JSON.stringify(event.jobPlace ? { ...payload, traceparent: event.jobPlace } : payload);
}

/** What was given is at fault (data, constraints, sizes), not the database: others may fare better. */
function isRefusal(error: unknown): error is Error {
  const { code } = error as { readonly code?: unknown };
  return error instanceof Error && typeof code === 'string' && /^(22|23|54)...$/.test(code);
}
