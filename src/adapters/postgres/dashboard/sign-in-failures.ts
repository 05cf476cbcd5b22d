// Tries at the door, counted in the database so that a restart or another process forgives nothing. A try
// is taken before it is judged: however many come at once, no more are judged than the limit. Each
// counts for the address typed and for the address dialled from, whether the account exists or not.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

/** What is counted, and after how many failures it must wait. */
export type Counted = { readonly subject: string; readonly limit: number };

export type Taken =
  /** `left`: how many more after this one; 0: this one's failure begins the pause. */
  | { readonly kind: 'taken'; readonly left: number }
  | { readonly kind: 'paused'; readonly until: Date };

export const PAUSE_MS = 15 * 60_000;

/** Takes one try of each. `paused` takes none, and nothing may be judged. */
export function takeTry(db: Database, counted: readonly Counted[], now: Date): Promise<Taken> {
  // Always in the same order, so that two who take the same ones wait for each other, and no more.
  const inOrder = [...counted].sort((a, b) => (a.subject < b.subject ? -1 : 1));
  return db.transaction().execute(async (trx): Promise<Taken> => {
    const paused = await pausedUntil(trx, counted, now);
    if (paused) return { kind: 'paused', until: paused };
    let left = Number.POSITIVE_INFINITY;
    for (const one of inOrder) {
      const failures = await countOne(trx, one, now);
      if (failures === null) {
        return { kind: 'paused', until: (await pausedUntil(trx, counted, now)) ?? now };
      }
      left = Math.min(left, one.limit - failures);
    }
    return { kind: 'taken', left };
  });
}

/** The try turned out right, or was not judged: it never was. */
export async function giveBackTry(db: Database, subject: string): Promise<void> {
  await sql`
    with single as (delete from sign_in_failure where subject = ${subject} and failures = 1)
    update sign_in_failure set failures = failures - 1, blocked_until = null
    where subject = ${subject} and failures > 1`.execute(db);
}

/** Whoever was meant is in: begins anew. Returns how many tries had been taken, this one included. */
export async function forgetTries(db: Database, subject: string): Promise<number> {
  const row = await db
    .deleteFrom('sign_in_failure')
    .where('subject', '=', subject)
    .returning('failures')
    .executeTakeFirst();
  return row?.failures ?? 0;
}

async function pausedUntil(
  db: Database,
  counted: readonly Counted[],
  now: Date,
): Promise<Date | null> {
  const subjects = counted.map((one) => one.subject);
  const row = await db
    .selectFrom('sign_in_failure')
    .select((eb) => eb.fn.max('blocked_until').as('until'))
    .where('subject', 'in', subjects)
    .where('blocked_until', '>', now)
    .executeTakeFirst();
  return row?.until ?? null;
}

// Null: another request has just begun the pause. After a pause, or as long without a failure, the
// count begins anew.
async function countOne(
  db: Database,
  { subject, limit }: Counted,
  now: Date,
): Promise<number | null> {
  const quietSince = new Date(now.getTime() - PAUSE_MS);
  const until = new Date(now.getTime() + PAUSE_MS);
  const failures = sql`case when f.blocked_until is not null or f.last_at <= ${quietSince}
    then 1 else f.failures + 1 end`;
  const { rows } = await sql<{ failures: number }>`
    insert into sign_in_failure as f (subject, failures, last_at)
    values (${subject}, 1, ${now})
    on conflict (subject) do update set
      failures = ${failures},
      last_at = ${now},
      blocked_until = case when ${failures} >= ${limit} then ${until}::timestamptz end
    where f.blocked_until is null or f.blocked_until <= ${now}
    returning failures`.execute(db);
  return rows[0]?.failures ?? null;
}
