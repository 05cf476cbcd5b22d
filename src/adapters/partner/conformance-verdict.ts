// What a check of the conformance table comes to, and how an answer is put into words for it.

import { duration } from '#adapters/french.ts';
import { fr } from '#adapters/typeset.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import type { Probe } from './conformance.ts';

export type CheckResult = {
  readonly verdict: 'passed' | 'failed' | 'advice' | 'skipped';
  /** French, what was seen. */
  readonly evidence: string;
  /** French, what to do; null when there is nothing to. */
  readonly mend: string | null;
  readonly statusCode: number | null;
  /** Of the slowest call, ms. */
  readonly durationMs: number | null;
};

export type Check = {
  readonly key: string;
  readonly title: string;
  run(probe: Probe): Promise<CheckResult>;
};

/** Passed when the call was taken. */
export function mustAccept(answer: DeliveryAnswer, mend: string): CheckResult {
  return answer.result === 'accepted'
    ? result(answer, 'passed', { evidence: seen(answer) })
    : result(answer, 'failed', { evidence: seen(answer), mend });
}

/** True of 4xx. */
export function isRefusal({ report: { statusCode } }: DeliveryAnswer): boolean {
  return statusCode !== null && statusCode >= 400 && statusCode < 500;
}

/** « Réponse 200 en 94 ms. », or why there was none. */
export function seen({ report: { statusCode, durationMs, detail } }: DeliveryAnswer): string {
  if (statusCode !== null) return fr`Réponse ${statusCode} en ${duration(durationMs)}.`;
  return detail ?? fr`Aucune réponse.`;
}

/** A verdict on this answer. */
export function result(
  { report: { statusCode, durationMs } }: DeliveryAnswer,
  verdict: CheckResult['verdict'],
  { evidence, mend = null }: { readonly evidence: string; readonly mend?: string | null },
): CheckResult {
  return { verdict, evidence, mend, statusCode, durationMs };
}
