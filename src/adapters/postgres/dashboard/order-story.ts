// All that the books know of one order, for its page: who bought what, its documents and their printing,
// every message with every attempt, the events it came from, and what people did to it. Read in a few
// statements, each by an index; what is told is told in the order of time by whoever shows it.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { MailEvent } from '#application/ports.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';
import type { PrintingState } from '#domain/printing.ts';
import type { EventKind } from './event-list.ts';
import { actionsOn, type StoryAction } from './order-actions.ts';

export type StoryOrder = {
  readonly id: number;
  readonly paymentKey: string;
  readonly paymentState: 'waiting' | 'quarantined' | 'recorded' | 'dismissed';
  readonly eventId: string;
  readonly partner: string;
  readonly partnerName: string;
  /** Null, like the address below, once they were purged. */
  readonly customer: StoryCustomer | null;
  readonly customerEmail: string | null;
  readonly purgedAt: Date | null;
  readonly currency: string;
  /** Minor units. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  readonly paidAt: Date;
  readonly recordedAt: Date;
  readonly paymentMethod: string | null;
  /** Other partners' orders of the same payment. */
  readonly siblings: readonly number[];
};

export type StoryCustomer = {
  readonly name: string | null;
  readonly businessName: string | null;
  readonly phone: string | null;
  readonly vatNumber: string | null;
};

export type StoryLine = {
  readonly productId: string | null;
  readonly productName: string;
  readonly quantity: number | null;
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
};

export type StoryDocument = {
  readonly number: string;
  readonly issuedAt: Date;
  /** Null for the invoice. */
  readonly creditNoteId: number | null;
  readonly cause: 'refund' | 'dispute' | 'credit-note' | null;
  readonly correctionKey: string | null;
  readonly correctedAt: Date | null;
  /** Of a credit note, minor units. */
  readonly gross: number | null;
  readonly printing: PrintingState;
  readonly printingRound: number;
  readonly failures: number;
  readonly nextPrintAt: Date | null;
  readonly lastError: string | null;
  readonly printEndedAt: Date | null;
  readonly pdfKey: string | null;
  readonly sizeBytes: number | null;
  readonly templateVersion: string | null;
  readonly chromiumVersion: string | null;
  readonly storedAt: Date | null;
};

export type StoryNotification = {
  readonly id: string;
  readonly creditNoteId: number | null;
  readonly channel: Channel;
  readonly state: NotificationState;
  readonly round: number;
  readonly roundAttempts: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly nextAttemptAt: Date | null;
  readonly releasedAt: Date | null;
  readonly completedAt: Date | null;
  readonly endedAt: Date | null;
  readonly createdAt: Date;
};

export type StoryAttempt = {
  readonly notificationId: string;
  readonly number: number;
  readonly round: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly detail: string | null;
  readonly durationMs: number | null;
  readonly requestUrl: string | null;
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly requestBody: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
  readonly responseTruncated: boolean | null;
  readonly messageId: string | null;
  readonly purgedAt: Date | null;
};

export type StoryMailEvent = {
  readonly notificationId: string;
  readonly kind: MailEvent['kind'];
  readonly detail: string | null;
  readonly at: Date;
};

export type StoryEvent = {
  readonly id: string;
  readonly type: string;
  readonly receivedAt: Date;
  readonly kind: EventKind;
  readonly reason: string | null;
  readonly concludedAt: Date;
};

export type OrderStory = {
  readonly order: StoryOrder;
  readonly lines: readonly StoryLine[];
  /** The invoice first, then the credit notes in the order of their numbers. */
  readonly documents: readonly StoryDocument[];
  readonly notifications: readonly StoryNotification[];
  /** The newest ATTEMPTS_MAX, oldest first. */
  readonly attempts: readonly StoryAttempt[];
  readonly mailEvents: readonly StoryMailEvent[];
  readonly events: readonly StoryEvent[];
  readonly actions: readonly StoryAction[];
};

/** With bodies of 16 KiB each, as much as a page should bring. */
export const ATTEMPTS_MAX = 60;
const EVENTS_MAX = 100;

/** The whole story; null when there is no such order. */
export async function orderStory(db: Database, id: number): Promise<OrderStory | null> {
  const order = await orderOf(db, id);
  if (!order) return null;
  const [lines, documents, notifications] = await Promise.all([
    linesOf(db, id),
    documentsOf(db, id),
    notificationsOf(db, id),
  ]);
  const ids = notifications.map((it) => it.id);
  const keys = documents.flatMap(({ correctionKey }) => correctionKey ?? []);
  const numbers = documents.map(({ number }) => number);
  const [attempts, mailEvents, events, actions] = await Promise.all([
    attemptsOf(db, ids),
    mailEventsOf(db, ids),
    eventsOf(db, order, keys),
    actionsOn(db, [...ids, ...numbers, order.paymentKey, ...keys]),
  ]);
  return { order, lines, documents, notifications, attempts, mailEvents, events, actions };
}

