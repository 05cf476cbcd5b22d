// « Tester l’adresse »: one call with a specimen order to one of a partner's two addresses, by the client and
// the guard of real calls, and its result as the partner's page shows it afterwards.

import type Router from '@koa/router';
import { duration } from '#adapters/french.ts';
import type { Form } from '#adapters/pages/form.ts';
import { type ShownTime, shownMoment } from '#adapters/pages/shown-time.ts';
import { attemptView, type StateView } from '#adapters/pages/state-view.ts';
import { exampleOrder } from '#adapters/partner/conformance-examples.ts';
import {
  keepTrial,
  type PartnerTrial,
  partnerCallSecrets,
} from '#adapters/postgres/dashboard/partner-trials.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { partnerIn, unknownPartner } from './partner-in.ts';
import { act, type Onward, type Visit } from './visit.ts';

/** As much of the answer as a page shows. */
const ANSWER_CHARACTERS_MAX = 2_000;

export type TrialView = {
  readonly state: StateView;
  readonly ms: string;
  readonly at: ShownTime;
  readonly by: string;
  readonly detail: string | null;
  readonly isAnswered: boolean;
  readonly answer: string;
  readonly isCut: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export function partnerTestRoutes(router: Router, needs: DashboardNeeds): void {
  router.post(
    '/dashboard/partners/:slug/test',
    act(needs, 'operator', (visit, form) => test(needs, visit, form)),
  );
}

async function test(needs: DashboardNeeds, visit: Visit, form: Form): Promise<Page | Onward> {
  const partner = await partnerIn(needs, visit);
  if (!partner) return unknownPartner(visit);
  const { slug } = partner;
  const which = form.text('which') === 'production' ? 'production' : 'staging';
  const url = which === 'production' ? partner.productionUrl : partner.stagingUrl;
  const { secrets, publicUrl } = needs;
  const sentAt = visit.now;
  const signing = await partnerCallSecrets(needs.db, slug, { secrets, now: sentAt });
  const to = `/dashboard/partners/${slug}#address-${which}`;
  if (url === null || !signing) {
    const text = 'Cette adresse n’est plus enregistrée\u202F: rien n’a été envoyé.';
    return { to, notice: { kind: 'refused', text } };
  }
  const { notificationId, body } = exampleOrder('standard', { now: sentAt, publicUrl });
  const { result, report } = await needs.partner.post({
    ...{ notificationId, url, body, sentAt },
    ...signing,
  });
  const answer = report.response?.body ?? '';
  await keepTrial(needs.db, slug, {
    url,
    passed: result === 'accepted',
    requestedBy: visit.viewer.email,
    at: sentAt,
    report: {
      outcome: report.outcome,
      statusCode: report.statusCode,
      detail: report.detail,
      durationMs: report.durationMs,
      headers: report.request?.headers ?? {},
      body: report.request?.body ?? '',
      answer: answer.slice(0, ANSWER_CHARACTERS_MAX),
      isCut: answer.length > ANSWER_CHARACTERS_MAX || (report.response?.truncated ?? false),
    },
  });
  return { to };
}

/** The newest test call to an address; null when there was none. */
export function trialView(trial: PartnerTrial | undefined, now: Date): TrialView | null {
  if (!trial) return null;
  const { report, at, requestedBy: by } = trial;
  const { statusCode, detail, answer, isCut, headers, body } = report;
  return {
    ...{ by, detail, answer, isCut, headers, body },
    state: attemptView(report),
    ms: duration(report.durationMs),
    at: shownMoment(at, now),
    isAnswered: statusCode !== null,
  };
}
