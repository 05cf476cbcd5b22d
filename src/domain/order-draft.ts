// The facts of a payment that was found sound, made into orders: one for each partner, with its own
// lines and its share of the shipping. Nothing is decided here. Stripe passes any text through; what
// comes out is one visible line of bounded length each. Paths, mails and pages downstream still
// escape it for their own language.

import { allocate } from './allocation.ts';
import type { Customer } from './customer.ts';
import { type Cents, type Currency, cents, minorUnitDecimals, sum } from './money.ts';
import { type PricedLine, taxLines, totalsOf } from './order.ts';
import type { PartnerSlug } from './partner.ts';
import type { BuyerFacts, LineFacts, OrderDraft, PricedFacts, TaxFacts } from './payment.ts';
import type { PaymentKey } from './payment-key.ts';
import { plainLineOrNull } from './text.ts';
import { NORMAL_RATE } from './vat.ts';

/** The lines of each partner, in the order in which Stripe lists them. */
export type Sold = ReadonlyMap<PartnerSlug, readonly LineFacts[]>;

type SoundFacts = PricedFacts & {
  readonly paymentKey: PaymentKey;
  readonly currency: Currency;
};

/**
 * The orders, whose totals add up to the payment. The facts must have an e-mail, no partner whose
 * lines come to less than nothing, and no unclear tax, which would count as silent.
 */
export function draftOrders(facts: SoundFacts, sold: Sold): OrderDraft[] {
  const customer = customerOf(facts.buyer);
  const grosses = [...sold.values()].map((lines) => sum(lines.map((line) => line.gross)));
  const shares = shippingShares(facts, grosses);
  return [...sold].map(([partner, lines], index) => {
    const share = shares[index];
    const priced = [...lines.map(pricedLine), ...(share ? [share] : [])];
    const lineTaxes = taxLines(priced, minorUnitDecimals(facts.currency) === 3 ? 10 : 1);
    return {
      paymentKey: facts.paymentKey,
      partner,
      customer,
      currency: facts.currency,
      paidAt: facts.paidAt,
      paymentMethod: plainLineOrNull(facts.paymentMethod, 50),
      lines: lineTaxes,
      totals: totalsOf(lineTaxes),
    };
  });
}

function pricedLine(line: LineFacts): PricedLine {
  const { productId, quantity, gross, discount, tax } = line;
  const productName = plainLineOrNull(line.productName) ?? 'Produit';
  return { productId, productName, quantity, gross, discount, ...priceTax(tax) };
}

/** A partner whose share is nothing has no such line. */
function shippingShares(
  { shipping, shippingTax }: PricedFacts,
  grosses: readonly Cents[],
): (PricedLine | null)[] {
  const tax = priceTax(shippingTax);
  const shares = allocate(shipping, grosses); // by what each partner sold
  const vats = tax.vat === null ? null : allocate(tax.vat, shares);
  return shares.map((gross, index) => {
    if (gross === 0) return null;
    const line = { productId: null, productName: 'Livraison', quantity: null, discount: cents(0) };
    return { ...line, gross, ...tax, vat: vats?.[index] ?? null };
  });
}

function priceTax(tax: TaxFacts): Pick<PricedLine, 'vat' | 'rate' | 'treatment'> {
  return typeof tax === 'object' && 'vat' in tax
    ? tax
    : { vat: null, rate: NORMAL_RATE, treatment: 'standard' };
}

function customerOf(buyer: BuyerFacts): Customer {
  const { address } = buyer;
  return {
    name: plainLineOrNull(buyer.name, 200),
    businessName: plainLineOrNull(buyer.businessName, 200),
    email: buyer.email ?? '',
    phone: plainLineOrNull(buyer.phone, 40),
    address: address && {
      line1: plainLineOrNull(address.line1, 200),
      line2: plainLineOrNull(address.line2, 200),
      postalCode: plainLineOrNull(address.postalCode, 20),
      city: plainLineOrNull(address.city, 100),
      state: plainLineOrNull(address.state, 100),
      country: plainLineOrNull(address.country, 2),
    },
    vatNumber: plainLineOrNull(buyer.vatNumber, 30),
  };
}
