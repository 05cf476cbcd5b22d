// The page of an order, over orders that the use cases made: what it says of each situation, what it shows
// of every attempt, who may set what going again, and what becomes of strangers' texts.

import { execFileSync } from 'node:child_process';
import { sql } from 'kysely';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curlOf } from '#adapters/dashboard/order-attempt.ts';
import { interruptAttempt } from '#application/interrupt-delivery.ts';
import type { DeliveryAnswer, FileStore } from '#application/ports.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { claim } from '#domain/notification.ts';
import { PRINTING_RETRY_DELAYS_MS } from '#domain/printing.ts';
import { ACCEPTED, REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser } from '#test/support/newcomer.ts';
import { line } from '#test/support/orders.ts';

let pages: TestPages;
let browser: Browser;
let nadia: SignedIn;
let paul: SignedIn;
let reader: SignedIn;

beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
  nadia = await pages.signIn('operator', 'nadia@example.fr');
  paul = await pages.signIn('operator', 'paul@example.fr');
  reader = await pages.signIn('reader');
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

/** The page's words, tags and white space taken out. */
async function wordsOf(who: SignedIn, path: string): Promise<string> {
  const html = await (await who.get(path)).text();
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'" };
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(amp|lt|gt|quot|#x27);/g, (_, name: string) => entities[name] ?? '')
    .replace(/&#x([0-9A-F]+);/gi, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    )
    .replace(/[\s\u00A0\u202F]+/g, ' ');
}

const orderPath = (id: number) => `/dashboard/orders/${id}`;

async function retryFields(id: number, channel = 'webhook') {
  const row = await pages.books.db
    .selectFrom('notification')
    .select(['id', 'round'])
    .where('order_id', '=', id)
    .where('channel', '=', channel as 'webhook')
    .executeTakeFirstOrThrow();
  return { notification: row.id, round: String(row.round) };
}

const BODY = '{"order_id":1,"total_amount":99.90,"id":12345678901234567890}';
const CALLED: DeliveryAnswer = {
  ...REFUSED,
  report: {
    ...REFUSED.report,
    detail: 'Le partenaire a refusé la notification (réponse 422).',
    request: {
      url: 'https://fiscalia.example/orders',
      headers: {
        'Content-Type': 'application/json',
        'X-API-KEY': '****k9f2',
        'webhook-signature': 'v1,c2VjcmV0LXNpZ25hdHVyZQ== v1,b2xkLXNpZ25hdHVyZQ==',
      },
      body: BODY,
    },
    response: {
      headers: { 'set-cookie': 'session=topsecret', 'content-type': 'text/html' },
      body: '<script>alert("partner")</script>',
      truncated: true,
    },
  },
};

test('an order that arrived is told from the event to the answer, and asks for nothing', async () => {
  const id = await pages.sell();
  const words = await wordsOf(nadia, orderPath(id));
  expect(words).toContain(`Commande n° ${id} · 99,99 €`);
  expect(words).toContain('Tout est arrivé : facture émise, e-mail envoyé, webhook livré');
  const story = words.slice(words.indexOf('Déroulé'), words.indexOf('Résumé'));
  const steps = [
    'E-mail au client, tentative 1 sur 8',
    'PDF FQCA-2026-',
    'Facture numérotée',
    `Commande n° ${id} Enregistrée`,
    'Décision Enregistré',
    'Événement reçu de Stripe',
  ];
  const places = steps.map((step) => story.indexOf(step));
  expect(places.every((place) => place >= 0)).toBe(true);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(story).toContain('Webhook à Partenaire fiscalia, tentative 1 sur 3');
  expect(words).not.toContain('Relancer le webhook');
  expect(words).toContain('Ce qui est parti ne repart pas');
});

test('a refusal shows what was asked and answered, without a secret', async () => {
  const id = await pages.sell({ partnerAnswer: CALLED });
  const words = await wordsOf(reader, orderPath(id));
  expect(words).toContain(
    `Partenaire fiscalia a refusé la commande n° ${id} (422). Nous n’insisterons pas :`,
  );
  expect(words).toContain('422 Refusée');
  expect(words).toContain('POST https://fiscalia.example/orders');
  expect(words).toContain(BODY);
  expect(words).toContain('X-API-KEY: •••k9f2');
  expect(words).toContain('webhook-signature: v1,••• v1,•••');
  expect(words).toContain('set-cookie: •••');
  expect(words).toContain('coupé : 16 Kio gardés');
  expect(words).toContain('<script>alert("partner")</script>');
  for (const secret of ['c2VjcmV0', 'b2xkLXN', 'topsecret']) expect(words).not.toContain(secret);
});

describe('a retry', () => {
  test('is one of a new round, and kept with its author', async () => {
    const id = await pages.sell({ partnerAnswer: REFUSED });
    const answer = await nadia.post(`${orderPath(id)}/retry`, await retryFields(id));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, orderPath(id)]);
    const words = await wordsOf(nadia, orderPath(id));
    expect(words).toContain('Relance demandée à 14:32.');
    expect(words).toContain('Nadia operator a relancé le webhook');
    expect(words).toContain('En cours ou sur le point de l’être.');
    expect((await retryFields(id)).round).toBe('2');
  });

  test('of an older page sends nothing more and says who was faster', async () => {
    const id = await pages.sell({ partnerAnswer: REFUSED });
    const seen = await retryFields(id);
    await Promise.all([1, 2].map(() => nadia.post(`${orderPath(id)}/retry`, seen)));
    await paul.post(`${orderPath(id)}/retry`, seen);
    expect(await wordsOf(paul, orderPath(id))).toContain(
      'Nadia operator l’a déjà relancée à 14:32. Rien de plus n’est parti.',
    );
    expect(await wordsOf(nadia, orderPath(id))).toContain('Vous l’avez déjà relancée à 14:32.');
    expect((await retryFields(id)).round).toBe('2');
  });

  test('is not offered to who only reads, and refused to them', async () => {
    const id = await pages.sell({ partnerAnswer: REFUSED });
    expect(await wordsOf(reader, orderPath(id))).not.toContain('Relancer le webhook');
    const answer = await reader.post(`${orderPath(id)}/retry`, await retryFields(id));
    expect(answer.status).toBe(403);
    expect((await retryFields(id)).round).toBe('1');
  });

  test('names a message of this very order', async () => {
    const [one, other] = [await pages.sell({ partnerAnswer: REFUSED }), await pages.sell()];
    const answer = await nadia.post(`${orderPath(other)}/retry`, await retryFields(one));
    expect(answer.status).toBe(404);
    expect((await retryFields(one)).round).toBe('1');
  });
});

