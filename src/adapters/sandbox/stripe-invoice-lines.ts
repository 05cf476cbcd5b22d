// The lines of an invoice, in the shape of the pinned API version and typed by the SDK. They are
// described the way Stripe does, in English: the reader must print the product's name instead, and
// would be caught here if it did not.

import Stripe from 'stripe';
import { newStripeId } from './stripe-ids.ts';
import { behaviorOf, type Sale, type SoldLine, type SoldTax } from './stripe-sale.ts';
import type { Period } from './stripe-subscription-object.ts';

export type InvoiceLineParts = {
  readonly id: string;
  readonly period: Period;
  readonly sale: Sale;
  readonly subscription: string | null;
  /** Of the subscription or the invoice items, in the order of the sale. */
  readonly itemIds: readonly string[];
};

/** One line for each of the sale. `amount` is before discount and exclusive tax, as Stripe has it. */
export function invoiceLines(parts: InvoiceLineParts): readonly Stripe.InvoiceLineItem[] {
  const { sale, subscription, itemIds, period } = parts;
  return sale.lines.map((line, index) => ({
    id: newStripeId('il'),
    object: 'line_item',
    amount: line.subtotal,
    currency: line.price.currency,
    description: describe(line),
    discount_amounts: discountsOf(line, sale),
    discountable: line.because === undefined,
    discounts: [],
    invoice: parts.id,
    livemode: false,
    metadata: {},
    parent: lineParent(subscription, line, itemIds[index] ?? ''),
    period: { start: period.start, end: period.end },
    pretax_credit_amounts: discountsOf(line, sale).map((it) => ({ ...it, type: 'discount' })),
    pricing: {
      price_details: { price: line.price.id, product: line.product.id },
      type: 'price_details',
      // What is given back or given for nothing has no price for one.
      unit_amount_decimal: line.because === undefined ? line.price.unit_amount_decimal : null,
    },
    quantity: line.quantity,
    quantity_decimal: Stripe.Decimal.from(String(line.quantity)),
    subscription,
    subtotal: line.subtotal,
    taxes: line.tax === null ? [] : [invoiceTax(line.tax)],
  }));
}

/** A tax as invoices and their lines have it: the rate by id only. */
export function invoiceTax({ rate, amount, taxable, reason }: SoldTax): Stripe.InvoiceLineItem.Tax {
  return {
    amount,
    tax_behavior: behaviorOf(rate.inclusive ? 'inclusive' : 'exclusive'),
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: reason,
    taxable_amount: taxable,
    type: 'tax_rate_details',
  };
}

function discountsOf({ discount }: SoldLine, sale: Sale): Stripe.InvoiceLineItem.DiscountAmount[] {
  return sale.discount === null ? [] : [{ amount: discount, discount: sale.discount.id }];
}

function describe({ product, price, quantity, because, subtotal }: SoldLine): string {
  switch (because) {
    case 'trial':
      return `Trial period for ${product.name}`;
    case 'proration': {
      const time = subtotal < 0 ? 'Unused time' : 'Remaining time';
      return `${time} on ${product.name}`;
    }
    default: {
      if (price.recurring === null) return product.name;
      const amount = ((price.unit_amount ?? 0) / 100).toFixed(2);
      return `${quantity} × ${product.name} (at €${amount} / ${price.recurring.interval})`;
    }
  }
}

function lineParent(
  subscription: string | null,
  { price, because }: SoldLine,
  itemId: string,
): Stripe.InvoiceLineItem.Parent {
  const details = {
    proration: because === 'proration',
    proration_details: { credited_items: null },
    subscription,
  };
  if (subscription !== null && price.recurring !== null && because !== 'proration') {
    return {
      invoice_item_details: null,
      subscription_item_details: { ...details, invoice_item: null, subscription_item: itemId },
      type: 'subscription_item_details',
    };
  }
  return {
    invoice_item_details: { ...details, invoice_item: itemId },
    subscription_item_details: null,
    type: 'invoice_item_details',
  };
}
