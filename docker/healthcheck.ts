// What Docker asks of a container every few seconds, whatever role it plays. Where there is HTTP, it
// is asked what a load balancer would ask. A worker has none and is looked at from outside: Postgres
// shows whether the session that holds the locks by which it says that it lives (see
// src/adapters/worker/life-lock.ts) has spoken lately. A process that is there but stands still
// would pass for alive otherwise.

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';

const TIMEOUT_MS = 8_000;
// The sweep speaks every five seconds.
const SILENT_S = 60;

// From the same container, this session has the worker's address. Of several workers behind one
// address (a pooler), any that lives answers for all.
const LIVES = `
  select exists (
    select from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.classid = $1::int and l.granted
      and a.datname = current_database()
      and a.client_addr is not distinct from inet_client_addr()
      and a.state_change > clock_timestamp() - make_interval(secs => $2)
  ) as lives`;

const roles = ['web', 'worker', 'serve'] as const;
// Named, where process 1 is another's (Kubernetes with a shared process namespace).
const argv = [...process.argv.slice(2), ...readFileSync('/proc/1/cmdline', 'utf8').split('\0')];
const role = roles.find((it) => argv.includes(it));

const problem =
  role === undefined
    ? 'process 1 is neither web nor worker nor serve'
    : ((role === 'worker' ? null : await webProblem()) ??
      (role === 'web' ? null : await workerProblem()));
console.log(problem ?? 'well');
process.exit(problem === null ? 0 : 1);

async function webProblem(): Promise<string | null> {
  try {
    const url = `http://127.0.0.1:${process.env.PORT || 3000}/health/ready`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.ok ? null : `HTTP ${answer.status}: ${(await answer.text()).slice(0, 200)}`;
  } catch (error) {
    return `no HTTP: ${(error as Error).message}`;
  }
}

async function workerProblem(): Promise<string | null> {
  const client = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => {}); // told by whoever waits
  try {
    await client.connect();
    const { rows } = await client.query<{ readonly lives: boolean }>(LIVES, [
      WORKER_LOCK_CLASS,
      SILENT_S,
    ]);
    return rows[0]?.lives ? null : `no worker here has spoken to PostgreSQL for ${SILENT_S} s`;
  } catch (error) {
    return `no PostgreSQL: ${(error as Error).message}`;
  } finally {
    await client.end().catch(() => {});
  }
}
