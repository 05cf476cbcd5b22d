// That none of the hundred cases was forgotten: each number begins the name of a test beside this one,
// and what README.md takes back of a case is about one that exists.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const CASES = Array.from({ length: 100 }, (_, index) => index + 1);
const HERE = import.meta.dirname;

/** The numbers that begin names of tests: `test('34 …'`, `)('83, 84 …'`. */
function numbersIn(source: string): number[] {
  const names = source.matchAll(/\(\s*'((?:\d{1,3}, )*\d{1,3}) /g);
  return [...names].flatMap(([, numbers = '']) => numbers.split(', ').map(Number));
}

test('every case has a test of its number', () => {
  const files = readdirSync(HERE).filter((name) => name.endsWith('.integration.ts'));
  const tested = new Set(
    files.flatMap((name) => numbersIn(readFileSync(join(HERE, name), 'utf8'))),
  );
  expect(CASES.filter((number) => !tested.has(number))).toEqual([]);
  expect(Math.max(...tested)).toBe(100);
});

test('what is not tested as written says why', () => {
  const table = readFileSync(join(HERE, 'README.md'), 'utf8');
  const rows = [...table.matchAll(/^\| (\d+) \| (.*) \| (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, number, what = '', why = ''] of rows) {
    expect(CASES).toContain(Number(number));
    expect(what.length, number).toBeGreaterThan(10);
    expect(why.length, number).toBeGreaterThan(20);
  }
});

test('a forgotten case would be noticed', () => {
  expect(numbersIn("test('7 a'); test.each(x)(\n  '83, 84 b'); f('text'); g(12 )")).toEqual([
    7, 83, 84,
  ]);
});
