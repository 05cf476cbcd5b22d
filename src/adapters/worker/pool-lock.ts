// Graphile Worker gives a dead process's jobs back after four hours. Ours come back in seconds: each
// worker process holds an advisory lock on a connection of its own, which Postgres drops the moment
// the process dies; every worker looks now and then for jobs whose pool has no lock, and frees them.

import pg from 'pg';

/** The first key of our advisory locks on worker pools. */
const LOCK_CLASS = 7301;
/** A fresh lock may not be held yet; a job that young is nobody's corpse. */
const GRACE = '3 seconds';

type Log = (level: 'error' | 'warning' | 'info', message: string) => void;

export type PoolLock = {
  /** Frees the jobs of pools that nobody holds and wakes the workers. Returns how many. */
  freeDeadPools(): Promise<number>;
  release(): Promise<void>;
};

/** Takes the locks of this process's pools and keeps them over a lost connection. */
export async function keepPoolLock(
  databaseUrl: string,
  poolIds: readonly string[],
  log: Log,
): Promise<PoolLock> {
  let released = false;
  let client = await lockedClient();

  async function lockedClient(): Promise<pg.Client> {
    const fresh = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    fresh.on('error', (error) => {
      if (released) return;
      log('warning', `the worker's lock connection was lost: ${error.message}`);
      setTimeout(relock, 200);
    });
    await fresh.connect();
    for (const id of poolIds) {
      await fresh.query('select pg_advisory_lock($1, hashtext($2))', [LOCK_CLASS, id]);
    }
    return fresh;
  }

  function relock(): void {
    if (released) return;
    lockedClient().then(
      (fresh) => {
        client = fresh;
      },
      () => setTimeout(relock, 1_000),
    );
  }

  return {
    async freeDeadPools() {
      const { rows } = await client.query<{ freed: string }>(FREE_DEAD_POOLS, [
        LOCK_CLASS,
        GRACE,
        poolIds,
      ]);
      const freed = Number(rows[0]?.freed ?? 0);
      if (freed > 0) log('warning', `freed ${freed} jobs of workers that died`);
      return freed;
    },
    async release() {
      released = true;
      await client.end();
    },
  };
}

// The transaction-level form lets one sweeper win. The notification counts the jobs, so that as many
// workers wake at once instead of at their next poll.
const FREE_DEAD_POOLS = `
  with held as (
    select locked_by, locked_at from graphile_worker._private_jobs where locked_by is not null
    union all
    select locked_by, locked_at from graphile_worker._private_job_queues where locked_by is not null
  ), dead as materialized (
    select locked_by, count(*) as jobs from held
    group by locked_by
    -- Our own locks are held by this very session, to which they look free.
    having max(locked_at) < now() - $2::interval and locked_by <> all ($3::text[])
  ), won as materialized (
    select locked_by, jobs from dead where pg_try_advisory_xact_lock($1, hashtext(locked_by))
  ), unlocked as materialized (
    select jobs, graphile_worker.force_unlock_workers(array[locked_by]) from won
  ), total as (
    select coalesce(sum(jobs), 0) as freed from unlocked
  )
  select freed, case when freed > 0
    then pg_notify('jobs:insert', json_build_object('count', freed)::text) end
  from total`;
