// POST /webhooks/stripe: raw bytes in, one durable row, 200. Stripe repeats whatever is not answered
// with 2xx, so the status says what we want: 200 when the event is safe with us (new or known), 4xx
// when repeating cannot help, 503 when it can.

import type { Middleware } from 'koa';
import type Stripe from 'stripe';
import { type Refusal, verifiedEvent } from '#adapters/stripe/webhook-event.ts';
import type { Alerts, Clock, ReceivedEvent } from '#application/ports.ts';
import { readBody } from './read-body.ts';

export type StripeWebhookNeeds = {
  readonly stripe: Stripe;
  readonly webhookSecrets: readonly string[];
  /** The key's mode: an event of the other one is a mistake that a person must see. */
  readonly livemode: boolean;
  /** `full`: too much waits to be stored, and this event was not taken. */
  readonly receive: (event: ReceivedEvent) => Promise<'stored' | 'duplicate' | 'full'>;
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly log: { error(fields: object, message: string): void };
};

/** Real events stay far below 1 MB; more is refused before it fills the memory. */
export const BODY_BYTES_MAX = 5 * 1024 * 1024;

const REFUSALS: { readonly [R in Refusal]: string } = {
  'no-signature': 'There is no Stripe-Signature header.',
  'bad-signature': 'No configured webhook secret fits this signature, or it is too old.',
  'from-the-future': 'The signature is dated in the future.',
  'not-json': 'The body is not JSON.',
  'thin-event':
    'This is a thin event. Create the endpoint in Stripe with the payload style "Snapshot".',
  'not-an-event': 'The body is not a Stripe event.',
};

/** Signed, so it comes from Stripe: the endpoint is set up wrongly, and someone must be told. */
const SETUP_FAULTS: ReadonlySet<Refusal> = new Set(['not-json', 'thin-event', 'not-an-event']);

export function stripeWebhook(needs: StripeWebhookNeeds): Middleware {
  return async (ctx) => {
    const encoding = ctx.get('content-encoding');
    if (encoding !== '' && encoding !== 'identity') {
      return refuse(415, 'Send the body without Content-Encoding.');
    }
    const body = await readBody(ctx.req, BODY_BYTES_MAX);
    if (body === 'too-large') return refuse(413, 'The body is too large for an event.');
    if (body === 'cut-short') return refuse(400, 'The body ended early.');
    const signatures = ctx.req.headersDistinct['stripe-signature'] ?? [];
    const request = { signatures, body, now: needs.clock.now() };
    const event = verifiedEvent(needs.stripe, needs.webhookSecrets, request);
    if (typeof event === 'string') {
      if (SETUP_FAULTS.has(event)) needs.log.error({ refusal: event }, REFUSALS[event]);
      return refuse(400, REFUSALS[event]);
    }
    if (event.livemode !== needs.livemode) {
      needs.alerts.raise({
        kind: 'livemode',
        message: `Event ${event.id} is of the other mode (livemode ${event.livemode})`,
        ids: { eventId: event.id },
      });
      return refuse(400, `livemode is ${event.livemode}; this endpoint serves the other mode.`);
    }
    try {
      const received = await needs.receive(event);
      if (received === 'full') {
        ctx.set('Retry-After', '30');
        return refuse(503, 'Too much waits to be stored. Send the event again.');
      }
      ctx.status = 200;
      ctx.body = { received: true, duplicate: received === 'duplicate' };
    } catch (error) {
      needs.log.error({ err: error, eventId: event.id }, 'the event could not be stored');
      ctx.set('Retry-After', '30');
      refuse(503, 'The event could not be stored. Send it again.');
    }

    function refuse(status: number, message: string): void {
      ctx.status = status;
      ctx.body = { error: message };
      // What is left of the body is not read: answer and hang up.
      if (status === 413 || status === 415) ctx.set('Connection', 'close');
    }
  };
}
