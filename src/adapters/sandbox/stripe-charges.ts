// The steps that a first payment and a renewal have in common at the sandbox's Stripe: money is
// charged, an invoice is paid by it, events tell of it. All objects of one step are put together,
// so that whoever hears of one finds the others.

import Stripe from 'stripe';
import { expand } from './stripe-expand.ts';
import { newStripeId } from './stripe-ids.ts';
import {
  type InvoiceParts,
  invoiceLines,
  invoiceObject,
  invoicePaymentObject,
} from './stripe-invoice-object.ts';
import { chargeObject, intentObject, type SandboxBuyer } from './stripe-payment-objects.ts';
import { type Basket, basketTotal } from './stripe-session-object.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';
import type { Period } from './stripe-subscription-object.ts';

export type Paid = {
  readonly buyer: SandboxBuyer;
  readonly customer: string | null;
  /** Unix seconds. */
  readonly created: number;
  readonly methodId: string;
  readonly basket: Basket;
};

export type Bill = Paid & {
  readonly customer: string;
  readonly invoiceId: string;
  readonly period: Period;
  readonly reason: InvoiceParts['reason'];
  /** Of the subscription or the invoice items, in the order of the basket. */
  readonly itemIds: readonly string[];
  readonly subscription: string | null;
  readonly intent: string;
};

/** A succeeded intent and its charge. Returns the intent's id. */
export function putCharge(store: StripeStore, paid: Paid): string {
  const ids = {
    ...paid,
    intentId: newStripeId('pi'),
    chargeId: newStripeId('ch'),
    amount: basketTotal(paid.basket),
    currency: currencyOf(paid.basket),
  };
  store.put(chargeObject(paid.buyer, ids));
  store.put(intentObject(ids));
  return ids.intentId;
}

/** A paid invoice, its lines, and the payment that ties it to the intent. */
export function putInvoice(store: StripeStore, bill: Bill): void {
  const { basket, created, invoiceId, intent } = bill;
  const amount = basketTotal(basket);
  const currency = currencyOf(basket);
  const number = nextInvoiceNumber(store, bill.customer);
  const parts = { ...bill, id: invoiceId, number, totalCents: amount, currency };
  const lines = basket.map((it) => ({ ...it, lineId: newStripeId('il') }));
  store.putRows(invoiceId, invoiceLines(lines, parts, bill.itemIds));
  store.put(invoiceObject(parts));
  const payment = { id: newStripeId('inpay'), invoice: invoiceId, created, amount, currency };
  store.put(invoicePaymentObject({ ...payment, intent }));
}

/** The two events of a paid invoice. */
export function putInvoiceEvents(
  store: StripeStore,
  invoiceId: string,
  created: number,
): readonly StripeObject[] {
  return ['invoice.paid', 'invoice.payment_succeeded'].map((type) =>
    putEvent(store, type, invoiceId, created),
  );
}

/** An event about the object as it is now, which it keeps showing. `created` in Unix seconds. */
export function putEvent(
  store: StripeStore,
  type: string,
  objectId: string,
  created: number,
): StripeObject {
  const object = store.find(objectId);
  if (object === null) throw new Error(`nothing at the sandbox's Stripe is called ${objectId}`);
  const id = newStripeId('evt');
  store.put({
    id,
    object: 'event',
    api_version: Stripe.API_VERSION,
    created,
    data: { object: expand(store, object, []) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  });
  return store.find(id) as StripeObject;
}

/** Stripe's code of the basket's currency, lower case. */
export function currencyOf(basket: Basket): string {
  return basket[0]?.price.currency ?? 'eur';
}

function nextInvoiceNumber(store: StripeStore, customerId: string): string {
  const customer = store.findKind('customer', customerId);
  if (customer === null) throw new Error(`no customer ${customerId}`);
  const sequence = customer.next_invoice_sequence ?? 1;
  store.put({ ...customer, next_invoice_sequence: sequence + 1 });
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
}
