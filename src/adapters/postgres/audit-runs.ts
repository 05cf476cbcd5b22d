// The audits that were run, one row each, for « dernier audit » and as the anchor of the next one.

import type { AuditRun, AuditRuns, Finding, Head } from '#application/audited-books.ts';
import type { Database } from './database.ts';

export function postgresAuditRuns(db: Database): AuditRuns {
  return {
    async add(run) {
      await db
        .insertInto('audit_run')
        .values({
          automatic: run.automatic,
          with_files: run.withFiles,
          started_at: run.startedAt,
          finished_at: run.finishedAt,
          documents: run.documents,
          findings: run.findings,
          first_findings: JSON.stringify(run.firstFindings),
          heads: JSON.stringify(run.heads),
        })
        .execute();
    },

    last: () => lastAudit(db),
  };
}

/** The newest run, or null before the first. */
export async function lastAudit(db: Database): Promise<AuditRun | null> {
  const row = await db
    .selectFrom('audit_run')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  return {
    automatic: row.automatic,
    withFiles: row.with_files,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    documents: row.documents,
    findings: row.findings,
    firstFindings: row.first_findings as readonly Finding[],
    heads: row.heads as readonly Head[],
  };
}
