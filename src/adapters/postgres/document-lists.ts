// The legal documents as a list for people: newest first, with where their printing stands.

import { type RawBuilder, sql } from 'kysely';
import type { Series } from '#domain/invoice-number.ts';
import type { Database } from './database.ts';
import type { PrintingTable } from './tables.ts';

export type DocumentListing = {
  readonly number: string;
  readonly orderId: number;
  readonly issuedAt: Date;
  readonly state: PrintingTable['state'];
  readonly failures: number;
  readonly interruptions: number;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
  readonly leaseHolder: string | null;
  readonly leaseUntil: Date | null;
};

/** The newest documents of both series, at most `limit`. */
export async function listDocuments(
  db: Database,
  which: { readonly state?: PrintingTable['state']; readonly limit: number },
): Promise<DocumentListing[]> {
  const { rows } = await sql<DocumentListing>`
    select i.number, i.order_id as "orderId", i.issued_at as "issuedAt", i.state,
      i.failures, i.interruptions, i.last_error as "lastError",
      i.next_attempt_at as "nextAttemptAt", i.lease_holder as "leaseHolder",
      i.lease_until as "leaseUntil"
    from (${found(which)}) i
    order by i.issued_at desc, i.number desc limit ${which.limit}`.execute(db);
  return rows;
}

// What is not printed yet is little and has indexes of its own. The rest is found along the numbers,
// which rise with time, series by series.
function found({
  state,
  limit,
}: {
  readonly state?: PrintingTable['state'];
  readonly limit: number;
}): RawBuilder<unknown> {
  const shown = sql`i.number, i.order_id, i.issued_at, p.state, p.failures, p.interruptions,
    p.last_error, p.next_attempt_at, p.lease_holder, p.lease_until`;
  if (state !== undefined && state !== 'printed') {
    return sql`select ${shown} from printing p join invoice i on i.number = p.number
      where p.state = ${sql.lit(state)}`;
  }
  const inState = state === undefined ? sql`` : sql`and p.state = ${sql.lit(state)}`;
  const newest = (series: Series) => sql`
    (select ${shown} from invoice i
      cross join lateral (select * from printing p where p.number = i.number ${inState} limit 1) p
      where i.series = ${series}
      order by i.series desc, i.year desc, i.ordinal desc limit ${limit})`;
  return sql`${newest('FQCA')} union all ${newest('AQCA')}`;
}
