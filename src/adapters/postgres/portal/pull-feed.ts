// A partner's notifications in the order in which they were released, for programs that pull. The promise
// is that whoever goes on from the last cursor misses none, and that is a matter of transactions that
// commit late: one that released a notification before another may be seen after it. So the feed ends
// where nothing can come in any more, at the start of the oldest transaction still under way.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { readOrders } from '#adapters/postgres/orders.ts';
import type { NotificationState } from '#domain/notification.ts';
import type { Order } from '#domain/order.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { isUuid } from './journal.ts';

/** Between two notifications of the feed: an instant of the database to the microsecond, and an id. */
export type FeedPlace = { readonly at: string; readonly id: string };

export type FeedItem = {
  readonly id: string;
  readonly orderId: number;
  readonly state: NotificationState;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date | null;
  readonly completedAt: Date | null;
  readonly endedAt: Date | null;
  readonly place: FeedPlace;
  readonly invoiceNumber: string;
  /** Of the PDF in the file store. */
  readonly pdfKey: string;
  /** Null once the customer's data were erased. */
  readonly order: Order | null;
  readonly attempts: readonly FeedAttempt[];
};

export type FeedAttempt = {
  readonly number: number;
  readonly round: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly durationMs: number | null;
  readonly outcome: string | null;
  readonly statusCode: number | null;
};

/**
 * How far the clocks of our processes and the database's may be apart: a release is dated by the
 * process that made it. In ms.
 */
const CLOCKS_APART_MS = 5_000;
/** A transaction that has written nothing for so long reads: an export, a backup. It holds nobody up. */
const READER_AFTER = '10 minutes';
/** Of whose transaction the age is hidden: another user's of the same server. */
const UNSEEN_AGE = '1 minute';

type Row = Omit<FeedItem, 'place' | 'order' | 'attempts'> & {
  readonly placeAt: string;
  readonly isPurged: boolean;
};

/** The items after the place, oldest first; `more`: there are others behind them already. */
export async function feedPage(
  db: Database,
  slug: PartnerSlug,
  after: FeedPlace | null,
  { limit, clocksApartMs = CLOCKS_APART_MS }: FeedOptions,
): Promise<{ readonly items: readonly FeedItem[]; readonly more: boolean }> {
  // Asked in a statement of its own, before the one that reads: what ends between the two is seen.
  const horizon = await feedHorizon(db, clocksApartMs);
  const from = after
    ? sql`and (n.released_at, n.id) > (${after.at}::timestamptz, ${after.id}::uuid)`
    : sql``;
  const found = await readItems(
    db,
    sql`n.partner_slug = ${slug} and n.channel = 'webhook' and n.released_at is not null
      and n.released_at < ${horizon}::timestamptz ${from}
      order by n.released_at, n.id limit ${limit + 1}`,
  );
  return { items: found.slice(0, limit), more: found.length > limit };
}

export type FeedOptions = { readonly limit: number; readonly clocksApartMs?: number };

/** One of the partner's own that was released; null for any other. */
export async function feedItem(
  db: Database,
  slug: PartnerSlug,
  id: string,
): Promise<FeedItem | null> {
  if (!isUuid(id)) return null;
  const [item] = await readItems(
    db,
    sql`n.id = ${id}::uuid and n.partner_slug = ${slug} and n.channel = 'webhook'
      and n.released_at is not null limit 1`,
  );
  return item ?? null;
}

async function feedHorizon(db: Database, clocksApartMs: number): Promise<string> {
  const { rows } = await sql<{ at: string }>`
    select (least(statement_timestamp(), min(coalesce(a.xact_start,
        case when a.backend_xid is not null
          then statement_timestamp() - ${UNSEEN_AGE}::interval end)))
      - make_interval(secs => ${clocksApartMs / 1000}))::text as at
    from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid()
      and coalesce(a.backend_type, 'client backend') = 'client backend'
      and (a.backend_xid is not null
        or a.xact_start > statement_timestamp() - ${READER_AFTER}::interval)`.execute(db);
  const [horizon] = rows;
  if (!horizon) throw new Error('the server told no time');
  return horizon.at;
}

async function readItems(db: Database, which: ReturnType<typeof sql>): Promise<FeedItem[]> {
  const atOneInstant = db.transaction().setIsolationLevel('repeatable read');
  return atOneInstant.execute(async (trx) => {
    const { rows } = await sql<Row>`
      select n.id, n.order_id as "orderId", n.state, n.created_at as "createdAt",
        n.next_attempt_at as "nextAttemptAt", n.completed_at as "completedAt",
        n.ended_at as "endedAt", f.key as "pdfKey", i.number as "invoiceNumber",
        o.purged_at is not null as "isPurged",
        to_char(n.released_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "placeAt"
      from notification n
      join orders o on o.id = n.order_id
      join invoice i on i.order_id = n.order_id and i.credit_note_id is null
      join invoice_pdf f on f.invoice_number = i.number
      where ${which}`.execute(trx);
    if (rows.length === 0) return [];
    const kept = rows.filter(({ isPurged }) => !isPurged).map(({ orderId }) => orderId);
    const orders = kept.length === 0 ? new Map() : await readOrders(trx, kept, new Map());
    const attempts = await attemptsOf(
      trx,
      rows.map(({ id }) => id),
    );
    return rows.map(({ placeAt, isPurged, ...row }) => ({
      ...row,
      place: { at: placeAt, id: row.id },
      order: (!isPurged && orders.get(row.orderId)) || null,
      attempts: attempts.get(row.id) ?? [],
    }));
  });
}

async function attemptsOf(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly FeedAttempt[]>> {
  const { rows } = await sql<FeedAttempt & { readonly id: string }>`
    select notification_id as id, number, round, started_at as "startedAt",
      ended_at as "endedAt", duration_ms as "durationMs", outcome, status_code as "statusCode"
    from attempt where notification_id = any(${ids}::uuid[])
    order by notification_id, number`.execute(db);
  return Map.groupBy(rows, ({ id }) => id);
}
