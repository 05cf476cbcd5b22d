// Identifiers that rise with time (UUID version 7, RFC 9562): those made in one minute lie side by side
// in an index. With random ones each insert into millions touches a page of its own, and PostgreSQL
// writes all of that page to its log. The rest is chance, as much as nobody guesses.

import { randomFillSync } from 'node:crypto';

const CHANCE = Buffer.alloc(16 * 256);
let used = CHANCE.length;

/** `019a…-7…`: 48 bits of milliseconds since 1970, 74 of chance. */
export function timeOrderedId(): string {
  if (used === CHANCE.length) {
    randomFillSync(CHANCE);
    used = 0;
  }
  const bytes = CHANCE.subarray(used, used + 16);
  used += 16;
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((end, at) => hex.slice(cuts[at], end))
    .join('-');
}
