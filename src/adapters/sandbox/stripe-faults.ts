// How Stripe's API fails, on demand: for the tests of what our client makes of it, and for showing
// it. A fault hits the next requests, or all of them until it is cleared, on every path or on some.

import { setTimeout } from 'node:timers/promises';
import type { ApiAnswer } from './stripe-api-routes.ts';

/**
 * - `rate-limit`: 429; the header `stripe-should-retry` absent, `true` or `false`
 * - `server-error`: 500 in Stripe's envelope
 * - `cut-body`: half of the answer, then the connection is gone
 * - `html`: 200, and a page instead of JSON
 * - `reset`: the connection is gone before any answer
 * - `no-answer`: nothing at all, for as long as the caller waits
 * - `slowMs`: the right answer, so many milliseconds late
 */
export type Fault =
  | 'rate-limit'
  | 'rate-limit-retry'
  | 'rate-limit-stop'
  | 'server-error'
  | 'cut-body'
  | 'html'
  | 'reset'
  | 'no-answer'
  | { readonly slowMs: number };

/** The beginning of a path, such as `/v1/invoices`, or a pattern. */
export type FaultPath = string | RegExp;

export type Faults = {
  /** The next `times` requests fail (once when left out); several of these wait in a row. */
  next(fault: Fault, on?: { readonly times?: number; readonly path?: FaultPath }): void;
  /** Requests fail until `clear`; a later one comes before an earlier one. */
  always(fault: Fault, on?: { readonly path?: FaultPath }): void;
  clear(): void;
};

/** What is to be sent: an answer with more headers, or the breaking off of it. */
export type Sent =
  | (ApiAnswer & { readonly headers?: Readonly<Record<string, string>> })
  | { readonly status: number; readonly html: string }
  | { readonly status: number; readonly half: Record<string, unknown> }
  | 'reset'
  | 'no-answer';

type Rule = { readonly fault: Fault; readonly path: FaultPath | undefined; left: number };

/** The switches, and the question that the server asks them once for each request. */
export function stripeFaults(): Faults & { take(path: string): Fault | null } {
  let rules: Rule[] = [];
  return {
    next(fault, { times = 1, path } = {}) {
      rules.push({ fault, path, left: times });
    },
    always(fault, { path } = {}) {
      rules.push({ fault, path, left: Number.POSITIVE_INFINITY });
    },
    clear() {
      rules = [];
    },
    take(path) {
      const hits = rules.filter((rule) => rule.left > 0 && isOn(rule.path, path));
      const rule = hits.find(({ left }) => Number.isFinite(left)) ?? hits.at(-1);
      if (rule === undefined) return null;
      rule.left -= 1;
      return rule.fault;
    },
  };
}

/** The answer as the fault leaves it. Slow ones resolve late, or at once when `closing` aborts. */
export async function faulty(
  fault: Fault | null,
  answer: () => ApiAnswer,
  closing: AbortSignal,
): Promise<Sent> {
  if (fault !== null && typeof fault === 'object') {
    await setTimeout(fault.slowMs, undefined, { signal: closing }).catch(() => undefined);
    return answer();
  }
  switch (fault) {
    case null:
      return answer();
    case 'rate-limit':
      return TOO_MANY;
    case 'rate-limit-retry':
      return { ...TOO_MANY, headers: { 'stripe-should-retry': 'true' } };
    case 'rate-limit-stop':
      return { ...TOO_MANY, headers: { 'stripe-should-retry': 'false' } };
    case 'server-error':
      return error(500, 'api_error', 'An unknown error occurred.');
    case 'html':
      return { status: 200, html: '<!doctype html><title>Maintenance</title><h1>Back soon</h1>' };
    case 'cut-body': {
      const { status, body } = answer();
      return { status, half: body };
    }
    case 'reset':
    case 'no-answer':
      return fault;
    default:
      return fault satisfies never;
  }
}

const TOO_MANY = error(429, 'invalid_request_error', 'Too many requests.', 'rate_limit');

function error(status: number, type: string, message: string, code?: string): ApiAnswer {
  return { status, body: { error: { type, message, ...(code && { code }) } } };
}

function isOn(rule: FaultPath | undefined, path: string): boolean {
  if (rule === undefined) return true;
  return typeof rule === 'string' ? path.startsWith(rule) : rule.test(path);
}
