// How partners fare, out of bounded windows: the webhooks of the last day up to a cap, the answers to the
// newest of them, the next retry by its index. Nothing here grows with the books, so the page that
// answers « does this partner still receive? » is as quick with a million orders as with ten.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { AttemptOutcome } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export type PartnerHealth = {
  readonly slug: PartnerSlug;
  /** Webhooks born in the last 24 h, none beyond the cap. */
  readonly total: number;
  readonly delivered: number;
  /** Refused, exhausted or quarantined: they wait for a person. */
  readonly failed: number;
  /** More than the cap. */
  readonly isCapped: boolean;
  /** Of the newest answers, in ms; null without any. */
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly lastAcceptedAt: Date | null;
  /** When a call that waits is tried again. */
  readonly nextRetryAt: Date | null;
  /** What has gone wrong since the last success; null when the last call went well. */
  readonly trouble: PartnerTrouble | null;
};

export type PartnerTrouble = {
  readonly since: Date;
  readonly attempts: number;
  readonly outcome: AttemptOutcome;
  readonly statusCode: number | null;
};

export type HealthWindow = {
  /** Webhooks of the day that are counted. */
  readonly cap: number;
  /** Newest webhooks whose attempts are looked at. */
  readonly sample: number;
};

/** For one partner's own page. */
export const WIDE_WINDOW: HealthWindow = { cap: 10_000, sample: 400 };
/** For each of many in a list. */
export const NARROW_WINDOW: HealthWindow = { cap: 1_000, sample: 30 };

const DAY_MS = 24 * 3_600_000;

// A range of one, so that only the index by partner gives the order asked for: with an equation,
// PostgreSQL walks the index by age through everybody else's rows, as if small partners were large.
const ofPartner = sql`n.partner_slug between p.slug and p.slug`;

type HealthRow = {
  readonly slug: PartnerSlug;
  readonly total: number;
  readonly delivered: number;
  readonly failed: number;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly lastAcceptedAt: Date | null;
  readonly nextRetryAt: Date | null;
  readonly troubleSince: Date | null;
  readonly troubleAttempts: number;
  readonly lastOutcome: AttemptOutcome | null;
  readonly lastStatusCode: number | null;
};

/** By slug, of these partners. Durations in ms; `now` bounds the day. */
export async function partnerHealths(
  db: Database,
  slugs: readonly string[],
  now: Date,
  window: HealthWindow,
): Promise<ReadonlyMap<string, PartnerHealth>> {
  const since = new Date(now.getTime() - DAY_MS);
  const { rows } = await sql<HealthRow>`
    select p.slug, day.*, answers.*, retries.next_retry_at as "nextRetryAt"
    from unnest(${[...slugs]}::text[]) p (slug)
    cross join lateral (
      select count(*)::int as total,
        count(*) filter (where state = 'completed')::int as delivered,
        count(*) filter (where state in ('failed', 'exhausted', 'quarantined'))::int as failed
      from (
        select n.state from notification n
        where ${ofPartner} and n.channel = 'webhook' and n.created_at > ${since}
        order by n.partner_slug desc, n.created_at desc, n.id desc limit ${window.cap + 1}
      ) counted
    ) day
    cross join lateral (${newestAnswers(window.sample)}) answers
    cross join lateral (
      select min(n.next_attempt_at) as next_retry_at from notification n
      where n.partner_slug = p.slug and n.channel = 'webhook' and n.state = 'queued'
        and n.released_at is not null and n.next_attempt_at > ${now}
    ) retries`.execute(db);
  return new Map(rows.map((row) => [row.slug, healthOf(row, window)]));
}

// Attempts that our own crash cut short tell nothing of the partner.
function newestAnswers(sample: number) {
  return sql`
    with newest as (
      select n.id from notification n
      where ${ofPartner} and n.channel = 'webhook'
      order by n.partner_slug desc, n.created_at desc, n.id desc limit ${sample}
    ), attempted as materialized (
      select a.ended_at, a.outcome, a.status_code, a.duration_ms
      from newest join attempt a on a.notification_id = newest.id
      where a.ended_at is not null and a.outcome <> 'interrupted'
    ), accepted as (
      select max(ended_at) as at from attempted where outcome = 'accepted'
    ), failing as (
      select min(ended_at) as since, count(*)::int as attempts
      from attempted, accepted
      where outcome <> 'accepted' and (accepted.at is null or ended_at > accepted.at)
    ), last as (
      select outcome, status_code from attempted order by ended_at desc limit 1
    )
    select
      (select percentile_disc(0.5) within group (order by duration_ms)
        from attempted where status_code is not null) as "medianMs",
      (select percentile_disc(0.95) within group (order by duration_ms)
        from attempted where status_code is not null) as "p95Ms",
      (select at from accepted) as "lastAcceptedAt",
      (select since from failing) as "troubleSince",
      (select attempts from failing) as "troubleAttempts",
      (select outcome from last) as "lastOutcome",
      (select status_code from last) as "lastStatusCode"`;
}

function healthOf(row: HealthRow, { cap }: HealthWindow): PartnerHealth {
  const { slug, delivered, failed, medianMs, p95Ms, lastAcceptedAt, nextRetryAt } = row;
  const { troubleSince: since, troubleAttempts: attempts, lastOutcome: outcome } = row;
  const isCapped = row.total > cap;
  const known = { slug, delivered, failed, medianMs, p95Ms, lastAcceptedAt, nextRetryAt };
  const trouble =
    since && outcome ? { since, attempts, outcome, statusCode: row.lastStatusCode } : null;
  return { ...known, total: Math.min(row.total, cap), isCapped, trouble };
}
