// What waits for a person, by cause: forty refused calls of one partner are one situation. Read
// over the partial indexes of what is open, a thousand rows of each kind at most; beyond that the
// exact figure changes nobody's mind.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { Channel, NotificationIn } from '#domain/notification.ts';

/** Rows looked at; a count that reaches it means « or more ». */
export const CAUSE_ROWS_MAX = 1_000;

/** `isMore`: of its kind there are more rows than were looked at. */
type Many = { readonly count: number; readonly isMore: boolean; readonly since: Date };

export type PaymentCause = Many & { readonly reason: string; readonly detail: string | null };

export type EndedState = NotificationIn<'failed' | 'exhausted' | 'quarantined'>['state'];

export type NotificationCause = Many & {
  readonly partner: string;
  readonly partnerName: string;
  readonly channel: Channel;
  readonly state: EndedState;
  /** Of the last attempt. */
  readonly outcome: string | null;
  readonly statusCode: number | null;
};

export type Causes = {
  readonly payments: readonly PaymentCause[];
  readonly notifications: readonly NotificationCause[];
  /** Documents whose printing was given up; null for none. */
  readonly prints: Many | null;
  /** Mails that came back or were complained of, and that nobody has ticked off; null for none. */
  readonly bounces: (Many & { readonly orderId: number }) | null;
};

/** Throws when the database is away. */
export async function openCauses(db: Database, now: Date): Promise<Causes> {
  const [payments, notifications, prints, bounces] = await Promise.all([
    paymentCauses(db),
    notificationCauses(db),
    printCause(db),
    bounceCause(db, now),
  ]);
  return { payments, notifications, prints, bounces };
}

/** Payments in quarantine by reason and detail, the longest waiting first. */
export async function paymentCauses(db: Database): Promise<readonly PaymentCause[]> {
  const { rows } = await sql<Omit<PaymentCause, 'isMore'>>`
    select coalesce(reason, '') as reason, detail, count(*)::int as count, min(created_at) as since
    from (select reason, nullif(detail, '') as detail, created_at from payment
      where state = 'quarantined' order by updated_at limit ${CAUSE_ROWS_MAX}) p
    group by 1, 2 order by 4, 1, 2`.execute(db);
  return marked(rows);
}

// What a mail meets has nothing to do with the partner it is sent for.
async function notificationCauses(db: Database): Promise<readonly NotificationCause[]> {
  const { rows } = await sql<Omit<NotificationCause, 'isMore'>>`
    select case n.channel when 'webhook' then n.partner_slug else '' end as partner,
      case n.channel when 'webhook' then min(p.name) else '' end as "partnerName",
      n.channel, n.state, a.outcome, a.status_code as "statusCode",
      count(*)::int as count, min(n.ended_at) as since
    from (select id, partner_slug, channel, state, attempts, ended_at from notification
      where state in ('failed', 'exhausted', 'quarantined')
      order by ended_at desc limit ${CAUSE_ROWS_MAX}) n
    join partner p on p.slug = n.partner_slug
    left join attempt a on a.notification_id = n.id and a.number = n.attempts
    group by 1, 3, 4, 5, 6 order by since, 1, 3, 4`.execute(db);
  return marked(rows);
}

function marked<T extends { readonly count: number }>(rows: readonly T[]) {
  const isMore = rows.reduce((all, { count }) => all + count, 0) >= CAUSE_ROWS_MAX;
  return rows.map((row) => ({ ...row, isMore }));
}

async function printCause(db: Database): Promise<Many | null> {
  const { rows } = await sql<{ count: number; since: Date | null }>`
    select count(*)::int as count, min(ended_at) as since
    from (select ended_at from printing where state = 'failed'
      order by ended_at limit ${CAUSE_ROWS_MAX}) p`.execute(db);
  const [found] = rows;
  if (!found?.since) return null;
  const { count, since } = found;
  return { count, since, isMore: count >= CAUSE_ROWS_MAX };
}

const BOUNCES_SINCE_MS = 30 * 24 * 3_600_000;

async function bounceCause(db: Database, now: Date): Promise<Causes['bounces']> {
  const found = await openBounces(db, now);
  const [first] = found;
  if (!first) return null;
  const isMore = found.length >= CAUSE_ROWS_MAX;
  return { count: found.length, isMore, since: first.at, orderId: first.orderId };
}

export type Bounce = {
  readonly notificationId: string;
  readonly orderId: number;
  readonly kind: 'bounced' | 'complained' | 'rejected';
  readonly at: Date;
};

/** Mails of the last 30 days that came back, oldest first, without those that were ticked off. */
export async function openBounces(db: Database, now: Date): Promise<readonly Bounce[]> {
  const { rows } = await sql<Bounce>`
    select e.notification_id as "notificationId", n.order_id as "orderId", e.kind, e.at
    from mail_event e join notification n on n.id = e.notification_id
    where e.kind in ('bounced', 'complained', 'rejected')
      and e.at > ${new Date(now.getTime() - BOUNCES_SINCE_MS)}
      and not exists (select from operator_action a
        where a.subject = e.notification_id::text and a.action = 'mail-return-noted')
    order by e.at limit ${CAUSE_ROWS_MAX}`.execute(db);
  return rows;
}
