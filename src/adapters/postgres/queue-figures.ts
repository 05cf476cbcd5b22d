// What waits in the tables at one instant, for the curves: one statement over the partial indexes of
// what is open, whose cost follows the backlog and not the books. Counting stops at a hundred
// thousand, where the exact figure interests nobody any more.

import { sql } from 'kysely';
import type { QueueFigures } from '#adapters/telemetry/telemetry.ts';
import type { Database } from './database.ts';

const COUNT_MAX = 100_000;

type Counted = { readonly kind: string; readonly due: number; readonly oldest_ms: number };

/** Throws when the database is away. */
export async function queueFigures(db: Database): Promise<QueueFigures> {
  const { rows } = await sql<Counted>`
    select kind, count(*)::int as due,
      coalesce(max(extract(epoch from now() - at)) * 1000, 0)::float8 as oldest_ms
    from (
      (select 'resolve' as kind, concluded_at as at from event_outcome
        where kind = 'pending' order by concluded_at limit ${COUNT_MAX})
      union all
      (select 'print', next_attempt_at from printing
        where state = 'queued' and next_attempt_at <= now()
        order by next_attempt_at limit ${COUNT_MAX})
      union all
      (select 'email', next_attempt_at from notification
        where state = 'queued' and channel = 'email' and released_at is not null
          and next_attempt_at <= now()
        order by next_attempt_at limit ${COUNT_MAX})
      union all
      (select 'webhook', next_attempt_at from notification
        where state = 'queued' and channel = 'webhook' and released_at is not null
          and next_attempt_at <= now() limit ${COUNT_MAX})
      union all
      (select 'payments', updated_at from payment where state = 'quarantined' limit ${COUNT_MAX})
      union all
      (select 'notifications', ended_at from notification
        where state in ('failed', 'exhausted', 'quarantined') and state = 'quarantined'
        limit ${COUNT_MAX})
    ) waiting
    group by kind`.execute(db);
  const of = (kind: string) => {
    const row = rows.find((it) => it.kind === kind);
    return { due: row?.due ?? 0, oldestMs: row?.oldest_ms ?? 0 };
  };
  return {
    resolve: of('resolve'),
    print: of('print'),
    email: of('email'),
    webhook: of('webhook'),
    quarantined: { payments: of('payments').due, notifications: of('notifications').due },
  };
}
