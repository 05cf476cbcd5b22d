// GET /files/…: the file behind a signed link, for the folder store only (S3 serves its own links).

import type { Context, Middleware } from 'koa';
import type { DirectoryFiles } from '#adapters/files/directory-files.ts';

const ANSWERS = {
  forged: [403, 'Ce lien n’est pas valable.'],
  expired: [403, 'Ce lien a expiré : il valait 24 heures. Demandez-en un nouveau.'],
  missing: [404, 'Ce fichier n’existe pas.'],
} as const;

export function signedFiles(files: Pick<DirectoryFiles, 'openLink'>): Middleware {
  return async (ctx: Context) => {
    const key = ctx.path.slice('/files/'.length);
    const { expires, signature } = ctx.query;
    const found = await files.openLink(key, { expires, signature });
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Cache-Control', 'private, no-store');
    if (typeof found === 'string') {
      const [status, text] = ANSWERS[found];
      ctx.status = status;
      ctx.type = 'text/plain; charset=utf-8';
      ctx.body = text;
      return;
    }
    const name = key.slice(key.lastIndexOf('/') + 1);
    ctx.type = name.endsWith('.pdf') ? 'application/pdf' : 'application/octet-stream';
    ctx.set('Content-Disposition', `inline; filename="${name}"`);
    ctx.body = Buffer.from(found);
  };
}
