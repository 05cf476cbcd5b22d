import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate, apportion } from '#domain/allocation.ts';
import { cents, sum } from '#domain/money.ts';

const amount = fc.integer({ min: -10_000_000, max: 10_000_000 }).map(cents);
const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 40 });

test('ten euros between three equals leave the odd cent with one of them', () => {
  expect(allocate(cents(1000), [1, 1, 1]).toSorted()).toEqual([333, 333, 334]);
});

test('the parts always add up to the whole', () => {
  fc.assert(
    fc.property(amount, weights, (total, shares) => {
      expect(sum(allocate(total, shares))).toBe(total);
    }),
  );
});

test('parts add up even when weights have both signs, as prorations do', () => {
  const mixed = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1 });
  fc.assert(
    fc.property(amount, mixed, (total, shares) => {
      expect(sum(allocate(total, shares))).toBe(total);
    }),
    { examples: [[cents(5), [100, -100]]] },
  );
});

test('no part is a cent or more away from its exact share', () => {
  fc.assert(
    fc.property(amount, weights, (total, shares) => {
      const whole = shares.reduce((a, b) => a + b, 0);
      fc.pre(whole > 0);
      allocate(total, shares).forEach((part, index) => {
        const off = BigInt(part) * BigInt(whole) - BigInt(total) * BigInt(shares[index] ?? 0);
        expect((off < 0n ? -off : off) < BigInt(whole)).toBe(true);
      });
    }),
  );
});

test('the order of the weights does not change who gets what', () => {
  const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 });
  fc.assert(
    fc.property(amount, distinct, (total, shares) => {
      const straight = new Map(shares.map((w, i) => [w, allocate(total, shares)[i]]));
      const reversed = shares.toReversed();
      reversed.forEach((w, i) => {
        expect(allocate(total, reversed)[i]).toBe(straight.get(w));
      });
    }),
  );
});

test('a weight of zero gets nothing when others have weight', () => {
  fc.assert(
    fc.property(amount, weights, (total, shares) => {
      fc.pre(shares.some((w) => w > 0));
      allocate(total, shares).forEach((part, index) => {
        if (shares[index] === 0) expect(part).toBe(0);
      });
    }),
  );
});

test('shares that do not add up to the total are refused', () => {
  expect(() => apportion(cents(100), { numerators: [1n, 1n], denominator: 1n })).toThrow();
  expect(() => allocate(cents(1), [])).toThrow(RangeError);
  expect(allocate(cents(0), [])).toEqual([]);
});
