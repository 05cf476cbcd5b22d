// The printing of one legal document as a state machine: claim, print, record, like a notification's
// sending and for the same reason. A document that cannot be printed must stop trying one day and
// say so, or it would take its turn before the others for ever.

import type { InvoiceNumber } from './invoice-number.ts';
import { INTERRUPTIONS_MAX } from './notification.ts';

type Common = {
  readonly number: InvoiceNumber;
  /** Rounds count from 1; an operator's retry opens the next. */
  readonly round: number;
  /** Prints of this round that failed: not those our own crash cut short. */
  readonly failures: number;
  /** Crashes in a row that cut a print short. */
  readonly interruptions: number;
  /** What the last failed print said. */
  readonly lastError: string | null;
};

export type Printing = Common &
  (
    | { readonly state: 'queued'; readonly nextAttemptAt: Date }
    | {
        readonly state: 'printing';
        readonly leaseToken: string;
        readonly leaseHolder: string;
        readonly leaseUntil: Date;
      }
    | { readonly state: 'printed'; readonly endedAt: Date }
    | { readonly state: 'failed'; readonly endedAt: Date }
  );

export type PrintingState = Printing['state'];
export type PrintingIn<S extends PrintingState> = Extract<Printing, { state: S }>;

/** Every legal move. Compared with the database by a test. */
export const PRINTING_EDGES = {
  queued: ['printing'],
  printing: ['printed', 'queued', 'failed'],
  printed: [],
  failed: ['queued'],
} as const satisfies Record<PrintingState, readonly PrintingState[]>;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** In ms, from the end of the print that failed. Eight tries over some five hours. */
export const PRINTING_RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
  180 * MINUTE,
];

const ERROR_CHARACTERS_MAX = 500;

/** The state a document is born in: due at once. */
export function newPrinting(number: InvoiceNumber, now: Date): PrintingIn<'queued'> {
  const counters = { round: 1, failures: 0, interruptions: 0, lastError: null };
  return { number, ...counters, state: 'queued', nextAttemptAt: now };
}

/** Takes a due document for one print. */
export function claimPrinting(
  it: PrintingIn<'queued'>,
  lease: {
    readonly token: string;
    readonly holder: string;
    readonly now: Date;
    readonly forMs: number;
  },
): PrintingIn<'printing'> | 'not-yet' {
  if (it.nextAttemptAt > lease.now) return 'not-yet';
  return {
    ...common(it),
    state: 'printing',
    leaseToken: lease.token,
    leaseHolder: lease.holder,
    leaseUntil: new Date(lease.now.getTime() + lease.forMs),
  };
}

export function printed(it: PrintingIn<'printing'>, now: Date): PrintingIn<'printed'> {
  return { ...common(it), interruptions: 0, lastError: null, state: 'printed', endedAt: now };
}

/** The print failed: again after a delay, or never by itself when all tries are used up. */
export function printingFailed(
  it: PrintingIn<'printing'>,
  error: string,
  now: Date,
): PrintingIn<'queued' | 'failed'> {
  const delayMs = PRINTING_RETRY_DELAYS_MS[it.failures];
  const lastError = error.slice(0, ERROR_CHARACTERS_MAX);
  const base = { ...common(it), failures: it.failures + 1, interruptions: 0, lastError };
  return delayMs === undefined
    ? { ...base, state: 'failed', endedAt: now }
    : { ...base, state: 'queued', nextAttemptAt: new Date(now.getTime() + delayMs) };
}

/** Our own crash cut the print short: the fifth in a row is a question to a person. */
export function interruptPrinting(
  it: PrintingIn<'printing'>,
  now: Date,
): PrintingIn<'queued' | 'failed'> {
  const interruptions = it.interruptions + 1;
  const base = { ...common(it), interruptions };
  return interruptions >= INTERRUPTIONS_MAX
    ? { ...base, lastError: 'interrupted too often', state: 'failed', endedAt: now }
    : { ...base, state: 'queued', nextAttemptAt: now };
}

/** The process ends in good order before the print does: as if it had not begun. */
export function givePrintingBack(it: PrintingIn<'printing'>, now: Date): PrintingIn<'queued'> {
  return { ...common(it), state: 'queued', nextAttemptAt: now };
}

/** An operator's retry: a new round of all its tries. */
export function retryPrinting(it: PrintingIn<'failed'>, now: Date): PrintingIn<'queued'> {
  return {
    ...common(it),
    round: it.round + 1,
    failures: 0,
    interruptions: 0,
    state: 'queued',
    nextAttemptAt: now,
  };
}

function common(it: Printing): Common {
  const { number, round, failures, interruptions, lastError } = it;
  return { number, round, failures, interruptions, lastError };
}
