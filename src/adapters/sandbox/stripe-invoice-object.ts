// An invoice of Stripe's, its lines and its payment, in the shape of the pinned API version and
// typed by the SDK. Lines are described the way Stripe does, in English: the reader must print the
// product's name instead, and would be caught here if it did not. The file is long because an
// invoice is: seventy fields, and no decision among them.

import Stripe from 'stripe';
import type { SandboxBuyer } from './stripe-payment-objects.ts';
import type { Basket } from './stripe-session-object.ts';
import type { Period } from './stripe-subscription-object.ts';

export type InvoiceParts = {
  readonly id: string;
  readonly number: string;
  readonly created: number;
  readonly period: Period;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'manual';
  readonly totalCents: number;
  readonly currency: string;
  readonly buyer: SandboxBuyer;
  readonly customer: string;
  readonly subscription: string | null;
};

/** A paid invoice. Its lines are kept apart: what is sent holds only the first of them. */
export function invoiceObject(parts: InvoiceParts): Omit<Stripe.Invoice, 'lines' | 'payments'> {
  return {
    id: parts.id,
    object: 'invoice',
    ...invoiceAmounts(parts),
    ...invoiceCustomer(parts),
    ...invoiceLife(parts),
    account_country: 'FR',
    account_name: 'ComptAppart (bac à sable)',
    account_tax_ids: null,
    application: null,
    billing_reason: parts.reason,
    collection_method: 'charge_automatically',
    custom_fields: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    footer: null,
    from_invoice: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    livemode: false,
    metadata: {},
    number: parts.number,
    on_behalf_of: null,
    parent: parts.subscription === null ? null : parentOf(parts.subscription),
    payment_settings: {
      default_mandate: null,
      payment_method_options: null,
      payment_method_types: null,
    },
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    statement_descriptor: null,
    test_clock: null,
  };
}

function parentOf(subscription: string): Stripe.Invoice.Parent {
  return {
    quote_details: null,
    subscription_details: { metadata: {}, subscription },
    type: 'subscription_details',
  };
}

function invoiceAmounts({ totalCents, currency }: InvoiceParts) {
  return {
    amount_due: totalCents,
    amount_overpaid: 0,
    amount_paid: totalCents,
    amount_paid_off_stripe: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    automatic_tax: {
      disabled_reason: null,
      enabled: false,
      liability: null,
      provider: null,
      status: null,
    },
    currency,
    ending_balance: 0,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: 0,
    subtotal: totalCents,
    subtotal_excluding_tax: totalCents,
    total: totalCents,
    total_discount_amounts: [],
    total_excluding_tax: totalCents,
    total_pretax_credit_amounts: [],
    total_taxes: [],
  };
}

function invoiceCustomer({ buyer, customer }: InvoiceParts) {
  const { vatNumber } = buyer;
  return {
    customer,
    customer_account: null,
    customer_address: buyer.address,
    customer_email: buyer.email,
    customer_name: buyer.businessName ?? buyer.individualName ?? buyer.name,
    customer_phone: buyer.phone,
    customer_shipping: null,
    customer_tax_exempt: 'none' as const,
    customer_tax_ids: vatNumber === null ? [] : [{ type: 'eu_vat' as const, value: vatNumber }],
  };
}

function invoiceLife({ created, period }: InvoiceParts) {
  return {
    attempt_count: 1,
    attempted: true,
    auto_advance: false,
    automatically_finalizes_at: null,
    created,
    due_date: null,
    effective_at: created,
    hosted_invoice_url: null,
    invoice_pdf: null,
    next_payment_attempt: null,
    period_end: period.start,
    period_start: period.start,
    status: 'paid' as const,
    status_transitions: {
      finalized_at: created,
      marked_uncollectible_at: null,
      paid_at: created,
      voided_at: null,
    },
    webhooks_delivered_at: created,
  };
}

/** The lines of an invoice, one for each item of the basket. */
export function invoiceLines(
  basket: Basket,
  invoice: InvoiceParts,
  itemIds: readonly string[],
): readonly Stripe.InvoiceLineItem[] {
  return basket.map(({ lineId, product, price, quantity }, index) => {
    const amount = (price.unit_amount ?? 0) * quantity;
    return {
      id: lineId,
      object: 'line_item',
      amount,
      currency: price.currency,
      description: describe(product.name, price, quantity),
      discount_amounts: [],
      discountable: true,
      discounts: [],
      invoice: invoice.id,
      livemode: false,
      metadata: {},
      parent: lineParent(invoice.subscription, price, itemIds[index] ?? ''),
      period: { start: invoice.period.start, end: invoice.period.end },
      pretax_credit_amounts: [],
      pricing: {
        price_details: { price: price.id, product: product.id },
        type: 'price_details',
        unit_amount_decimal: price.unit_amount_decimal,
      },
      quantity,
      quantity_decimal: Stripe.Decimal.from(String(quantity)),
      subscription: invoice.subscription,
      subtotal: amount,
      taxes: [],
    };
  });
}

function describe(name: string, price: Stripe.Price, quantity: number): string {
  if (price.recurring === null) return name;
  const amount = ((price.unit_amount ?? 0) / 100).toFixed(2);
  return `${quantity} × ${name} (at €${amount} / ${price.recurring.interval})`;
}

function lineParent(
  subscription: string | null,
  price: Stripe.Price,
  itemId: string,
): Stripe.InvoiceLineItem.Parent {
  if (subscription !== null && price.recurring !== null) {
    return {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription,
        subscription_item: itemId,
      },
      type: 'subscription_item_details',
    };
  }
  return {
    invoice_item_details: {
      invoice_item: itemId,
      proration: false,
      proration_details: { credited_items: null },
      subscription,
    },
    subscription_item_details: null,
    type: 'invoice_item_details',
  };
}

/** What ties a paid invoice to the intent that paid it. `created` in Unix seconds. */
export function invoicePaymentObject(parts: {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly invoice: string;
  readonly intent: string;
}): Stripe.InvoicePayment {
  return {
    id: parts.id,
    object: 'invoice_payment',
    amount_paid: parts.amount,
    amount_requested: parts.amount,
    created: parts.created,
    currency: parts.currency,
    invoice: parts.invoice,
    is_default: true,
    livemode: false,
    payment: { payment_intent: parts.intent, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: parts.created },
  };
}
