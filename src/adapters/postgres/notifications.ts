// Notifications and attempts as rows. The union of the domain becomes nullable columns and back; the
// table's checks refuse any row that is not one of its states.

import { sql, type Transaction } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { AbandonedLease, Clock, Notifications } from '#application/ports.ts';
import type { Invoice } from '#domain/invoice.ts';
import type { Notification } from '#domain/notification.ts';
import type { Row, Tables } from './database.ts';
import { storedPdfOf } from './invoices.ts';
import { readOrder } from './orders.ts';
import { logoOf, partnerOf } from './partners.ts';
import { WORKER_LOCK_CLASS } from './worker-lock.ts';

export function postgresNotifications(
  trx: Transaction<Tables>,
  { clock, secrets }: { readonly clock: Clock; readonly secrets: SecretBox },
): Notifications {
  return {
    async insert(notification) {
      const row = { ...rowOf(notification), created_at: clock.now() };
      await trx.insertInto('notification').values(row).execute();
    },

    async lock(id) {
      const row = await trx
        .selectFrom('notification')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return row ? notificationOf(row) : null;
    },

    async idsOfOrder(orderId) {
      const rows = await trx
        .selectFrom('notification')
        .select('id')
        .where('order_id', '=', orderId)
        .orderBy('channel')
        .execute();
      return rows.map((row) => row.id);
    },

    async save(notification) {
      const { id, order_id: _order, channel: _channel, ...changes } = rowOf(notification);
      await trx.updateTable('notification').set(changes).where('id', '=', id).execute();
    },

    async openAttempt(attempt) {
      await trx
        .insertInto('attempt')
        .values({
          notification_id: attempt.notificationId,
          number: attempt.number,
          round: attempt.round,
          lease_token: attempt.leaseToken,
          started_at: attempt.startedAt,
        })
        .execute();
    },

    async closeAttempt(notificationId, number, report, endedAt) {
      const { request, response } = report;
      const closed = await trx
        .updateTable('attempt')
        .set({
          ended_at: endedAt,
          outcome: report.outcome,
          status_code: report.statusCode,
          detail: report.detail,
          duration_ms: Math.round(report.durationMs),
          request_url: request?.url ?? null,
          request_headers: request ? JSON.stringify(request.headers) : null,
          request_body: request?.body ?? null,
          response_headers: response ? JSON.stringify(response.headers) : null,
          response_body: response?.body ?? null,
          response_truncated: response?.truncated ?? null,
          message_id: report.messageId,
        })
        .where('notification_id', '=', notificationId)
        .where('number', '=', number)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      return closed.numUpdatedRows === 1n ? 'closed' : 'already-closed';
    },

    async delivery(notification) {
      const row = await trx
        .selectFrom('orders')
        .innerJoin('partner', 'partner.slug', 'orders.partner_slug')
        .innerJoin('invoice', 'invoice.order_id', 'orders.id')
        .leftJoin('invoice_pdf', 'invoice_pdf.invoice_number', 'invoice.number')
        .selectAll('partner')
        .select(['content', 'key', 'sha256', 'size_bytes', 'template_version', 'chromium_version'])
        .where('orders.id', '=', notification.orderId)
        .executeTakeFirstOrThrow();
      return {
        order: await readOrder(trx, notification.orderId),
        invoice: JSON.parse(row.content) as Invoice,
        pdf: storedPdfOf(row),
        partner: partnerOf(row),
        logo: logoOf(row),
        apiKey: row.api_key && secrets.open(row.api_key, `partner/${row.slug}/api_key`),
        signingSecret: secrets.open(row.signing_secret, `partner/${row.slug}/signing_secret`),
      };
    },

    async abandoned(now, limit) {
      const { rows } = await sql<AbandonedLease>`
        with holder as materialized (
          select distinct lease_holder as id from notification where state = 'sending'
        ), dead as materialized (
          select id from holder
          where pg_try_advisory_xact_lock(${WORKER_LOCK_CLASS}, hashtext(id))
        )
        select id, lease_token as "leaseToken" from notification
        where state = 'sending'
          and (lease_until < ${now} or lease_holder in (select id from dead))
        order by lease_until limit ${limit}`.execute(trx);
      return rows;
    },

    async dueWithoutJob(before, limit) {
      const { rows } = await sql<{ id: string }>`
        select n.id from notification n
        where n.state = 'queued' and n.next_attempt_at < ${before}
          and exists (select from invoice i join invoice_pdf p on p.invoice_number = i.number
                      where i.order_id = n.order_id)
          and not exists (select from graphile_worker.jobs j
                          where j.key = 'deliver-notification:' || n.id)
        order by n.next_attempt_at limit ${limit}`.execute(trx);
      return rows.map((row) => row.id);
    },
  };
}

function rowOf(it: Notification): Omit<Row<'notification'>, 'created_at'> {
  return {
    id: it.id,
    order_id: it.orderId,
    channel: it.channel,
    state: it.state,
    round: it.round,
    round_attempts: it.roundAttempts,
    attempts: it.attempts,
    interruptions: it.interruptions,
    next_attempt_at: 'nextAttemptAt' in it ? it.nextAttemptAt : null,
    lease_token: 'leaseToken' in it ? it.leaseToken : null,
    lease_holder: 'leaseHolder' in it ? it.leaseHolder : null,
    lease_until: 'leaseUntil' in it ? it.leaseUntil : null,
    completed_at: 'completedAt' in it ? it.completedAt : null,
    ended_at: 'endedAt' in it ? it.endedAt : null,
  };
}

// The casts say what the table's checks guarantee: which columns are set in which state.
function notificationOf(row: Row<'notification'>): Notification {
  const common = {
    id: row.id,
    orderId: row.order_id,
    channel: row.channel,
    round: row.round,
    roundAttempts: row.round_attempts,
    attempts: row.attempts,
    interruptions: row.interruptions,
  };
  switch (row.state) {
    case 'queued':
      return { ...common, state: row.state, nextAttemptAt: row.next_attempt_at as Date };
    case 'sending':
      return {
        ...common,
        state: row.state,
        leaseToken: row.lease_token as string,
        leaseHolder: row.lease_holder as string,
        leaseUntil: row.lease_until as Date,
      };
    case 'completed':
      return { ...common, state: row.state, completedAt: row.completed_at as Date };
    case 'failed':
    case 'exhausted':
    case 'quarantined':
      return { ...common, state: row.state, endedAt: row.ended_at as Date };
    default:
      return row.state satisfies never;
  }
}
