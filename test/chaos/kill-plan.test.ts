// A run is played again from its seed: what is killed, when and for how long depends on nothing else.

import { expect, test } from 'vitest';
import { chanceFor } from '#chaos/chance.ts';
import { KILL_KINDS, planKills } from '#chaos/kill-plan.ts';

const plan = (seed: number, kills = 20) =>
  planKills(chanceFor(seed, 'kills'), { orders: 100, kills });

test('the same seed gives the same plan, another seed another one', () => {
  expect(plan(7)).toEqual(plan(7));
  expect(plan(7)).not.toEqual(plan(8));
});

test('every kind of process is killed at least once when there is room for it', () => {
  expect(new Set(plan(1).map(({ kind }) => kind))).toEqual(new Set(KILL_KINDS));
  expect(plan(1, 2)).toHaveLength(2);
});

test('kills are spread over the run, none before the first purchase', () => {
  const moments = plan(3).map(({ afterOrders }) => afterOrders);
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  expect(moments.every((it) => it >= 1 && it <= 100)).toBe(true);
});
