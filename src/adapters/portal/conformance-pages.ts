// « Conformité »: the whole table of the guide against the partner's address. It takes up to a minute and a
// half, so it goes on by itself while the page shows how far it is; what it came to stays, dated, to be
// printed or sent on. One pass of a partner at a time.

import type Router from '@koa/router';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { duration, longDate, parisTime, plural } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import type { StateView } from '#adapters/pages/state-view.ts';
import {
  type ConformanceCheck,
  type ConformanceReport,
  newReport,
  runConformance,
} from '#adapters/partner/conformance.ts';
import {
  beginTrial,
  CONFORMANCES_AN_HOUR,
  calledPartner,
  isLost,
  type PortalTrial,
  portalTrial,
  portalTrials,
  tellTrial,
} from '#adapters/postgres/portal/portal-trials.ts';
import { fr } from '#adapters/typeset.ts';
import { parisDay } from '#domain/invoice-number.ts';
import type { PortalPage } from './portal-frame.ts';
import { notFound, type PortalVisit, portalAct, portalPage } from './portal-visit.ts';
import { addressHere } from './trial-pages.ts';

const SHOWN = 10;

const VERDICTS: Readonly<Record<ConformanceCheck['verdict'], StateView>> = {
  passed: { word: 'Conforme', family: 'good', fill: 'bare', icon: 'circle-check' },
  failed: { word: 'À corriger', family: 'bad', fill: 'solid', icon: 'circle-x' },
  advice: { word: 'Conseil', family: 'wait', fill: 'tint', icon: 'triangle-alert' },
  skipped: { word: 'Non vérifié', family: 'neutral', fill: 'tint', icon: 'circle-slash' },
};

type Trial = PortalTrial<ConformanceReport>;

export type Background = {
  /** Does the work after the answer; it is waited for at the program's end. */
  run(work: () => Promise<void>): void;
};

export function conformanceRoutes(
  router: Router,
  needs: DashboardNeeds,
  background: Background,
): void {
  router.get(
    '/portal/conformance',
    portalPage(needs, (visit) => overview(needs, visit)),
  );
  router.get(
    '/portal/conformance/:id',
    portalPage(needs, async (visit) => {
      const id = Number(visit.param('id'));
      if (!Number.isSafeInteger(id)) return notFound();
      const { slug } = visit.guest;
      const trial = await portalTrial<ConformanceReport>(needs.db, slug, 'conformance', id);
      return trial ? reportPage(visit, trial) : notFound();
    }),
  );
  router.post(
    '/portal/conformance',
    portalAct(needs, (visit) => begin(needs, visit, background)),
  );
}

async function overview(
  needs: DashboardNeeds,
  { guest, now }: PortalVisit,
  fault: string | null = null,
): Promise<PortalPage> {
  const called = await calledPartner(needs.db, guest.slug, { secrets: needs.secrets, now });
  const past = await portalTrials<ConformanceReport>(needs.db, guest.slug, 'conformance', SHOWN);
  return {
    view: 'conformance',
    title: 'Conformité',
    tab: 'conformance',
    status: fault === null ? 200 : 429,
    model: {
      url: called && addressHere(needs, called),
      fault,
      past: past.map((trial) => ({
        id: trial.id,
        at: shownTime(trial.at, now),
        verdict: summaryOf(trial, now),
      })),
    },
  };
}

async function begin(
  needs: DashboardNeeds,
  visit: PortalVisit,
  background: Background,
): Promise<PortalPage | { readonly to: string }> {
  const { slug } = visit.guest;
  const { clock, secrets, db, partner, publicUrl, isStopping } = needs;
  const now = clock.now();
  const called = await calledPartner(db, slug, { secrets, now });
  const url = called && addressHere(needs, called);
  if (!called || url === null) return overview(needs, visit);
  const environment = needs.environment === 'production' ? 'production' : 'staging';
  const target = { ...called, url, environment } as const;
  const report = newReport(target, now);
  const begun = await beginTrial(
    db,
    'conformance',
    { slug, requestedBy: 'portail', url, report },
    now,
  );
  if ('waitS' in begun) {
    const most = CONFORMANCES_AN_HOUR;
    const wait = duration(begun.waitS * 1000);
    return overview(needs, visit, fr`${most} passages par heure au plus : réessayez dans ${wait}.`);
  }
  if (!begun.isNew) return { to: `/portal/conformance/${begun.id}` };
  const trial = { id: begun.id, slug };
  const tell = (come: ConformanceReport) =>
    tellTrial(db, trial, { passed: come.endedAt !== null && come.passed, report: come });
  background.run(async () => {
    await tell(await runConformance(target, { partner, clock, publicUrl, isStopping }, tell));
  });
  return { to: `/portal/conformance/${begun.id}` };
}

function reportPage({ now, guest }: PortalVisit, trial: Trial): PortalPage {
  const { report, at, id } = trial;
  const isUnderWay = report.endedAt === null && !isLost(report, at, now);
  return {
    view: 'conformance-report',
    title: 'Rapport de conformité',
    tab: 'conformance',
    live: isUnderWay ? [`trial:${guest.slug}`] : [],
    model: {
      id,
      partner: guest.name,
      url: report.url,
      isUnderWay,
      heading: isUnderWay ? 'Vérification en cours' : headingOf(trial, now),
      done: report.checks.length,
      of: report.of,
      where: report.environment === 'production' ? 'production' : 'préproduction',
      at: { iso: at.toISOString(), text: fr`${longDate(parisDay(at))} à ${parisTime(at)}` },
      took: report.endedAt && duration(Date.parse(report.endedAt) - Date.parse(report.startedAt)),
      checks: report.checks.map((check) => ({ ...check, state: VERDICTS[check.verdict] })),
    },
  };
}

function headingOf({ report, at, passed }: Trial, now: Date): string {
  if (isLost(report, at, now)) return 'Vérification interrompue de notre côté';
  if (passed) return 'Votre adresse est conforme';
  const failed = report.checks.filter(({ verdict }) => verdict === 'failed').length;
  return failed === 0
    ? 'La vérification n’a pas pu aboutir'
    : `${failed}\u00A0${plural(failed, 'point', 'points')} à corriger`;
}

function summaryOf(trial: Trial, now: Date): StateView {
  const { report, at, passed } = trial;
  if (passed) return VERDICTS.passed;
  if (report.endedAt !== null) return VERDICTS.failed;
  return isLost(report, at, now)
    ? { ...VERDICTS.skipped, word: 'Interrompue' }
    : { word: 'En cours', family: 'active', fill: 'tint', icon: 'loader-circle' };
}
