// Money that moves at the sandbox's Stripe: an intent and its charge, at once for a card, days later
// for a direct debit. Both are put together, so that whoever hears of one finds the other.

import type { SandboxBuyer } from './stripe-buyer.ts';
import { putEvent } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import {
  type ChargeStatus,
  chargeObject,
  INTENT_STATUS,
  intentObject,
  type MethodType,
  paymentMethodObject,
} from './stripe-payment-objects.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

export type Payer = {
  readonly buyer: SandboxBuyer;
  readonly customer: string | null;
  readonly method: { readonly id: string; readonly type: MethodType };
};

/** Minor units, and Stripe's code of the currency. */
export type Price = { readonly amount: number; readonly currency: string };

const INTENT_EVENTS = {
  succeeded: ['payment_intent.succeeded', 'charge.succeeded'],
  pending: ['payment_intent.processing', 'charge.pending'],
  failed: ['payment_intent.payment_failed', 'charge.failed'],
} as const satisfies Readonly<Record<ChargeStatus, readonly [string, string]>>;

/** A method to pay with. `created` in Unix seconds. */
export function putMethod(
  store: StripeStore,
  buyer: SandboxBuyer,
  of: { readonly created: number; readonly customer: string | null; readonly type: MethodType },
): Payer['method'] {
  const id = newStripeId('pm');
  store.put(paymentMethodObject(buyer, { id, ...of }));
  return { id, type: of.type };
}

/** An intent and its charge, and the events that tell of them. `created` in Unix seconds. */
export function putCharge(
  store: StripeStore,
  { buyer, customer, method }: Payer,
  of: Price & {
    readonly status: ChargeStatus;
    readonly created: number;
    readonly managed?: boolean;
  },
): { readonly intentId: string; readonly events: readonly StripeObject[] } {
  const intentId = newStripeId('pi');
  const ids = { ...of, customer, method, intentId, chargeId: newStripeId('ch') };
  store.put(chargeObject(buyer, ids));
  store.put(intentObject(ids));
  return { intentId, events: chargeEvents(store, ids) };
}

/** What the bank says of a charge that was pending. Throws when there is none. */
export function settleCharge(
  store: StripeStore,
  intentId: string,
  status: 'succeeded' | 'failed',
  created: number,
): readonly StripeObject[] {
  const intent = store.findKind('payment_intent', intentId);
  const chargeId = String(intent?.latest_charge);
  const charge = store.findKind('charge', chargeId);
  if (!intent || charge?.status !== 'pending') throw new Error(`nothing is pending on ${intentId}`);
  const isPaid = status === 'succeeded';
  store.put({
    ...charge,
    status,
    paid: isPaid,
    ...(!isPaid && { failure_code: 'insufficient_funds', captured: false, amount_captured: 0 }),
  });
  store.put({
    ...intent,
    status: INTENT_STATUS[status],
    amount_received: isPaid ? intent.amount : 0,
    ...(!isPaid && { payment_method: null }),
  });
  return chargeEvents(store, { intentId, chargeId, status, created });
}

function chargeEvents(
  store: StripeStore,
  of: {
    readonly intentId: string;
    readonly chargeId: string;
    readonly status: ChargeStatus;
    readonly created: number;
  },
): readonly StripeObject[] {
  const [ofIntent, ofCharge] = INTENT_EVENTS[of.status];
  return [
    putEvent(store, ofCharge, of.chargeId, of.created),
    putEvent(store, ofIntent, of.intentId, of.created),
  ];
}
