// The books as lists for people to look through: orders, payments, and how the queue is doing. Read-only; nothing is decided on what is read here. Lists are cut by key, newest first,
// so that a page costs the same with a million orders as with ten.

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './database.ts';
import type { NotificationTable, PaymentTable } from './tables.ts';

export type OrderListing = {
  readonly id: number;
  readonly partner: string;
  readonly paymentKey: string;
  /** Null once personal data was purged. */
  readonly customerEmail: string | null;
  readonly currency: string;
  /** Minor units. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  readonly paidAt: Date;
  readonly recordedAt: Date;
  readonly invoiceNumber: string;
  /** Null until the PDF is stored. */
  readonly pdfKey: string | null;
  readonly email: NotificationTable['state'];
  readonly webhook: NotificationTable['state'];
};

/** The newest orders, at most `limit`; with `before`, those with a lower id. */
export async function listOrders(
  db: Database,
  which: { readonly partner?: string; readonly before?: number; readonly limit: number },
): Promise<OrderListing[]> {
  // The page first and its neighbours after: joined at once, the planner may well read all invoices.
  const { partner, before = Number.MAX_SAFE_INTEGER, limit } = which;
  let page = db.selectFrom('orders').selectAll().limit(limit);
  page =
    partner === undefined
      ? page.where('id', '<', before).orderBy('id', 'desc')
      : page
          .where(ordersOfPartner(partner, before))
          .orderBy('partner_slug', 'desc')
          .orderBy('id', 'desc');
  return db
    .selectFrom(page.as('o'))
    .innerJoin('invoice as i', (on) =>
      on.onRef('i.order_id', '=', 'o.id').on('i.credit_note_id', 'is', null),
    )
    .leftJoin('invoice_pdf as f', 'f.invoice_number', 'i.number')
    .innerJoin('notification as e', (on) =>
      on
        .onRef('e.order_id', '=', 'o.id')
        .on('e.channel', '=', 'email')
        .on('e.credit_note_id', 'is', null),
    )
    .innerJoin('notification as w', (on) =>
      on
        .onRef('w.order_id', '=', 'o.id')
        .on('w.channel', '=', 'webhook')
        .on('w.credit_note_id', 'is', null),
    )
    .select([
      'o.id',
      'o.partner_slug as partner',
      'o.payment_key as paymentKey',
      'o.customer_email as customerEmail',
      'o.currency',
      'o.net',
      'o.vat',
      'o.gross',
      'o.paid_at as paidAt',
      'o.recorded_at as recordedAt',
      'i.number as invoiceNumber',
      'f.key as pdfKey',
      'e.state as email',
      'w.state as webhook',
    ])
    .orderBy('o.id', 'desc')
    .execute();
}

/**
 * The partner's orders below an id, for the order by both columns. Said as a range, because of a large
 * partner that sells no more the planner would look for fifty among all orders since.
 */
export function ordersOfPartner(partner: string, before: number): RawBuilder<SqlBool> {
  return sql`partner_slug >= ${partner} and (partner_slug, id) < (${partner}, ${before})`;
}

export type OrderContents = {
  readonly paymentKey: string;
  readonly customerName: string | null;
  /** Name and address were erased after PERSONAL_DATA_DAYS; the invoice keeps its own copy. */
  readonly isPurged: boolean;
  readonly lines: readonly {
    readonly productId: string | null;
    readonly productName: string;
    readonly quantity: number | null;
    readonly net: number;
    readonly vat: number;
    readonly gross: number;
  }[];
};

/** Who bought what, and the key of the payment; null when there is no such order. */
export async function orderContents(db: Database, id: number): Promise<OrderContents | null> {
  const order = await db
    .selectFrom('orders')
    .select(['payment_key', 'customer', 'purged_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!order) return null;
  const buyer = order.customer as Record<string, string | null> | null;
  const lines = await db
    .selectFrom('order_line')
    .select(['product_id as productId', 'product_name as productName', 'quantity'])
    .select(['net', 'vat', 'gross'])
    .where('order_id', '=', id)
    .orderBy('position')
    .execute();
  return {
    paymentKey: order.payment_key,
    customerName: buyer?.businessName ?? buyer?.name ?? null,
    isPurged: order.purged_at !== null,
    lines,
  };
}

export type PaymentListing = {
  readonly key: string;
  readonly state: PaymentTable['state'];
  readonly reason: string | null;
  readonly detail: string | null;
  readonly eventId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Who set the payment aside, and why; null for the others. */
  readonly dismissedBy: string | null;
  readonly dismissedWhy: string | null;
  readonly orderIds: readonly number[];
};

/** The payments that changed last, at most `limit`. */
export async function listPayments(
  db: Database,
  which: { readonly state?: PaymentTable['state']; readonly limit: number },
): Promise<PaymentListing[]> {
  const states = which.state === undefined ? PAYMENT_STATES : [which.state];
  // The newest of each state, since the index has them by state; of these the newest.
  const { rows } = await sql<PaymentListing>`
    select p.key, p.state, p.reason, p.detail, p.event_id as "eventId",
      p.created_at as "createdAt", p.updated_at as "updatedAt",
      p.dismissed_by as "dismissedBy", p.dismissed_why as "dismissedWhy",
      array(select o.id::float8 from orders o where o.payment_key = p.key order by 1) as "orderIds"
    from (select p.* from unnest(${states}::text[]) given(state)
      cross join lateral (select * from payment where state = given.state
        order by updated_at desc, key limit ${which.limit}) p
      order by p.updated_at desc, p.key limit ${which.limit}) p
    order by p.updated_at desc, p.key`.execute(db);
  return rows;
}

const PAYMENT_STATES: readonly PaymentTable['state'][] = [
  ...(['waiting', 'quarantined', 'recorded', 'dismissed'] as const),
];

export type QueueHealth = {
  /** Since when the oldest job waits that could run now; null when none does. */
  readonly oldestDueAt: Date | null;
  /** Jobs that were tried as often as they may be. */
  readonly deadJobs: number;
  /** Notifications that should have gone out five minutes ago, or whose sender is gone. */
  readonly stuckNotifications: number;
  /** Notifications that a person must look at: refused, exhausted, quarantined; 1000: or more. */
  readonly endedNotifications: number;
  readonly quarantinedPayments: number;
};

/** Those that nobody retries stay for ever; nobody needs them counted to the last. */
const COUNT_MAX = 1000;

export async function queueHealth(db: Database): Promise<QueueHealth> {
  const { rows } = await sql<QueueHealth>`
    select
      (select min(run_at) from graphile_worker.jobs
        where run_at <= now() and locked_at is null and attempts < max_attempts) as "oldestDueAt",
      (select count(*) from graphile_worker.jobs where attempts >= max_attempts) as "deadJobs",
      (select count(*) from notification where state = 'queued' and channel = 'email'
        and released_at is not null and next_attempt_at < now() - interval '5 minutes')
      + (select count(*) from notification where state = 'queued' and channel = 'webhook'
        and released_at is not null and next_attempt_at < now() - interval '5 minutes')
      + (select count(*) from notification
        where state = 'sending' and lease_until < now() - interval '1 minute')
        as "stuckNotifications",
      (select count(*) from (select from notification
        where state in ('failed', 'exhausted', 'quarantined') limit ${COUNT_MAX}) n)
        as "endedNotifications",
      (select count(*) from payment where state = 'quarantined') as "quarantinedPayments"
    `.execute(db);
  const [health] = rows;
  if (!health) throw new Error('the queue told nothing');
  return health;
}
