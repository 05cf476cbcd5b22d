// One-time codes of a telephone's application (RFC 6238, thirty seconds, six digits, SHA-1: what every
// such application knows), and the picture by which it learns the secret. A code of the step before
// or after counts, too, because clocks differ.

import { Secret, TOTP } from 'otpauth';
import { encode } from 'uqr';

const STEP_S = 30;
const DIGITS = 6;
const WINDOW = 1;

/** A new secret of 160 bits, as people may type it (base 32). */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/**
 * The step of the code, in counts of thirty seconds since 1970; null when the code is none of this
 * secret around `now`. Blanks in the code do not count.
 */
export function stepOfCode(secret: string, code: string, now: Date): number | null {
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return null;
  const timestamp = now.getTime();
  const delta = totp(secret, '').validate({ token, timestamp, window: WINDOW });
  return delta === null ? null : Math.floor(timestamp / 1000 / STEP_S) + delta;
}

/** The code that the application shows at that instant. */
export function codeAt(secret: string, now: Date): string {
  return totp(secret, '').generate({ timestamp: now.getTime() });
}

export type QrPicture = {
  /** Side of the square that `path` fills, in modules. */
  readonly side: number;
  /** For the `d` of an SVG's path. */
  readonly path: string;
};

/** What the application is shown: secret, whose it is, and of which installation. */
export function totpPicture(secret: string, email: string, issuer: string): QrPicture {
  const { data, size } = encode(totp(secret, email, issuer).toString(), { ecc: 'M', border: 4 });
  let path = '';
  for (const [y, row] of data.entries()) {
    for (const [x, isDark] of row.entries()) if (isDark) path += `M${x} ${y}h1v1h-1z`;
  }
  return { side: size, path };
}

/** The secret in groups of four, easier to type. */
export function spelled(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1 ');
}

function totp(secret: string, label: string, issuer = 'ComptAppart'): TOTP {
  return new TOTP({
    ...{ issuer, label, secret: Secret.fromBase32(secret) },
    ...{ algorithm: 'SHA1', digits: DIGITS, period: STEP_S },
  });
}
