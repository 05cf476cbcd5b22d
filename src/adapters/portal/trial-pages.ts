// « Tester »: a call with an example, to the address that real ones go to, answered while the person waits.
// It is no notification: it is marked TEST in each of its texts, counted nowhere and never repeated.

import type Router from '@koa/router';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { duration } from '#adapters/french.ts';
import type { Form } from '#adapters/pages/form.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import {
  EXAMPLES,
  type ExampleName,
  exampleOrder,
} from '#adapters/partner/conformance-examples.ts';
import {
  beginTrial,
  CALLS_A_MINUTE,
  type CalledPartner,
  calledPartner,
  type PortalTrial,
  type PortalTrialReport,
  portalTrial,
  portalTrials,
  tellTrial,
} from '#adapters/postgres/portal/portal-trials.ts';
import { fr } from '#adapters/typeset.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import { headerText } from './journal-pages.ts';
import { attemptSentence, partnerAttemptView } from './partner-words.ts';
import type { PortalPage } from './portal-frame.ts';
import { notFound, type PortalVisit, portalAct, portalPage } from './portal-visit.ts';

/** As much of the answer as is kept of a trial, in characters. */
const ANSWER_MAX = 16 * 1024;
const SHOWN_TRIALS = 10;
const PORTAL = 'portail';

export function trialRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/portal/trial',
    portalPage(needs, (visit) => form(needs, visit, null)),
  );
  router.get(
    '/portal/trial/:id',
    portalPage(needs, async (visit) => {
      const id = Number(visit.param('id'));
      if (!Number.isSafeInteger(id)) return notFound();
      const trial = await portalTrial<PortalTrialReport>(needs.db, visit.guest.slug, 'call', id);
      return trial ? form(needs, visit, trial) : notFound();
    }),
  );
  router.post(
    '/portal/trial',
    portalAct(needs, (visit, given) => call(needs, visit, given)),
  );
}

/** The address that this program calls; null when the partner gave none. */
export function addressHere(
  { environment }: DashboardNeeds,
  { stagingUrl, productionUrl }: CalledPartner,
): string | null {
  return environment === 'production' ? productionUrl : stagingUrl;
}

async function form(
  needs: DashboardNeeds,
  { guest, now }: PortalVisit,
  trial: PortalTrial<PortalTrialReport> | null,
  fault: string | null = null,
): Promise<PortalPage> {
  const called = await calledPartner(needs.db, guest.slug, { secrets: needs.secrets, now });
  const past = await portalTrials<PortalTrialReport>(needs.db, guest.slug, 'call', SHOWN_TRIALS);
  return {
    view: 'trial',
    title: 'Tester',
    tab: 'trial',
    status: fault === null ? 200 : 429,
    model: {
      url: called && addressHere(needs, called),
      hasKey: called?.apiKey !== null,
      fault,
      examples: EXAMPLES.map(({ name, label }, at) => {
        const isChosen = trial?.report.example ? trial.report.example === name : at === 0;
        const { body } = exampleOrder(name, { now, publicUrl: needs.publicUrl });
        return { name, label, isChosen, body: JSON.stringify(JSON.parse(body), null, 2) };
      }),
      perMinute: CALLS_A_MINUTE,
      trial: trial && trialModel(trial, now),
      past: past.map((it) => pastModel(it, now)),
    },
  };
}

async function call(
  needs: DashboardNeeds,
  visit: PortalVisit,
  given: Form,
): Promise<PortalPage | { readonly to: string }> {
  const { guest } = visit;
  const { clock, secrets, publicUrl, db } = needs;
  const now = clock.now();
  const called = await calledPartner(db, guest.slug, { secrets, now });
  const url = called && addressHere(needs, called);
  const example = EXAMPLES.find(({ name }) => name === given.text('example'))?.name ?? 'standard';
  if (!called || url === null) return form(needs, visit, null);
  const { notificationId, body } = exampleOrder(example, { now, publicUrl });
  const report = underWay(example, body);
  const begun = await beginTrial(
    db,
    'call',
    { slug: guest.slug, requestedBy: PORTAL, url, report },
    now,
  );
  if ('waitS' in begun) {
    const fault = fr`${CALLS_A_MINUTE} appels d’essai par minute au plus : réessayez dans ${begun.waitS} s.`;
    return form(needs, visit, null, fault);
  }
  const { apiKey, signingSecret } = called;
  const sent = { notificationId, url, body, apiKey, signingSecret, sentAt: now };
  const answer = await needs.partner.post(sent);
  const come = { passed: answer.result === 'accepted', report: reportOf(example, body, answer) };
  await tellTrial(db, { id: begun.id, slug: guest.slug }, come);
  return { to: `/portal/trial/${begun.id}` };
}

function underWay(example: ExampleName, body: string): PortalTrialReport {
  const nothing = { statusCode: null, detail: null, durationMs: 0, headers: {}, answer: '' };
  return { ...nothing, outcome: 'interrupted', body, isCut: false, example };
}

function reportOf(
  example: ExampleName,
  body: string,
  { report }: DeliveryAnswer,
): PortalTrialReport {
  const { outcome, statusCode, detail, durationMs, request, response } = report;
  const answer = response?.body ?? '';
  return {
    ...{ outcome, statusCode, detail, durationMs, example },
    headers: request?.headers ?? {},
    body,
    answer: answer.slice(0, ANSWER_MAX),
    isCut: response?.truncated ?? false,
    responseHeaders: response?.headers ?? null,
  };
}

function pastModel({ id, at, report }: PortalTrial<PortalTrialReport>, now: Date) {
  return { id, at: shownTime(at, now), state: partnerAttemptView(report) };
}

function trialModel(trial: PortalTrial<PortalTrialReport>, now: Date) {
  const { url, report, passed } = trial;
  return {
    ...pastModel(trial, now),
    url,
    passed,
    sentence: attemptSentence(report),
    took: duration(report.durationMs),
    headers: headerText(report.headers),
    body: report.body,
    answerHeaders: headerText(report.responseHeaders ?? null),
    answer: report.answer,
    isCut: report.isCut,
  };
}
