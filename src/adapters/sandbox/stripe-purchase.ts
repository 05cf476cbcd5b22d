// What comes into being at Stripe when somebody pays: all the objects, consistent with each other,
// and the events that tell of them. A one-time payment is known by its session, a subscription's
// first payment by its session and its invoice, a renewal by its invoice alone. More flows (delayed
// methods, free trials, balances, refunds) have their place beside these two functions.

import type Stripe from 'stripe';
import {
  currencyOf,
  type Paid,
  putCharge,
  putEvent,
  putInvoice,
  putInvoiceEvents,
} from './stripe-charges.ts';
import { newInvoicePrefix, newStripeId } from './stripe-ids.ts';
import {
  customerObject,
  paymentMethodObject,
  type SandboxBuyer,
} from './stripe-payment-objects.ts';
import { type Basket, basketTotal, sessionLines, sessionObject } from './stripe-session-object.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';
import { subscriptionObject } from './stripe-subscription-object.ts';

export type SandboxPurchase = {
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly mode: 'payment' | 'subscription';
  /** What it leaves out is taken from an invented buyer. */
  readonly buyer?: Partial<SandboxBuyer>;
  /** A one-time payment for which Stripe makes an invoice too. */
  readonly invoiceCreation?: boolean;
};

export type Purchased = {
  readonly sessionId: string;
  readonly invoiceId: string | null;
  readonly subscriptionId: string | null;
  /** In the order in which Stripe makes them, which is not the order of delivery. */
  readonly events: readonly StripeObject[];
};

const CAMILLE: SandboxBuyer = {
  email: 'camille.durand@example.com',
  name: 'Camille Durand',
  individualName: null,
  businessName: null,
  phone: null,
  address: {
    line1: '12 rue des Lilas',
    line2: null,
    postal_code: '69003',
    city: 'Lyon',
    state: null,
    country: 'FR',
  },
  vatNumber: null,
};

/** Throws when a product is unknown, or when mode and products do not go together. */
export function purchase(store: StripeStore, wanted: SandboxPurchase, now: Date): Purchased {
  const basket = basketOf(store, wanted);
  const subscribes = wanted.mode === 'subscription';
  const recurring = basket.find(({ price }) => price.recurring !== null);
  if (subscribes && !recurring) throw new Error('nothing here can be subscribed to');
  if (!subscribes && recurring) throw new Error(`${recurring.product.id} is for subscriptions`);

  const created = seconds(now);
  const buyer: SandboxBuyer = { ...CAMILLE, ...wanted.buyer };
  const billed = subscribes || wanted.invoiceCreation === true;
  const customer = billed ? putCustomer(store, buyer, created) : null;
  const methodId = newStripeId('pm');
  store.put(paymentMethodObject(buyer, { id: methodId, created, customer }));
  const paid = { buyer, customer, created, methodId, basket };
  const intent = putCharge(store, paid);
  const subscriptionId = subscribes ? newStripeId('sub') : null;
  const invoiceId = billed ? putFirstInvoice(store, paid, intent, subscriptionId) : null;

  const sessionId = newStripeId('cs_test');
  store.putRows(sessionId, sessionLines(basket));
  store.put(
    sessionObject({
      id: sessionId,
      created,
      mode: wanted.mode,
      totalCents: basketTotal(basket),
      currency: currencyOf(basket),
      buyer,
      customer,
      paymentIntent: subscribes ? null : intent, // a subscription's hangs off its invoice
      subscription: subscriptionId,
      invoice: invoiceId,
    }),
  );
  const completed = putEvent(store, 'checkout.session.completed', sessionId, created);
  const ofInvoice = invoiceId === null ? [] : putInvoiceEvents(store, invoiceId, created);
  return { sessionId, invoiceId, subscriptionId, events: [completed, ...ofInvoice] };
}

