import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cents,
  currency,
  minorUnitDecimals,
  roundHalfUp,
  sum,
  toDecimalNumber,
  toDecimalText,
} from '#domain/money.ts';

const EUR = currency('eur');

test('an amount is written in whole units with the decimals of its currency', () => {
  expect(toDecimalText(cents(123456), EUR)).toBe('1234.56');
  expect(toDecimalText(cents(-5), EUR)).toBe('-0.05');
  expect(toDecimalText(cents(500), currency('JPY'))).toBe('500');
  expect(toDecimalText(cents(1000), currency('KWD'))).toBe('1.000');
});

test('ISK and UGX have two decimals on the wire of Stripe, unlike in ISO 4217', () => {
  expect(minorUnitDecimals(currency('ISK'))).toBe(2);
  expect(minorUnitDecimals(currency('UGX'))).toBe(2);
  expect(toDecimalText(cents(500), currency('ISK'))).toBe('5.00');
});

test('the number of a payload prints back the very digits of the amount', () => {
  fc.assert(
    fc.property(fc.integer({ min: -99_999_999_999, max: 99_999_999_999 }), (amount) => {
      const printed = String(toDecimalNumber(cents(amount), EUR));
      expect(printed).toMatch(/^-?\d+(\.\d{1,2})?$/);
      const [whole = '', decimals = ''] = printed.replace('-', '').split('.');
      expect(Number(whole + decimals.padEnd(2, '0'))).toBe(Math.abs(amount));
    }),
  );
});

test('what is no whole number of cents is refused', () => {
  for (const amount of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => cents(amount)).toThrow(RangeError);
  }
  expect(() => sum([cents(2 ** 53 - 1), cents(1)])).toThrow(RangeError);
  expect(Object.is(cents(-0), 0)).toBe(true);
});

test('halves round away from zero, exactly', () => {
  expect(roundHalfUp(5n, 10n)).toBe(1n);
  expect(roundHalfUp(-5n, 10n)).toBe(-1n);
  expect(roundHalfUp(4n, 10n)).toBe(0n);
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 30n }), (numerator, denominator) => {
      const distance = numerator - roundHalfUp(numerator, denominator) * denominator;
      expect(2n * (distance < 0n ? -distance : distance) <= denominator).toBe(true);
    }),
  );
});
