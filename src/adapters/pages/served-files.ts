// The files that pages are made with: style, script, icon, face. Read once; their addresses carry a digest
// of their bytes, so that browsers may keep them for ever and never show yesterday's style.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Middleware } from 'koa';

/** A file's name, its media type and the folder it lies in. */
export type FileEntry = readonly [name: string, type: string, folder: URL];

export type ServedFiles = {
  /** The address of a file, with its version. Throws on a name that is none. */
  url(name: string): string;
  /** GET of `<base>:name`, or of one fixed name wherever it is mounted. */
  serve(fixedName?: string): Middleware;
};

const YEAR_S = 31_536_000;
const WEEK_S = 604_800;

/** Reads all of them now. `base` is where they are served, with a slash at the end. */
export function servedFiles(base: string, entries: readonly FileEntry[]): ServedFiles {
  const files = new Map(
    entries.map(([name, type, folder]) => {
      const bytes = readFileSync(new URL(name, folder));
      const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
      return [name, { bytes, type, version }];
    }),
  );
  return {
    url(name) {
      const found = files.get(name);
      if (!found) throw new Error(`no asset ${name}`);
      return `${base}${name}?v=${found.version}`;
    },
    serve: (fixedName) => (ctx) => {
      const found = files.get(fixedName ?? ctx.path.slice(base.length));
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
    },
  };
}
