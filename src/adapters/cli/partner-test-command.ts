// `partner test`: the whole table of the partner guide held against an address, with a report that the
// partner's integrator can act on. Exit code 1 when a check failed. The report is kept beside those that
// the partner made itself.

import { duration, plural } from '#adapters/french.ts';
import {
  type ConformanceCheck,
  type ConformanceReport,
  runConformance,
} from '#adapters/partner/conformance.ts';
import { type PartnerClient, partnerClient } from '#adapters/partner/partner-client.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { postgresOperatorActions } from '#adapters/postgres/operator-actions.ts';
import {
  type CalledPartner,
  calledPartner,
  keepConformance,
} from '#adapters/postgres/portal/portal-trials.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr, wrapped } from './layout.ts';
import { operator } from './operator.ts';
import { unknownPartner } from './partner-commands.ts';
import { slugOf } from './partner-options.ts';
import { progressBar } from './progress-bar.ts';

type Environment = 'staging' | 'production';
type Target = { readonly environment: Environment; readonly url: string };

/** The guide's promise; a deployment that waits longer still tests for it. */
const TIMEOUT_MS = 10_000;

const MARKS: Readonly<Record<ConformanceCheck['verdict'], string>> = {
  passed: '✓',
  failed: '✗',
  advice: '!',
  skipped: '–',
};

export async function testPartner(
  cli: Cli,
  typedSlug: string,
  options: { readonly all?: boolean; readonly environment?: Environment },
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  if (options.all && options.environment) {
    throw misuse(fr`--all et --environment s’excluent : choisissez.`);
  }
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const called = await calledPartner(db, slug, { secrets, now: systemClock.now() });
    if (!called) throw unknownPartner(slug);
    const client = partnerClient({
      timeoutMs: TIMEOUT_MS,
      allowInsecure: config.allowInsecurePartnerUrls,
      proxy: config.egressProxy && { url: new URL(config.egressProxy.reveal()) },
    });
    try {
      const reports = await tested(cli, { config, db, client, slug }, called, options);
      const isFailure = reports.some(({ passed }) => !passed);
      const text = reports.map((report) => reportText(slug, report)).join('\n\n');
      return { json: { slug, passed: !isFailure, reports }, text, isFailure };
    } finally {
      await client.close();
    }
  });
}

type Around = {
  readonly config: CliConfig;
  readonly db: Database;
  readonly client: PartnerClient;
  readonly slug: PartnerSlug;
};

async function tested(
  cli: Cli,
  { config, db, client, slug }: Around,
  called: CalledPartner,
  options: { readonly all?: boolean; readonly environment?: Environment },
): Promise<ConformanceReport[]> {
  const by = operator(undefined);
  const reports: ConformanceReport[] = [];
  for (const { environment, url } of targetsOf(config, called, options)) {
    const bar = progressBar(cli, 'points');
    const needs = { partner: client, clock: systemClock, publicUrl: config.publicUrl };
    const target = { ...called, url, environment };
    try {
      const report = await runConformance(target, needs, ({ checks, of }) =>
        bar.show(checks.length / of, checks.length),
      );
      reports.push(report);
      await keepConformance(db, { slug, requestedBy: by.actor, report });
    } finally {
      bar.end();
    }
    await db.transaction().execute((trx) =>
      postgresOperatorActions(trx).add({
        ...by,
        at: systemClock.now(),
        action: 'partner-conformance-tested',
        subject: slug,
      }),
    );
  }
  return reports;
}

// Test orders never go to the other environment by chance: it must be named.
function targetsOf(
  config: CliConfig,
  { slug, stagingUrl, productionUrl }: CalledPartner,
  { all, environment }: { readonly all?: boolean; readonly environment?: Environment },
): readonly Target[] {
  const here: Environment = config.environment === 'production' ? 'production' : 'staging';
  const wanted: readonly Environment[] = all ? ['staging', 'production'] : [environment ?? here];
  const found = wanted.flatMap((which): Target[] => {
    const url = which === 'production' ? productionUrl : stagingUrl;
    return url === null ? [] : [{ environment: which, url }];
  });
  if (found.length > 0) return found;
  throw new Fault(fr`${slug} n’a pas d’adresse à éprouver : donnez-la avec « partner set ».`);
}

function reportText(slug: PartnerSlug, report: ConformanceReport): string {
  const { url, environment, checks, passed } = report;
  const where = environment === 'production' ? 'production' : 'préproduction';
  const failed = checks.filter(({ verdict }) => verdict === 'failed').length;
  const advised = checks.filter(({ verdict }) => verdict === 'advice').length;
  const verdict = passed
    ? fr`Conforme${advised === 0 ? '' : fr`, avec ${advised} ${plural(advised, 'conseil', 'conseils')}`}.`
    : fr`Non conforme : ${failed} ${plural(failed, 'point', 'points')} à corriger.`;
  const lines = checks.flatMap(({ verdict: mark, title, evidence, mend }) => [
    `${MARKS[mark]} ${title}`,
    wrapped(evidence, '    '),
    ...(mend === null ? [] : [wrapped(`→ ${mend}`, '    ')]),
  ]);
  const took = report.endedAt
    ? fr` en ${duration(Date.parse(report.endedAt) - Date.parse(report.startedAt))}`
    : '';
  return [
    fr`${slug}, ${where} : ${url}`,
    '',
    ...lines,
    '',
    verdict + fr` (${checks.length} points${took})`,
  ].join('\n');
}
