// Passwords of the people who use the dashboard, kept as scrypt hashes. The parameters stand in the
// hash, so that they can be raised later while old hashes still verify. One hash takes 128 MiB and
// about half a second of one core on purpose: that is what each guess costs a thief.

import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export const PASSWORD_CHARACTERS_MIN = 12;
/** Far above any passphrase; a bound on what a stranger can make us hash. */
export const PASSWORD_CHARACTERS_MAX = 1024;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

type Parameters = { readonly ln: number; readonly r: number; readonly p: number };

// OWASP's first choice for scrypt: N = 2^17, r = 8, p = 1.
const PARAMETERS: Parameters = { ln: 17, r: 8, p: 1 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const HASH = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{22,88})\$([\w+/]{43,88})$/;

/** `$scrypt$ln=17,r=8,p=1$salt$key` (PHC form), with a new salt each time. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await keyOf(password, salt, KEY_BYTES, PARAMETERS);
  const { ln, r, p } = PARAMETERS;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(key)}`;
}

/**
 * Whether the hash was made from this password; compared in constant time. Throws when the text is
 * no hash of ours, since that is a damaged row and not a wrong password.
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt = '', key = ''] = HASH.exec(hash) ?? [];
  if (ln === undefined) throw new Error('not a password hash');
  const expected = Buffer.from(key, 'base64');
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) };
  const given = await keyOf(password, Buffer.from(salt, 'base64'), expected.length, parameters);
  return timingSafeEqual(given, expected);
}

// The same password typed on two keyboards can arrive as different code points (é as one or two).
function keyOf(
  password: string,
  salt: Buffer,
  bytes: number,
  { ln, r, p }: Parameters,
): Promise<Buffer> {
  const N = 2 ** ln;
  const maxmem = 128 * N * r + 1024 * 1024 * p;
  return derive(password.normalize('NFKC'), salt, bytes, { N, r, p, maxmem });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
