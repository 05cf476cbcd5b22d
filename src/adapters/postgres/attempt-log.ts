// The attempts at one partner in a period, oldest first, as its own people may see them.

import { sql } from 'kysely';
import { pages, type Snapshot } from './book-snapshot.ts';
import type { Days } from './legal-documents.ts';

const PAGE = 200;

export type PartnerAttempt = {
  readonly notificationId: string;
  readonly orderId: number;
  readonly number: number;
  readonly round: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly durationMs: number | null;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly detail: string | null;
  readonly requestUrl: string | null;
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly requestBody: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
  readonly responseTruncated: boolean | null;
  /** Its bodies were erased after PERSONAL_DATA_DAYS. */
  readonly isPurged: boolean;
};

/** Calls only: the customer's mails are no business of the partner's. Days in Paris. */
export function partnerAttempts(
  at: Snapshot,
  partner: string,
  days: Days,
): AsyncGenerator<readonly PartnerAttempt[]> {
  const query = sql<PartnerAttempt>`
    select a.notification_id as "notificationId", n.order_id as "orderId", a.number, a.round,
      a.started_at as "startedAt", a.ended_at as "endedAt", a.duration_ms as "durationMs",
      a.outcome, a.status_code as "statusCode", a.detail, a.request_url as "requestUrl",
      a.request_headers as "requestHeaders", a.request_body as "requestBody",
      a.response_headers as "responseHeaders", a.response_body as "responseBody",
      a.response_truncated as "responseTruncated", a.purged_at is not null as "isPurged"
    from ${fromAttempts(partner, days)} order by a.started_at, a.notification_id, a.number`;
  return pages(at, query, PAGE);
}

export async function countPartnerAttempts(
  at: Snapshot,
  partner: string,
  days: Days,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from ${fromAttempts(partner, days)}`.execute(at);
  return rows[0]?.n ?? 0;
}

function fromAttempts(partner: string, { since, until }: Days) {
  return sql`attempt a join notification n on n.id = a.notification_id
    where n.channel = 'webhook' and n.partner_slug = ${partner}
      and a.started_at >= (${since}::date)::timestamp at time zone 'Europe/Paris'
      and a.started_at < (${until}::date + 1)::timestamp at time zone 'Europe/Paris'`;
}
