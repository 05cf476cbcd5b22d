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

/** Five minutes, as Stripe's libraries allow for age; and the same for clocks that run ahead. */
const AGE_TOLERANCE_S = 300;
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
  const { now } = request;
  // Decoded once, for the SDK, the parser and the inbox. What is not UTF-8 becomes other bytes here, so
  // that no signature fits.
  const text = request.body.toString('utf8');
  if (!secrets.some((secret) => isSigned(stripe, text, signature, secret, now))) {
    return 'bad-signature';
  }
  const signedAt = Number(/(?:^|,)\s*t=(\d+)/.exec(signature)?.[1]);
  if (!(signedAt <= now.getTime() / 1000 + FUTURE_TOLERANCE_S)) return 'from-the-future';
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  return eventOf(event, text);
}

// Whatever is wrong with a signature, the SDK throws: its own error for most, a plain one for some.
function isSigned(
  stripe: Stripe,
  body: string,
  signature: string,
  secret: string,
  now: Date,
): boolean {
  try {
    const verifier = stripe.webhooks.signature;
    const at = now.getTime();
    return verifier?.verifyHeader(body, signature, secret, AGE_TOLERANCE_S, undefined, at) === true;
  } catch {
    return false;
  }
}

/** The ids of an event whose origin is known, or what keeps it from being one. Never throws. */
export function eventOf(event: unknown, body: string): ReceivedEvent | Refusal {
  if (typeof event !== 'object' || event === null) return 'not-an-event';
  const it = event as Record<string, unknown>;
  if (it.object === 'v2.core.event') return 'thin-event';
  const { id, type, livemode, created } = it;
  if (it.object !== 'event' || !isText(id) || !isText(type)) return 'not-an-event';
  if (typeof livemode !== 'boolean' || !isInstant(created)) return 'not-an-event';
  const object = (it.data as { object?: unknown } | null | undefined)?.object;
  if (typeof object !== 'object' || object === null) return 'not-an-event';
  const objectId = (object as { id?: unknown }).id;
  return {
    id,
    type,
    livemode,
    apiVersion: isText(it.api_version) ? it.api_version : null,
    account: accountOf(it),
    objectId: isText(objectId) ? objectId : null, // previews (`invoice.upcoming`) have none
    createdAt: new Date(created * 1000),
    body,
  };
}

// Both say that the event is of somebody else's account: a connected one, or one of an organisation.
function accountOf({ account, context }: Record<string, unknown>): string | null {
  return isText(account) ? account : isText(context) ? context : null;
}

/** Whole seconds since 1970, of a time that a Date and PostgreSQL can name. */
function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 8e12;
}

// Ids and types are plain ASCII; a control character among them could not even be stored.
function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,500}$/.test(value);
}
