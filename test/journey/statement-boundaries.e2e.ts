// The transaction that puts an order on the books, broken after each of its statements: before the
// commit there is nothing of it, after the commit there is all of it, and either way the payment ends
// with one order, one number, one mail and one call. `npm run chaos -- --statements` kills the
// worker itself at each of them, too.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSeed } from '#chaos/chance.ts';
import { statementBoundaries } from '#chaos/statement-boundaries.ts';
import { makeDataFolder } from '#test/support/database.ts';

test('a connection lost at any statement boundary leaves the books whole', {
  timeout: 120_000,
}, async () => {
  const { statements, broken, verdict } = await statementBoundaries({
    folder: join(await makeDataFolder(), 'boundaries'),
    seed: newSeed(),
    mode: 'cut',
    say: () => {},
  });
  expect(statements[0]).toMatch(/^begin/i);
  expect(statements.at(-1)).toMatch(/^commit/i);
  expect(broken).toBe(statements.length);
  // A cut may take others' queries with it, never a delivery: nothing came twice.
  expect(verdict).toEqual({ violations: [], extraCalls: [], extraMails: [] });
});
