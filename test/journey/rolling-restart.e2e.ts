// A deployment while webhooks come in: two web processes behind a load balancer that asks for their
// readiness, ended with SIGTERM and started again, one after the other.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '#chaos/chance.ts';
import { rollingRestart } from '#chaos/rolling-restart.ts';
import { makeDataFolder } from '#test/support/database.ts';

test('a rolling restart under load drops and refuses no request', {
  timeout: 120_000,
}, async () => {
  const folder = join(await makeDataFolder(), 'rolling');
  const report = await rollingRestart({ folder, seed: newSeed(), rounds: 1, pace: 40 });
  expect(report.failed).toEqual([]);
  expect(report.requests).toBeGreaterThan(50);
  expect(report.ends.map(({ code }) => code)).toEqual([0, 0]);
  expect(report.verdict.violations).toEqual([]);
});