test('what waits says when it goes on', async () => {
  const id = await pages.sell({ partnerAnswer: UNAVAILABLE });
  const html = await (await nadia.get(orderPath(id))).text();
  expect(html).toContain('data-countdown="2026-11-22T13:37:20.000Z"');
  expect(await wordsOf(nadia, orderPath(id))).toContain(
    'a répondu en erreur (503). Prochaine tentative à 14:37 ; rien à faire pour l’instant.',
  );
});

test('an attempt that we cut short is told as ours, and not counted', async () => {
  const id = await pages.sell({ recordOnly: true });
  const { db, transact, clock, base } = pages.books;
  const invoice = await db
    .selectFrom('invoice')
    .select('number')
    .where('order_id', '=', id)
    .executeTakeFirstOrThrow();
  await renderInvoice({ ...base, ...printing(async () => Buffer.from('%PDF')) }, invoice.number);
  const { notification } = await retryFields(id);
  await transact(async (tx) => {
    const found = await tx.notifications.lock(notification);
    if (found?.state !== 'queued') throw new Error('not queued');
    const lease = { token: base.newId(), holder: 'w1', now: clock.now(), forMs: 1_000 };
    const sending = claim(found, lease);
    if (sending === 'not-yet') throw new Error('not due');
    await tx.notifications.begin([sending], clock.now());
    await interruptAttempt(tx, sending, clock.now(), 'the process died');
  });
  const words = await wordsOf(nadia, orderPath(id));
  expect(words).toContain('Interrompue, non comptée');
  expect(words).toContain('Arrêt de notre côté : elle ne compte pas');
});

test('a PDF that was given up is printed again on demand', async () => {
  const id = await pages.sell({ recordOnly: true });
  const { db, base, clock } = pages.books;
  const { number } = await db
    .selectFrom('invoice')
    .select('number')
    .where('order_id', '=', id)
    .executeTakeFirstOrThrow();
  const broken = printing(async () => {
    throw new Error('Chromium is gone');
  });
  for (const delayMs of [...PRINTING_RETRY_DELAYS_MS, 0]) {
    await renderInvoice({ ...base, ...broken }, number);
    clock.advance(delayMs);
  }
  const words = await wordsOf(nadia, orderPath(id));
  expect(words).toContain(`Le PDF de la facture ${number} n’a pas pu être fabriqué.`);
  expect(words).toContain('Ni e-mail ni webhook ne sont partis ; le numéro est conservé.');
  await nadia.post(`${orderPath(id)}/print`, { number });
  expect(await wordsOf(nadia, orderPath(id))).toContain('Nouvelle impression demandée');
  await paul.post(`${orderPath(id)}/print`, { number });
  expect(await wordsOf(paul, orderPath(id))).toContain('Nadia operator l’a déjà relancée');
});

function printing(print: () => Promise<Uint8Array>) {
  const versions = { templateVersion: 't1', chromiumVersion: 'c1' };
  return {
    printer: { print: async () => ({ bytes: await print(), ...versions }) },
    files: pages.files,
    workerId: 'w1',
  };
}

