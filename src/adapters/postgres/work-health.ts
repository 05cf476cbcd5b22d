// How the work stands at one instant, for whoever asks what is wrong: who is at work, what is held by
// the dead, what waits longer than it should. Read-only, over the partial indexes of what is open.

import { sql } from 'kysely';
import type { Database } from './database.ts';
import { WORKER_LOCK_CLASS } from './worker-lock.ts';

export type WorkHealth = {
  /** Processes that hold a lock of life. */
  readonly workers: number;
  /** Sends and prints whose lease ended a minute ago and that nobody has taken back. */
  readonly lostLeases: number;
  readonly failedPrints: number;
  readonly oldestPrintAt: Date | null;
  /** Events of the last day that Stripe had to be asked for. */
  readonly foundLater: number;
  /** When the newest order was recorded; null before the first. */
  readonly lastOrderAt: Date | null;
  /** Partners with calls that are due, the longest waiting first. */
  readonly backlogs: readonly {
    readonly partner: string;
    readonly due: number;
    readonly oldestAt: Date;
  }[];
};

/** Throws when the database is away. */
export async function workHealth(db: Database): Promise<WorkHealth> {
  const { rows } = await sql<Omit<WorkHealth, 'backlogs'>>`
    select
      (select count(distinct l.pid) from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and l.granted and d.datname = current_database()
          and l.classid = ${sql.lit(WORKER_LOCK_CLASS)} and l.objsubid = 2) as workers,
      (select count(*) from notification
        where state = 'sending' and lease_until < now() - interval '1 minute')
      + (select count(*) from printing
        where state = 'printing' and lease_until < now() - interval '1 minute') as "lostLeases",
      (select count(*) from printing where state = 'failed') as "failedPrints",
      (select min(next_attempt_at) from printing where state = 'queued') as "oldestPrintAt",
      (select coalesce(sum(received), 0)::int from (
        select received, started_at from reconciliation where automatic order by id desc limit 150
      ) run where started_at > now() - interval '1 day') as "foundLater",
      (select recorded_at from orders order by id desc limit 1) as "lastOrderAt"`.execute(db);
  const [health] = rows;
  if (!health) throw new Error('the tables told nothing');
  const { rows: backlogs } = await sql<WorkHealth['backlogs'][number]>`
    select partner_slug as partner, count(*)::int as due, min(next_attempt_at) as "oldestAt"
    from notification
    where state = 'queued' and channel = 'webhook' and released_at is not null
      and next_attempt_at <= now()
    group by 1 order by 3`.execute(db);
  return { ...health, backlogs };
}
