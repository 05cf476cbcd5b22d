// A small storm in each test run: the real program as several processes, a real PostgreSQL, and
// SIGKILL for some of each. The whole one, of a thousand purchases and fifty kills, is `npm run chaos`
// (docs/chaos.md); a failure here prints the seed to play it again.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '#chaos/chance.ts';
import { storm } from '#chaos/storm.ts';
import { makeDataFolder } from '#test/support/database.ts';

test('whatever is killed, nothing is lost, doubled or left undone', {
  timeout: 150_000,
}, async () => {
  const seed = newSeed();
  const report = await storm({
    ...{ folder: join(await makeDataFolder(), 'storm'), seed },
    ...{ orders: 12, kills: 4, kinds: ['worker', 'chromium', 'postgres', 'web'] },
    ...{ webs: 1, workers: 2, partners: 2, pace: 2 },
    // One spoilt answer each: on a busy machine a slow one may come on top.
    ...{ partnerFaultsMax: 1, mailFaultRate: 0, say: () => {} },
  });
  expect(report.verdict.violations, `seed ${seed}`).toEqual([]);
  expect(report.late, `seed ${seed}`).toEqual([]);
  expect(report.kills, `seed ${seed}`).toHaveLength(4);
  expect(report.orders).toBeGreaterThanOrEqual(12);
});
