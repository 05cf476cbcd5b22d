// What waits for a person, counted for the bar on every page: over the partial indexes of what is open,
// and no further than a thousand.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

export type OpenCounts = {
  /** Refused, exhausted or quarantined notifications; 1000 means « or more ». */
  readonly notifications: number;
  /** Payments in quarantine. */
  readonly quarantine: number;
};

export async function openCounts(db: Database): Promise<OpenCounts> {
  const { rows } = await sql<OpenCounts>`
    select
      (select count(*) from (select 1 from notification
        where state in ('failed', 'exhausted', 'quarantined') limit 1000) n)::int as notifications,
      (select count(*) from (select 1 from payment
        where state = 'quarantined' limit 1000) p)::int as quarantine`.execute(db);
  const [counts] = rows;
  if (!counts) throw new Error('the tables told nothing');
  return counts;
}
