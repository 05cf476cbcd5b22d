// What the work leaves lying about and nobody needs any more: the texts of Stripe's events that were no
// business of ours, the rows of reconciliations long past, jobs that will never run again and whose
// work is done. Cleared each night after the purge, so that the database grows with the sales and not
// with its own age (ADR 17).

import type { Clock } from './ports.ts';

export type ClearedCounts = {
  /** Events that concerned no payment, whose text is gone; that they came stays on record. */
  readonly ignoredEvents: number;
  readonly reconciliations: number;
  readonly deadJobs: number;
};

export type Leftovers = {
  /** Empties events that were ignored and received from `from` to before `to`. */
  emptyIgnored(range: { readonly from: Date; readonly to: Date }, at: Date): Promise<number>;
  /** Deletes finished automatic reconciliations that ended before. */
  dropReconciliations(before: Date): Promise<number>;
  /** Deletes jobs that were tried as often as they may be and have nothing left to do. */
  dropDeadJobs(): Promise<number>;
};

export type ClearNeeds = {
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  /** Whole days for which personal data is kept; what is ignored, for no longer than that. */
  readonly keepDays: number;
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** Thrice as long as Stripe can be asked about an event. */
const KEPT_DAYS = 90;
/** A program that was away for longer leaves the rest to the purge of personal data. */
const CAUGHT_UP_DAYS = 30;

/** One night's work, a day at a time, so that no transaction is long. Throws when the database is away. */
export async function clearLeftovers(needs: ClearNeeds): Promise<ClearedCounts> {
  const { leftovers, clock, keepDays } = needs;
  const now = clock.now();
  const ago = (days: number) => new Date(now.getTime() - days * DAY_MS);
  const kept = Math.min(KEPT_DAYS, keepDays);
  let ignoredEvents = 0;
  for (let days = kept + CAUGHT_UP_DAYS; days > kept; days -= 1) {
    ignoredEvents += await leftovers.emptyIgnored({ from: ago(days), to: ago(days - 1) }, now);
  }
  return {
    ignoredEvents,
    reconciliations: await leftovers.dropReconciliations(ago(KEPT_DAYS)),
    deadJobs: await leftovers.dropDeadJobs(),
  };
}
