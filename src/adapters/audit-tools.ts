// What the audit works with, put together once for the command and for the run of each night.

import { createHash } from 'node:crypto';
import { isStoreAway } from '#adapters/files/store-away.ts';
import { postgresAuditRuns } from '#adapters/postgres/audit-runs.ts';
import { postgresAuditedBooks } from '#adapters/postgres/audited-books.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { chainHash, GENESIS_HASH } from '#adapters/postgres/invoices.ts';
import type { AuditNeeds } from '#application/audit-books.ts';

/** `files` null: stored files are left alone. */
export function auditTools(
  db: Database,
  { files, clock }: Pick<AuditNeeds, 'files' | 'clock'>,
): AuditNeeds {
  return {
    atOneInstant: postgresAuditedBooks(db),
    runs: postgresAuditRuns(db),
    files,
    isStoreAway,
    sha256: hashOf,
    textHash: hashOf,
    chainHash,
    genesisHash: GENESIS_HASH,
    clock,
  };
}

function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
