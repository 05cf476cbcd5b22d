// How the machines stand, for the overview: who is at work, what is late, what will be tried again
// and when, and what came last from outside. Over the indexes of what is open and the ends of the
// tables; the instant is given, so that all parts of a page speak of the same one.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';
import type { Channel } from '#domain/notification.ts';

/** Rows of late work that are counted; that many mean « or more ». */
export const LATE_ROWS_MAX = 1_000;

/** Late work of one kind. */
export type Late = { readonly count: number; readonly since: Date };

export type WorkNow = {
  /** Processes that hold a lock of life. */
  readonly workers: number;
  /** The longest waiting job that could run; null when none does. */
  readonly oldestDueAt: Date | null;
  /** Jobs that were tried as often as they may be. */
  readonly deadJobs: number;
  /** Waiting for more than a minute to be resolved. */
  readonly unresolved: Late | null;
  /** Due for more than five minutes. */
  readonly unprinted: Late | null;
  readonly unmailed: Late | null;
  /** Sends and prints whose lease ended a minute ago and that nobody has taken back. */
  readonly lostLeases: number;
  /** Partners whose calls are due for more than ten minutes. */
  readonly backlogs: readonly (Late & { readonly partner: string; readonly name: string })[];
  /** Events of the last day that Stripe had to be asked for. */
  readonly foundLater: number;
  readonly lastEventAt: Date | null;
  readonly lastReconciledAt: Date | null;
  readonly lastAudit: { readonly at: Date; readonly findings: number } | null;
  /** The order recorded last, and how long after Stripe's event its last message arrived. */
  readonly lastOrder: { readonly at: Date; readonly deliveredMs: number | null } | null;
};

type Row = Omit<WorkNow, 'backlogs' | 'unresolved' | 'unprinted' | 'unmailed'> & {
  readonly [kind in 'unresolved' | 'unprinted' | 'unmailed']: number;
} & { readonly [kind in 'unresolvedAt' | 'unprintedAt' | 'unmailedAt']: Date | null };

