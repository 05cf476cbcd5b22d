// What became of mails, as rows that are only ever added. A mail is found by the notification's id
// that SES gives back, else by SES's own id in the attempt log: there only among the attempts of
// that hour, which an index by age finds without one more index on the largest table.

import { sql, type Transaction } from 'kysely';
import type { MailEvents } from '#application/ports.ts';
import type { Tables } from './tables.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function postgresMailEvents(trx: Transaction<Tables>): MailEvents {
  return {
    async whose({ notificationId, messageId, sentAt }) {
      const named =
        notificationId !== null && UUID.test(notificationId)
          ? sql`n.id = ${notificationId}`
          : sql`n.id = (select a.notification_id from attempt a
                        where a.message_id = ${messageId}
                          and a.started_at > ${sentAt}::timestamptz - interval '1 hour'
                          and a.started_at < ${sentAt}::timestamptz + interval '1 hour' limit 1)`;
      const { rows } = await sql<{ id: string; orderId: number }>`
        select n.id, n.order_id as "orderId" from notification n
        where ${named} and n.channel = 'email' for no key update`.execute(trx);
      return rows[0] ?? null;
    },

    async add({ snsMessageId, notificationId, kind, detail, messageId, at }, receivedAt) {
      const { rows } = await sql<{ isFirst: boolean }>`
        insert into mail_event
          (sns_message_id, notification_id, kind, detail, message_id, at, received_at)
        values (${snsMessageId}, ${notificationId}, ${kind}, ${detail}, ${messageId}, ${at},
          ${receivedAt})
        on conflict (sns_message_id) do nothing
        returning not exists (select from mail_event e
          where e.notification_id = ${notificationId} and e.kind = ${kind}) as "isFirst"`.execute(
        trx,
      );
      const [added] = rows;
      if (!added) return 'duplicate';
      return added.isFirst ? 'first' : 'again';
    },
  };
}
