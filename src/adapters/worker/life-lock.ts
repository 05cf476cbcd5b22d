// How a worker process shows that it lives, and how the others notice that it does not. It holds
// advisory locks on a connection of its own; Postgres drops them the moment the process dies. Who is
// seen without on two looks, seconds apart, is dead: one look could fall into the blink of a
// connection. Graphile Worker alone would give a dead process's jobs back after four hours.

import pg from 'pg';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';

/** A living process takes its locks again within this time, or claims nothing until it has. */
const LOOKS_APART_MS = 2_000;
const RELOCK_AFTER_MS = 200;
const RELOCK_AGAIN_MS = 1_000;
const CONNECT_MS = 5_000;
// A host that loses its power sends no goodbye: Postgres must ask.
const KEEPALIVES =
  '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3';

type Log = (level: 'error' | 'warning' | 'info', message: string) => void;

export type LifeLock = {
  /** Takes the lock of one more id. */
  hold(id: string): Promise<void>;
  /** Lets one go: whatever it still holds is free at the next looks. */
  drop(id: string): Promise<void>;
  /** Resolves at once while the locks are held, else when they are again. Then one may claim. */
  held(): Promise<void>;
  /**
   * Who holds jobs or leases and has no lock, on two looks. Takes two seconds when somebody is
   * missing. Throws when the database is away.
   */
  deadHolders(): Promise<readonly string[]>;
  /** Frees Graphile's jobs of these pools and wakes the workers. Returns how many. */
  freeJobs(deadPools: readonly string[]): Promise<number>;
  release(): Promise<void>;
};

/** Connects; the locks are kept over a lost connection. Throws when the database is away. */
export async function openLifeLock(databaseUrl: string, log: Log): Promise<LifeLock> {
  const ids: string[] = [];
  let isReleased = false;
  let relocked = Promise.withResolvers<void>();
  let last: Promise<unknown> = Promise.resolve();
  let client = await connected();
  relocked.resolve();

  // One connection, one query at a time.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  async function connected(): Promise<pg.Client> {
    const fresh = new pg.Client({
      connectionString: databaseUrl,
      keepAlive: true,
      // A server that was killed may leave a socket that takes connections and never speaks.
      connectionTimeoutMillis: CONNECT_MS,
      options: KEEPALIVES,
    });
    let isLost = false;
    const lost = (error?: Error) => {
      if (isReleased || isLost) return;
      isLost = true;
      relocked = Promise.withResolvers();
      log('warning', `the worker's lock connection was lost: ${error?.message ?? 'it ended'}`);
      setTimeout(relock, RELOCK_AFTER_MS);
    };
    await fresh.connect();
    for (const id of ids) await take(fresh, id);
    fresh.on('error', lost);
    fresh.on('end', () => lost());
    return fresh;
  }

  function relock(): void {
    if (isReleased) return;
    connected().then(
      (fresh) => {
        client = fresh;
        relocked.resolve();
        log('info', 'the worker holds its locks again');
      },
      () => setTimeout(relock, RELOCK_AGAIN_MS),
    );
  }

  async function holdersWithoutLock(): Promise<Set<string>> {
    const { rows } = await inTurn(() =>
      client.query<{ id: string }>(HOLDERS_WITHOUT_LOCK, [WORKER_LOCK_CLASS]),
    );
    return new Set(rows.map((row) => row.id));
  }

  return {
    async hold(id) {
      ids.push(id);
      await inTurn(() => take(client, id));
    },
    async drop(id) {
      const at = ids.indexOf(id);
      if (at === -1) return;
      ids.splice(at, 1);
      await inTurn(() =>
        client.query('select pg_advisory_unlock_shared($1, hashtext($2))', [WORKER_LOCK_CLASS, id]),
      );
    },
    held: () => relocked.promise,
    async deadHolders() {
      const missing = await holdersWithoutLock();
      if (missing.size === 0) return [];
      await new Promise((resolve) => setTimeout(resolve, LOOKS_APART_MS));
      return [...(await holdersWithoutLock())].filter((id) => missing.has(id));
    },
    async freeJobs(deadPools) {
      if (deadPools.length === 0) return 0;
      const { rows } = await inTurn(() => client.query<{ freed: string }>(FREE_JOBS, [deadPools]));
      const freed = Number(rows[0]?.freed ?? 0);
      if (freed > 0) log('warning', `freed ${freed} jobs of workers that died`);
      return freed;
    },
    async release() {
      isReleased = true;
      await client.end().catch(() => {});
    },
  };
}

// Shared: when our connection breaks unnoticed by Postgres, the new one must not wait for the old
// one's ghost. Who looks asks the list of locks and takes none.
async function take(client: pg.Client, id: string): Promise<void> {
  await client.query('select pg_advisory_lock_shared($1, hashtext($2))', [WORKER_LOCK_CLASS, id]);
}

// pg_locks shows the two keys as oids, that is as unsigned numbers.
const HOLDERS_WITHOUT_LOCK = `
  with holder as (
    select locked_by as id from graphile_worker._private_jobs where locked_by is not null
    union
    select locked_by from graphile_worker._private_job_queues where locked_by is not null
    union
    select lease_holder from notification where state = 'sending'
    union
    select lease_holder from printing where state = 'printing'
  )
  select id from holder where not exists (
    select from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and l.granted and d.datname = current_database()
      and l.classid = $1::int::oid and l.objsubid = 2
      and l.objid::bigint = hashtext(id)::bigint & 4294967295
  )`;

// The notification counts the jobs, so that as many workers wake at once instead of at their next
// poll. Named queues are freed with the jobs.
const FREE_JOBS = `
  with held as materialized (
    select count(*) as jobs from graphile_worker._private_jobs where locked_by = any($1::text[])
  ), unlocked as materialized (
    select jobs, graphile_worker.force_unlock_workers($1::text[]) from held
  )
  select jobs as freed, case when jobs > 0
    then pg_notify('jobs:insert', json_build_object('count', jobs)::text) end
  from unlocked`;
