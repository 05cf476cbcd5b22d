// Cutting an amount into parts that add up to it again, by largest remainder: every part gets its
// exact share rounded down, and the cents left over go to the parts that lost most in the rounding.
// No part is ever a full cent away from its exact share.

import { type Cents, cents } from './money.ts';

/** One part's exact share, as a fraction over the denominator that all parts have in common. */
type Shares = { readonly numerators: readonly bigint[]; readonly denominator: bigint };

/**
 * Whole cents close to the shares that add up to `total`. Between equal remainders the larger share
 * comes first, so that the order of the lines does not choose who gets the cent.
 * Throws RangeError when the shares add up to something a cent or more away from the total per
 * part, for then no fair allocation exists.
 */
export function apportion(total: Cents, { numerators, denominator }: Shares): Cents[] {
  if (denominator <= 0n) throw new RangeError('denominator must be positive');
  const floors = numerators.map((n) => floorDivide(n, denominator));
  const missing = BigInt(total) - floors.reduce((a, b) => a + b, 0n);
  if (missing < 0n || missing > BigInt(numerators.length)) {
    throw new RangeError(`the shares do not add up to ${total}`);
  }
  const byRemainder = numerators
    .map((n, index) => ({ index, share: n, remainder: n - (floors[index] ?? 0n) * denominator }))
    .sort((a, b) => compare(b.remainder, a.remainder) || compare(b.share, a.share));
  const lucky = new Set(byRemainder.slice(0, Number(missing)).map((part) => part.index));
  return floors.map((floor, index) => cents(Number(floor) + (lucky.has(index) ? 1 : 0)));
}

/**
 * `total` cut in proportion to the weights (any integers whose sum has a sign; they may be mixed,
 * as proration lines are). Weights that add up to nothing get equal shares.
 */
export function allocate(total: Cents, weights: readonly number[]): Cents[] {
  if (weights.length === 0) {
    if (total !== 0) throw new RangeError('nothing to allocate to');
    return [];
  }
  const whole = weights.reduce((a, b) => a + BigInt(b), 0n);
  if (whole === 0n) return allocate(total, Array(weights.length).fill(1));
  const sign = whole < 0n ? -1n : 1n;
  return apportion(total, {
    numerators: weights.map((w) => BigInt(total) * BigInt(w) * sign),
    denominator: whole * sign,
  });
}

function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator % denominator < 0n ? quotient - 1n : quotient;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
