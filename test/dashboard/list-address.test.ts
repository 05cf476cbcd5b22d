// What people type into filters and into the search, as values: days in Paris, amounts, numbers.

import { expect, test } from 'vitest';
import { documentNumbersIn } from '#adapters/dashboard/document-number-text.ts';
import { amountOf, countText, parisMidnight } from '#adapters/dashboard/list-address.ts';
import type { ParisDay } from '#domain/invoice-number.ts';

test.each([
  ['2026-01-15', '2026-01-14T23:00:00.000Z'],
  ['2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['2026-03-30', '2026-03-29T22:00:00.000Z'],
  ['2026-10-25', '2026-10-24T22:00:00.000Z'],
  ['2026-10-26', '2026-10-25T23:00:00.000Z'],
])('%s begins in Paris at %s', (day, instant) => {
  expect(parisMidnight(day as ParisDay).toISOString()).toBe(instant);
});

test.each([
  ['99,99', 9999],
  ['99.9', 9990],
  ['1 234,50 €', 123_450],
  ['1\u202F234', 123_400],
  ['0', 0],
  ['', null],
  ['-5', null],
  ['1,234', null],
  ['12345678901', null],
  ['abc', null],
])('« %s » is an amount of %s', (text, amount) => {
  expect(amountOf(text)).toBe(amount);
});

const NOW = new Date('2026-11-22T13:00:00Z');

test.each([
  ['FQCA-2026-000156', ['FQCA-2026-000156']],
  ['fqca-2026-156', ['FQCA-2026-000156']],
  ['FQCA 2026 000156', ['FQCA-2026-000156']],
  ['fqca2026000156', ['FQCA-2026-000156']],
  ['FQCA‑2026‑000156', ['FQCA-2026-000156']],
  ['aqca-3', ['AQCA-2026-000003']],
  ['2026-156', ['FQCA-2026-000156', 'AQCA-2026-000156']],
  ['FQCA-2026-1234567', ['FQCA-2026-1234567']],
  ['156', []],
  ['2026', []],
  ['FQCA-2026-0', []],
  ['FQCA-2026-12345678', []],
  ['marie@example.fr', []],
])('« %s » may be the document %j', (text, numbers) => {
  expect(documentNumbersIn(text, NOW)).toEqual(numbers);
});

test('a count that was cut says so', () => {
  expect(countText(10_001, 10_000)).toBe('10\u202F000+');
  expect(countText(1240, 10_000)).toBe('1\u202F240');
  expect(countText(null, 10_000)).toBe('');
});
