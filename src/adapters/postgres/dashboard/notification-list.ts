// The list of notifications, newest first, and what a retry of a whole filter would touch. All that is
// not completed has an index of its own, so trouble is found among a million messages that arrived.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';
import {
  all,
  COUNT_MAX,
  cappedCount,
  fewOf,
  type ListSource,
  type Sheet,
  sheetOf,
  type Turn,
} from './keyset-list.ts';

/** `attention`: refused, exhausted or quarantined; what a retry is for. */
export type NotificationTab = NotificationState | 'attention';

export type NotificationFilter = {
  readonly state: NotificationTab | null;
  readonly partner: string | null;
  readonly channel: Channel | null;
  /** Made from then on, and before then. */
  readonly since: Date | null;
  readonly until: Date | null;
  /** An order's number, or its customer's address; null for any. */
  readonly of: { readonly order: number } | { readonly email: string } | null;
};

export type NotificationRow = {
  readonly id: string;
  readonly createdAt: Date;
  readonly orderId: number;
  readonly creditNoteId: number | null;
  readonly partner: string;
  readonly partnerName: string;
  readonly channel: Channel;
  readonly state: NotificationState;
  readonly interruptions: number;
  readonly round: number;
  readonly attempts: number;
  /** False while its PDF is not stored: nothing is sent before. */
  readonly isReleased: boolean;
  readonly nextAttemptAt: Date | null;
  readonly endedAt: Date | null;
  readonly completedAt: Date | null;
  /** Of the last attempt; null before the first, and while it is under way. */
  readonly lastOutcome: string | null;
  readonly lastStatusCode: number | null;
  readonly lastDurationMs: number | null;
  readonly lastDetail: string | null;
  readonly documentNumber: string;
};

const ROWS = sql`select t.* from notification t`;
const AT = sql`t.created_at`;
const ENDED_STATES = ['failed', 'exhausted', 'quarantined'] as const;
const ENDED = sql.raw(`('${ENDED_STATES.join("', '")}')`);

const SHOWN = {
  cells: sql`t.id, t.created_at as "createdAt", t.order_id as "orderId",
    t.credit_note_id as "creditNoteId", t.partner_slug as partner, p.name as "partnerName",
    t.channel, t.state, t.interruptions, t.round, t.attempts,
    t.released_at is not null as "isReleased", t.next_attempt_at as "nextAttemptAt",
    t.ended_at as "endedAt", t.completed_at as "completedAt", a.outcome as "lastOutcome",
    a.status_code as "lastStatusCode", a.duration_ms as "lastDurationMs",
    a.detail as "lastDetail", d.number as "documentNumber"`,
  joins: sql`
    left join lateral (select name from partner where slug = t.partner_slug) p on true
    left join lateral (select outcome, status_code, duration_ms, detail from attempt
      where notification_id = t.id and number = t.attempts) a on true
    left join lateral (
      select i.number from invoice i
      where t.credit_note_id is null and i.order_id = t.order_id and i.credit_note_id is null
      union all
      select i.number from invoice i
      where t.credit_note_id is not null and i.credit_note_id = t.credit_note_id) d on true`,
};

export async function notificationSheet(
  db: Database,
  filter: NotificationFilter,
  turn: Turn,
): Promise<Sheet<NotificationRow>> {
  return sheetOf(db, await sourceOf(db, filter), turn, SHOWN);
}

/** All rows of the filter for a cursor, newest first. */
export async function notificationRows(
  db: Database,
  filter: NotificationFilter,
): Promise<RawBuilder<NotificationRow>> {
  const { indexed, held } = await sourceOf(db, filter);
  const byState = filter.state === 'attention' ? [sql`t.state in ${ENDED}`] : [];
  return sql<NotificationRow>`select ${SHOWN.cells} from (${ROWS}
    where ${all([...indexed, ...held, ...byState])}) t ${SHOWN.joins} order by t.created_at desc, t.id desc`;
}

export type NotificationCounts = Readonly<Record<NotificationTab | 'all', number | null>>;

const OPEN_STATES = ['queued', 'sending', 'failed', 'exhausted', 'quarantined'] as const;

