// A subscription's life after its first payment: it renews, or it is changed for another in the
// middle of its period. Neither has a checkout session; the invoice is all that tells of them.

import type Stripe from 'stripe';
import { type Bill, payInvoice, putInvoice } from './stripe-billing.ts';
import { buyerOf } from './stripe-buyer.ts';
import { putCharge } from './stripe-charges.ts';
import { type Happening, putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import { type SaleItem, saleOf } from './stripe-sale.ts';
import type { StripeStore } from './stripe-store.ts';
import { laterBy } from './stripe-subscription-object.ts';

type Invoiced = Happening & { readonly invoiceId: string };

/** The next period, paid: by what credit the customer has, then by the card. */
export function renewal(store: StripeStore, subscriptionId: string, now: Date): Invoiced {
  const subscription = subscriptionOf(store, subscriptionId);
  const items = subscription.items.data;
  const created = seconds(now);
  const start = items[0]?.current_period_end ?? created;
  const period = { start, end: laterBy(start, items[0]?.price) };
  const sold = items.map(({ price, quantity = 1 }) => ({
    productId: String(price.product),
    quantity,
  }));
  const invoiced = invoice(store, subscription, sold, {
    ...{ created, period },
    reason: 'subscription_cycle',
    itemIds: items.map(({ id }) => id),
  });
  const renewed = items.map((item) => ({
    ...item,
    current_period_start: period.start,
    current_period_end: period.end,
  }));
  return changed(store, subscription, renewed, invoiced, created);
}

/**
 * The first item changed for another product of the same interval, at once and in proportion to
 * the time left: what was not used is given back, what is left of the period is charged.
 */
export function planChange(
  store: StripeStore,
  subscriptionId: string,
  productId: string,
  now: Date,
): Invoiced {
  const subscription = subscriptionOf(store, subscriptionId);
  const [item, ...others] = subscription.items.data;
  const product = store.findKind('product', productId);
  const price = store.findKind('price', String(product?.default_price));
  if (!item || !price) throw new Error(`${subscriptionId} cannot be changed to ${productId}`);
  const created = seconds(now);
  const { current_period_start: start, current_period_end: end, quantity = 1 } = item;
  const left = (end - created) / (end - start);
  const prorated = ({ product: sold, unit_amount }: Stripe.Price, sign: 1 | -1): SaleItem => ({
    productId: String(sold),
    quantity,
    amountCents: sign * Math.round((unit_amount ?? 0) * quantity * left),
    because: 'proration',
  });
  const sold = [prorated(item.price, -1), prorated(price, 1)];
  const invoiced = invoice(store, subscription, sold, {
    ...{ created, period: { start: created, end } },
    reason: 'subscription_update',
    itemIds: sold.map(() => newStripeId('ii')),
  });
  return changed(store, subscription, [{ ...item, price }, ...others], invoiced, created);
}

function invoice(
  store: StripeStore,
  subscription: Stripe.Subscription,
  items: readonly SaleItem[],
  of: Pick<Bill, 'created' | 'period' | 'reason' | 'itemIds'>,
): Invoiced {
  const customer = store.findKind('customer', String(subscription.customer));
  if (customer === null) throw new Error(`no customer of ${subscription.id}`);
  const { created } = of;
  const buyer = buyerOf(customer);
  const sale = saleOf(store, items, {}, created);
  const made = putInvoice(store, {
    ...of,
    ...{ sale, buyer, customer: customer.id, subscription: subscription.id },
    collection: 'charge_automatically',
  });
  const { invoiceId, amountDue: amount } = made;
  if (amount === 0) {
    const paid = payInvoice(store, invoiceId, 'balance', { at: created });
    return { invoiceId, events: [...made.events, ...paid.events] };
  }
  const method = { id: String(subscription.default_payment_method), type: 'card' } as const;
  const payer = { buyer, customer: customer.id, method };
  const price = { amount, currency: sale.currency };
  const charged = putCharge(store, payer, { ...price, status: 'succeeded', created });
  const paid = payInvoice(store, invoiceId, charged, { at: created });
  return { invoiceId, events: [...made.events, ...charged.events, ...paid.events] };
}

function changed(
  store: StripeStore,
  subscription: Stripe.Subscription,
  items: readonly Stripe.SubscriptionItem[],
  { invoiceId, events }: Invoiced,
  created: number,
): Invoiced {
  const list = { ...subscription.items, data: items };
  store.put({ ...subscription, latest_invoice: invoiceId, items: list });
  const updated = putEvent(store, 'customer.subscription.updated', subscription.id, created);
  return { invoiceId, events: [...events, updated] };
}

function subscriptionOf(store: StripeStore, id: string): Stripe.Subscription {
  const subscription = store.findKind('subscription', id);
  if (subscription === null) throw new Error(`no subscription ${id}`);
  return subscription;
}
