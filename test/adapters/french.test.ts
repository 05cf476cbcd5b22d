import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  count,
  decimal,
  duration,
  euros,
  longDate,
  paidBy,
  parisTime,
  percent,
  plural,
  shortDate,
} from '#adapters/french.ts';
import type { ParisDay } from '#domain/invoice-number.ts';
import { cents, currency, toDecimalText } from '#domain/money.ts';
import { vatRate } from '#domain/vat.ts';

const EUR = currency('EUR');

describe('amounts', () => {
  test('thousands are set apart by a narrow space, the sign by a no-break space', () => {
    expect(euros(cents(123456), EUR)).toBe('1\u202F234,56\u00A0€');
    expect(euros(cents(100_000_000_000), EUR)).toBe('1\u202F000\u202F000\u202F000,00\u00A0€');
  });

  test('cents keep their zeros', () => {
    expect(euros(cents(0), EUR)).toBe('0,00\u00A0€');
    expect(euros(cents(5), EUR)).toBe('0,05\u00A0€');
    expect(euros(cents(4990), EUR)).toBe('49,90\u00A0€');
  });

  test('a negative amount carries a true minus', () => {
    expect(euros(cents(-4990), EUR)).toBe('\u221249,90\u00A0€');
  });

  test('decimals are those of Stripe’s wire, not of ISO 4217', () => {
    expect(euros(cents(1500), currency('JPY'))).toBe('1\u202F500\u00A0JPY');
    expect(euros(cents(1500), currency('ISK'))).toBe('15,00\u00A0ISK');
    expect(decimal(cents(1234567), currency('KWD'))).toBe('1\u202F234,567');
  });

  test('reads back as the amount, whatever it is', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        const read = decimal(cents(amount), EUR)
          .replaceAll('\u202F', '')
          .replace(',', '.')
          .replace('\u2212', '-');
        expect(read).toBe(toDecimalText(cents(amount), EUR));
      }),
    );
  });

  test('whole numbers are grouped, fractions cut', () => {
    expect(count(1240)).toBe('1\u202F240');
    expect(count(999.9)).toBe('999');
    expect(count(-12_000)).toBe('\u221212\u202F000');
  });
});

describe('dates and hours', () => {
  test('the first of a month is an ordinal, the other days are not', () => {
    expect(longDate('2026-12-01' as ParisDay)).toBe('1ᵉʳ\u00A0décembre 2026');
    expect(longDate('2026-08-11' as ParisDay)).toBe('11\u00A0août 2026');
    expect(longDate('2027-02-02' as ParisDay)).toBe('2\u00A0février 2027');
  });

  test('the short form is day, month, year', () => {
    expect(shortDate('2026-12-01' as ParisDay)).toBe('01/12/2026');
  });

  test('hours are those of Paris, across both clock changes', () => {
    expect(parisTime(new Date('2026-11-22T13:32:18Z'))).toBe('14:32:18');
    expect(parisTime(new Date('2026-03-29T00:59:59Z'))).toBe('01:59:59');
    expect(parisTime(new Date('2026-03-29T01:00:00Z'))).toBe('03:00:00');
    expect(parisTime(new Date('2026-10-25T00:59:59Z'))).toBe('02:59:59');
    expect(parisTime(new Date('2026-10-25T01:00:00Z'))).toBe('02:00:00');
    expect(parisTime(new Date('2026-11-22T23:00:00Z'))).toBe('00:00:00');
  });

  test.each([
    [-5, '0\u00A0ms'],
    [850, '850\u00A0ms'],
    [1000, '1\u00A0s'],
    [1940, '1,9\u00A0s'],
    [9999, '10\u00A0s'],
    [59_600, '1\u00A0min'],
    [252_000, '4\u00A0min 12\u00A0s'],
    [3_599_999, '1\u00A0h'],
    [7_500_000, '2\u00A0h 5\u00A0min'],
    [183_600_000, '2\u00A0j 3\u00A0h'],
  ])('%i ms last « %s »', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe('words', () => {
  test('rates have a comma and no useless zeros', () => {
    expect(percent(vatRate(2000))).toBe('20\u00A0%');
    expect(percent(vatRate(550))).toBe('5,5\u00A0%');
    expect(percent(vatRate(210))).toBe('2,1\u00A0%');
    expect(percent(vatRate(0))).toBe('0\u00A0%');
  });

  test('French is singular below two', () => {
    expect([0, 1, 1.5, 2, -1].map((n) => plural(n, 'ligne', 'lignes'))).toEqual([
      'ligne',
      'ligne',
      'ligne',
      'lignes',
      'ligne',
    ]);
  });

  test('a payment is told in the customer’s words', () => {
    expect(paidBy('card')).toBe('par carte bancaire');
    expect(paidBy('sepa_debit')).toBe('par prélèvement SEPA');
    expect(paidBy('customer_balance')).toBe('par virement bancaire');
    expect(paidBy('link')).toBe('avec Link');
  });

  test('no payment has no words, an unknown way is « en ligne »', () => {
    expect(paidBy(null)).toBeNull();
    expect(paidBy('telepathy')).toBe('en ligne');
    expect(paidBy('constructor')).toBe('en ligne');
  });
});
