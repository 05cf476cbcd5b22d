// Ids that look like Stripe's: the same prefixes, the same lengths, the same alphabet. Nobody may
// rely on that, and code that does should fail here as it would there, so the random part is
// random.

import { randomInt } from 'node:crypto';

const LENGTHS = {
  cs_test: 58,
  ch: 24,
  cn: 24,
  cus: 14,
  di: 24,
  du: 24,
  evt: 24,
  il: 24,
  ii: 24,
  in: 24,
  li: 24,
  pi: 24,
  pm: 24,
  price: 24,
  prod: 14,
  re: 24,
  req: 14,
  seti: 24,
  shr: 24,
  si: 14,
  sub: 24,
  txr: 24,
} as const;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A new id with this prefix, such as `pi_3MtwBwLkdIwHu7ix28a3tqPa`. */
export function newStripeId(prefix: keyof typeof LENGTHS): string {
  return `${prefix}_${randomText(LENGTHS[prefix], ALPHABET)}`;
}

/** What an account's invoice numbers begin with: eight capitals and digits. */
export function newInvoicePrefix(): string {
  return randomText(8, ALPHABET.slice(0, 36));
}

function randomText(length: number, alphabet: string): string {
  let text = '';
  while (text.length < length) text += alphabet[randomInt(alphabet.length)];
  return text;
}
