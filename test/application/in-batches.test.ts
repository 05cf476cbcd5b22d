// Batches of single items: one under way at a time, an answer for each, and nobody fails for another.

import { expect, test } from 'vitest';
import { inBatches } from '#application/in-batches.ts';

const AT_ONCE = { most: 4, apartMs: 0 };

test('what comes while a batch is under way is the next one, up to its most', async () => {
  const batches: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const double = inBatches(async (items: readonly number[]) => {
    batches.push([...items]);
    if (batches.length === 1) await gate.promise;
    return items.map((item) => item * 2);
  }, AT_ONCE);
  const first = double(1);
  await new Promise((resolve) => setImmediate(resolve));
  const others = [2, 3, 4, 5, 6].map(double);
  gate.resolve();
  expect(await Promise.all([first, ...others])).toEqual([2, 4, 6, 8, 10, 12]);
  expect(batches).toEqual([[1], [2, 3, 4, 5], [6]]);
});

test('an item that fails its batch fails alone', async () => {
  const answered = inBatches(async (items: readonly string[]) => {
    if (items.includes('bad')) throw new Error('bad');
    return items;
  }, AT_ONCE);
  const results = await Promise.allSettled(['a', 'bad', 'b'].map(answered));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await answered('c')).toBe('c');
});

test('batches keep apart, and what comes alone does not wait', async () => {
  const begun: number[] = [];
  const seen = inBatches(
    async (items: readonly string[]) => {
      begun.push(performance.now());
      return items;
    },
    { most: 4, apartMs: 200 },
  );
  await seen('a');
  await seen('b');
  const [first = 0, second = 0] = begun;
  expect(second - first).toBeGreaterThan(150);
});
