// Passwords of the people who use the dashboard, kept as scrypt hashes. The parameters stand in the
// hash, so that they can be raised later while old hashes still verify. One hash takes 128 MiB and
// about half a second of one core on purpose: that is what each guess costs a thief. So that guesses
// cannot take the machine's memory instead, few are made at once and the rest wait in line.

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
/** At once in one process: each takes one of Node's four threads, too, which files and DNS share. */
const AT_ONCE_MAX = 2;
/** Who comes when so many wait in line is asked to come back. */
const WAITING_MAX = 16;
/** Made of no password: what an address without an account is held against, as long as any other. */
const DECOY = `$scrypt$ln=17,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
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

export type Judgement = 'right' | 'wrong' | 'busy';

/**
 * The same for a stranger at the door. `hash` is null, or no hash at all, for an account that is not
 * there or has no password: the answer is then `wrong`, after the same work. `busy`, without any
 * work, when too many are in line.
 */
export async function judgePassword(password: string, hash: string | null): Promise<Judgement> {
  if (waiting.length >= WAITING_MAX) return 'busy';
  const isHash = hash !== null && HASH.test(hash);
  const typed = password.slice(0, 2 * PASSWORD_CHARACTERS_MAX);
  const isRight = await verifyPassword(typed, isHash ? hash : DECOY);
  return isHash && isRight ? 'right' : 'wrong';
}

/** Whether the hash was made with other parameters than today's. */
export function isOutdated(hash: string): boolean {
  const [, ln, r, p] = HASH.exec(hash) ?? [];
  return Number(ln) !== PARAMETERS.ln || Number(r) !== PARAMETERS.r || Number(p) !== PARAMETERS.p;
}

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE_MAX) running += 1;
  else await new Promise<void>((go) => waiting.push(go));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
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
  return inTurn(() => derive(password.normalize('NFKC'), salt, bytes, { N, r, p, maxmem }));
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