describe('the PDF', () => {
  test('is shown to who is signed in, framed by nobody else', async () => {
    const id = await pages.sell();
    const path = /\/dashboard\/documents\/[^"]+/.exec(
      await (await reader.get(orderPath(id))).text(),
    );
    const answer = await reader.get(path?.[0] ?? '');
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^inline; filename="FQCA-2026-\d{6}\.pdf"$/,
    );
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toMatch(/^%PDF FQCA/);
    const stranger = await fetch(pages.url + path?.[0], { redirect: 'manual' });
    expect(stranger.status).toBe(303);
  });

  test.each(['FQCA-2026-999999', '..%2F..%2Fetc%2Fpasswd', 'FQCA-2026-000001%0d%0aX-A:b', '%00'])(
    '%s is none',
    async (number) => {
      const answer = await reader.get(`/dashboard/documents/${number}.pdf`);
      expect(answer.status).toBe(404);
    },
  );

  test('that is not the one on the books is not shown', async () => {
    const id = await pages.sell();
    const { key, invoice_number: number } = await pages.books.db
      .selectFrom('invoice_pdf as f')
      .innerJoin('invoice as i', 'i.number', 'f.invoice_number')
      .select(['f.key', 'f.invoice_number'])
      .where('i.order_id', '=', id)
      .executeTakeFirstOrThrow();
    const { held } = pages.files as FileStore & { held: Map<string, Uint8Array> };
    held.set(key, Buffer.from('%PDF forged'));
    const answer = await reader.get(`/dashboard/documents/${number}.pdf`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('forged');
  });
});

test.each([
  ['quotes', `it's "quoted" \\ $HOME \`id\` $(id) !! %s`],
  ['lines', 'first\nsecond\r\n\tthird\\'],
  ['what curl would open', '@/etc/passwd'],
  ['what a shell would end', "'; rm -rf / #'\\''"],
  ['other alphabets', 'Zoë 👩‍🚀 \u202Eabc'],
])('the call as cURL survives any shell text: %s', (_what, hostile) => {
  const text = curlOf({
    requestUrl: `https://a.example/?q=[1-3]{a,b}&x=${hostile.replace(/\s/g, '')}`,
    requestHeaders: { 'X-Odd': hostile.replace(/\s+/g, ' '), 'X-API-KEY': '****abcd' },
    requestBody: hostile,
  });
  const shown = `curl() { for it in "$@"; do printf '%s\\0' "$it"; done; }\n${text}`;
  const args = execFileSync('sh', ['-c', shown], { encoding: 'utf8' }).split('\0').slice(0, -1);
  expect(args).toEqual([
    ...['--globoff', '--request', 'POST', '--url'],
    `https://a.example/?q=[1-3]{a,b}&x=${hostile.replace(/\s/g, '')}`,
    ...['--header', `X-Odd: ${hostile.replace(/\s+/g, ' ')}`],
    ...['--header', 'X-API-KEY: VOTRE_CLE_API', '--data-raw', hostile],
  ]);
});

test.each(['light', 'dark'] as const)(
  'strangers’ texts stay texts, and in their place (%s)',
  async (colorScheme) => {
    const hostile = `<script>alert(1)</script>\u202Egnirts${'x'.repeat(10_000)}👩‍🚀{{html}}`;
    const buyer = {
      ...{ businessName: null, phone: null, address: null, vatNumber: null },
      ...{ name: hostile, email: `${'a'.repeat(60)}@${'b'.repeat(60)}.example` },
    };
    const id = await pages.sell({
      buyer,
      lines: [line({ productName: hostile }), line({ productName: '=1+1' })],
      partnerAnswer: CALLED,
    });
    const viewport = { width: 390, height: 900 };
    const lists = ['/dashboard/orders', '/dashboard/notifications', '/dashboard/invoices'];
    for (const path of [orderPath(id), ...(colorScheme === 'light' ? lists : [])]) {
      const page = await pages.open(browser, nadia, path, { colorScheme, viewport });
      await page.evaluate(
        "for (const it of document.querySelectorAll('.story details')) it.open = true",
      );
      expect(await excessWidth(page), path).toBe(0);
      expect(await axeFaults(page), path).toEqual([]);
      expect(await page.locator('main script').count()).toBe(0);
      await page.context().close();
    }
  },
);

test('no such order is said so', async () => {
  for (const path of ['/dashboard/orders/999999', '/dashboard/orders/x', '/dashboard/orders/1e3']) {
    expect((await reader.get(path)).status).toBe(404);
  }
});

test('erased data are said to be erased, and nothing more is sent', async () => {
  const id = await pages.sell({ partnerAnswer: ACCEPTED });
  await pages.books.db.transaction().execute(async (trx) => {
    const old = "'2026-01-01'";
    await sql.raw(`set local session_replication_role = replica`).execute(trx);
    await sql
      .raw(`update orders set recorded_at = ${old}, customer = null, customer_email = null,
      purged_at = now() where id = ${id}`)
      .execute(trx);
  });
  const words = await wordsOf(nadia, orderPath(id));
  expect(words).toContain('Les données personnelles de cette commande ont été effacées');
  expect(words).not.toContain('marie@example.fr');
});
