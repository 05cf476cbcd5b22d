// A deployment under load: every web process is ended with SIGTERM and started again, one after the
// other, while webhooks come in without a pause. Nobody may notice: not one request is dropped, none
// is refused, and every process ends with 0.

import type { Verdict } from './checker.ts';
import { roundRobin } from './round-robin.ts';
import type { Sold } from './shop.ts';
import { rest, verdictOf } from './storm.ts';
import { delay, until } from './waiting.ts';
import { startWorld } from './world.ts';

export type RollingReport = {
  readonly requests: number;
  /** Everything but 200, and what was never answered. */
  readonly failed: readonly string[];
  readonly ends: readonly {
    readonly name: string;
    readonly code: number | null;
    readonly ms: number;
  }[];
  readonly p99Ms: number;
  readonly verdict: Verdict;
};

export type RollingOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly rounds: number;
  /** Webhooks per second. */
  readonly pace: number;
};

export async function rollingRestart(options: RollingOptions): Promise<RollingReport> {
  const world = await startWorld({
    ...options,
    ...{ webs: 2, workers: 1, partners: ['cabinet'], partnerFaultsMax: 0, mailFaultRate: 0 },
  });
  const front = await roundRobin(world.webs.map(({ url }) => url as string));
  try {
    const sender = world.senderTo(front.url, 32);
    const sold: Sold[] = [];
    const sending: Promise<void>[] = [];
    let isOver = false;
    const load = async () => {
      while (!isOver) {
        const it = world.shop.sellOne('cabinet');
        sold.push(it);
        // Each event many times: what counts here is requests, and printing costs more than that.
        sending.push(sender.send(it.events, { copies: 10, spreadMs: 9_000 / options.pace }));
        await delay(10_000 / options.pace);
      }
    };
    const loading = load();
    const ends: { name: string; code: number | null; ms: number }[] = [];
    await delay(500);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const web of world.webs) {
        const { code, ms } = await web.end('SIGTERM');
        ends.push({ name: web.name, code, ms: Math.round(ms) });
        await web.start();
        await until('both are ready', () => front.healthy().length === 2);
      }
    }
    isOver = true;
    await loading;
    await Promise.all(sending);
    await rest(world);
    const answers = sender.posted.filter(({ status }) => status !== 200);
    const refused = answers.map(({ eventId, status }) => `${eventId}: ${status ?? 'no answer'}`);
    const times = sender.posted.map(({ ms }) => ms).toSorted((a, b) => a - b);
    return {
      requests: sender.posted.length,
      failed: [...refused, ...front.dropped],
      ends,
      p99Ms: Math.round(times[Math.floor(times.length * 0.99)] ?? 0),
      verdict: await verdictOf(world, sold, sender.accepted),
    };
  } finally {
    await front.close();
    await world.close();
  }
}
