// Money as Stripe sends it: an integer of the currency's minor unit, beside its currency. No float
// ever takes part in a sum; a decimal appears only when an amount leaves us (payload, page, mail).
// Exponents are Stripe's, not ISO 4217's: ISK and UGX have two decimals on Stripe's wire.

declare const centsBrand: unique symbol;
/** An integer amount in the currency's minor unit (cents for EUR). May be negative. */
export type Cents = number & { readonly [centsBrand]: true };

declare const currencyBrand: unique symbol;
/** An ISO 4217 code in upper case, such as `EUR`. */
export type Currency = string & { readonly [currencyBrand]: true };

export const ZERO = 0 as Cents;

// docs.stripe.com/currencies, read 2026-11-22 through shared/stripe.md §5.
const ZERO_DECIMAL = new Set(
  'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '),
);
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

/** The amount as Cents. Throws RangeError unless it is an integer that a double holds exactly. */
export function cents(amount: number): Cents {
  if (!Number.isSafeInteger(amount)) {
    throw new RangeError(`not a whole number of minor units: ${amount}`);
  }
  return (amount === 0 ? 0 : amount) as Cents;
}

/** The code in upper case. Throws RangeError unless it is three letters. */
export function currency(code: string): Currency {
  const upper = code.toUpperCase();
  if (!/^[A-Z]{3}$/.test(upper)) throw new RangeError(`not a currency code: ${code}`);
  return upper as Currency;
}

/** a + b, in the same minor unit. */
export function add(a: Cents, b: Cents): Cents {
  return cents(a + b);
}

/** a − b, in the same minor unit. */
export function subtract(a: Cents, b: Cents): Cents {
  return cents(a - b);
}

/** The sum of all amounts; 0 for none. Throws RangeError past 2^53. */
export function sum(amounts: readonly Cents[]): Cents {
  return amounts.reduce(add, ZERO);
}

/** How many decimals the minor unit stands for on Stripe's wire: 0, 2 or 3. */
export function minorUnitDecimals(of: Currency): 0 | 2 | 3 {
  if (ZERO_DECIMAL.has(of)) return 0;
  return THREE_DECIMAL.has(of) ? 3 : 2;
}

/**
 * The amount in whole units as plain digits: `-1234.50`, `500` for yen. The decimals are those of
 * the minor unit, always written.
 */
export function toDecimalText(amount: Cents, of: Currency): string {
  const decimals = minorUnitDecimals(of);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const sign = amount < 0 ? '-' : '';
  return decimals === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-decimals)}`;
}

/**
 * The amount in whole units as the nearest double, for the partner's payload only. Prints back with
 * at most `minorUnitDecimals` decimals, since a double holds 15 significant digits.
 */
export function toDecimalNumber(amount: Cents, of: Currency): number {
  return Number(toDecimalText(amount, of));
}

/**
 * numerator / denominator rounded to the nearest integer, halves away from zero: the commercial
 * rounding ("arrondi arithmétique"), the same for an invoice and for the credit note that undoes
 * it. Exact: computed on big integers. Throws RangeError when the denominator is not positive.
 */
export function roundHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('denominator must be positive');
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}
