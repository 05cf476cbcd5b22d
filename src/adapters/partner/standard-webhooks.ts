// The signature of each request to a partner, as the Standard Webhooks specification has it
// (standardwebhooks.com), so that partners can verify it with a library of their language.
// The partner guide does not ask for it: it comes beside `X-API-KEY`, and may be ignored.

import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
// The specification's bounds; 32 is the size of what HMAC-SHA256 makes.
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;
const NEW_KEY_BYTES = 32;

export type SignatureHeaders = {
  readonly 'webhook-id': string;
  /** Whole seconds since 1970. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
};

/**
 * The three headers for one attempt. `id` stays the same over all attempts of one message, which
 * is how a receiver knows a repetition; `sentAt` is the attempt's. Each secret gives one
 * signature, so that during a rotation old and new both verify. Throws on a malformed secret.
 */
export function signatureHeaders(message: {
  readonly id: string;
  readonly sentAt: Date;
  readonly body: string | Uint8Array;
  readonly secrets: readonly string[];
}): SignatureHeaders {
  const seconds = String(Math.floor(message.sentAt.getTime() / 1000));
  const signatures = message.secrets.map((secret) => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${message.id}.${seconds}.`);
    return `v1,${hmac.update(message.body).digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures.join(' '),
  };
}

/** A new secret, to be shown to the partner once: `whsec_` and 32 random bytes in base64. */
export function newSigningSecret(): string {
  return PREFIX + randomBytes(NEW_KEY_BYTES).toString('base64');
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; only a text that comes back the same was one.
  const isBase64 = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (!isBase64 || key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) {
    // Without the secret itself: this message reaches logs.
    throw new Error('A signing secret is not whsec_ and 24 to 64 bytes in base64');
  }
  return key;
}
