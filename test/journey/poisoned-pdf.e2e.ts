// Invoices whose PDF can never be finished, in the middle of others: these are not kept waiting.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '#chaos/chance.ts';
import { poisonedPdf } from '#chaos/poisoned-pdf.ts';
import { makeDataFolder } from '#test/support/database.ts';

test('a poisoned PDF delays nobody else', { timeout: 120_000 }, async () => {
  const folder = join(await makeDataFolder(), 'poison');
  const report = await poisonedPdf({ folder, seed: newSeed(), others: 6, poisoned: 2 });
  expect(report.faults).toEqual([]);
  expect(report.states).not.toHaveProperty('printed');
});
