// What a process has in its hands, as the database sees it, and whether somebody has taken it up
// since. A process is known at the database by its application name; the ids that it puts on leases
// and jobs are those whose advisory lock it holds.

import type pg from 'pg';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';

export type HeldWork =
  | { readonly kind: 'attempt'; readonly id: string; readonly number: number }
  | { readonly kind: 'printing'; readonly id: string; readonly token: string }
  | { readonly kind: 'job'; readonly id: string; readonly attempts: number };

/** Hashes of the ids under which it lives; of all processes when `name` is null. */
export async function livesOf(db: pg.Pool, name: string | null): Promise<readonly string[]> {
  const { rows } = await db.query<{ hash: string }>(
    `select distinct l.objid::text as hash from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.classid = $1::int::oid
       and ($2::text is null or a.application_name = $2)`,
    [WORKER_LOCK_CLASS, name],
  );
  return rows.map(({ hash }) => hash);
}

const BY = (column: string) => `(hashtext(${column})::bigint & 4294967295)::text = any($1)`;

/** Everything under a lease or lock of those ids. */
export async function heldBy(db: pg.Pool, lives: readonly string[]): Promise<readonly HeldWork[]> {
  const { rows } = await db.query<HeldWork>(
    `select 'attempt' as kind, id::text, attempts as number, null as token, null::int as attempts
       from notification where state = 'sending' and ${BY('lease_holder')}
     union all select 'printing', number, null, lease_token::text, null
       from printing where state = 'printing' and ${BY('lease_holder')}
     union all select 'job', id::text, null, null, attempts
       from graphile_worker.jobs where ${BY('locked_by')} and attempts < max_attempts`,
    [lives],
  );
  return rows;
}

/** Those that nobody has taken up or ended since. */
export async function stillWaiting(
  db: pg.Pool,
  held: readonly HeldWork[],
): Promise<readonly HeldWork[]> {
  const ids = (kind: HeldWork['kind']) => held.filter((it) => it.kind === kind).map(({ id }) => id);
  const { rows } = await db.query<{ kind: string; id: string; mark: string; done: boolean }>(
    `select 'attempt' as kind, n.id::text, n.attempts::text as mark,
         -- Its try came to an end of its own: what follows is a retry by the clock.
         a.outcome is not null and a.outcome <> 'interrupted'
           or n.state not in ('queued', 'sending') as done
       from notification n
       join attempt a on a.notification_id = n.id and a.number = n.attempts
       where n.id = any($1::uuid[])
     union all select 'printing', number, lease_token::text, state in ('printed', 'failed')
       from printing where number = any($2)
     union all select 'job', id::text, attempts::text, false
       from graphile_worker.jobs where id = any($3::bigint[])`,
    [ids('attempt'), ids('printing'), ids('job')],
  );
  const now = new Map(rows.map((row) => [`${row.kind}/${row.id}`, row]));
  return held.filter((it) => {
    const row = now.get(`${it.kind}/${it.id}`);
    if (!row || row.done) return false; // a job that is gone was done
    return row.mark === null || row.mark === markOf(it);
  });
}

function markOf(it: HeldWork): string {
  switch (it.kind) {
    case 'attempt':
      return String(it.number);
    case 'printing':
      return it.token;
    case 'job':
      return String(it.attempts);
    default:
      return it satisfies never;
  }
}
