// The integration guide for partners, open to anybody: what we send, what we expect, what happens when it
// goes wrong, with programs in four languages that a test runs as they stand here. The same page is in the
// portal, beside the partner's own log.

import { readFileSync } from 'node:fs';
import type Router from '@koa/router';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { count } from '#adapters/french.ts';
import type { InvoicePrinter } from '#application/ports.ts';
import { specimenInvoice } from '#domain/specimen.ts';
import { openApi } from './openapi.ts';
import {
  LIMIT_DEFAULT,
  LIMIT_MAX,
  NOTIFICATIONS_PATH,
  REQUESTS_PER_MINUTE,
} from './partner-api.ts';
import { showPortalPage } from './portal-frame.ts';
import { portalPage } from './portal-visit.ts';

const SAMPLES = new URL('./samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(name, SAMPLES), 'utf8');

/** As `orderCreatedBody` writes it; a test compares the two. */
export const EXAMPLE_PAYLOAD = `{
  "event_type": "order.created",
  "event_id": "evt_3SbVc2GdR8yKoTz11mXw4PaQ",
  "order_id": 4207,
  "timestamp": "2026-11-23T09:41:07.000Z",
  "customer": {
    "first_name": "Aïcha",
    "last_name": "Bernard",
    "email": "aicha.bernard@example.com",
    "phone": "+33639981234"
  },
  "order": {
    "total_amount": 149.9,
    "currency": "EUR",
    "payment_date": "2026-11-23T09:41:07.000Z",
    "products": [
      {
        "product_id": "prod_TkLm82Qe",
        "product_name": "Déclaration de revenus fonciers",
        "quantity": 1,
        "unit_price": 124.92
      }
    ]
  },
  "invoice": {
    "pdf_url": "https://factures.example/partner_invoices/invoice_4207_20261123_094107.pdf?…",
    "number": "FQCA-2026-004207"
  }
}`;

export function docsRoutes(router: Router, needs: DashboardNeeds): void {
  const { publicUrl } = needs;
  const guide = { title: 'Documentation', model: guideModel(needs) };
  router.get('/docs', (ctx) => {
    showPortalPage(needs, ctx, null, { ...guide, view: 'documentation', tab: 'documentation' });
  });
  router.get(
    '/portal/documentation',
    portalPage(needs, async () => ({ ...guide, view: 'documentation', tab: 'documentation' })),
  );
  router.get('/docs/openapi.json', (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=300');
    ctx.set('Access-Control-Allow-Origin', '*');
    ctx.type = 'application/json; charset=utf-8';
    ctx.body = JSON.stringify(openApi(publicUrl), null, 2);
  });
  const pdf = examplePdf(needs);
  router.get('/docs/facture-exemple.pdf', async (ctx) => {
    const bytes = await pdf();
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Content-Disposition', 'inline; filename="facture-exemple.pdf"');
    ctx.type = 'application/pdf';
    ctx.body = bytes;
  });
}

function guideModel({ publicUrl, personalDataDays }: DashboardNeeds) {
  return {
    example: EXAMPLE_PAYLOAD,
    keptDays: count(personalDataDays),
    pullUrl: `${publicUrl}${NOTIFICATIONS_PATH}`,
    limit: LIMIT_DEFAULT,
    limitMax: LIMIT_MAX,
    perMinute: REQUESTS_PER_MINUTE,
    samples: [
      { id: 'node', label: 'Node', code: sample('receive.mjs') },
      { id: 'python', label: 'Python', code: sample('receive.py') },
      { id: 'php', label: 'PHP', code: sample('receive.php') },
    ],
    send: sample('send.sh'),
    pull: sample('pull.sh'),
  };
}

// Printed when the first one asks, and kept: examples are asked for by strangers.
function examplePdf({ printer, seller, clock }: DashboardNeeds): () => Promise<Buffer> {
  let printed: ReturnType<InvoicePrinter['print']> | null = null;
  return async () => {
    printed ??= printer.print(specimenInvoice(seller, clock.now()), null);
    printed.catch(() => {
      printed = null;
    });
    return Buffer.from((await printed).bytes);
  };
}
