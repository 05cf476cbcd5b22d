// Chance that a seed repeats: the order in which webhooks go out, and which of them are lost on the
// way. A run that failed is then run again, with the same luck.

import { randomInt } from 'node:crypto';

/** Numbers from 0 up to 1, always the same ones for a seed (mulberry32). */
export function chanceOf(seed: number = randomInt(2 ** 32)): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same items in an order of chance (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], seed?: number): readonly T[] {
  const chance = chanceOf(seed);
  const result = [...items];
  for (let left = result.length; left > 1; left -= 1) {
    const at = Math.floor(chance() * left);
    [result[left - 1], result[at]] = [result[at] as T, result[left - 1] as T];
  }
  return result;
}
