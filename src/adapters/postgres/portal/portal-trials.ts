// What a partner tried from its portal: calls, and passes through the conformance table. Kept with when
// and to which address, for the partner to look at again. How often is counted here, by one transaction at
// a time, so that no two tabs and no two processes call more than was meant.

import { sql } from 'kysely';
import type { ConformanceReport } from '#adapters/partner/conformance.ts';
import type { TrialReport } from '#adapters/postgres/dashboard/partner-trials.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { callSecrets } from '#adapters/postgres/partner-call-secrets.ts';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { PartnerRequest } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';

/** As a partner sees its own test call. */
export type PortalTrialReport = TrialReport & {
  /** Which example was sent. */
  readonly example?: string;
  readonly responseHeaders?: Readonly<Record<string, string>> | null;
};

export type PortalTrial<R> = {
  readonly id: number;
  readonly requestedBy: string;
  readonly url: string;
  readonly passed: boolean;
  readonly at: Date;
  readonly report: R;
};

/** Test calls of one partner in any minute. */
export const CALLS_A_MINUTE = 6;
/** Passes through the whole table of one partner in any hour. */
export const CONFORMANCES_AN_HOUR = 12;
/** One that tells no end after so long was cut short by a restart. */
export const CONFORMANCE_LOST_AFTER_MS = 5 * 60_000;

const LOCK = 7_306;

export type CalledPartner = Pick<PartnerRequest, 'apiKey' | 'signingSecret'> & {
  readonly slug: PartnerSlug;
  readonly name: string;
  readonly stagingUrl: string | null;
  readonly productionUrl: string | null;
};

/** What calling the partner takes, secrets opened; null when there is no such partner. */
export async function calledPartner(
  db: Database,
  slug: PartnerSlug,
  at: { readonly secrets: SecretBox; readonly now: Date },
): Promise<CalledPartner | null> {
  const found = db.selectFrom('partner').selectAll().where('slug', '=', slug);
  const row = await found.executeTakeFirst();
  if (!row) return null;
  const { name, staging_url: stagingUrl, production_url: productionUrl } = row;
  return { slug, name, stagingUrl, productionUrl, ...callSecrets(row, at) };
}

/**
 * Takes one of the calls that the partner has left, by a row that tells that it is under way; of passes
 * there is one at a time, and whoever comes second gets that one. `waitS`: none is left for so long.
 */
export function beginTrial(
  db: Database,
  kind: 'call' | 'conformance',
  trial: {
    readonly slug: PartnerSlug;
    readonly requestedBy: string;
    readonly url: string;
    readonly report: object;
  },
  now: Date,
): Promise<{ readonly id: number; readonly isNew: boolean } | { readonly waitS: number }> {
  const { slug } = trial;
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${LOCK}, hashtext(${slug}))`.execute(trx);
    if (kind === 'conformance') {
      const [latest] = await portalTrials<ConformanceReport>(trx, slug, kind, 1);
      const isUnderWay = latest?.report.endedAt === null && !isLost(latest.report, latest.at, now);
      if (isUnderWay) return { id: latest.id, isNew: false };
    }
    const spanMs = kind === 'call' ? 60_000 : 3_600_000;
    const most = kind === 'call' ? CALLS_A_MINUTE : CONFORMANCES_AN_HOUR;
    const recent = await trx
      .selectFrom('partner_trial')
      .select('at')
      .where('partner_slug', '=', slug)
      .where('kind', '=', kind)
      .where('at', '>', new Date(now.getTime() - spanMs))
      .orderBy('id', 'desc')
      .limit(most)
      .execute();
    const oldest = recent.at(-1);
    if (recent.length === most && oldest) {
      return {
        waitS: Math.max(1, Math.ceil((oldest.at.getTime() + spanMs - now.getTime()) / 1000)),
      };
    }
    const { id } = await trx
      .insertInto('partner_trial')
      .values({
        partner_slug: slug,
        kind,
        requested_by: trial.requestedBy,
        url: trial.url,
        passed: false,
        report: JSON.stringify(trial.report),
        at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { id, isNew: true };
  });
}

/** Keeps a pass that an operator made. */
export async function keepConformance(
  db: Database,
  of: {
    readonly slug: PartnerSlug;
    readonly requestedBy: string;
    readonly report: ConformanceReport;
  },
): Promise<void> {
  const { slug, requestedBy, report } = of;
  await db
    .insertInto('partner_trial')
    .values({
      partner_slug: slug,
      kind: 'conformance',
      requested_by: requestedBy,
      url: report.url,
      passed: report.passed,
      report: JSON.stringify(report),
      at: new Date(report.startedAt),
    })
    .execute();
}

/** Says what the trial has come to so far, and tells the partner's pages that watch. */
export async function tellTrial(
  db: Database,
  trial: { readonly id: number; readonly slug: PartnerSlug },
  come: { readonly passed: boolean; readonly report: object },
): Promise<void> {
  await db
    .updateTable('partner_trial')
    .set({ passed: come.passed, report: JSON.stringify(come.report) })
    .where('id', '=', trial.id)
    .execute();
  await sql`select tell_live(${`trial:${trial.slug}`})`.execute(db);
}

/** One of the partner's own; null for any other. */
export async function portalTrial<R>(
  db: Database,
  slug: PartnerSlug,
  kind: 'call' | 'conformance',
  id: number,
): Promise<PortalTrial<R> | null> {
  const [found] = await trials<R>(db, slug, kind, { id, limit: 1 });
  return found ?? null;
}

/** The partner's newest, newest first. */
export function portalTrials<R>(
  db: Database,
  slug: PartnerSlug,
  kind: 'call' | 'conformance',
  limit: number,
): Promise<readonly PortalTrial<R>[]> {
  return trials<R>(db, slug, kind, { id: null, limit });
}

async function trials<R>(
  db: Database,
  slug: PartnerSlug,
  kind: 'call' | 'conformance',
  { id, limit }: { readonly id: number | null; readonly limit: number },
): Promise<PortalTrial<R>[]> {
  let query = db
    .selectFrom('partner_trial')
    .selectAll()
    .where('partner_slug', '=', slug)
    .where('kind', '=', kind)
    .orderBy('id', 'desc')
    .limit(limit);
  if (id !== null) query = query.where('id', '=', id);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    requestedBy: row.requested_by,
    url: row.url,
    passed: row.passed,
    at: row.at,
    report: row.report as R,
  }));
}

/** True of a pass that was begun and will tell no end any more. */
export function isLost({ endedAt }: ConformanceReport, at: Date, now: Date): boolean {
  return endedAt === null && now.getTime() - at.getTime() > CONFORMANCE_LOST_AFTER_MS;
}
