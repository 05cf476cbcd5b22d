// The tax in the shipping. Stripe states its amount but, unlike a line's, not its rate without one
// more level of expansion; the rate is found again from the amount. Shipping follows the goods, so
// their rates come first.

import { type Cents, ZERO } from '#domain/money.ts';
import type { LineFacts, TaxFacts } from '#domain/payment.ts';
import { NORMAL_RATE, splitGross, type VatTreatment, ZERO_RATE } from '#domain/vat.ts';
import { unclear } from './line-tax.ts';
import { amountOf, type ShippingShape } from './shapes.ts';

/** `shipping` has its tax in. Silent when Stripe worked out no tax on anything of the payment. */
export function shippingTax(
  lines: readonly LineFacts[],
  shipping: Cents,
  cost: ShippingShape | null | undefined,
): TaxFacts {
  const vat = amountOf(cost?.amount_tax) ?? ZERO;
  const silent = vat === 0 && lines.every((line) => line.tax === 'silent');
  if (shipping === 0 || silent) return 'silent';
  const stated = lines.flatMap(({ tax }) => (typeof tax === 'object' && 'vat' in tax ? [tax] : []));
  const treatments = new Set<VatTreatment>(stated.map(({ treatment }) => treatment));
  const [only] = treatments;
  if (vat === 0 && treatments.size === 1 && only !== undefined && only !== 'standard') {
    return { vat, rate: ZERO_RATE, treatment: only };
  }
  const rates = stated.filter(({ treatment }) => treatment === 'standard').map(({ rate }) => rate);
  const [nearest] = [...new Set([...rates, NORMAL_RATE])]
    .map((rate) => ({ rate, off: Math.abs(splitGross(shipping, rate).vat - vat) }))
    .sort((a, b) => a.off - b.off);
  // Stripe rounds by its own rule: a cent is no fault.
  return nearest !== undefined && nearest.off <= 1
    ? { vat, rate: nearest.rate, treatment: 'standard' }
    : unclear('shipping_cost.amount_tax', vat);
}
