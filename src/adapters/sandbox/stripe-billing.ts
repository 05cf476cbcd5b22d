// An invoice's life at the sandbox's Stripe: finalized, then paid by a charge, by the customer's
// credit or outside of Stripe; or voided, or given up. Each step leaves object, payments and events
// consistent, whoever takes it: Checkout, a renewal, or a person at Stripe's dashboard.

import type Stripe from 'stripe';
import { customerObject, type SandboxBuyer } from './stripe-buyer.ts';
import { type PromisedIds, putEvent } from './stripe-events.ts';
import { newInvoicePrefix, newStripeId } from './stripe-ids.ts';
import { invoiceLines } from './stripe-invoice-lines.ts';
import { type InvoiceParts, invoicePaymentObject, openInvoice } from './stripe-invoice-object.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

export type Bill = Omit<InvoiceParts, 'id' | 'number' | 'startingBalance'> & {
  /** Of the subscription or the invoice items, in the order of the sale. */
  readonly itemIds: readonly string[];
};

/** By an intent, by credit that the customer has with us, or outside of Stripe. */
export type PaidBy = { readonly intentId: string } | 'balance' | 'out-of-band';

type Made = { readonly events: readonly StripeObject[] };

/** A customer with the balance that they have with us: credit is negative, in minor units. */
export function putCustomer(
  store: StripeStore,
  buyer: SandboxBuyer,
  { created, balance = 0 }: { readonly created: number; readonly balance?: number },
): string {
  const id = newStripeId('cus');
  store.put(customerObject(buyer, { id, created, balance, invoicePrefix: newInvoicePrefix() }));
  return id;
}

/** A finalized invoice with its lines. The customer's balance pays what it can. */
export function putInvoice(
  store: StripeStore,
  bill: Bill,
): Made & { readonly invoiceId: string; readonly amountDue: number } {
  const customer = store.findKind('customer', bill.customer);
  if (customer === null) throw new Error(`no customer ${bill.customer}`);
  const { created, itemIds } = bill;
  const invoiceId = newStripeId('in');
  const sequence = customer.next_invoice_sequence ?? 1;
  const number = `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
  const parts = { ...bill, id: invoiceId, number, startingBalance: customer.balance };
  const invoice = openInvoice(parts);
  const balance = invoice.ending_balance ?? 0;
  store.put({ ...customer, balance, next_invoice_sequence: sequence + 1 });
  store.putRows(invoiceId, invoiceLines({ ...parts, itemIds }));
  store.put(invoice);
  const draft = { status: 'draft', number: null, effective_at: null };
  const events = [
    putEvent(store, 'invoice.created', invoiceId, created, { as: draft }),
    putEvent(store, 'invoice.finalized', invoiceId, created),
  ];
  return { invoiceId, amountDue: invoice.amount_due, events };
}

/** The payment that an invoice waits for: an intent that is not done yet. */
export function putInvoicePayment(
  store: StripeStore,
  invoiceId: string,
  intent: string,
  { isPaid, created }: { readonly isPaid: boolean; readonly created: number },
): string {
  const { amount_due: amount, currency } = invoiceOf(store, invoiceId);
  const id = invoiceId.replace('in_', 'inpay_'); // one payment pays all of it
  const of = { id, invoice: invoiceId, created, amount, currency, intent, isPaid };
  store.put(invoicePaymentObject(of));
  return id;
}

/** The invoice is paid, and says so. `at` in Unix seconds. */
export function payInvoice(
  store: StripeStore,
  invoiceId: string,
  by: PaidBy,
  { at, promised }: { readonly at: number; readonly promised?: PromisedIds | undefined },
): Made {
  const events: StripeObject[] = [];
  if (typeof by === 'object') {
    const paid = { isPaid: true, created: at };
    const paymentId = putInvoicePayment(store, invoiceId, by.intentId, paid);
    events.push(putEvent(store, 'invoice_payment.paid', paymentId, at));
  }
  const invoice = invoiceOf(store, invoiceId);
  const { amount_due: amount } = invoice;
  store.put({
    ...invoice,
    amount_paid: amount,
    amount_remaining: 0,
    ...(by === 'out-of-band' && { amount_paid_off_stripe: amount }),
    attempted: by !== 'out-of-band',
    attempt_count: typeof by === 'object' ? 1 : 0,
    auto_advance: false,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: at },
  });
  // Nothing was attempted on what was paid elsewhere (table, I).
  const types = ['invoice.paid', ...(by === 'out-of-band' ? [] : ['invoice.payment_succeeded'])];
  events.push(...types.map((type) => putEvent(store, type, invoiceId, at, { promised })));
  return { events };
}

const ENDS = {
  void: { event: 'invoice.voided', transition: 'voided_at' },
  uncollectible: { event: 'invoice.marked_uncollectible', transition: 'marked_uncollectible_at' },
} as const;

/** The end of an invoice that nobody pays, or that should not have been paid. */
export function endInvoice(
  store: StripeStore,
  invoiceId: string,
  status: keyof typeof ENDS,
  at: number,
): Made {
  const invoice = invoiceOf(store, invoiceId);
  const { event, transition } = ENDS[status];
  const status_transitions = { ...invoice.status_transitions, [transition]: at };
  store.put({ ...invoice, status, auto_advance: false, status_transitions });
  return { events: [putEvent(store, event, invoiceId, at)] };
}

/** Throws when there is no such invoice. */
export function invoiceOf(store: StripeStore, invoiceId: string): Stripe.Invoice {
  const invoice = store.findKind('invoice', invoiceId);
  if (invoice === null) throw new Error(`no invoice ${invoiceId}`);
  return invoice;
}
