// Test calls that people made to a partner's address, as rows: who, where to, and what came back. They
// are no notifications: nothing counts them and nothing tries them again.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { postgresOperatorActions } from '#adapters/postgres/operator-actions.ts';
import { callSecrets } from '#adapters/postgres/partner-call-secrets.ts';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { AttemptOutcome, PartnerRequest } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export type TrialReport = {
  readonly outcome: AttemptOutcome;
  readonly statusCode: number | null;
  readonly detail: string | null;
  readonly durationMs: number;
  /** As sent, secrets masked. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The answer's body, its first 2 kB. */
  readonly answer: string;
  readonly isCut: boolean;
};

export type PartnerTrial = {
  readonly id: number;
  readonly url: string;
  readonly passed: boolean;
  readonly requestedBy: string;
  readonly at: Date;
  readonly report: TrialReport;
};

/** What a call to the partner is signed with at this moment; null when there is no such partner. */
export async function partnerCallSecrets(
  db: Database,
  slug: PartnerSlug,
  at: { readonly secrets: SecretBox; readonly now: Date },
): Promise<Pick<PartnerRequest, 'apiKey' | 'signingSecret'> | null> {
  const found = db.selectFrom('partner').selectAll().where('slug', '=', slug);
  const row = await found.executeTakeFirst();
  return row ? callSecrets(row, at) : null;
}

/** Keeps the call and goes on record with who made it. Returns its id. */
export function keepTrial(
  db: Database,
  slug: PartnerSlug,
  trial: Omit<PartnerTrial, 'id'>,
): Promise<number> {
  const { url, passed, requestedBy, at, report } = trial;
  return db.transaction().execute(async (trx) => {
    const action = { at, actor: requestedBy, action: 'partner-test-called', subject: slug };
    await postgresOperatorActions(trx).add({ ...action, why: null });
    const { id } = await trx
      .insertInto('partner_trial')
      .values({
        partner_slug: slug,
        kind: 'call',
        requested_by: requestedBy,
        url,
        passed,
        report: JSON.stringify(report),
        at,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  });
}

/** The newest test call to each of the addresses. */
export async function latestTrials(
  db: Database,
  slug: PartnerSlug,
  urls: readonly string[],
): Promise<ReadonlyMap<string, PartnerTrial>> {
  if (urls.length === 0) return new Map();
  const rows = await db
    .selectFrom('partner_trial')
    .selectAll()
    .where('partner_slug', '=', slug)
    .where('kind', '=', 'call')
    .where('url', 'in', [...urls])
    // One that is under way has no outcome yet.
    .where(sql<boolean>`jsonb_exists(report, 'outcome')`)
    .orderBy('id', 'desc')
    .limit(50)
    .execute();
  const trials = rows.map(({ id, url, passed, requested_by: requestedBy, at, report }) => {
    return { id, url, passed, requestedBy, at, report: report as TrialReport };
  });
  return new Map(trials.toReversed().map((trial) => [trial.url, trial]));
}
