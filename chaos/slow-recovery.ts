// What the database was doing while somebody's work was not taken up: written beside the logs, once
// for each kill that takes too long, because a seed repeats the kills and not the moment.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeldWork } from './held-work.ts';
import type { World } from './world.ts';

const SESSIONS = `
  select a.application_name as who, a.pid, a.state, a.wait_event_type as waits,
    a.wait_event as on_what, pg_blocking_pids(a.pid) as behind,
    round(extract(epoch from now() - a.xact_start)) as xact_s,
    round(extract(epoch from now() - a.state_change)) as state_s, left(a.query, 90) as query
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid()
    and (a.state <> 'idle' or a.xact_start is not null)
  order by a.xact_start`;
const LEASES = `
  select 'attempt' as kind, id::text, lease_holder, lease_until, now() from notification
    where state = 'sending'
  union all select 'printing', number, lease_holder, lease_until, now() from printing
    where state = 'printing'
  union all select task_identifier, id::text, locked_by, locked_at, now() from graphile_worker.jobs
    where locked_by is not null`;
const LIVES = `
  select a.application_name as who, l.objid::text, l.mode, l.granted
  from pg_locks l left join pg_stat_activity a using (pid) where l.locktype = 'advisory'`;

/** Never throws. */
export async function noteSlowRecovery(
  { db, folder }: World,
  number: number,
  waiting: readonly HeldWork[],
): Promise<void> {
  const parts: unknown[] = [{ at: new Date(), waiting }];
  for (const question of [SESSIONS, LEASES, LIVES]) {
    parts.push(
      await db.query(question).then(
        ({ rows }) => rows,
        (error: Error) => error.message,
      ),
    );
  }
  const text = parts.map((part) => JSON.stringify(part, null, 1)).join('\n\n');
  await writeFile(join(folder, `slow-${number}.txt`), text).catch(() => {});
}