/** How many the filter has in each state, up to COUNT_MAX (+ 1: more); its own state is left out. */
export async function notificationCounts(
  db: Database,
  given: NotificationFilter,
): Promise<NotificationCounts> {
  const counted = async (state: NotificationTab | null) => {
    const { indexed, held } = await sourceOf(db, { ...given, state });
    return cappedCount(db, sql`${ROWS} where ${all([...indexed, ...held])} order by ${AT} desc`);
  };
  const [total, ...open] = await Promise.all([counted(null), ...OPEN_STATES.map(counted)]);
  const [queued = 0, sending = 0, failed = 0, exhausted = 0, quarantined = 0] = open;
  const unfinished = open.reduce((sum, n) => sum + n, 0);
  const attention = Math.min(failed + exhausted + quarantined, COUNT_MAX + 1);
  // Past the limit the rest is not known; that it is past it, too, would be a guess.
  const completed = total > COUNT_MAX ? null : Math.max(0, total - unfinished);
  return { all: total, attention, queued, sending, failed, exhausted, quarantined, completed };
}

/** The oldest and how many of what a retry of this filter would touch. */
export async function retryReach(
  db: Database,
  filter: NotificationFilter,
): Promise<{ readonly count: number; readonly oldestAt: Date | null }> {
  const { indexed, held } = await sourceOf(db, filter);
  const which = sql`${ROWS} where ${all([...indexed, ...held, sql`t.state in ${ENDED}`])}`;
  const [count, oldest] = await Promise.all([
    cappedCount(db, which),
    sql<{ at: Date }>`select t.created_at as at from (${which} order by ${AT} limit 1) t`.execute(
      db,
    ),
  ]);
  return { count, oldestAt: oldest.rows[0]?.at ?? null };
}

/** Ids of ended ones of the filter, oldest first. */
export async function endedIds(
  db: Database,
  filter: NotificationFilter,
  limit: number,
): Promise<readonly string[]> {
  const { indexed, held } = await sourceOf(db, filter);
  const conditions = all([...indexed, ...held, sql`t.state in ${ENDED}`]);
  const { rows } = await sql<{ id: string }>`select t.id from (${ROWS} where ${conditions}
    order by t.created_at, t.id limit ${limit}) t`.execute(db);
  return rows.map(({ id }) => id);
}

async function sourceOf(db: Database, filter: NotificationFilter): Promise<ListSource> {
  const { state, partner, channel, since, until, of } = filter;
  const ids = of && (await idsOf(db, of));
  const byPartner = partner === null ? [] : [sql`t.partner_slug = ${partner}`];
  // A partner's waiting ones may be few among those of others; the channels have half each.
  const isMoving = state === 'queued' || state === 'sending';
  const isHeld = isMoving && partner !== null;
  return {
    ...{ rows: ROWS, at: AT, id: sql`t.id`, idType: 'uuid' },
    indexed: [
      ...(ids ? [sql`t.id = any(${ids}::uuid[])`] : []),
      // Said to the letter: an index of open work is only found by the word that it is for.
      ...(state === null || state === 'attention' ? [] : [sql`t.state = ${sql.lit(state)}`]),
      ...(isHeld ? [] : byPartner),
      ...(since === null ? [] : [sql`t.created_at >= ${since}`]),
      ...(until === null ? [] : [sql`t.created_at < ${until}`]),
      ...(channel === null ? [] : [sql`t.channel = ${channel}`]),
    ],
    held: isHeld ? byPartner : [],
    isSmall: !isHeld,
    ...(state === 'attention' && {
      kinds: ENDED_STATES.map((it) => sql`t.state = ${sql.lit(it)}`),
    }),
  };
}

async function idsOf(
  db: Database,
  of: NonNullable<NotificationFilter['of']>,
): Promise<readonly string[]> {
  const byEmail = (email: string) => sql`select t.id as key from orders t
    where lower(t.customer_email) = ${email.toLowerCase()} order by t.id desc`;
  const orders = 'order' in of ? [of.order] : ((await fewOf<number>(db, byEmail(of.email))) ?? []);
  const { rows } = await sql<{ id: string }>`
    select n.id from notification n
    where n.order_id = any(${orders}::bigint[]) and n.credit_note_id is null
    union all
    select n.id from credit_note c join notification n on n.credit_note_id = c.id
    where c.order_id = any(${orders}::bigint[])`.execute(db);
  return rows.map(({ id }) => id);
}
