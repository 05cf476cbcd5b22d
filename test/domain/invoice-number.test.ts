import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInvoiceNumber, parisDay, parseInvoiceNumber } from '#domain/invoice-number.ts';

test('a number has its series, its year and six digits', () => {
  expect(formatInvoiceNumber('FQCA', 2025, 156)).toBe('FQCA-2025-000156');
  expect(formatInvoiceNumber('AQCA', 2026, 3)).toBe('AQCA-2026-000003');
});

test('the millionth invoice of a year has seven digits', () => {
  expect(formatInvoiceNumber('FQCA', 2026, 999_999)).toBe('FQCA-2026-999999');
  expect(formatInvoiceNumber('FQCA', 2026, 1_000_000)).toBe('FQCA-2026-1000000');
});

test('what was formatted parses back, and its text order within a year is its number order', () => {
  const ordinal = fc.integer({ min: 1, max: 9_999_999 });
  fc.assert(
    fc.property(ordinal, fc.integer({ min: 2000, max: 9999 }), (n, year) => {
      const text = formatInvoiceNumber('FQCA', year, n);
      expect(parseInvoiceNumber(text)).toEqual({ series: 'FQCA', year, ordinal: n });
    }),
  );
});

test('other texts are no numbers', () => {
  for (const text of ['FQCA-2026-0', 'FQCA-2026-000000', 'FQCA-26-000001', 'FQCA-2026-0000001']) {
    expect(parseInvoiceNumber(text)).toBeNull();
  }
  for (const bad of [0, -1, 1.5, 10_000_000]) {
    expect(() => formatInvoiceNumber('FQCA', 2026, bad)).toThrow(RangeError);
  }
});

test('the day is the one in Paris, on both sides of midnight and of the clock changes', () => {
  expect(parisDay(new Date('2026-12-31T22:59:59Z'))).toBe('2026-12-31');
  expect(parisDay(new Date('2026-12-31T23:00:00Z'))).toBe('2027-01-01');
  expect(parisDay(new Date('2026-06-30T22:00:00Z'))).toBe('2026-07-01');
  expect(parisDay(new Date('2026-03-29T00:59:59Z'))).toBe('2026-03-29');
  expect(parisDay(new Date('2026-10-25T22:59:59Z'))).toBe('2026-10-25');
});