/** The next period of a subscription, paid. Throws when there is no such subscription. */
export function renewal(
  store: StripeStore,
  subscriptionId: string,
  now: Date,
): { readonly invoiceId: string; readonly events: readonly StripeObject[] } {
  const subscription = store.findKind('subscription', subscriptionId);
  const customer = store.findKind('customer', String(subscription?.customer));
  if (!subscription || !customer) throw new Error(`no subscription ${subscriptionId}`);
  const items = subscription.items.data;
  const created = seconds(now);
  const start = items[0]?.current_period_end ?? created;
  const period = { start, end: laterBy(start, items[0]?.price) };
  const paid = {
    basket: items.map(({ price, quantity = 1 }) => itemOf(store, String(price.product), quantity)),
    buyer: buyerOf(customer),
    customer: customer.id,
    methodId: String(subscription.default_payment_method),
    created,
  };
  const invoiceId = newStripeId('in');
  putInvoice(store, {
    ...paid,
    invoiceId,
    period,
    reason: 'subscription_cycle',
    itemIds: items.map(({ id }) => id),
    subscription: subscriptionId,
    intent: putCharge(store, paid),
  });
  const renewed = items.map((item) => ({
    ...item,
    current_period_start: period.start,
    current_period_end: period.end,
  }));
  const list = { ...subscription.items, data: renewed };
  store.put({ ...subscription, latest_invoice: invoiceId, items: list });
  return { invoiceId, events: putInvoiceEvents(store, invoiceId, created) };
}

/** The invoice of a first payment, and the subscription it begins if there is to be one. */
function putFirstInvoice(
  store: StripeStore,
  paid: Paid,
  intent: string,
  subscription: string | null,
): string {
  const { basket, created, methodId } = paid;
  const customer = String(paid.customer);
  const invoiceId = newStripeId('in');
  const lasting = basket.filter(({ price }) => price.recurring !== null);
  const end = subscription === null ? created : laterBy(created, lasting[0]?.price);
  const period = { start: created, end };
  const itemIds = basket.map(({ price }) => newStripeId(price.recurring === null ? 'ii' : 'si'));
  const reason = subscription === null ? 'manual' : 'subscription_create';
  putInvoice(store, {
    ...paid,
    customer,
    invoiceId,
    period,
    reason,
    itemIds,
    subscription,
    intent,
  });
  if (subscription !== null) {
    const parts = { id: subscription, created, period, customer };
    const lastingIds = itemIds.filter((_, index) => basket[index]?.price.recurring !== null);
    const of = { paymentMethod: methodId, invoice: invoiceId, itemIds: lastingIds };
    store.put(subscriptionObject(lasting, { ...parts, ...of }));
  }
  return invoiceId;
}

function basketOf(store: StripeStore, { items }: SandboxPurchase): Basket {
  if (items.length === 0) throw new Error('nothing was bought');
  return items.map(({ productId, quantity }) => itemOf(store, productId, quantity));
}

function itemOf(store: StripeStore, productId: string, quantity: number): Basket[number] {
  const product = store.findKind('product', productId);
  const price = store.findKind('price', String(product?.default_price));
  if (!product || !price) throw new Error(`the sandbox's Stripe sells no product ${productId}`);
  return { lineId: newStripeId('li'), product, price, quantity };
}

function putCustomer(store: StripeStore, buyer: SandboxBuyer, created: number): string {
  const id = newStripeId('cus');
  store.put(customerObject(buyer, { id, created, invoicePrefix: newInvoicePrefix() }));
  return id;
}

function buyerOf(customer: Stripe.Customer): SandboxBuyer {
  return {
    email: customer.email,
    name: customer.name ?? null,
    individualName: customer.individual_name ?? null,
    businessName: customer.business_name ?? null,
    phone: customer.phone ?? null,
    address: customer.address ?? null,
    vatNumber: null,
  };
}

// A month or a year on; from the 31st to the last day of a shorter month, as Stripe does.
function laterBy(start: number, price: Stripe.Price | undefined): number {
  const date = new Date(start * 1000);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + (price?.recurring?.interval === 'year' ? 12 : 1));
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return seconds(date);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
