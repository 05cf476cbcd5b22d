// GET /dashboard/documents/:number.pdf: the document as it was stored, for who is signed in. The bytes are
// held against the digest on the books: another file under the same key is not the document, and is not
// shown as one.

import { createHash } from 'node:crypto';
import type Router from '@koa/router';
import type { Context } from 'koa';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import { parseInvoiceNumber } from '#domain/invoice-number.ts';
import type { DashboardNeeds } from './needs.ts';
import { type Guarded, page, problem } from './visit.ts';

export function documentRoutes(router: Router, needs: DashboardNeeds): void {
  router.get('/dashboard/documents/:number.pdf', documentFile(needs));
}

function documentFile(needs: DashboardNeeds): Guarded {
  return page(needs, 'reader', async ({ ctx, param }) => {
    const number = param('number');
    const stored = parseInvoiceNumber(number) && (await storedOf(needs, number));
    if (!stored) {
      const text = 'Ce numéro n’a pas été émis, ou son PDF n’est pas encore fait.';
      return problem(404, 'Pas de PDF', text);
    }
    const bytes = await needs.files.get(stored.key).catch((err: unknown) => {
      needs.log.error({ err, number }, 'a stored document cannot be read');
      return null;
    });
    if (!bytes) {
      const text = 'Le PDF est aux livres, mais le magasin de fichiers ne le rend pas. Réessayez.';
      return problem(503, 'PDF indisponible', text);
    }
    if (createHash('sha256').update(bytes).digest('hex') !== stored.sha256) {
      needs.log.error({ number }, 'a stored document is not the one on the books');
      const text = 'Le fichier trouvé n’est pas celui des livres : il n’est pas montré.';
      return problem(500, 'PDF altéré', text.replace(' :', '\u00A0:'));
    }
    setFileHeaders(ctx);
    // The number is one of ours: letters, digits and dashes.
    ctx.set('Content-Disposition', `inline; filename="${number}.pdf"`);
    ctx.status = 200;
    ctx.type = 'application/pdf';
    ctx.body = Buffer.from(bytes);
    return null;
  });
}

// The browser's own viewer is a page around the file: `default-src 'none'` would close it as well.
function setFileHeaders(ctx: Context): void {
  setPageHeaders(ctx);
  ctx.set(
    'Content-Security-Policy',
    "script-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  );
  ctx.set('X-Frame-Options', 'SAMEORIGIN');
}

async function storedOf({ db }: DashboardNeeds, number: string) {
  return db
    .selectFrom('invoice_pdf')
    .select(['key', 'sha256'])
    .where('invoice_number', '=', number)
    .executeTakeFirst();
}
