// A database that answers and cannot write, as after a failover that went half way: Stripe is told to
// come back, and when it is over everything goes on by itself. The full disk is a trial of
// `npm run chaos -- --full`, which needs root.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '#chaos/chance.ts';
import { databaseTrouble } from '#chaos/database-trouble.ts';
import { makeDataFolder } from '#test/support/database.ts';

test('a read-only database is answered with 503 and heals without anyone', {
  timeout: 120_000,
}, async () => {
  const folder = join(await makeDataFolder(), 'read-only');
  const options = { folder, seed: newSeed(), trouble: 'read-only', lastsMs: 1_500 } as const;
  const report = await databaseTrouble(options);
  expect(Object.keys(report?.during ?? {})).toEqual(['503']);
  expect(report?.verdict.violations).toEqual([]);
  expect(report?.healedAfterMs).toBeLessThan(30_000);
});
