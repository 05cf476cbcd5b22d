// What a person does at Stripe's dashboard: write an invoice by hand and send it, mark one as paid,
// give a customer credit. There is no checkout session behind any of it.

import {
  invoiceOf,
  payInvoice,
  putCustomer,
  putInvoice,
  putInvoicePayment,
} from './stripe-billing.ts';
import { buyerOf, CAMILLE, type SandboxBuyer } from './stripe-buyer.ts';
import { putCharge, putMethod } from './stripe-charges.ts';
import { type Happening, putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import { type SaleItem, type SaleTerms, saleOf } from './stripe-sale.ts';
import type { StripeStore } from './stripe-store.ts';

export type HandwrittenInvoice = SaleTerms & {
  readonly items: readonly SaleItem[];
  readonly buyer?: Partial<SandboxBuyer>;
};

type Invoiced = Happening & { readonly invoiceId: string };

/** An invoice sent to a new customer, not paid yet. */
export function sentInvoice(store: StripeStore, wanted: HandwrittenInvoice, now: Date): Invoiced {
  const created = seconds(now);
  const buyer = { ...CAMILLE, ...wanted.buyer };
  const customer = putCustomer(store, buyer, { created });
  const sale = saleOf(store, wanted.items, wanted, created);
  const { invoiceId, events } = putInvoice(store, {
    ...{ created, period: { start: created, end: created }, sale, buyer, customer },
    reason: 'manual',
    collection: 'send_invoice',
    subscription: null,
    itemIds: sale.lines.map(() => newStripeId('ii')),
  });
  const sent = putEvent(store, 'invoice.sent', invoiceId, created);
  return { invoiceId, events: [...events, sent] };
}

/** Its customer pays it by card, on the page that Stripe has for it. */
export function payByCard(store: StripeStore, invoiceId: string, now: Date): Happening {
  const { intentId, events } = chargeCard(store, invoiceId, 'succeeded', now);
  const paid = payInvoice(store, invoiceId, { intentId }, { at: seconds(now) });
  return { events: [...events, ...paid.events] };
}

/** Its customer tries to, and the bank says no. */
export function failByCard(store: StripeStore, invoiceId: string, now: Date): Happening {
  const { intentId, events } = chargeCard(store, invoiceId, 'failed', now);
  const at = seconds(now);
  putInvoicePayment(store, invoiceId, intentId, { isPaid: false, created: at });
  store.put({ ...invoiceOf(store, invoiceId), attempted: true, attempt_count: 1 });
  return { events: [...events, putEvent(store, 'invoice.payment_failed', invoiceId, at)] };
}

function chargeCard(
  store: StripeStore,
  invoiceId: string,
  status: 'succeeded' | 'failed',
  now: Date,
): ReturnType<typeof putCharge> {
  const created = seconds(now);
  const invoice = invoiceOf(store, invoiceId);
  const customer = store.findKind('customer', String(invoice.customer));
  if (customer === null) throw new Error(`no customer of ${invoiceId}`);
  const buyer = buyerOf(customer);
  const method = putMethod(store, buyer, { created, customer: customer.id, type: 'card' });
  const price = { amount: invoice.amount_due, currency: invoice.currency };
  return putCharge(store, { buyer, customer: customer.id, method }, { ...price, status, created });
}

/** Somebody marks it as paid: by cheque, in cash. */
export function markPaid(store: StripeStore, invoiceId: string, now: Date): Happening {
  return payInvoice(store, invoiceId, 'out-of-band', { at: seconds(now) });
}

/** Credit that the customer's next invoices use up; minor units. */
export function giveCredit(store: StripeStore, customerId: string, amount: number): void {
  const customer = store.findKind('customer', customerId);
  if (customer === null) throw new Error(`no customer ${customerId}`);
  store.put({ ...customer, balance: customer.balance - amount });
}
