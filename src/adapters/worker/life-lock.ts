// How a worker process shows that it lives, and how the others notice that it does not. It holds
// advisory locks on a connection of its own; Postgres drops them the moment the process dies.
// Graphile Worker alone would give a dead process's jobs back after four hours; ours come back with
// the next sweep.

import pg from 'pg';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';

/** A pool that has just begun may not hold its lock yet; a job that young is nobody's corpse. */
const GRACE = '3 seconds';
const RELOCK_AFTER_MS = 200;
const RELOCK_AGAIN_MS = 1_000;

type Log = (level: 'error' | 'warning' | 'info', message: string) => void;

export type LifeLock = {
  /** Takes the lock of one more id. */
  hold(id: string): Promise<void>;
  /** Frees Graphile's jobs of pools that nobody holds and wakes the workers. Returns how many. */
  freeDeadPools(): Promise<number>;
  release(): Promise<void>;
};

/** Connects; the locks are kept over a lost connection. Throws when the database is away. */
export async function openLifeLock(databaseUrl: string, log: Log): Promise<LifeLock> {
  const ids: string[] = [];
  let released = false;
  let client = await connected();

  async function connected(): Promise<pg.Client> {
    const fresh = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    fresh.on('error', (error) => {
      if (released) return;
      log('warning', `the worker's lock connection was lost: ${error.message}`);
      setTimeout(relock, RELOCK_AFTER_MS);
    });
    await fresh.connect();
    for (const id of ids) await take(fresh, id);
    return fresh;
  }

  function relock(): void {
    if (released) return;
    connected().then(
      (fresh) => {
        client = fresh;
      },
      () => setTimeout(relock, RELOCK_AGAIN_MS),
    );
  }

  return {
    async hold(id) {
      ids.push(id);
      await take(client, id);
    },
    async freeDeadPools() {
      const values = [WORKER_LOCK_CLASS, GRACE, ids];
      const { rows } = await client.query<{ freed: string }>(FREE_DEAD_POOLS, values);
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

async function take(client: pg.Client, id: string): Promise<void> {
  await client.query('select pg_advisory_lock($1, hashtext($2))', [WORKER_LOCK_CLASS, id]);
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
