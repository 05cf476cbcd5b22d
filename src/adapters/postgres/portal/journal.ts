// A partner's own notifications, as its portal lists and opens them: webhooks only, and never without the
// slug of who asks. What the customer's mail came to, other partners and our internals are not read at
// all, so no page can show them.

import { type RawBuilder, sql } from 'kysely';
import type { PartnerAttempt } from '#adapters/postgres/attempt-log.ts';
import {
  all,
  type ListSource,
  type Sheet,
  sheetOf,
  type Turn,
} from '#adapters/postgres/dashboard/keyset-list.ts';
import type { Database } from '#adapters/postgres/database.ts';
import type { NotificationState } from '#domain/notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export type JournalFilter = {
  /** Null: any. */
  readonly states: readonly NotificationState[] | null;
  readonly since: Date | null;
  readonly until: Date | null;
  readonly order: number | null;
};

export type JournalRow = {
  readonly id: string;
  readonly orderId: number;
  readonly state: NotificationState;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  /** False while its invoice is being made: nothing is sent before. */
  readonly isReleased: boolean;
  /** Of the last attempt; null before it has ended. */
  readonly lastOutcome: string | null;
  readonly lastStatusCode: number | null;
  readonly lastDurationMs: number | null;
};

const ROWS = sql`select t.* from notification t`;
const ENDED: readonly NotificationState[] = ['failed', 'exhausted', 'quarantined'];

const SHOWN = {
  cells: sql`t.id, t.order_id as "orderId", t.state, t.created_at as "createdAt", t.attempts,
    t.next_attempt_at as "nextAttemptAt", t.released_at is not null as "isReleased",
    a.outcome as "lastOutcome", a.status_code as "lastStatusCode",
    a.duration_ms as "lastDurationMs"`,
  joins: sql`left join lateral (select outcome, status_code, duration_ms from attempt
    where notification_id = t.id and number = t.attempts) a on true`,
};

/** One page, newest first. */
export function journalSheet(
  db: Database,
  slug: PartnerSlug,
  filter: JournalFilter,
  turn: Turn,
): Promise<Sheet<JournalRow>> {
  return sheetOf(db, sourceOf(slug, filter), turn, SHOWN);
}

/** One of the partner's own; null for any other. */
export async function journalEntry(
  db: Database,
  slug: PartnerSlug,
  id: string,
): Promise<JournalRow | null> {
  if (!isUuid(id)) return null;
  const { rows } = await sql<JournalRow>`select ${SHOWN.cells} from (${ROWS}
    where t.id = ${id}::uuid and ${all(ownOnly(slug))}) t ${SHOWN.joins}`.execute(db);
  return rows[0] ?? null;
}

export type JournalAttempt = PartnerAttempt & {
  /** What the notification has come to since. */
  readonly state: NotificationState;
};

/** The attempts at these of the partner's own notifications, oldest first within each. */
export async function journalAttempts(
  db: Database,
  slug: PartnerSlug,
  ids: readonly string[],
): Promise<readonly JournalAttempt[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<JournalAttempt>`
    select a.notification_id as "notificationId", t.order_id as "orderId", t.state, a.number,
      a.round, a.started_at as "startedAt", a.ended_at as "endedAt",
      a.duration_ms as "durationMs", a.outcome, a.status_code as "statusCode", a.detail,
      a.request_url as "requestUrl", a.request_headers as "requestHeaders",
      a.request_body as "requestBody", a.response_headers as "responseHeaders",
      a.response_body as "responseBody", a.response_truncated as "responseTruncated",
      a.purged_at is not null as "isPurged"
    from notification t join attempt a on a.notification_id = t.id
    where t.id = any(${ids}::uuid[]) and ${all(ownOnly(slug))}
    order by t.created_at desc, t.id desc, a.number`.execute(db);
  return rows;
}

/** Every row of the filter in pages, newest first. Holds no connection while a page is written out. */
export async function* journalPages(
  db: Database,
  slug: PartnerSlug,
  filter: JournalFilter,
): AsyncGenerator<readonly JournalRow[]> {
  let turn: Turn = { way: 'older', from: null };
  for (;;) {
    const sheet = await journalSheet(db, slug, filter, turn);
    if (sheet.rows.length > 0) yield sheet.rows;
    const last = sheet.rows.at(-1);
    const from = sheet.lookedTo ?? (last ? { at: last.keyAt, id: last.keyId } : null);
    if (!sheet.hasOlder || !from) return;
    turn = { way: 'older', from };
  }
}

function sourceOf(slug: PartnerSlug, { states, since, until, order }: JournalFilter): ListSource {
  const byState = states === null ? [] : [sql`t.state in (${sql.join(states.map(sql.lit))})`];
  const indexed = [
    ...ownOnly(slug),
    ...(since === null ? [] : [sql`t.created_at >= ${since}`]),
    ...(until === null ? [] : [sql`t.created_at < ${until}`]),
    ...(order === null ? [] : [sql`t.order_id = ${order} and t.credit_note_id is null`]),
  ];
  // Those that ended badly have an index of their own; of the delivered there is one on every page.
  const isFound = states?.every((state) => ENDED.includes(state)) ?? true;
  return {
    rows: ROWS,
    at: sql`t.created_at`,
    id: sql`t.id`,
    idType: 'uuid',
    indexed: isFound ? [...indexed, ...byState] : indexed,
    held: isFound ? [] : byState,
    isSmall: isFound || order !== null,
  };
}

/** The fence between partners: part of every condition above. */
function ownOnly(slug: PartnerSlug): readonly RawBuilder<unknown>[] {
  return [sql`t.partner_slug = ${slug}`, sql`t.channel = 'webhook'`];
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}
