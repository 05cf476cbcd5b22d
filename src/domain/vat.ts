// VAT on prices that include it. The tax is computed once per rate on the order's total and the net
// is what remains, because net + tax must be the price the customer saw: 99.99 gives 16.67 and
// 83.32, where rounding the net first would give 83.33 and a tax that does not match (CJEU C-484/06
// Ahold leaves the rule to the member state; consistency is what is asked). Lines follow the total.

import { apportion } from './allocation.ts';
import { type Cents, cents, roundHalfUp, subtract, sum, ZERO } from './money.ts';

declare const rateBrand: unique symbol;
/** A VAT rate in basis points: 2000 is 20 %. */
export type VatRate = number & { readonly [rateBrand]: true };

/** Why a rate of zero is lawful; each has its mention on the invoice. */
export type VatTreatment = 'standard' | 'reverse-charge' | 'exempt';

/** What the buyer pays at one rate, in cents: net + vat = gross. */
export type VatAmounts = { readonly net: Cents; readonly vat: Cents; readonly gross: Cents };
export type VatSummary = VatAmounts & { readonly rate: VatRate; readonly treatment: VatTreatment };

/** The French normal rate (CGI art. 278, now in the CIBS). */
export const NORMAL_RATE = 2000 as VatRate;
export const ZERO_RATE = 0 as VatRate;

/** The rate in basis points. Throws RangeError outside 0 to 100 % or on a fraction. */
export function vatRate(basisPoints: number): VatRate {
  if (!Number.isInteger(basisPoints) || basisPoints < 0 || basisPoints > 10_000) {
    throw new RangeError(`not a VAT rate in basis points: ${basisPoints}`);
  }
  return basisPoints as VatRate;
}

/** The tax inside a tax-inclusive amount, rounded half-up to the cent, and the net that remains. */
export function splitGross(gross: Cents, rate: VatRate): VatAmounts {
  const vat = cents(Number(roundHalfUp(BigInt(gross) * BigInt(rate), 10_000n + BigInt(rate))));
  return { net: subtract(gross, vat), vat, gross };
}

/**
 * Splits lines of one rate: the total by `splitGross`, then each line's net by largest remainder,
 * so that the lines add up to the total to the cent. A line of 0.00 stays 0.00.
 */
export function splitLines(grosses: readonly Cents[], rate: VatRate): VatAmounts[] {
  const nets = apportion(splitGross(sum(grosses), rate).net, {
    numerators: grosses.map((gross) => BigInt(gross) * 10_000n),
    denominator: 10_000n + BigInt(rate),
  });
  return grosses.map((gross, index) => {
    const net = nets[index] ?? ZERO;
    return { net, vat: subtract(gross, net), gross };
  });
}
