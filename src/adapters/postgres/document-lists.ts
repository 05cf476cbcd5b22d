// The legal documents as a list for people: newest first, with where their printing stands.

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
export function listDocuments(
  db: Database,
  which: { readonly state?: PrintingTable['state']; readonly limit: number },
): Promise<DocumentListing[]> {
  let query = db
    .selectFrom('invoice as i')
    .innerJoin('printing as p', 'p.number', 'i.number')
    .select(['i.number', 'i.order_id as orderId', 'i.issued_at as issuedAt', 'p.state'])
    .select(['p.failures', 'p.interruptions', 'p.last_error as lastError'])
    .select(['p.next_attempt_at as nextAttemptAt', 'p.lease_holder as leaseHolder'])
    .select('p.lease_until as leaseUntil')
    .orderBy('i.issued_at', 'desc')
    .orderBy('i.number', 'desc')
    .limit(which.limit);
  if (which.state !== undefined) query = query.where('p.state', '=', which.state);
  return query.execute();
}
