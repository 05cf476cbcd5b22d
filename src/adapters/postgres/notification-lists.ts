// Notifications as a list for people, those of the newest orders first. Each state lies in an index of
// its own, so where to look is decided here and not left to the planner: what ended and what is still to
// be done are small among the millions that were delivered.

import { type RawBuilder, sql } from 'kysely';
import type { MailEvent } from '#application/ports.ts';
import { ordersOfPartner } from './book-lists.ts';
import type { Database } from './database.ts';
import type { NotificationTable } from './tables.ts';

export type NotificationListing = {
  readonly id: string;
  readonly orderId: number;
  readonly partner: string;
  readonly channel: NotificationTable['channel'];
  readonly state: NotificationTable['state'];
  readonly round: number;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  /** Null until the PDF is stored: nothing is sent before. */
  readonly releasedAt: Date | null;
  /** The process that sends it now, and until when it may; null when nobody does. */
  readonly leaseHolder: string | null;
  readonly leaseUntil: Date | null;
  readonly completedAt: Date | null;
  readonly endedAt: Date | null;
  /** Of the last attempt; null before the first, and while it is under way. */
  readonly lastOutcome: string | null;
  readonly lastStatusCode: number | null;
  readonly lastDetail: string | null;
  /** The newest word of the mail's server, after it took the mail; null while there is none. */
  readonly mailEvent: {
    readonly kind: MailEvent['kind'];
    readonly at: Date;
    readonly detail: string | null;
  } | null;
};

type Which = {
  readonly state?: NotificationTable['state'];
  readonly partner?: string;
  readonly limit: number;
};

/** The notifications of the newest orders, at most `limit`. */
export async function listNotifications(
  db: Database,
  which: Which,
): Promise<NotificationListing[]> {
  const { rows } = await sql<Omit<NotificationListing, 'mailEvent'> & Told>`
    select n.id, n.order_id as "orderId", n.partner_slug as partner, n.channel, n.state, n.round,
      n.attempts, n.next_attempt_at as "nextAttemptAt", n.released_at as "releasedAt",
      n.lease_holder as "leaseHolder", n.lease_until as "leaseUntil",
      n.completed_at as "completedAt", n.ended_at as "endedAt",
      a.outcome as "lastOutcome", a.status_code as "lastStatusCode", a.detail as "lastDetail",
      (select json_build_object('kind', e.kind, 'at', e.at, 'detail', e.detail)
        from mail_event e where e.notification_id = n.id
        order by e.at desc, e.received_at desc limit 1) as "mailEvent"
    from (select * from (${found(which)}) n ${newestFirst(which)}) n
    left join attempt a on a.notification_id = n.id and a.number = n.attempts
    order by n.order_id desc, n.channel`.execute(db);
  return rows.map(({ mailEvent, ...row }) => ({
    ...row,
    mailEvent: mailEvent && { ...mailEvent, at: new Date(mailEvent.at) },
  }));
}

type Told = {
  readonly mailEvent:
    | (Omit<NonNullable<NotificationListing['mailEvent']>, 'at'> & { readonly at: string })
    | null;
};

function newestFirst({ limit }: Which): RawBuilder<unknown> {
  return sql`order by n.order_id desc, n.channel limit ${limit}`;
}

/** At least those rows of `notification` that the list shows, out of the index where they lie. */
function found(which: Which): RawBuilder<unknown> {
  const { state, partner } = which;
  const ofPartner = partner === undefined ? sql`` : sql`and n.partner_slug = ${partner}`;
  switch (state) {
    case 'failed':
    case 'exhausted':
    case 'quarantined':
      return sql`select * from notification n where n.state = ${sql.lit(state)} ${ofPartner}
        ${newestFirst(which)}`;
    case 'sending':
      return sql`select * from notification n where n.state = 'sending' ${ofPartner}`;
    case 'queued':
      return sql`
        select * from notification n where n.state = 'queued' and n.channel = 'email'
          and n.released_at is not null ${ofPartner}
        union all
        select * from notification n where n.state = 'queued' and n.channel = 'webhook'
          and n.released_at is not null ${ofPartner}
        union all
        select n.* from (
          select number from printing where state = 'queued'
          union all select number from printing where state = 'printing'
          union all select number from printing where state = 'failed') p
        join invoice i on i.number = p.number
        cross join lateral (
          select * from notification n
            where i.credit_note_id is null and n.order_id = i.order_id and n.credit_note_id is null
          union all
          select * from notification n where n.credit_note_id = i.credit_note_id) n
        where n.released_at is null ${ofPartner}`;
    default:
      return ofOrders(which);
  }
}

// Most are delivered: walking back along the orders finds a page of those at once. Those of credit notes
// stand in an index of their own.
function ofOrders(which: Which): RawBuilder<unknown> {
  const { state, partner, limit } = which;
  const inState = state === undefined ? sql`` : sql`and n.state = ${sql.lit(state)}`;
  if (partner !== undefined) {
    return sql`
      (select n.* from (select id from orders
          where ${ordersOfPartner(partner, Number.MAX_SAFE_INTEGER)}
          order by partner_slug desc, id desc) o
        cross join lateral (${ofOrder(inState)}) n limit ${limit})
      union all
      (select * from notification n where n.partner_slug = ${partner}
        and n.credit_note_id is not null ${inState} ${newestFirst(which)})`;
  }
  return sql`
    (select n.* from (select id from orders order by id desc) o
      cross join lateral (${ofOrder(inState)}) n limit ${limit})
    union all
    (select n.* from (select id from credit_note order by order_id desc limit ${limit}) c
      cross join lateral (select * from notification n where n.credit_note_id = c.id ${inState}
        order by n.channel) n)`;
}

function ofOrder(inState: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select * from notification n where n.order_id = o.id and n.credit_note_id is null
    ${inState} order by n.channel`;
}
