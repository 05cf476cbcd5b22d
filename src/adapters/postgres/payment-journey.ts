// The story of what one event or order set in motion, read in one go for people to look at: the
// sandbox page, `sandbox buy`, `orders show`. Read-only; nothing is decided on it.

import { type RawBuilder, sql } from 'kysely';
import type { MailEvent } from '#application/ports.ts';
import type { Database } from './database.ts';

export type JourneyAttempt = {
  readonly number: number;
  readonly round: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
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
};

export type JourneyNotification = {
  readonly id: string;
  readonly channel: 'email' | 'webhook';
  readonly state: string;
  readonly round: number;
  readonly nextAttemptAt: string | null;
  readonly completedAt: string | null;
  readonly endedAt: string | null;
  readonly attempts: readonly JourneyAttempt[];
  /** What the mail's server told after it took the mail, oldest first. */
  readonly mailEvents: readonly JourneyMailEvent[];
};

export type JourneyMailEvent = {
  readonly kind: MailEvent['kind'];
  readonly at: string;
  readonly detail: string | null;
  readonly receivedAt: string;
};

export type JourneyOrder = {
  readonly id: number;
  readonly partner: string;
  readonly currency: string;
  /** Minor units. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  /** Null once personal data was purged. */
  readonly customerEmail: string | null;
  readonly eventId: string;
  readonly paidAt: string;
  readonly recordedAt: string;
  readonly invoiceNumber: string;
  readonly issuedAt: string;
  readonly pdfKey: string | null;
  readonly pdfSha256: string | null;
  readonly pdfStoredAt: string | null;
  readonly notifications: readonly JourneyNotification[];
  /** In the order of their numbers. */
  readonly creditNotes: readonly JourneyCreditNote[];
};

/** What was taken back from the order by one correction. */
export type JourneyCreditNote = {
  readonly id: number;
  readonly number: string;
  readonly cause: 'refund' | 'dispute' | 'credit-note';
  /** Stripe's id of the refund, dispute or credit note. */
  readonly correctionKey: string;
  /** Minor units. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  readonly correctedAt: string;
  readonly recordedAt: string;
  readonly issuedAt: string;
  readonly pdfKey: string | null;
  readonly pdfStoredAt: string | null;
  readonly notifications: readonly JourneyNotification[];
};

/** Instants are ISO 8601 as Postgres writes them in JSON (UTC offset included). */
export type PaymentJourney = {
  readonly key: string;
  readonly state: 'waiting' | 'quarantined' | 'recorded' | 'dismissed';
  readonly reason: string | null;
  readonly detail: string | null;
  readonly receivedAt: string;
  readonly orders: readonly JourneyOrder[];
};

/** The payment that one of these events belongs to, or null while none is resolved to one. */
export async function journeyOfEvents(
  db: Database,
  eventIds: readonly string[],
): Promise<PaymentJourney | null> {
  // Neither a payment that was set aside in favour of another nor what went back of it is the story;
  // the recorded one is.
  const row = await db
    .selectFrom('event_outcome')
    .innerJoin('payment', 'payment.key', 'event_outcome.payment_key')
    .select('payment_key')
    .where('event_outcome.event_id', 'in', [...eventIds])
    .orderBy(sql`exists (select from orders o where o.payment_key = payment.key)`, 'desc')
    .orderBy(sql`payment.state = 'recorded'`, 'desc')
    .orderBy(sql`payment.state = 'dismissed'`)
    .limit(1)
    .executeTakeFirst();
  return row?.payment_key ? journeyOfPayment(db, row.payment_key) : null;
}

/** The payment under that key with its orders, invoices, notifications and attempts, or null. */
export async function journeyOfPayment(db: Database, key: string): Promise<PaymentJourney | null> {
  const { rows } = await sql<{ journey: PaymentJourney }>`
    select json_build_object(
      'key', p.key, 'state', p.state, 'reason', p.reason, 'detail', p.detail,
      'receivedAt', (select min(e.received_at) from event_outcome x
                     join stripe_event e on e.id = x.event_id where x.payment_key = p.key),
      'orders', coalesce((
        select json_agg(json_build_object(
          'id', o.id, 'partner', o.partner_slug, 'currency', o.currency,
          'net', o.net, 'vat', o.vat, 'gross', o.gross, 'customerEmail', o.customer_email,
          'eventId', o.event_id, 'paidAt', o.paid_at, 'recordedAt', o.recorded_at,
          'invoiceNumber', i.number, 'issuedAt', i.issued_at,
          'pdfKey', f.key, 'pdfSha256', f.sha256, 'pdfStoredAt', f.stored_at,
          'notifications', ${notificationsOf(sql`n.order_id = o.id and n.credit_note_id is null`)},
          'creditNotes', coalesce((
            select json_agg(json_build_object(
              'id', c.id, 'number', d.number, 'cause', x.cause, 'correctionKey', x.key,
              'net', c.net, 'vat', c.vat, 'gross', c.gross,
              'correctedAt', x.corrected_at, 'recordedAt', x.recorded_at,
              'issuedAt', d.issued_at, 'pdfKey', g.key, 'pdfStoredAt', g.stored_at,
              'notifications', ${notificationsOf(sql`n.credit_note_id = c.id`)}
            ) order by c.id)
            from credit_note c join correction x on x.key = c.correction_key
            join invoice d on d.credit_note_id = c.id
            left join invoice_pdf g on g.invoice_number = d.number
            where c.order_id = o.id), '[]')
        ) order by o.id)
        from orders o join invoice i on i.order_id = o.id and i.credit_note_id is null
        left join invoice_pdf f on f.invoice_number = i.number
        where o.payment_key = p.key), '[]')
    ) as journey
    from payment p where p.key = ${key}`.execute(db);
  return rows[0]?.journey ?? null;
}

/** Those notifications `n`, with all of their attempts. */
function notificationsOf(which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
            select json_agg(json_build_object(
              'id', n.id, 'channel', n.channel, 'state', n.state, 'round', n.round,
              'nextAttemptAt', n.next_attempt_at, 'completedAt', n.completed_at,
              'endedAt', n.ended_at,
              'attempts', coalesce((
                select json_agg(json_build_object(
                  'number', a.number, 'round', a.round, 'startedAt', a.started_at,
                  'endedAt', a.ended_at, 'outcome', a.outcome, 'statusCode', a.status_code,
                  'detail', a.detail, 'durationMs', a.duration_ms, 'requestUrl', a.request_url,
                  'requestHeaders', a.request_headers, 'requestBody', a.request_body,
                  'responseHeaders', a.response_headers, 'responseBody', a.response_body,
                  'responseTruncated', a.response_truncated, 'messageId', a.message_id
                ) order by a.number) from attempt a where a.notification_id = n.id), '[]'),
              'mailEvents', coalesce((
                select json_agg(json_build_object(
                  'kind', e.kind, 'at', e.at, 'detail', e.detail, 'receivedAt', e.received_at
                ) order by e.at, e.received_at)
                from mail_event e where e.notification_id = n.id), '[]')
            ) order by n.channel) from notification n where ${which})`;
}
