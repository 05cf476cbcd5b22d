// What is sold and what it comes to: lines with their discount and tax, shipping, totals. Worked out
// once, here, so that a session and an invoice of the same sale cannot disagree. Amounts follow
// Stripe's rules: inclusive tax lies within the price, exclusive tax comes on top of what is left
// after the discount, and each line is rounded by itself.

import type Stripe from 'stripe';
import { newStripeId } from './stripe-ids.ts';
import type { StripeStore } from './stripe-store.ts';
import {
  couponObject,
  discountObject,
  shippingRateObject,
  taxRateObject,
} from './stripe-tax-objects.ts';

export type SaleItem = {
  readonly productId: string;
  readonly quantity: number;
  /** The line's amount where price × quantity is not it; minor units, negative to give back. */
  readonly amountCents?: number;
  readonly because?: 'proration' | 'trial';
  /** Only counts under `tax`; the normal rate when left out. */
  readonly taxPercent?: number;
};

export type SaleTerms = {
  /** Stripe Tax is on, and how prices mean it. */
  readonly tax?: 'inclusive' | 'exclusive' | 'reverse-charge';
  readonly couponPercent?: number;
  /** Minor units; with tax where prices are with tax. */
  readonly shippingCents?: number;
};

export type SoldTax = {
  readonly rate: Stripe.TaxRate;
  readonly amount: number;
  readonly taxable: number;
  readonly reason: 'standard_rated' | 'reduced_rated' | 'reverse_charge';
};

/** Minor units throughout. */
export type SoldLine = {
  readonly lineId: string;
  readonly product: Stripe.Product;
  readonly price: Stripe.Price;
  readonly quantity: number;
  readonly because: SaleItem['because'];
  /** Before discount and exclusive tax. */
  readonly subtotal: number;
  readonly discount: number;
  readonly tax: SoldTax | null;
  /** What is paid for it. */
  readonly total: number;
};

export type Sale = {
  readonly lines: readonly SoldLine[];
  /** Stripe's code, lower case. */
  readonly currency: string;
  readonly tax: SaleTerms['tax'];
  readonly discount: Stripe.Discount | null;
  readonly shipping: {
    readonly rateId: string;
    readonly subtotal: number;
    readonly tax: SoldTax | null;
    readonly total: number;
  } | null;
  readonly subtotal: number;
  readonly discounted: number;
  readonly taxed: number;
  readonly total: number;
};

/** `created` in Unix seconds. Throws when nothing is sold, or a product is unknown. */
export function saleOf(
  store: StripeStore,
  items: readonly SaleItem[],
  terms: SaleTerms,
  created: number,
): Sale {
  if (items.length === 0) throw new Error('nothing was bought');
  const { tax, couponPercent = 0, shippingCents = 0 } = terms;
  const lines = items.map((item) => soldLine(store, item, terms, created));
  const currency = lines[0]?.price.currency ?? 'eur';
  const shipping =
    shippingCents === 0 ? null : shippingOf(store, { shippingCents, currency, tax }, created);
  const subtotal = total(lines.map((line) => line.subtotal));
  const discounted = total(lines.map((line) => line.discount));
  return {
    lines,
    currency,
    tax,
    discount: couponPercent === 0 ? null : putDiscount(store, couponPercent, created),
    shipping,
    subtotal,
    discounted,
    taxed: total([...lines, ...(shipping ? [shipping] : [])].map((it) => it.tax?.amount ?? 0)),
    total: total(lines.map((line) => line.total)) + (shipping?.total ?? 0),
  };
}

function soldLine(store: StripeStore, item: SaleItem, terms: SaleTerms, created: number): SoldLine {
  const { productId, quantity, because } = item;
  const product = store.findKind('product', productId);
  const price = store.findKind('price', String(product?.default_price));
  if (!product || !price) throw new Error(`the sandbox's Stripe sells no product ${productId}`);
  const proposed = price.unit_amount ?? price.custom_unit_amount?.preset ?? 0;
  const subtotal = item.amountCents ?? proposed * quantity;
  const discount = Math.round((Math.max(0, subtotal) * (terms.couponPercent ?? 0)) / 100);
  const rest = subtotal - discount;
  const tax = taxOn(store, rest, item.taxPercent ?? 20, terms.tax, created);
  const added = tax === null || tax.rate.inclusive ? 0 : tax.amount;
  const lineId = newStripeId('li');
  return {
    ...{ lineId, product, price, quantity, because, subtotal, discount, tax },
    total: rest + added,
  };
}

function shippingOf(
  store: StripeStore,
  it: {
    readonly shippingCents: number;
    readonly currency: string;
    readonly tax: SaleTerms['tax'];
  },
  created: number,
): NonNullable<Sale['shipping']> {
  const { shippingCents: amount, currency } = it;
  const rateId = newStripeId('shr');
  const behavior = it.tax === undefined ? 'unspecified' : behaviorOf(it.tax);
  store.put(shippingRateObject({ id: rateId, created }, { amount, currency, behavior }));
  const tax = taxOn(store, amount, 20, it.tax, created);
  const added = tax === null || tax.rate.inclusive ? 0 : tax.amount;
  return { rateId, subtotal: amount, tax, total: amount + added };
}

function taxOn(
  store: StripeStore,
  amount: number,
  percent: number,
  tax: SaleTerms['tax'],
  created: number,
): SoldTax | null {
  if (tax === undefined) return null;
  if (tax === 'reverse-charge') {
    const rate = putTaxRate(store, { percent: 0, inclusive: false }, created);
    return { rate, amount: 0, taxable: amount, reason: 'reverse_charge' };
  }
  const inclusive = tax === 'inclusive';
  const rate = putTaxRate(store, { percent, inclusive }, created);
  const points = Math.round(percent * 100);
  const parts = inclusive ? 10_000 + points : 10_000;
  const taxAmount = Math.round((amount * points) / parts);
  return {
    rate,
    amount: taxAmount,
    taxable: inclusive ? amount - taxAmount : amount,
    reason: percent === 20 ? 'standard_rated' : 'reduced_rated',
  };
}

/** Stripe's word for how tax and price go together. */
export function behaviorOf(tax: NonNullable<SaleTerms['tax']>): 'inclusive' | 'exclusive' {
  return tax === 'inclusive' ? 'inclusive' : 'exclusive';
}

// Stripe Tax has one rate object for each kind of tax, and uses it again.
function putTaxRate(
  store: StripeStore,
  kind: { readonly percent: number; readonly inclusive: boolean },
  created: number,
): Stripe.TaxRate {
  const known = store
    .all('tax_rate')
    .find((it) => it.percentage === kind.percent && it.inclusive === kind.inclusive);
  const rate = taxRateObject({ id: known?.id ?? newStripeId('txr'), created }, kind);
  if (!known) store.put(rate);
  return rate;
}

function putDiscount(store: StripeStore, percentOff: number, created: number): Stripe.Discount {
  const coupon = `REMISE${percentOff}`;
  store.put(couponObject({ id: coupon, created }, percentOff));
  return discountObject({ id: newStripeId('di'), created }, coupon);
}

function total(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}
