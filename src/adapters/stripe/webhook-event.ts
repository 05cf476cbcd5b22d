// A webhook's bytes become an event, or a reason to refuse them. The signature is checked by
// Stripe's SDK over the raw bytes; the shape by us, since a signed `null` or `{}` passes the SDK.

import type Stripe from 'stripe';
import type { ReceivedEvent } from '#application/ports.ts';

export type Refusal =
  | 'no-signature'
  | 'bad-signature'
  | 'from-the-future'
  | 'not-json'
  | 'thin-event'
  | 'not-an-event';

/** The same five minutes that the SDK allows for age, for clocks that run ahead. */
const FUTURE_TOLERANCE_S = 300;

/**
 * The event of a request signed with any of the secrets, or why it is refused. Never throws.
 * Source of the shape rules: stripe.md §4, measured on stripe 23.1.0.
 */
export function verifiedEvent(
  stripe: Stripe,
  secrets: readonly string[],
  request: { readonly signatures: readonly string[]; readonly body: Buffer; readonly now: Date },
): ReceivedEvent | Refusal {
  const [signature, ...others] = request.signatures;
  if (signature === undefined) return 'no-signature';
  if (others.length > 0) return 'bad-signature';
  const event = secrets.reduce<unknown>(
    (found, secret) => (found === BAD ? construct(stripe, request.body, signature, secret) : found),
    BAD,
  );
  if (event === BAD) return 'bad-signature';
  if (event === NOT_JSON) return 'not-json';
  const signedAt = Number(/(?:^|,)\s*t=(\d+)/.exec(signature)?.[1]);
  if (!(signedAt <= request.now.getTime() / 1000 + FUTURE_TOLERANCE_S)) return 'from-the-future';
  return eventOf(event, request.body);
}

const BAD = Symbol('bad signature');
const NOT_JSON = Symbol('not JSON');

// The SDK throws its own error for most bad signatures, a plain Error for some, and a SyntaxError
// only after the signature has passed.
function construct(stripe: Stripe, body: Buffer, signature: string, secret: string): unknown {
  try {
    return stripe.webhooks.constructEvent(body, signature, secret);
  } catch (error) {
    if (error instanceof SyntaxError) return NOT_JSON;
    return isThin(error, body) ? { object: 'v2.core.event' } : BAD;
  }
}

// For a thin body the SDK throws a plain Error after checking the signature; its text says so.
function isThin(error: unknown, body: Buffer): boolean {
  const text = error instanceof Error ? error.message : '';
  return /parseEventNotification|v2/.test(text) && body.includes('"v2.core.event"');
}

function eventOf(event: unknown, body: Buffer): ReceivedEvent | Refusal {
  if (typeof event !== 'object' || event === null) return 'not-an-event';
  const it = event as Record<string, unknown>;
  if (it.object === 'v2.core.event') return 'thin-event';
  const { id, type, livemode, created } = it;
  if (it.object !== 'event' || !isText(id) || !isText(type)) return 'not-an-event';
  if (typeof livemode !== 'boolean' || !Number.isSafeInteger(created)) return 'not-an-event';
  const object = (it.data as { object?: unknown } | null | undefined)?.object;
  if (typeof object !== 'object' || object === null) return 'not-an-event';
  const objectId = (object as { id?: unknown }).id;
  return {
    id,
    type,
    livemode,
    apiVersion: isText(it.api_version) ? it.api_version : null,
    account: isText(it.account) ? it.account : null,
    objectId: isText(objectId) ? objectId : null, // previews (`invoice.upcoming`) have none
    createdAt: new Date((created as number) * 1000),
    body: body.toString('utf8'),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 500;
}