/** Throws when the database is away. */
export async function workNow(db: Database, now: Date): Promise<WorkNow> {
  const before = (ms: number) => new Date(now.getTime() - ms);
  const [row, backlogs] = await Promise.all([
    standing(db, before),
    lateCalls(db, before(10 * MINUTE_MS)),
  ]);
  const late = (count: number, since: Date | null) => (since ? { count, since } : null);
  return {
    ...row,
    backlogs,
    unresolved: late(row.unresolved, row.unresolvedAt),
    unprinted: late(row.unprinted, row.unprintedAt),
    unmailed: late(row.unmailed, row.unmailedAt),
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
type Before = (ms: number) => Date;

async function standing(db: Database, before: Before): Promise<Row> {
  const { rows } = await sql<Row>`
    with unresolved as (select concluded_at as at from event_outcome
        where kind = 'pending' and concluded_at < ${before(MINUTE_MS)}
        order by concluded_at limit ${LATE_ROWS_MAX}),
      unprinted as (select next_attempt_at as at from printing
        where state = 'queued' and next_attempt_at < ${before(5 * MINUTE_MS)}
        order by next_attempt_at limit ${LATE_ROWS_MAX}),
      unmailed as (select next_attempt_at as at from notification
        where state = 'queued' and channel = 'email' and released_at is not null
          and next_attempt_at < ${before(5 * MINUTE_MS)}
        order by next_attempt_at limit ${LATE_ROWS_MAX})
    select
      (select count(distinct l.pid) from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and l.granted and d.datname = current_database()
          and l.classid = ${sql.lit(WORKER_LOCK_CLASS)} and l.objsubid = 2) as workers,
      (select min(run_at) from graphile_worker._private_jobs
        where is_available and run_at <= ${before(0)}) as "oldestDueAt",
      (select count(*) from graphile_worker._private_jobs
        where attempts >= max_attempts) as "deadJobs",
      (select count(*) from unresolved)::int as unresolved,
      (select min(at) from unresolved) as "unresolvedAt",
      (select count(*) from unprinted)::int as unprinted,
      (select min(at) from unprinted) as "unprintedAt",
      (select count(*) from unmailed)::int as unmailed,
      (select min(at) from unmailed) as "unmailedAt",
      ((select count(*) from notification
          where state = 'sending' and lease_until < ${before(MINUTE_MS)})
        + (select count(*) from printing
          where state = 'printing' and lease_until < ${before(MINUTE_MS)}))::int as "lostLeases",
      (select coalesce(sum(received), 0)::int from (select received, started_at from reconciliation
        where automatic order by id desc limit 150) run
        where started_at > ${before(DAY_MS)}) as "foundLater",
      (select received_at from stripe_event order by received_at desc limit 1) as "lastEventAt",
      (select finished_at from reconciliation where automatic and finished_at is not null
        order by until desc limit 1) as "lastReconciledAt",
      (select json_build_object('at', finished_at, 'findings', findings) from audit_run
        order by id desc limit 1) as "lastAudit",
      (select json_build_object('at', o.recorded_at, 'deliveredMs', (
          select case when bool_and(n.completed_at is not null) then
            extract(epoch from max(n.completed_at) - o.event_created_at) * 1000 end
          from notification n where n.order_id = o.id and n.credit_note_id is null))
        from orders o order by o.id desc limit 1) as "lastOrder"`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('the tables told nothing');
  const dated = <T extends { readonly at: Date }>(it: T | null) =>
    it && { ...it, at: new Date(it.at) };
  return { ...row, lastAudit: dated(row.lastAudit), lastOrder: dated(row.lastOrder) };
}

async function lateCalls(db: Database, before: Date): Promise<WorkNow['backlogs']> {
  const { rows } = await sql<WorkNow['backlogs'][number]>`
    select p.slug as partner, p.name, late.count, late.since from partner p cross join lateral (
      select count(*)::int as count, min(at) as since from (
        select next_attempt_at as at from notification n
        where n.partner_slug = p.slug and n.state = 'queued' and n.channel = 'webhook'
          and n.released_at is not null and n.next_attempt_at < ${before}
        order by next_attempt_at limit ${LATE_ROWS_MAX}) due) late
    where late.count > 0 order by late.since`.execute(db);
  return rows;
}

/** A message that waits for its next try. */
export type Waiting = {
  readonly orderId: number;
  readonly partnerName: string;
  readonly channel: Channel;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly outcome: string | null;
  readonly statusCode: number | null;
};

export type Underway = {
  /** The next ones, soonest first. */
  readonly next: readonly Waiting[];
  /** All of them; 1,000 a partner means « or more ». */
  readonly waiting: number;
  readonly sending: number;
  readonly replays: readonly {
    readonly id: number;
    readonly partnerName: string;
    readonly state: 'running' | 'paused';
    readonly looked: number;
    readonly retried: number;
  }[];
};

const NEXT_MAX = 8;

/** What will be tried again by itself, and what is being done. */
export async function underway(db: Database): Promise<Underway> {
  const isRetry = sql`n.state = 'queued' and n.released_at is not null and n.round_attempts > 0`;
  const { rows } = await sql<Underway>`
    with mails as (select n.* from notification n where ${isRetry} and n.channel = 'email'
        order by n.next_attempt_at limit 1000),
      calls as (select n.* from partner p cross join lateral (
        select n.* from notification n where ${isRetry} and n.channel = 'webhook'
          and n.partner_slug = p.slug order by n.next_attempt_at limit 1000) n),
      waiting as (select * from mails union all select * from calls),
      next as (select w.order_id as "orderId", p.name as "partnerName", w.channel, w.attempts,
          w.next_attempt_at as "nextAttemptAt", a.outcome, a.status_code as "statusCode"
        from (select * from waiting order by next_attempt_at, id limit ${NEXT_MAX}) w
        join partner p on p.slug = w.partner_slug
        left join attempt a on a.notification_id = w.id and a.number = w.attempts
        order by w.next_attempt_at, w.id)
    select coalesce((select json_agg(next) from next), '[]') as next,
      (select count(*) from waiting)::int as waiting,
      (select count(*) from (select from notification where state = 'sending' limit 1000) s)::int
        as sending,
      coalesce((select json_agg(json_build_object('id', r.id, 'partnerName', p.name,
          'state', r.state, 'looked', r.looked, 'retried', r.retried) order by r.id)
        from replay r join partner p on p.slug = r.partner_slug
        where r.state in ('running', 'paused')), '[]') as replays`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('the tables told nothing');
  const next = row.next.map((it) => ({ ...it, nextAttemptAt: new Date(it.nextAttemptAt) }));
  return { ...row, next };
}
