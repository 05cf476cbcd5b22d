// What every page is wrapped in: headers that let nothing foreign run or be framed, and the refusal of
// forms sent by other sites. The sandbox has no session to steal, but a page that anyone's website
// could make buy things would teach the wrong habit.

import type { Context, Middleware } from 'koa';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; " +
  "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Page headers; `frames` allows frames of our own (a message of the mailbox, a PDF). */
export function setPageHeaders(ctx: Context, { frames = false } = {}): void {
  ctx.set('Content-Security-Policy', frames ? `${POLICY}; frame-src 'self'` : POLICY);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('X-Frame-Options', 'DENY'); // for browsers that do not know frame-ancestors
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
  ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()');
  ctx.set('Cache-Control', 'no-store');
}

/**
 * Refuses a request that another site's page sent (403). Browsers say so in `Sec-Fetch-Site`, or in
 * `Origin` where they leave that out (plain HTTP on a LAN); programs send neither and pass.
 * `publicUrl` is an origin of ours that `Host` may not show behind a proxy.
 */
export function refuseCrossSite(publicUrl: string): Middleware {
  return async (ctx, next) => {
    const site = ctx.get('sec-fetch-site');
    const origin = ctx.get('origin');
    const isOwn = origin === '' || origin === publicUrl || URL.parse(origin)?.host === ctx.host;
    const foreign = site === '' ? !isOwn : site !== 'same-origin' && site !== 'none';
    if (!foreign) return next();
    ctx.status = 403;
    ctx.type = 'text/plain; charset=utf-8';
    ctx.body = 'Cette demande vient d’un autre site : elle est refusée, rien n’a été modifié.';
  };
}
