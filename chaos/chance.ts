// Luck that a seed repeats. Every decision of a run (who buys what, what is killed when, which
// answer is spoilt) is drawn from streams named after what they decide, so that one more draw in
// one place does not change all the others.

import { createHash, randomInt } from 'node:crypto';
import { chanceOf } from '#adapters/sandbox/stripe-chance.ts';

export type Chance = {
  /** A number from `min` up to `max`. */
  between(min: number, max: number): number;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  happens(probability: number): boolean;
  /** Throws when there is nothing to choose from. */
  pick<T>(items: readonly T[]): T;
};

/** The stream of that name for a seed; the same for the same two. */
export function chanceFor(seed: number, name: string): Chance {
  const next = chanceOf(createHash('sha256').update(`${seed}/${name}`).digest().readUInt32BE(0));
  const between = (min: number, max: number) => min + next() * (max - min);
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    between,
    whole,
    happens: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) throw new Error('nothing to choose from');
      return items[whole(0, items.length - 1)] as (typeof items)[number];
    },
  };
}

/** For a run that was given none; to be printed, so that it can be given next time. */
export function newSeed(): number {
  return randomInt(2 ** 31);
}
