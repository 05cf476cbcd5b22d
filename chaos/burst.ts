// Ten thousand webhooks at once, as after an outage at Stripe: every one of them is accepted in
// milliseconds, whatever the printing of their invoices takes, and then worked off.

import type { Verdict } from './checker.ts';
import { rest, verdictOf } from './storm.ts';
import { startWorld } from './world.ts';

export type BurstReport = {
  readonly webhooks: number;
  /** Answers other than 200. */
  readonly refused: number;
  readonly acceptedInMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly drainedInS: number;
  readonly verdict: Verdict;
};

export type BurstOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly webhooks: number;
  readonly webs: number;
  readonly workers: number;
  readonly say: (line: string) => void;
};

export async function burst(options: BurstOptions): Promise<BurstReport> {
  const partners = ['cabinet-1', 'cabinet-2', 'cabinet-3', 'cabinet-4'];
  const world = await startWorld({
    ...options,
    ...{ partners, partnerFaultsMax: 0, mailFaultRate: 0 },
    ...{ partnerLatencyMs: [1, 5], mailLatencyMs: [0, 2] },
  });
  try {
    const buyers = world.chance('buyers');
    const sold = Array.from({ length: options.webhooks }, () =>
      world.shop.sellOne(buyers.pick(partners)),
    );
    const startedAt = performance.now();
    await world.sender.send(
      sold.flatMap(({ events }) => events),
      { copies: 1, spreadMs: 0 },
    );
    const acceptedInMs = Math.round(performance.now() - startedAt);
    options.say(`all accepted after ${acceptedInMs} ms; waiting until they are worked off`);
    // A few PDFs a second on the slowest machine.
    await rest(world, 60_000 + options.webhooks * 200);
    const answered = world.sender.posted.filter(({ status }) => status === 200);
    const times = answered.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0);
    return {
      webhooks: options.webhooks,
      refused: world.sender.posted.length - answered.length,
      acceptedInMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      drainedInS: Math.round((performance.now() - startedAt) / 1000),
      verdict: await verdictOf(world, sold),
    };
  } finally {
    await world.close();
  }
}
