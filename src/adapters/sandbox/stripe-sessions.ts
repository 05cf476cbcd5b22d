// What becomes of a checkout session besides being paid at once: the bank speaks days later, the
// invoice comes after the session, nobody ever pays, or there was nothing to pay and only a card to
// keep.

import type Stripe from 'stripe';
import { payInvoice, putCustomer } from './stripe-billing.ts';
import { CAMILLE, type SandboxBuyer } from './stripe-buyer.ts';
import { putMethod, settleCharge } from './stripe-charges.ts';
import { type Happening, type PromisedIds, putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import { methodTypesWith, setupIntentObject } from './stripe-payment-objects.ts';
import { type SaleItem, saleOf } from './stripe-sale.ts';
import { type SessionParts, sessionLines, sessionObject } from './stripe-session-object.ts';
import type { StripeStore } from './stripe-store.ts';

type When = { readonly now: Date; readonly promised?: PromisedIds };

/** The bank's word on a session whose money was under way. Throws when it was not. */
export function settleSession(
  store: StripeStore,
  sessionId: string,
  status: 'succeeded' | 'failed',
  { now, promised }: When,
): Happening {
  const session = sessionOf(store, sessionId);
  const at = seconds(now);
  const invoiceId = session.invoice as string | null;
  const intentId = (session.payment_intent as string | null) ?? intentOf(store, invoiceId);
  const charged = settleCharge(store, intentId, status, at);
  if (status === 'failed') {
    const type = 'checkout.session.async_payment_failed';
    const failed = putEvent(store, type, sessionId, at, { promised });
    const ofInvoice =
      invoiceId === null
        ? []
        : [putEvent(store, 'invoice.payment_failed', invoiceId, at, { promised })];
    return { events: [...charged, failed, ...ofInvoice] };
  }
  store.put({ ...session, payment_status: 'paid' });
  const type = 'checkout.session.async_payment_succeeded';
  const succeeded = putEvent(store, type, sessionId, at, { promised });
  const paid =
    invoiceId === null
      ? { events: [] }
      : payInvoice(store, invoiceId, { intentId }, { at, promised });
  return { events: [...charged, succeeded, ...paid.events] };
}

/** The session gets the invoice that it lacked, and the invoice is paid. */
export function attachInvoice(
  store: StripeStore,
  of: { readonly sessionId: string; readonly invoiceId: string },
  { now, promised }: When,
): Happening {
  const { sessionId, invoiceId } = of;
  const intentId = intentOf(store, invoiceId);
  store.put({ ...sessionOf(store, sessionId), invoice: invoiceId });
  return payInvoice(store, invoiceId, { intentId }, { at: seconds(now), promised });
}

/** A session that was left alone for a day. Nobody filled in its form. */
export function expiredSession(
  store: StripeStore,
  items: readonly SaleItem[],
  now: Date,
): Happening & { readonly sessionId: string } {
  const expiredAt = seconds(now);
  const created = expiredAt - 86_400;
  const sale = saleOf(store, items, {}, created);
  const id = newStripeId('cs_test');
  store.putRows(id, sessionLines(sale));
  const none = { buyer: null, customer: null, setupIntent: null };
  const state = { status: 'expired', paymentStatus: 'unpaid' } as const;
  store.put(sessionObject({ ...BARE, ...none, ...state, id, created, mode: 'payment', sale }));
  const expired = putEvent(store, 'checkout.session.expired', id, expiredAt);
  return { sessionId: id, events: [expired] };
}

/** A card kept for later; nothing is sold. */
export function setupSession(
  store: StripeStore,
  { buyer: own }: { readonly buyer?: Partial<SandboxBuyer> },
  now: Date,
): Happening & { readonly sessionId: string } {
  const created = seconds(now);
  const buyer = { ...CAMILLE, ...own };
  const customer = putCustomer(store, buyer, { created });
  const method = putMethod(store, buyer, { created, customer, type: 'card' });
  const setupIntent = newStripeId('seti');
  store.put(setupIntentObject({ id: setupIntent, created, customer, method: method.id }));
  const id = newStripeId('cs_test');
  const state = { status: 'complete', paymentStatus: 'no_payment_required' } as const;
  const people = { buyer, customer, setupIntent };
  store.put(
    sessionObject({ ...BARE, ...people, ...state, id, created, mode: 'setup', sale: null }),
  );
  const events = [
    putEvent(store, 'setup_intent.succeeded', setupIntent, created),
    putEvent(store, 'checkout.session.completed', id, created),
  ];
  return { sessionId: id, events };
}

const BARE = {
  paymentIntent: null,
  subscription: null,
  invoice: null,
  invoiceCreation: false,
  methodTypes: methodTypesWith('card'),
  managed: false,
  presentment: null,
} as const satisfies Partial<SessionParts>;

function sessionOf(store: StripeStore, id: string): Stripe.Checkout.Session {
  const session = store.findKind('checkout.session', id);
  if (session === null) throw new Error(`no checkout session ${id}`);
  return session;
}

function intentOf(store: StripeStore, invoiceId: string | null): string {
  const payment = store.all('invoice_payment').find((it) => it.invoice === invoiceId);
  const { payment_intent: intent } = (payment?.payment ?? {}) as { payment_intent?: string };
  if (invoiceId === null || intent === undefined) throw new Error(`nothing pays ${invoiceId}`);
  return intent;
}
