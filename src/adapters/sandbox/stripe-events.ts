// Events at the sandbox's Stripe: what happened to an object, with the object as it was then. They
// are made whether or not anybody is told of them; who is told, and how, is the business of the
// deliveries.

import Stripe from 'stripe';
import { expand } from './stripe-expand.ts';
import { newStripeId } from './stripe-ids.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

/** Something that happened; its events are in the order in which Stripe makes them. */
export type Happening = { readonly events: readonly StripeObject[] };

/** Ids promised before the events exist, by type: who waits for them can already be told. */
export type PromisedIds = Readonly<Record<string, string>>;

export type EventOptions = {
  readonly promised?: PromisedIds | undefined;
  /** What was still different when it happened. */
  readonly as?: Readonly<Record<string, unknown>>;
};

/** An event about the object as it is now, which it keeps showing. `created` in Unix seconds. */
export function putEvent(
  store: StripeStore,
  type: string,
  objectId: string,
  created: number,
  { promised = {}, as = {} }: EventOptions = {},
): StripeObject {
  const object = store.find(objectId);
  if (object === null) throw new Error(`nothing at the sandbox's Stripe is called ${objectId}`);
  const id = promised[type] ?? newStripeId('evt');
  store.put({
    id,
    object: 'event',
    api_version: Stripe.API_VERSION,
    created,
    data: { object: { ...expand(store, object, []), ...as } },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  });
  return store.find(id) as StripeObject;
}

/** Unix seconds, as all of Stripe's times are. */
export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
