// A webhook as it goes over the wire: the event's JSON and the signature over it. What can be wrong
// with one is a change that is asked for by name, so that a test says what it tries and everything
// else stays as Stripe does it.

import Stripe from 'stripe';
import type { StripeObject } from './stripe-store.ts';

/** Everything that is left out stays as it is. */
export type WebhookChange = {
  /** Signed with another secret. */
  readonly secret?: string;
  /** Signed with this one too, by a second `v1` after the first. */
  readonly secondSecret?: string;
  /** Seconds added to the time of the signature; negative is the past. */
  readonly skewS?: number;
  readonly livemode?: boolean;
  /** Connect: it happened on somebody else's account. */
  readonly account?: string;
  readonly apiVersion?: string | null;
  /** As an event destination sends it that was set to "thin". */
  readonly thin?: boolean;
  /** One byte of the body changed after it was signed. */
  readonly tampered?: boolean;
};

export type WebhookBytes = { readonly payload: string; readonly signature: string };

/** Signed anew at each call, as Stripe does at each attempt. */
export function webhookBytes(
  event: StripeObject,
  secret: string,
  change: WebhookChange = {},
): WebhookBytes {
  const payload = JSON.stringify(change.thin ? thin(event) : changed(event, change), null, 2);
  const timestamp = Math.floor(Date.now() / 1000) + (change.skewS ?? 0);
  const signedWith = (key: string) =>
    Stripe.webhooks.generateTestHeaderString({ payload, secret: key, timestamp });
  const [first, second] = [change.secret ?? secret, change.secondSecret];
  const signature = signedWith(first);
  const v1 = second === undefined ? '' : signedWith(second).replace(/^t=\d+/, '');
  return {
    payload: change.tampered ? payload.replace('"created": ', '"created":  ') : payload,
    signature: signature + v1,
  };
}

function changed(event: StripeObject, change: WebhookChange): Record<string, unknown> {
  const { livemode, account, apiVersion } = change;
  return {
    ...event,
    ...(livemode !== undefined && { livemode }),
    ...(account !== undefined && { account }),
    ...(apiVersion !== undefined && { api_version: apiVersion }),
  };
}

// What it is about, by id and address only; the type gets its version in front.
function thin({ id, type, created, data, livemode }: StripeObject): Record<string, unknown> {
  const { object } = data as { readonly object: StripeObject };
  return {
    id,
    object: 'v2.core.event',
    type: `v1.${String(type)}`,
    created: new Date((created as number) * 1000).toISOString(),
    livemode,
    context: null,
    reason: null,
    related_object: {
      id: object.id,
      type: object.object,
      url: `/v1/${object.object.replaceAll('.', '/')}s/${object.id}`,
    },
  };
}
