// An invoice of Stripe's and its payments, in the shape of the pinned API version and typed by the
// SDK. Its lines are kept apart: what is sent holds only the first of them. The file is long because
// an invoice is: seventy fields, and no decision among them.

import type Stripe from 'stripe';
import type { SandboxBuyer } from './stripe-buyer.ts';
import { invoiceTax } from './stripe-invoice-lines.ts';
import type { Sale } from './stripe-sale.ts';
import type { Period } from './stripe-subscription-object.ts';

export type InvoiceParts = {
  readonly id: string;
  /** Stripe's; null before it is finalized. */
  readonly number: string | null;
  /** Unix seconds. */
  readonly created: number;
  readonly period: Period;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'manual';
  readonly collection: 'charge_automatically' | 'send_invoice';
  readonly sale: Sale;
  readonly buyer: SandboxBuyer;
  readonly customer: string;
  readonly subscription: string | null;
  /** The customer's balance before: credit with us is negative. Minor units. */
  readonly startingBalance: number;
};

/** An invoice that is finalized and waits for its money. */
export function openInvoice(parts: InvoiceParts): Omit<Stripe.Invoice, 'lines' | 'payments'> {
  return {
    id: parts.id,
    object: 'invoice',
    ...invoiceAmounts(parts),
    ...invoiceTotals(parts.sale),
    ...invoiceCustomer(parts),
    ...invoiceLife(parts),
    account_country: 'FR',
    account_name: 'ComptAppart (bac à sable)',
    account_tax_ids: null,
    application: null,
    billing_reason: parts.reason,
    collection_method: parts.collection,
    custom_fields: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: parts.sale.discount === null ? [] : [parts.sale.discount.id],
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

// A credit pays what it can; what an invoice gives back becomes credit.
function invoiceAmounts({ sale, startingBalance }: InvoiceParts) {
  const due = Math.max(0, sale.total + startingBalance);
  return {
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    ending_balance: Math.min(0, sale.total + startingBalance),
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: startingBalance,
  };
}

function invoiceTotals(sale: Sale) {
  const { shipping, discount, discounted } = sale;
  const taxes = [...sale.lines, ...(shipping ? [shipping] : [])].flatMap(({ tax }) => tax ?? []);
  const inclusive = taxes.filter(({ rate }) => rate.inclusive);
  const included = inclusive.reduce((sum, { amount }) => sum + amount, 0);
  const off = discount === null ? [] : [{ amount: discounted, discount: discount.id }];
  return {
    amount_shipping: shipping?.subtotal ?? 0,
    automatic_tax: {
      disabled_reason: null,
      enabled: sale.tax !== undefined,
      liability: sale.tax === undefined ? null : { type: 'self' as const },
      provider: sale.tax === undefined ? null : 'stripe',
      status: sale.tax === undefined ? null : ('complete' as const),
    },
    currency: sale.currency,
    shipping_cost: shipping && {
      amount_subtotal: shipping.subtotal,
      amount_tax: shipping.tax?.amount ?? 0,
      amount_total: shipping.total,
      shipping_rate: shipping.rateId,
    },
    subtotal: sale.subtotal,
    subtotal_excluding_tax: sale.subtotal - included,
    total: sale.total,
    total_discount_amounts: off,
    total_excluding_tax: sale.total - sale.taxed,
    total_pretax_credit_amounts: off.map((it) => ({ ...it, type: 'discount' as const })),
    total_taxes: taxes.map(invoiceTax),
  };
}

function invoiceCustomer({ buyer, customer, sale }: InvoiceParts) {
  const { vatNumber } = buyer;
  return {
    customer,
    customer_account: null,
    customer_address: buyer.address,
    customer_email: buyer.email,
    customer_name: buyer.businessName ?? buyer.individualName ?? buyer.name,
    customer_phone: buyer.phone,
    customer_shipping: null,
    customer_tax_exempt: sale.tax === 'reverse-charge' ? ('reverse' as const) : ('none' as const),
    customer_tax_ids: vatNumber === null ? [] : [{ type: 'eu_vat' as const, value: vatNumber }],
  };
}

function invoiceLife({ created, period, collection }: InvoiceParts) {
  const isSent = collection === 'send_invoice';
  return {
    attempt_count: 0,
    attempted: false,
    auto_advance: !isSent,
    automatically_finalizes_at: null,
    created,
    due_date: isSent ? created + 30 * 86_400 : null,
    effective_at: created,
    hosted_invoice_url: null,
    invoice_pdf: null,
    next_payment_attempt: null,
    period_end: period.start,
    period_start: period.start,
    status: 'open' as const,
    status_transitions: {
      finalized_at: created,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    webhooks_delivered_at: created,
  };
}

/** What ties an invoice to the intent that pays it, or is to. `created` in Unix seconds. */
export function invoicePaymentObject(parts: {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly invoice: string;
  readonly intent: string;
  readonly isPaid: boolean;
}): Stripe.InvoicePayment {
  return {
    id: parts.id,
    object: 'invoice_payment',
    amount_paid: parts.isPaid ? parts.amount : null,
    amount_requested: parts.amount,
    created: parts.created,
    currency: parts.currency,
    invoice: parts.invoice,
    is_default: true,
    livemode: false,
    payment: { payment_intent: parts.intent, type: 'payment_intent' },
    status: parts.isPaid ? 'paid' : 'open',
    status_transitions: { canceled_at: null, paid_at: parts.isPaid ? parts.created : null },
  };
}
