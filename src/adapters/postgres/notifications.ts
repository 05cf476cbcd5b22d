// Notifications and attempts as rows. The union of the domain becomes nullable columns and back; the
// table's checks refuse any row that is not one of its states.

import { sql, type Transaction } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { AbandonedLease, Clock, Notifications } from '#application/ports.ts';
import { documentOf } from '#domain/invoice.ts';
import type { Channel, Notification, NotificationIn } from '#domain/notification.ts';
import type { Row, Tables } from './database.ts';
import { storedPdfOf } from './invoices.ts';
import { readOrder } from './orders.ts';
import { logoOf, partnerOf } from './partners.ts';

export function postgresNotifications(
  trx: Transaction<Tables>,
  { clock, secrets }: { readonly clock: Clock; readonly secrets: SecretBox },
): Notifications {
  return {
    async insert(notification) {
      const row = { ...rowOf(notification), created_at: clock.now() };
      const partner = trx
        .selectFrom('orders')
        .select('partner_slug')
        .where('id', '=', notification.orderId);
      await trx
        .insertInto('notification')
        .values({ ...row, partner_slug: partner, released_at: null })
        .execute();
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

    takeDue: (channel, now, room) =>
      channel === 'email' ? takeDueMail(trx, now, room.limit) : takeDueCalls(trx, now, room),

    async isMoreDue({ id, channel }, now) {
      const { rows } = await sql<{ more: boolean }>`
        select exists (select from notification n
          where n.state = 'queued' and n.channel = ${channel} and n.released_at is not null
            and n.next_attempt_at <= ${now} and (n.channel = 'email' or n.partner_slug =
              (select partner_slug from notification where id = ${id}))) as more`.execute(trx);
      return rows[0]?.more ?? false;
    },

    async release({ orderId, creditNoteId }, at) {
      const { rows } = await sql<{ id: string; channel: Channel }>`
        update notification set released_at = ${at}
        where order_id = ${orderId} and credit_note_id is not distinct from ${creditNoteId}::bigint
          and released_at is null
        returning id, channel`.execute(trx);
      return rows;
    },

    async save(notification) {
      const {
        id,
        order_id: _,
        channel: _same,
        credit_note_id: _too,
        ...changes
      } = rowOf(notification);
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
        .innerJoin('invoice', (on) =>
          on
            .onRef('invoice.order_id', '=', 'orders.id')
            .on('invoice.credit_note_id', 'is not distinct from', notification.creditNoteId),
        )
        .leftJoin('invoice_pdf', 'invoice_pdf.invoice_number', 'invoice.number')
        .selectAll('partner')
        .select(['content', 'key', 'sha256', 'size_bytes', 'template_version', 'chromium_version'])
        .where('orders.id', '=', notification.orderId)
        .executeTakeFirstOrThrow();
      return {
        order: await readOrder(trx, notification.orderId),
        document: documentOf(row.content),
        pdf: storedPdfOf(row),
        partner: partnerOf(row),
        logo: logoOf(row),
        apiKey: row.api_key && secrets.open(row.api_key, `partner/${row.slug}/api_key`),
        signingSecret: secrets.open(row.signing_secret, `partner/${row.slug}/signing_secret`),
      };
    },

    async leased({ holders, endedBefore }, limit) {
      const { rows } = await sql<AbandonedLease>`
        select id, lease_token as "leaseToken" from notification
        where state = 'sending'
          and (lease_until < ${endedBefore} or lease_holder = any(${[...holders]}::text[]))
        order by lease_until limit ${limit}`.execute(trx);
      return rows;
    },

    async ended({ partner, channel, since, until }, after, limit) {
      let query = trx
        .selectFrom('notification')
        .selectAll()
        .where('partner_slug', '=', partner)
        .where('channel', '=', channel)
        .where('created_at', '>=', since)
        .where('created_at', '<', until)
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .forUpdate();
      if (after) {
        query = query.where((where) =>
          where(where.refTuple('created_at', 'id'), '>', where.tuple(after.at, after.id) as never),
        );
      }
      const rows = await query.execute();
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        looked: rows.length,
        ended: rows.map(notificationOf).filter(hasEnded),
        next: last ? { at: last.created_at, id: last.id } : null,
      };
    },
  };
}

type Due = Awaited<ReturnType<Notifications['takeDue']>>;

async function takeDueMail(trx: Transaction<Tables>, now: Date, limit: number): Promise<Due> {
  const rows = await trx
    .selectFrom('notification')
    .selectAll()
    .where('state', '=', 'queued')
    .where('channel', '=', 'email')
    .where('released_at', 'is not', null)
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return { due: rows.map(queuedOf), skipped: false };
}

// Two statements on purpose: the second has a snapshot of its own, taken after the partners' rows
// were locked. In one, the count would still see what was under way before the lock was granted, and
// the cap would break (traps.md §4). `no key update`, because a new order's foreign key asks for the
// partner's row, too, and must not wait for us.
async function takeDueCalls(
  trx: Transaction<Tables>,
  now: Date,
  { limit, perPartner }: { readonly limit: number; readonly perPartner: number },
): Promise<Due> {
  const partners = await sql<{ slug: string | null; skipped: boolean }>`
    with due as materialized (
      select p.slug from partner p where exists (
        select from notification n where n.partner_slug = p.slug and n.channel = 'webhook'
          and n.state = 'queued' and n.released_at is not null and n.next_attempt_at <= ${now})
    ), locked as materialized (
      select p.slug from partner p where p.slug in (select slug from due)
      order by p.slug for no key update of p skip locked
    )
    select slug, false as skipped from locked
    union all
    select null, true where (select count(*) from due) > (select count(*) from locked)`.execute(
    trx,
  );
  const slugs = partners.rows.flatMap(({ slug }) => (slug === null ? [] : [slug]));
  const skipped = partners.rows.some((row) => row.skipped);
  if (slugs.length === 0) return { due: [], skipped };
  const { rows } = await sql<Row<'notification'>>`
    with room as materialized (
      select slug, ${perPartner}::int - (select count(*) from notification n
        where n.partner_slug = slug and n.channel = 'webhook' and n.state = 'sending') as free
      from unnest(${slugs}::text[]) given(slug)
    )
    select picked.* from room cross join lateral (
      select * from notification n where n.partner_slug = room.slug and n.channel = 'webhook'
        and n.state = 'queued' and n.released_at is not null and n.next_attempt_at <= ${now}
      order by n.next_attempt_at limit greatest(0, room.free) for update skip locked
    ) picked
    order by picked.next_attempt_at limit ${limit}`.execute(trx);
  return { due: rows.map(queuedOf), skipped };
}

function queuedOf(row: Row<'notification'>): NotificationIn<'queued'> {
  const it = notificationOf(row);
  if (it.state !== 'queued') throw new Error(`notification ${it.id} is ${it.state}`);
  return it;
}

function hasEnded(it: Notification): it is NotificationIn<'failed' | 'exhausted' | 'quarantined'> {
  return it.state === 'failed' || it.state === 'exhausted' || it.state === 'quarantined';
}

function rowOf(
  it: Notification,
): Omit<Row<'notification'>, 'created_at' | 'partner_slug' | 'released_at'> {
  return {
    id: it.id,
    order_id: it.orderId,
    credit_note_id: it.creditNoteId,
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
    creditNoteId: row.credit_note_id,
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
