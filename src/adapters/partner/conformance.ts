// The whole table of the partner guide, held against an endpoint: what was sent, what came back, what that
// means and how to mend it. It calls as real deliveries do, through the same guard. An endpoint that does
// not take a valid order is asked nothing more, for its answers would tell nothing.

import type { Clock, DeliveryAnswer, PartnerCaller, PartnerRequest } from '#application/ports.ts';
import { CHECKS } from './conformance-checks.ts';
import { type ExampleName, type ExampleOrder, exampleOrder } from './conformance-examples.ts';
import { FIRST_CHECKS } from './conformance-first-checks.ts';
import type { CheckResult } from './conformance-verdict.ts';

export type ConformanceCheck = CheckResult & {
  readonly key: string;
  /** French, what is asked of the endpoint. */
  readonly title: string;
};

export type ConformanceReport = {
  readonly url: string;
  readonly environment: 'staging' | 'production';
  /** ISO 8601 UTC; `endedAt` is null while it is under way. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** No check failed. Advice and what could not be looked at do not count. */
  readonly passed: boolean;
  /** Of how many checks, for a progress bar. */
  readonly of: number;
  readonly checks: readonly ConformanceCheck[];
};

export type ConformanceTarget = Pick<PartnerRequest, 'url' | 'apiKey' | 'signingSecret'> & {
  readonly environment: 'staging' | 'production';
};

export type ConformanceNeeds = {
  readonly partner: PartnerCaller;
  readonly clock: Clock;
  readonly publicUrl: string;
  /** No check begins later than this after the first, in ms; the last one has its own deadline. */
  readonly budgetMs?: number;
  /** True: whoever asked is leaving, begin nothing more. */
  readonly isStopping?: () => boolean;
};

/** What a check may send: a call like a real one, but for what it changes. */
export type Probe = {
  readonly url: URL;
  readonly apiKey: string | null;
  example(name: ExampleName): ExampleOrder;
  send(
    order: ExampleOrder,
    changes?: Partial<Pick<PartnerRequest, 'body' | 'apiKey' | 'signingSecret'>>,
  ): Promise<DeliveryAnswer>;
  /** The valid order that every run begins with, and its answer. */
  readonly first: { readonly order: ExampleOrder; readonly answer: DeliveryAnswer };
  /** What earlier checks came to. */
  verdictOf(key: string): CheckResult['verdict'] | null;
};

const BUDGET_MS = 90_000;

/**
 * Runs the checks one after the other; `onCheck` hears of each as it ends. Resolves with the whole
 * report; rejects only for faults of this program.
 */
export async function runConformance(
  target: ConformanceTarget,
  needs: ConformanceNeeds,
  onCheck: (report: ConformanceReport) => Promise<void> | void = () => {},
): Promise<ConformanceReport> {
  const { clock, budgetMs = BUDGET_MS, isStopping = () => false } = needs;
  const begun = performance.now();
  const all = [...FIRST_CHECKS, ...CHECKS];
  let report = newReport(target, clock.now());
  const probe = await probeOf(target, needs, () => report);
  const isTaken = probe.first.answer.result === 'accepted';
  for (const check of all) {
    const isFirst = FIRST_CHECKS.includes(check);
    const why = isStopping()
      ? 'Le passage a été interrompu de notre côté\u00A0: relancez-le.'
      : performance.now() - begun > budgetMs
        ? 'Le temps imparti est écoulé\u00A0: les réponses précédentes ont trop tardé.'
        : !isFirst && !isTaken
          ? 'À voir quand une commande valide sera acceptée.'
          : null;
    const result = why === null ? await check.run(probe) : skipped(why);
    const checks = [...report.checks, { key: check.key, title: check.title, ...result }];
    report = { ...report, checks, passed: checks.every(({ verdict }) => verdict !== 'failed') };
    await onCheck(report);
  }
  report = { ...report, endedAt: clock.now().toISOString() };
  return report;
}

/** A pass that has just begun. */
export function newReport(
  { url, environment }: Pick<ConformanceTarget, 'url' | 'environment'>,
  now: Date,
): ConformanceReport {
  const startedAt = now.toISOString();
  const of = FIRST_CHECKS.length + CHECKS.length;
  return { url, environment, startedAt, endedAt: null, passed: false, of, checks: [] };
}

async function probeOf(
  { url, apiKey, signingSecret }: ConformanceTarget,
  { partner, clock, publicUrl }: ConformanceNeeds,
  report: () => ConformanceReport,
): Promise<Probe> {
  const example: Probe['example'] = (name) => exampleOrder(name, { now: clock.now(), publicUrl });
  const send: Probe['send'] = ({ notificationId, body }, changes = {}) => {
    const sentAt = clock.now();
    return partner.post({ notificationId, url, body, apiKey, signingSecret, sentAt, ...changes });
  };
  const order = example('standard');
  return {
    url: new URL(url),
    apiKey,
    example,
    send,
    first: { order, answer: await send(order) },
    verdictOf: (key) => report().checks.find((check) => check.key === key)?.verdict ?? null,
  };
}

function skipped(evidence: string): CheckResult {
  return { verdict: 'skipped', evidence, mend: null, statusCode: null, durationMs: null };
}
