// The form in which benches report: what holds, and when two runs differ by more than their own rounds.

import { expect, test } from 'vitest';
import { figure, figureTable, quantile, verdictOf } from '../bench/figures.ts';

const ratio = (...rounds: number[]) =>
  figure('a ÷ b', { unit: '×', better: 'more', limit: 5, rounds });
const wait = (...rounds: number[]) => figure('p99', { unit: 'ms', better: 'less', rounds });
const count = (value: number) =>
  figure('queries', { unit: 'count', better: 'less', rounds: [value] });

test('a figure is the median of its rounds, and holds by what was measured, not by what is shown', () => {
  expect(ratio(4, 9, 5.5)).toMatchObject({ value: 5.5, holds: true });
  expect(ratio(4.999)).toMatchObject({ value: 5, holds: false });
  expect(ratio(6, 7, Number.NaN)).toMatchObject({ holds: false });
  expect(wait(3)).toMatchObject({ limit: null, holds: null });
  expect(() => ratio()).toThrow('no round');
});

test('two runs differ when their rounds do not meet', () => {
  expect(verdictOf(ratio(5, 6), ratio(6.1, 7))).toBe('better');
  expect(verdictOf(ratio(5, 6), ratio(4, 4.9))).toBe('worse');
  expect(verdictOf(ratio(5, 6), ratio(5.9, 9))).toBe('same');
  expect(verdictOf(wait(10, 12), wait(13, 14))).toBe('worse');
  expect(verdictOf(undefined, wait(1))).toBe('new');
  expect(verdictOf(wait(1), undefined)).toBe('gone');
});

test('of one round nothing is known but that it may vary; a count does not', () => {
  expect(verdictOf(wait(100), wait(115))).toBe('same');
  expect(verdictOf(wait(100), wait(130))).toBe('worse');
  expect(verdictOf(count(7), count(8))).toBe('worse');
});

test('the table says what is asked for and whether it holds', () => {
  expect(figureTable([ratio(4, 5, 4.5)])).toMatch(/4\.5 × +≥ 5 +NO +4–5 of 3$/);
});

test('a quantile is a value that was measured', () => {
  const all = Array.from({ length: 100 }, (_, at) => at);
  expect([quantile(all, 0.5), quantile(all, 0.99), quantile([7], 0.99)]).toEqual([50, 99, 7]);
});
