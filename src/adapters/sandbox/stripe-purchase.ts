// What comes into being at Stripe when somebody goes through Checkout: all the objects, consistent
// with each other, and the events that tell of them. A one-time payment is known by its session, a
// subscription's first payment by its session and its invoice. What happens afterwards (the bank's
// word on a direct debit, a renewal, a refund) is in the files beside this one.

import type Stripe from 'stripe';
import { payInvoice, putCustomer, putInvoice, putInvoicePayment } from './stripe-billing.ts';
import { CAMILLE, type SandboxBuyer } from './stripe-buyer.ts';
import { type Payer, putCharge, putMethod } from './stripe-charges.ts';
import { putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import { type MethodType, methodTypesWith } from './stripe-payment-objects.ts';
import { type Sale, type SaleItem, type SaleTerms, saleOf } from './stripe-sale.ts';
import { sessionLines, sessionObject } from './stripe-session-object.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';
import { laterBy, type Period, subscriptionObject } from './stripe-subscription-object.ts';

export type SandboxPurchase = SaleTerms & {
  readonly items: readonly SaleItem[];
  readonly mode: 'payment' | 'subscription';
  /** What it leaves out is taken from an invented buyer. */
  readonly buyer?: Partial<SandboxBuyer>;
  /** A one-time payment for which Stripe makes an invoice too. */
  readonly invoiceCreation?: boolean;
  readonly method?: MethodType;
  /** The money is still under way when the session completes. */
  readonly pending?: boolean;
  readonly trialDays?: number;
  /** The session does not name its invoice yet; `attachInvoice` mends that. */
  readonly invoiceIsLate?: boolean;
  readonly managed?: boolean;
  readonly presentment?: Stripe.Checkout.Session.PresentmentDetails;
};

export type Purchased = {
  readonly sessionId: string;
  readonly invoiceId: string | null;
  readonly subscriptionId: string | null;
  /** In the order in which Stripe makes them, which is not the order of delivery. */
  readonly events: readonly StripeObject[];
};

/** Throws when a product is unknown, or when mode and products do not go together. */
export function purchase(store: StripeStore, wanted: SandboxPurchase, now: Date): Purchased {
  const created = seconds(now);
  const { pending = false, trialDays, method: type = 'card' } = wanted;
  const subscribes = wanted.mode === 'subscription';
  const sale = saleOf(store, trialDays ? onTrial(wanted.items) : wanted.items, wanted, created);
  const recurring = sale.lines.find(({ price }) => price.recurring !== null);
  if (subscribes && !recurring) throw new Error('nothing here can be subscribed to');
  if (!subscribes && recurring) throw new Error(`${recurring.product.id} is for subscriptions`);

  const buyer: SandboxBuyer = { ...CAMILLE, ...wanted.buyer };
  const isBilled = subscribes || wanted.invoiceCreation === true;
  const customer = isBilled ? putCustomer(store, buyer, { created }) : null;
  const payer = { buyer, customer, method: putMethod(store, buyer, { created, customer, type }) };
  const { total: amount, currency } = sale;
  const charge = { amount, currency, status: pending ? 'pending' : 'succeeded', created } as const;
  const { managed = false } = wanted;
  const charged = amount === 0 ? null : putCharge(store, payer, { ...charge, managed });
  const intent = charged?.intentId ?? null;
  const checkout: Checkout = { wanted, payer, sale, created, intent };
  const subscriptionId = subscribes ? newStripeId('sub') : null;
  const billed = customer === null ? null : bill(store, checkout, { customer, subscriptionId });
  const sessionId = putSession(store, checkout, {
    customer,
    subscription: subscriptionId,
    invoice: wanted.invoiceIsLate ? null : (billed?.invoiceId ?? null),
  });
  const completed = putEvent(store, 'checkout.session.completed', sessionId, created);
  return {
    sessionId,
    invoiceId: billed?.invoiceId ?? null,
    subscriptionId,
    events: [...(charged?.events ?? []), ...(billed?.events ?? []), completed],
  };
}

type Checkout = {
  readonly wanted: SandboxPurchase;
  readonly payer: Payer;
  readonly sale: Sale;
  /** Unix seconds. */
  readonly created: number;
  /** Null when nothing is charged. */
  readonly intent: string | null;
};

function putSession(
  store: StripeStore,
  { wanted, payer, sale, created, intent }: Checkout,
  of: {
    readonly customer: string | null;
    readonly subscription: string | null;
    readonly invoice: string | null;
  },
): string {
  const id = newStripeId('cs_test');
  store.putRows(id, sessionLines(sale));
  const paid = wanted.pending ? 'unpaid' : 'paid';
  store.put(
    sessionObject({
      ...of,
      id,
      created,
      mode: wanted.mode,
      status: 'complete',
      paymentStatus: sale.total === 0 ? 'no_payment_required' : paid,
      sale,
      buyer: payer.buyer,
      paymentIntent: wanted.mode === 'subscription' ? null : intent, // it hangs off the invoice
      setupIntent: null,
      invoiceCreation: wanted.invoiceCreation === true,
      methodTypes: methodTypesWith(payer.method.type),
      managed: wanted.managed === true,
      presentment: wanted.presentment ?? null,
    }),
  );
  return id;
}

/** The invoice of a first payment, and the subscription it begins if there is to be one. */
function bill(
  store: StripeStore,
  { wanted, payer, sale, created, intent }: Checkout,
  of: { readonly customer: string; readonly subscriptionId: string | null },
): { readonly invoiceId: string; readonly events: readonly StripeObject[] } {
  const { customer, subscriptionId: subscription } = of;
  const lasting = sale.lines.filter(({ price }) => price.recurring !== null);
  const period = firstPeriod(created, wanted.trialDays, lasting[0]?.price);
  const ids = sale.lines.map(({ price }) => newStripeId(price.recurring === null ? 'ii' : 'si'));
  const made = putInvoice(store, {
    ...{ created, period, sale, customer, subscription, buyer: payer.buyer, itemIds: ids },
    reason: subscription === null ? 'manual' : 'subscription_create',
    collection: 'charge_automatically',
  });
  const { invoiceId } = made;
  const events = [...made.events];
  if (subscription !== null) {
    const itemIds = ids.filter((_, index) => sale.lines[index]?.price.recurring !== null);
    store.put(
      subscriptionObject(lasting, {
        ...{ id: subscription, created, period, customer, itemIds, invoice: invoiceId },
        paymentMethod: payer.method.id,
        isTrial: wanted.trialDays !== undefined,
      }),
    );
    events.push(putEvent(store, 'customer.subscription.created', subscription, created));
  }
  if ((wanted.pending || wanted.invoiceIsLate) && intent !== null) {
    putInvoicePayment(store, invoiceId, intent, { isPaid: false, created });
    return { invoiceId, events };
  }
  const by = intent === null ? 'balance' : { intentId: intent };
  const paid = payInvoice(store, invoiceId, by, { at: created });
  return { invoiceId, events: [...events, ...paid.events] };
}

// Nothing is paid yet for what comes back.
function onTrial(items: readonly SaleItem[]): readonly SaleItem[] {
  return items.map((item) => ({ ...item, amountCents: 0, because: 'trial' }));
}

function firstPeriod(
  start: number,
  trialDays: number | undefined,
  price: Stripe.Price | undefined,
): Period {
  if (trialDays !== undefined) return { start, end: start + trialDays * 86_400 };
  return { start, end: price === undefined ? start : laterBy(start, price) };
}
