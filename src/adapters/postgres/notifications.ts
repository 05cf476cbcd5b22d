// Notifications and attempts as rows. The union of the domain becomes nullable columns and back; the
// table's checks refuse any row that is not one of its states.

import { sql, type Transaction } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { AbandonedLease, Clock, Notifications } from '#application/ports.ts';
import type { Notification, NotificationIn } from '#domain/notification.ts';
import { type BookWatch, UNWATCHED } from './book-watch.ts';
import { concludeAttempts, releaseAll } from './concluded-attempts.ts';
import { readDeliveries } from './deliveries.ts';
import { takeDueCalls, takeDueMail } from './due-notifications.ts';
import { isPurgedNotification, NOTHING_PURGED } from './personal-data.ts';
import type { Row, Tables } from './tables.ts';

export function postgresNotifications(
  trx: Transaction<Tables>,
  { clock, secrets }: { readonly clock: Clock; readonly secrets: SecretBox },
  watch: BookWatch = UNWATCHED,
): Notifications {
  const notifications: Notifications = {
    insert: (notification) => notifications.insertAll([notification]),

    async insertAll(given) {
      const of = <T>(pick: (it: NotificationIn<'queued'>) => T) => given.map(pick);
      await sql`
        insert into notification (id, order_id, credit_note_id, channel, state, round,
          round_attempts, attempts, interruptions, next_attempt_at, created_at, partner_slug)
        select g.id, g.order_id, g.credit_note_id, g.channel, 'queued', g.round,
          g.round_attempts, g.attempts, g.interruptions, g.next_attempt_at, ${clock.now()},
          o.partner_slug
        from unnest(
          ${of((it) => it.id)}::uuid[], ${of((it) => it.orderId)}::bigint[],
          ${of((it) => it.creditNoteId)}::bigint[], ${of((it) => it.channel)}::text[],
          ${of((it) => it.round)}::int[], ${of((it) => it.roundAttempts)}::int[],
          ${of((it) => it.attempts)}::int[], ${of((it) => it.interruptions)}::int[],
          ${of((it) => it.nextAttemptAt)}::timestamptz[]
        ) g (id, order_id, credit_note_id, channel, round, round_attempts, attempts, interruptions,
          next_attempt_at)
        join orders o on o.id = g.order_id`.execute(trx);
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

    async isMoreDue(than, now) {
      const ended = 'id' in than ? [than] : than;
      const ids = ended.map(({ id }) => id);
      const isOfMail = ended.some(({ channel }) => channel === 'email');
      const { rows } = await sql<{ more: boolean }>`
        select (${isOfMail} and exists (select from notification n
            where n.state = 'queued' and n.channel = 'email' and n.released_at is not null
              and n.next_attempt_at <= ${now}))
          or exists (select from notification ended cross join lateral (
              select from notification n where n.partner_slug = ended.partner_slug
                and n.state = 'queued' and n.channel = 'webhook' and n.released_at is not null
                and n.next_attempt_at <= ${now} limit 1
            ) due
            where ended.id = any(${ids}::uuid[]) and ended.channel = 'webhook') as more`.execute(
        trx,
      );
      return rows[0]?.more ?? false;
    },

    async release({ orderId, creditNoteId }, at) {
      const place = watch.place();
      return notifications.releaseAll([{ orderId, creditNoteId, place }], at);
    },

    releaseAll: (documents, at) => releaseAll(trx, documents, at),
    concludeAll: (concluded, at) => concludeAttempts(trx, concluded, at),

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

    async begin(sending, startedAt) {
      if (sending.length === 0) return;
      const of = <T>(pick: (it: NotificationIn<'sending'>) => T) => sending.map(pick);
      await sql`
        with given as materialized (
          select * from unnest(
            ${of((it) => it.id)}::uuid[], ${of((it) => it.round)}::int[],
            ${of((it) => it.roundAttempts)}::int[], ${of((it) => it.attempts)}::int[],
            ${of((it) => it.leaseToken)}::uuid[], ${of((it) => it.leaseHolder)}::text[],
            ${of((it) => it.leaseUntil)}::timestamptz[]
          ) g (id, round, round_attempts, attempts, token, holder, until)
        ), moved as (
          update notification n set state = 'sending', next_attempt_at = null,
            round = g.round, round_attempts = g.round_attempts, attempts = g.attempts,
            lease_token = g.token, lease_holder = g.holder, lease_until = g.until
          from given g where n.id = g.id
        )
        insert into attempt (notification_id, number, round, lease_token, started_at)
        select id, attempts, round, token, ${startedAt} from given`.execute(trx);
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

    deliveries: (notifications) => readDeliveries(trx, notifications, { secrets, clock }),

    async leased({ holders, endedBefore }, limit) {
      const { rows } = await sql<AbandonedLease>`
        select id, lease_token as "leaseToken" from notification
        where state = 'sending'
          and (lease_until < ${endedBefore} or lease_holder = any(${[...holders]}::text[]))
        order by lease_until limit ${limit}`.execute(trx);
      return rows;
    },

    isPurged: ({ id }) => isPurgedNotification(trx, id),

    async ended({ partner, channel, since, until }, after, limit) {
      let query = trx
        .selectFrom('notification')
        .selectAll()
        .where('partner_slug', '=', partner)
        .where('channel', '=', channel)
        .where('created_at', '>=', since)
        .where('created_at', '<', until)
        .where(NOTHING_PURGED)
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
  return notifications;
}

function hasEnded(it: Notification): it is NotificationIn<'failed' | 'exhausted' | 'quarantined'> {
  return it.state === 'failed' || it.state === 'exhausted' || it.state === 'quarantined';
}

function rowOf(
  it: Notification,
): Omit<Row<'notification'>, 'created_at' | 'partner_slug' | 'released_at' | 'trace_parent'> {
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
export function notificationOf(row: Row<'notification'>): Notification {
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
