// The files that the pages of the dashboard and the portal are made with: style, script, icon, face. Read
// once; their addresses carry a digest of their bytes, so that browsers may keep them for ever and
// never show yesterday's style.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Middleware } from 'koa';

type Asset = { readonly bytes: Buffer; readonly type: string; readonly version: string };

const OURS = new URL('./assets/', import.meta.url);
const INTER = new URL('./files/', import.meta.resolve('@fontsource-variable/inter/wght.css'));
const IDIOMORPH = new URL('./', import.meta.resolve('idiomorph/dist/idiomorph.min.js'));

const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

const ASSETS: ReadonlyMap<string, Asset> = new Map([
  asset('app.css', CSS, OURS),
  asset('app.js', SCRIPT, OURS),
  asset('icon.svg', 'image/svg+xml', OURS),
  asset('icon-test.svg', 'image/svg+xml', OURS),
  asset('idiomorph.min.js', SCRIPT, IDIOMORPH),
  asset('inter-latin-wght-normal.woff2', 'font/woff2', INTER),
  asset('inter-latin-ext-wght-normal.woff2', 'font/woff2', INTER),
]);

/** Where the files are served; `/assets/:name` is the route. */
export const ASSETS_BASE = '/assets/';
const YEAR_S = 31_536_000;
const WEEK_S = 604_800;

/** The address of a file, with its version. Throws on a name that is none. */
export function assetUrl(name: string): string {
  const found = ASSETS.get(name);
  if (!found) throw new Error(`no asset ${name}`);
  return `${ASSETS_BASE}${name}?v=${found.version}`;
}

/** Answers GET of `/assets/:name`. */
export const serveAsset: Middleware = (ctx) => {
  const found = ASSETS.get(ctx.path.slice(ASSETS_BASE.length));
  if (!found) {
    ctx.status = 404;
    return;
  }
  const pinned = ctx.query.v === found.version;
  const maxAge = pinned ? `max-age=${YEAR_S}, immutable` : `max-age=${WEEK_S}`;
  ctx.set('Cache-Control', `public, ${maxAge}`);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.status = 200;
  ctx.etag = found.version;
  ctx.type = found.type;
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = found.bytes;
};

function asset(name: string, type: string, folder: URL): [string, Asset] {
  const bytes = readFileSync(new URL(name, folder));
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return [name, { bytes, type, version }];
}
