// Many events at a time: what is known of them before Stripe is asked, and what came of them. Apart from
// the inbox, which takes them in: these are the statements of the resolving worker.

import { sql, type Transaction } from 'kysely';
import type { EventOutcome, OpenedEvent, PaymentState } from '#application/ports.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { tracedAt } from './book-watch.ts';
import type { Row, Tables } from './tables.ts';

type Opened = Omit<Row<'stripe_event'>, 'body' | 'purged_at'> & {
  readonly kind: Row<'event_outcome'>['kind'] | null;
  readonly reason: string | null;
  readonly tries: number | null;
  readonly payment_key: string | null;
  readonly object_state: PaymentState | null;
};

/** By the event's id; those that were never received are left out. */
export async function openEvents(
  trx: Transaction<Tables>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, OpenedEvent>> {
  const { rows } = await sql<Opened>`
    select e.id, e.type, e.api_version, e.livemode, e.account, e.object_id, e.created_at,
      e.received_at, e.trace_parent, o.kind, o.reason, o.tries, o.payment_key,
      p.state as object_state
    from stripe_event e
    left join event_outcome o on o.event_id = e.id
    left join payment p on p.key = e.object_id
    where e.id = any(${[...ids]}::text[])`.execute(trx);
  return new Map(rows.map((row) => [row.id, openedOf(row)]));
}

/** Under which payment each event was last put; events without one are left out. */
export async function paymentKeysOf(
  trx: Transaction<Tables>,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, PaymentKey>> {
  const { rows } = await sql<{ id: string; key: PaymentKey }>`
    select event_id as id, payment_key as key from event_outcome
    where event_id = any(${[...eventIds]}::text[]) and payment_key is not null`.execute(trx);
  return new Map(rows.map(({ id, key }) => [id, key]));
}

/** What came of each, in one statement. */
export async function concludeEvents(
  trx: Transaction<Tables>,
  concluded: readonly { readonly eventId: string; readonly outcome: EventOutcome }[],
  at: Date,
): Promise<void> {
  if (concluded.length === 0) return;
  const of = <T>(pick: (it: EventOutcome) => T) => concluded.map(({ outcome }) => pick(outcome));
  await sql`
    update event_outcome o set kind = g.kind, reason = g.reason, payment_key = g.payment_key,
      tries = g.tries, concluded_at = ${at}
    from unnest(
      ${concluded.map((it) => it.eventId)}::text[], ${of((it) => it.kind)}::text[],
      ${of((it) => it.reason)}::text[], ${of((it) => it.paymentKey)}::text[],
      ${of((it) => it.tries)}::int[]
    ) g (event_id, kind, reason, payment_key, tries)
    where o.event_id = g.event_id`.execute(trx);
}

function openedOf(row: Opened): OpenedEvent {
  const paymentKey = row.payment_key as PaymentKey | null;
  const { kind, reason } = row;
  const isOpen = kind === null || kind === 'pending';
  return {
    event: {
      id: row.id,
      type: row.type,
      apiVersion: row.api_version,
      livemode: row.livemode,
      account: row.account,
      objectId: row.object_id,
      createdAt: row.created_at,
      trace: tracedAt(row.trace_parent, row.received_at),
    },
    outcome: isOpen ? null : { kind, reason, paymentKey, tries: row.tries ?? 0 },
    paymentKey,
    objectState: row.object_state,
  };
}
