// The cookies of the dashboard, all set and taken back here, so that none lacks a flag: no script reads
// them, no other site's form brings them. Where there is TLS they are `__Host-` ones, which no other
// host can plant, even though TLS ends at a proxy and this program sees none.

import type { Context } from 'koa';

type Where = { readonly publicUrl: string };

/** The browser's copy of a session. */
export function sessionCookie(publicUrl: string): string {
  return nameOf(publicUrl, 'session');
}

/** Password right, second factor to come; minutes. */
export function stepCookie(publicUrl: string): string {
  return nameOf(publicUrl, 'step');
}

/** Somebody has signed in from this browser before; a year. */
export function knownCookie(publicUrl: string): string {
  return nameOf(publicUrl, 'known');
}

/** `maxAgeMs` absent: until the browser is closed. */
export function setCookie(
  { publicUrl }: Where,
  ctx: Context,
  name: string,
  value: string,
  maxAgeMs?: number,
): void {
  write(publicUrl, ctx, name, value, maxAgeMs);
}

export function dropCookie({ publicUrl }: Where, ctx: Context, name: string): void {
  // A `__Host-` cookie is only taken back with the flags it came with.
  write(publicUrl, ctx, name, '', 0);
}

function write(
  publicUrl: string,
  ctx: Context,
  name: string,
  value: string,
  maxAgeMs: number | undefined,
): void {
  const secure = publicUrl.startsWith('https:');
  // Otherwise Koa refuses secure cookies on the plain connection that a proxy makes.
  ctx.cookies.secure = secure;
  ctx.cookies.set(name, value, {
    ...{ httpOnly: true, sameSite: 'lax', secure, path: '/', overwrite: true },
    ...(maxAgeMs === undefined ? {} : { maxAge: maxAgeMs }),
    ...(maxAgeMs === 0 ? { expires: new Date(0) } : {}),
  });
}

function nameOf(publicUrl: string, what: string): string {
  return publicUrl.startsWith('https:') ? `__Host-${what}` : `comptappart_${what}`;
}