async function orderOf(db: Database, id: number): Promise<StoryOrder | undefined> {
  const { rows } = await sql<StoryOrder>`
    select o.id, o.payment_key as "paymentKey", p.state as "paymentState", o.event_id as "eventId",
      o.partner_slug as partner, r.name as "partnerName", o.customer,
      o.customer_email as "customerEmail", o.purged_at as "purgedAt", o.currency, o.net, o.vat,
      o.gross, o.paid_at as "paidAt", o.recorded_at as "recordedAt",
      o.payment_method as "paymentMethod",
      array(select s.id::float8 from orders s
        where s.payment_key = o.payment_key and s.id <> o.id order by s.id) as siblings
    from orders o join payment p on p.key = o.payment_key join partner r on r.slug = o.partner_slug
    where o.id = ${id}`.execute(db);
  return rows[0];
}

function linesOf(db: Database, id: number): Promise<StoryLine[]> {
  return db
    .selectFrom('order_line')
    .select(['product_id as productId', 'product_name as productName', 'quantity'])
    .select(['net', 'vat', 'gross'])
    .where('order_id', '=', id)
    .orderBy('position')
    .execute();
}

async function documentsOf(db: Database, id: number): Promise<readonly StoryDocument[]> {
  const { rows } = await sql<StoryDocument>`
    select i.number, i.issued_at as "issuedAt", i.credit_note_id as "creditNoteId", x.cause,
      c.correction_key as "correctionKey", x.corrected_at as "correctedAt", c.gross,
      g.state as printing, g.round as "printingRound", g.failures,
      g.next_attempt_at as "nextPrintAt", g.last_error as "lastError",
      g.ended_at as "printEndedAt", f.key as "pdfKey", f.size_bytes as "sizeBytes",
      f.template_version as "templateVersion", f.chromium_version as "chromiumVersion",
      f.stored_at as "storedAt"
    from invoice i join printing g on g.number = i.number
      left join invoice_pdf f on f.invoice_number = i.number
      left join credit_note c on c.id = i.credit_note_id
      left join correction x on x.key = c.correction_key
    where i.order_id = ${id} order by i.credit_note_id nulls first`.execute(db);
  return rows;
}

async function notificationsOf(db: Database, id: number): Promise<readonly StoryNotification[]> {
  const cells = sql`n.id, n.credit_note_id as "creditNoteId", n.channel, n.state, n.round,
    n.round_attempts as "roundAttempts", n.attempts, n.interruptions,
    n.next_attempt_at as "nextAttemptAt", n.released_at as "releasedAt",
    n.completed_at as "completedAt", n.ended_at as "endedAt", n.created_at as "createdAt"`;
  const { rows } = await sql<StoryNotification>`
    select ${cells} from notification n where n.order_id = ${id} and n.credit_note_id is null
    union all
    select ${cells} from credit_note c join notification n on n.credit_note_id = c.id
      where c.order_id = ${id}
    order by "creditNoteId" nulls first, channel desc`.execute(db);
  return rows;
}

async function attemptsOf(db: Database, ids: readonly string[]): Promise<readonly StoryAttempt[]> {
  const { rows } = await sql<StoryAttempt>`
    select a.notification_id as "notificationId", a.number, a.round, a.started_at as "startedAt",
      a.ended_at as "endedAt", a.outcome, a.status_code as "statusCode", a.detail,
      a.duration_ms as "durationMs", a.request_url as "requestUrl",
      a.request_headers as "requestHeaders", a.request_body as "requestBody",
      a.response_headers as "responseHeaders", a.response_body as "responseBody",
      a.response_truncated as "responseTruncated", a.message_id as "messageId",
      a.purged_at as "purgedAt"
    from attempt a where a.notification_id = any(${ids}::uuid[])
    order by a.started_at desc, a.number desc limit ${sql.lit(ATTEMPTS_MAX)}`.execute(db);
  return rows.toReversed();
}

async function mailEventsOf(
  db: Database,
  ids: readonly string[],
): Promise<readonly StoryMailEvent[]> {
  const { rows } = await sql<StoryMailEvent>`
    select notification_id as "notificationId", kind, detail, at from mail_event
    where notification_id = any(${ids}::uuid[]) order by at, received_at
    limit ${sql.lit(EVENTS_MAX)}`.execute(db);
  return rows;
}

/** Of the payment and of what went back of it. */
async function eventsOf(
  db: Database,
  { paymentKey, eventId }: StoryOrder,
  corrections: readonly string[],
): Promise<readonly StoryEvent[]> {
  const keys = [paymentKey, ...corrections];
  const { rows } = await sql<StoryEvent>`
    select e.id, e.type, e.received_at as "receivedAt", x.kind, x.reason,
      x.concluded_at as "concludedAt"
    from stripe_event e join event_outcome x on x.event_id = e.id
    where e.id in (
      select ${eventId}::text
      union select event_id from event_outcome where payment_key = any(${keys}::text[])
      union select event_id from correction where key = any(${corrections}::text[]))
    order by e.received_at limit ${sql.lit(EVENTS_MAX)}`.execute(db);
  return rows;
}
