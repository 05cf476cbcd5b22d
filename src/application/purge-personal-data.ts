// Personal data outside the legal documents is kept for as long as somebody may ask about an order,
// and then erased: Stripe's events, the customer of an order, what was said to partners. Invoices and
// credit notes keep their own copy for the ten years that the law wants. What is still under way is
// left alone, however old.

import type { Clock } from './ports.ts';

/** How many rows lose their personal data. */
export type PurgeCounts = {
  readonly events: number;
  readonly orders: number;
  readonly attempts: number;
};

export type PersonalData = {
  /** The age of the oldest row that could be erased; null when none before that instant is left. */
  oldest(before: Date): Promise<Date | null>;
  /** What `erase` would erase before that instant. */
  count(before: Date): Promise<PurgeCounts>;
  /** Erases what is from `from` to before `to`, for good. */
  erase(range: { readonly from: Date; readonly to: Date }, at: Date): Promise<PurgeCounts>;
};

export type PurgeNeeds = {
  readonly personalData: PersonalData;
  readonly clock: Clock;
  /** Whole days for which personal data is kept. */
  readonly keepDays: number;
};

export type PurgeReport = PurgeCounts & { readonly before: Date };

/** From 0 to 1. */
export type OnPurged = (share: number, counts: PurgeCounts) => void;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a purge would erase now. Changes nothing. */
export async function wouldPurge({
  personalData,
  clock,
  keepDays,
}: PurgeNeeds): Promise<PurgeReport> {
  const before = limit(clock, keepDays);
  return { before, ...(await personalData.count(before)) };
}

/**
 * Erases day by day, oldest first, so that no transaction is long. Cut short, it goes on where it
 * stopped the next time. Throws when the database is away.
 */
export async function purgePersonalData(
  { personalData, clock, keepDays }: PurgeNeeds,
  onPurged: OnPurged = () => {},
): Promise<PurgeReport> {
  const before = limit(clock, keepDays);
  let counts: PurgeCounts = { events: 0, orders: 0, attempts: 0 };
  const oldest = await personalData.oldest(before);
  const start = oldest?.getTime() ?? before.getTime();
  for (let from = start; from < before.getTime(); from += DAY_MS) {
    const to = Math.min(from + DAY_MS, before.getTime());
    const range = { from: new Date(from), to: new Date(to) };
    counts = plus(counts, await personalData.erase(range, clock.now()));
    onPurged((to - start) / (before.getTime() - start), counts);
  }
  return { before, ...counts };
}

function limit(clock: Clock, keepDays: number): Date {
  return new Date(clock.now().getTime() - keepDays * DAY_MS);
}

function plus(a: PurgeCounts, b: PurgeCounts): PurgeCounts {
  return {
    events: a.events + b.events,
    orders: a.orders + b.orders,
    attempts: a.attempts + b.attempts,
  };
}
