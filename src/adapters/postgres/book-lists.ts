// The books as lists for people to look through: orders, payments, notifications, and how the queue
// is doing. Read-only; nothing is decided on what is read here. Lists are cut by key, newest first,
// so that a page costs the same with a million orders as with ten.

import { sql } from 'kysely';
import type { MailEvent } from '#application/ports.ts';
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
  let query = db
    .selectFrom('orders as o')
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
    .limit(which.limit);
  if (which.partner !== undefined) query = query.where('o.partner_slug', '=', which.partner);
  if (which.before !== undefined) query = query.where('o.id', '<', which.before);
  return query.execute();
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
  let query = db
    .selectFrom('payment as p')
    .select(['p.key', 'p.state', 'p.reason', 'p.detail', 'p.event_id as eventId'])
    .select(['p.created_at as createdAt', 'p.updated_at as updatedAt'])
    .select(['p.dismissed_by as dismissedBy', 'p.dismissed_why as dismissedWhy'])
    .select(
      sql<
        number[]
      >`array(select o.id::float8 from orders o where o.payment_key = p.key order by 1)`.as(
        'orderIds',
      ),
    )
    .orderBy('p.updated_at', 'desc')
    .orderBy('p.key')
    .limit(which.limit);
  if (which.state !== undefined) query = query.where('p.state', '=', which.state);
  return query.execute();
}

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

/** The notifications of the newest orders, at most `limit`. */
export async function listNotifications(
  db: Database,
  which: {
    readonly state?: NotificationTable['state'];
    readonly partner?: string;
    readonly limit: number;
  },
): Promise<NotificationListing[]> {
  let query = db
    .selectFrom('notification as n')
    .innerJoin('orders as o', 'o.id', 'n.order_id')
    .leftJoin('attempt as a', (on) =>
      on.onRef('a.notification_id', '=', 'n.id').onRef('a.number', '=', 'n.attempts'),
    )
    .select(['n.id', 'n.order_id as orderId', 'o.partner_slug as partner', 'n.channel', 'n.state'])
    .select(['n.round', 'n.attempts', 'n.next_attempt_at as nextAttemptAt'])
    .select(['n.released_at as releasedAt', 'n.lease_holder as leaseHolder'])
    .select('n.lease_until as leaseUntil')
    .select(['n.completed_at as completedAt', 'n.ended_at as endedAt'])
    .select(['a.outcome as lastOutcome', 'a.status_code as lastStatusCode'])
    .select('a.detail as lastDetail')
    .select(
      sql<Told | null>`(select json_build_object('kind', e.kind, 'at', e.at, 'detail', e.detail)
        from mail_event e where e.notification_id = n.id
        order by e.at desc, e.received_at desc limit 1)`.as('mailEvent'),
    )
    .orderBy('n.order_id', 'desc')
    .orderBy('n.channel')
    .limit(which.limit);
  if (which.state !== undefined) query = query.where('n.state', '=', which.state);
  if (which.partner !== undefined) query = query.where('o.partner_slug', '=', which.partner);
  const rows = await query.execute();
  return rows.map(({ mailEvent, ...row }) => ({
    ...row,
    mailEvent: mailEvent && { ...mailEvent, at: new Date(mailEvent.at) },
  }));
}

type Told = Omit<NonNullable<NotificationListing['mailEvent']>, 'at'> & { readonly at: string };

export type QueueHealth = {
  /** Since when the oldest job waits that could run now; null when none does. */
  readonly oldestDueAt: Date | null;
  /** Jobs that were tried as often as they may be. */
  readonly deadJobs: number;
  /** Notifications that should have gone out five minutes ago, or whose sender is gone. */
  readonly stuckNotifications: number;
  /** Notifications that a person must look at: refused, exhausted, quarantined. */
  readonly endedNotifications: number;
  readonly quarantinedPayments: number;
};

export async function queueHealth(db: Database): Promise<QueueHealth> {
  const { rows } = await sql<QueueHealth>`
    select
      (select min(run_at) from graphile_worker.jobs
        where run_at <= now() and locked_at is null and attempts < max_attempts) as "oldestDueAt",
      (select count(*) from graphile_worker.jobs where attempts >= max_attempts) as "deadJobs",
      (select count(*) from notification n
        where (n.state = 'queued' and n.next_attempt_at < now() - interval '5 minutes' and n.released_at is not null)
          or (n.state = 'sending' and n.lease_until < now() - interval '1 minute')
      ) as "stuckNotifications",
      (select count(*) from notification
        where state in ('failed', 'exhausted', 'quarantined')) as "endedNotifications",
      (select count(*) from payment where state = 'quarantined') as "quarantinedPayments"
    `.execute(db);
  const [health] = rows;
  if (!health) throw new Error('the queue told nothing');
  return health;
}
