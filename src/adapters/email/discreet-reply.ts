// A mail server's own words, fit for our log: one line, cut, and without the customer's address,
// which servers love to repeat. Kept apart because SMTP servers, SES and the servers that bounce a
// mail days later all talk alike.

import { plainLine } from '#domain/text.ts';

/** What must not reach the log: the recipient's address, and the password we log in with. */
export type Unspeakable = { readonly recipient: string; readonly password: string | null };

const REPLY_CHARACTERS_MAX = 300;

/**
 * The reply as one line of at most 300 characters. Any address goes, since a server may repeat the
 * one that a mailbox forwards to, or put the local part alone in its sentence.
 */
export function discreetReply(reply: string, { recipient, password }: Unspeakable): string {
  const localPart = recipient.slice(0, recipient.lastIndexOf('@'));
  const hidden = [password ?? '', recipient, localPart].filter((text) => text.length >= 3);
  let words = plainLine(reply, 2_000);
  for (const text of hidden) {
    words = words.replace(new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '[…]');
  }
  return plainLine(
    words.replace(/[^\s<>"'(),;:[\]]+@[^\s<>"'(),;:[\]]+/g, '[…]'),
    REPLY_CHARACTERS_MAX,
  );
}
