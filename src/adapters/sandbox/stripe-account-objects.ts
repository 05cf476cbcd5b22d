// What an account has at Stripe besides its business: the endpoint that it has set up for webhooks,
// and a balance. Both are worked out when they are asked for, and typed by the SDK.

import Stripe from 'stripe';
import type { StripeStore } from './stripe-store.ts';

/**
 * What the sandbox's endpoint has asked to be told: the payments, what corrects them, and ends that
 * come to nothing. Stripe makes many more events, which nobody is sent.
 */
export const ENABLED_EVENTS: readonly string[] = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'invoice.voided',
  'invoice.marked_uncollectible',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.closed',
  'credit_note.created',
  'credit_note.voided',
];

export const ENDPOINT_ID = 'we_SandboxEndpoint000000001';

export type EndpointParts = {
  readonly url: string;
  readonly enabledEvents: readonly string[];
  /** Unix seconds. */
  readonly created: number;
};

/** The only endpoint there is. */
export function webhookEndpoint(parts: EndpointParts): Stripe.WebhookEndpoint {
  return {
    id: ENDPOINT_ID,
    object: 'webhook_endpoint',
    api_version: Stripe.API_VERSION,
    application: null,
    created: parts.created,
    description: 'ComptAppart (bac à sable)',
    enabled_events: [...parts.enabledEvents],
    livemode: false,
    metadata: {},
    status: 'enabled',
    url: parts.url,
  };
}

/** The account itself: what a person recognises it by. */
export function accountObject(): Pick<Stripe.Account, 'id' | 'object' | 'country' | 'type'> & {
  readonly business_profile: { readonly name: string };
} {
  return {
    id: 'acct_SandboxComptAppart',
    object: 'account',
    country: 'FR',
    type: 'standard',
    business_profile: { name: 'ComptAppart (bac à sable)' },
  };
}

/** Everything charged and not given back, as money that is still on its way to the bank. */
export function balanceOf(store: StripeStore): Stripe.Balance {
  const byCurrency = new Map<string, number>([['eur', 0]]);
  for (const { id } of store.all('charge')) {
    const charge = store.findKind('charge', id);
    if (charge?.status !== 'succeeded') continue;
    const kept = charge.amount - charge.amount_refunded;
    byCurrency.set(charge.currency, (byCurrency.get(charge.currency) ?? 0) + kept);
  }
  const pending = [...byCurrency].map(([currency, amount]) => ({
    amount,
    currency,
    source_types: { card: amount },
  }));
  return {
    object: 'balance',
    available: pending.map((it) => ({ ...it, amount: 0, source_types: { card: 0 } })),
    livemode: false,
    pending,
  };
}
