// What a partner's page shows of its notifications: the newest few, and how many a replay would touch.
// Both by index, the count no further than a cap.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { NOTHING_PURGED } from '#adapters/postgres/personal-data.ts';
import type { ReplayScope } from '#application/ports.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export type PartnerNotification = {
  readonly id: string;
  readonly orderId: number;
  readonly channel: Channel;
  readonly state: NotificationState;
  readonly interruptions: number;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date | null;
  /** Of the last attempt; null before the first has ended. */
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly durationMs: number | null;
};

/** The newest webhooks of the partner, newest first. */
export async function newestWebhooks(
  db: Database,
  slug: PartnerSlug,
  limit: number,
): Promise<readonly PartnerNotification[]> {
  const { rows } = await sql<PartnerNotification>`
    select n.id, n.order_id as "orderId", n.channel, n.state, n.interruptions,
      n.created_at as "createdAt", n.next_attempt_at as "nextAttemptAt",
      a.outcome, a.status_code as "statusCode", a.duration_ms as "durationMs"
    from notification n
    left join attempt a on a.notification_id = n.id and a.number = n.attempts
    where n.partner_slug = ${slug} and n.channel = 'webhook'
    order by n.created_at desc, n.id desc limit ${limit}`.execute(db);
  return rows;
}

/** Younger ones are never purged (migration 0009), so that they need not be asked about. */
const YOUNG_MS = 30 * 24 * 3_600_000;

/** How many ended notifications a replay would send again; `cap` + 1 for more. */
export async function countReplayable(
  db: Database,
  { partner, channel, since, until }: ReplayScope,
  { cap, now }: { readonly cap: number; readonly now: Date },
): Promise<number> {
  const young = new Date(now.getTime() - YOUNG_MS);
  const ended = db
    .selectFrom('notification')
    .select('id')
    .where('partner_slug', '=', partner)
    .where('channel', '=', channel)
    .where('state', 'in', ['failed', 'exhausted', 'quarantined'])
    // None ended before it was born: by the index of what has ended, which is small.
    .where('ended_at', '>=', since)
    .where('created_at', '>=', since)
    .where('created_at', '<', until)
    .where((where) => where.or([where('created_at', '>', young), NOTHING_PURGED]))
    .limit(cap + 1)
    .as('ended');
  const { n } = await db
    .selectFrom(ended)
    .select(({ fn }) => fn.countAll<string>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}
