// The payments in quarantine, and those that somebody mended or set aside within the hour. Light
// rows of all of them first, so that they can be put together by cause; then the facts of the few
// that a page shows, down to what Stripe's event said of amount and customer.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { CAUSE_ROWS_MAX } from './overview-causes.ts';

export type Quarantined = {
  readonly key: string;
  readonly reason: string;
  /** Null where there is nothing to tell. */
  readonly detail: string | null;
  /** When it was first seen. */
  readonly since: Date;
};

/** The longest waiting first, at most `CAUSE_ROWS_MAX`. */
export async function quarantinedPayments(db: Database): Promise<readonly Quarantined[]> {
  const { rows } = await sql<Quarantined>`
    select key, coalesce(reason, '') as reason, nullif(detail, '') as detail, created_at as since
    from (select * from payment where state = 'quarantined'
      order by updated_at limit ${CAUSE_ROWS_MAX}) p
    order by created_at, key`.execute(db);
  return rows;
}

/** Who did it; the account's name where there is one. */
export type Done = { readonly at: Date; readonly by: string };

export type QuarantineFacts = {
  readonly key: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly objectId: string | null;
  /** As the event told it; nulls once it was purged, or where it says nothing. */
  readonly amount: number | null;
  readonly currency: string | null;
  readonly customerId: string | null;
  readonly paymentIntentId: string | null;
  /** An event of it is being looked at again. */
  readonly isUnderWay: boolean;
  readonly lastRetry: Done | null;
};

type FactsRow = Omit<
  QuarantineFacts,
  'amount' | 'currency' | 'customerId' | 'paymentIntentId' | 'lastRetry'
> & { readonly body: string | null; readonly lastRetry: { at: string; by: string } | null };

export async function quarantineFacts(
  db: Database,
  keys: readonly string[],
): Promise<ReadonlyMap<string, QuarantineFacts>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<FactsRow>`
    select p.key, p.event_id as "eventId", e.type as "eventType", e.object_id as "objectId", e.body,
      exists (select from event_outcome x
        where x.payment_key = p.key and x.kind = 'pending') as "isUnderWay",
      (select json_build_object('at', a.at, 'by', coalesce(c.name, a.actor))
        from operator_action a left join account c on c.email = a.actor
        where a.subject = p.key and a.action = 'payment-retried'
        order by a.id desc limit 1) as "lastRetry"
    from payment p join stripe_event e on e.id = p.event_id
    where p.key in (${sql.join([...keys])})`.execute(db);
  return new Map(
    rows.map(({ body, lastRetry, ...row }) => [
      row.key,
      {
        ...row,
        ...toldBy(body),
        lastRetry: lastRetry && { at: new Date(lastRetry.at), by: lastRetry.by },
      },
    ]),
  );
}

// Stripe's snapshot is a hint for people; nothing is decided on it.
function toldBy(body: string | null) {
  const object = objectOf(body);
  const number = (name: string) => (Number.isSafeInteger(object[name]) ? object[name] : null);
  const text = (name: string) => (typeof object[name] === 'string' ? object[name] : null);
  const amount = number('amount_total') ?? number('amount_paid') ?? number('amount');
  return {
    amount: amount as number | null,
    currency: text('currency')?.toUpperCase() ?? null,
    customerId: text('customer'),
    paymentIntentId: text('payment_intent'),
  };
}

function objectOf(body: string | null): Readonly<Record<string, unknown>> {
  try {
    const event = JSON.parse(body ?? '{}') as { data?: { object?: unknown } };
    const object = event.data?.object;
    return object !== null && typeof object === 'object' ? { ...object } : {};
  } catch {
    return {};
  }
}

/** A payment that left the quarantine by somebody's hand. */
export type Settled = {
  readonly key: string;
  readonly state: 'recorded' | 'dismissed';
  /** Why it was there, as far as that is still known. */
  readonly reason: string;
  readonly detail: string | null;
  readonly why: string | null;
  /** Who acted, and when the payment was settled. */
  readonly done: Done;
  readonly orderIds: readonly number[];
};

const ACTIONS_MAX = 500;

/** Those settled since then, the newest first. */
export async function settledSince(db: Database, since: Date): Promise<readonly Settled[]> {
  const { rows } = await sql<Omit<Settled, 'done'> & { at: Date; by: string }>`
    select p.key, p.state, p.updated_at as at, coalesce(c.name, a.actor) as by,
      coalesce(p.reason, split_part(a.why, ' ', 1)) as reason,
      case when p.state = 'dismissed' then nullif(p.detail, '')
        else nullif(substr(a.why, length(split_part(a.why, ' ', 1)) + 2), '') end as detail,
      p.dismissed_why as why,
      array(select o.id::float8 from orders o where o.payment_key = p.key order by 1) as "orderIds"
    from (select distinct on (subject) * from (
        select * from operator_action order by id desc limit ${ACTIONS_MAX}) newest
      where action in ('payment-retried', 'payment-dismissed') and at > ${since}
      order by subject, id desc) a
    join payment p on p.key = a.subject
    left join account c on c.email = a.actor
    where p.state in ('recorded', 'dismissed') and p.updated_at > ${since} and a.why is not null
    order by p.updated_at desc`.execute(db);
  return rows.map(({ at, by, ...row }) => ({ ...row, done: { at, by } }));
}
