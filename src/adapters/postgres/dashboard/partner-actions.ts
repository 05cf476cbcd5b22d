// Who changed a partner last, as a name to say to the next person.

import type { Database } from '#adapters/postgres/database.ts';

/** The newest change by hand of what the partner is; null when none is on record. */
export async function lastActionOn(
  db: Database,
  slug: string,
): Promise<{ readonly name: string; readonly at: Date } | null> {
  const row = await db
    .selectFrom('operator_action as o')
    .leftJoin('account as a', 'a.email', 'o.actor')
    .select(['o.at', 'o.actor', 'a.name'])
    .where('o.subject', '=', slug)
    .where('o.action', 'like', 'partner-%')
    .where('o.action', '<>', 'partner-test-called')
    .orderBy('o.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { name: row.name ?? row.actor, at: row.at } : null;
}
