// The sandbox as a newcomer meets it: the whole program over real HTTP, looked at by a real browser
// (with and without script) and by programs. Odd products, hostile mails and the demo partner's own
// judgement are tried beside it, on the pages alone (sandbox-hostile.integration.ts).

import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Koa from 'koa';
import { pino } from 'pino';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { PaymentJourney } from '#adapters/postgres/payment-journey.ts';
import { parseConfig } from '#src/config.ts';
import { type RunningProgram, startProgram } from '#src/program.ts';
import { makeDataFolder, testDatabase } from '#test/support/database.ts';
import { excessWidth, newcomer, openBrowser, untilSeen } from '#test/support/newcomer.ts';

const JSON_WANTED = { accept: 'application/json' };

type Told = {
  readonly done: boolean;
  readonly succeeded: boolean;
  readonly eventIds: readonly string[];
  readonly totalMs: number;
  readonly steps: readonly {
    name: string;
    state: string;
    text: string | null;
    ms: number | null;
  }[];
  readonly pdfUrl: string;
  readonly journey: PaymentJourney;
};

let browser: Browser;
let program: RunningProgram;
let url: string;
let dataDir: string;

beforeAll(async () => {
  dataDir = await makeDataFolder();
  browser = await openBrowser(dataDir);
  program = await startSandboxed(dataDir, (await testDatabase()).url);
  url = program.url ?? '';
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

function startSandboxed(folder: string, DATABASE_URL: string): Promise<RunningProgram> {
  const config = parseConfig({ PORT: '0', DATA_DIR: folder, DATABASE_URL });
  return startProgram(config, { web: true, worker: true }, pino({ level: 'silent' }));
}

async function buy(fields: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${url}/sandbox/buy`, {
    method: 'POST',
    headers: JSON_WANTED,
    body: new URLSearchParams(fields),
  });
  expect(answer.status).toBe(201);
  const bought = (await answer.json()) as { purchaseId: string; sessionId: string };
  expect(bought.sessionId).toMatch(/^cs_test_/);
  return bought.purchaseId;
}

/** What became of the purchase, once nothing more happens by itself. */
function journeyOf(purchaseId: string, at = url): Promise<Told> {
  return untilSeen(async () => {
    const answer = await fetch(`${at}/sandbox/purchases/${purchaseId}`, { headers: JSON_WANTED });
    const told = (await answer.json()) as Told;
    return told.done ? told : null;
  });
}

function misbehave(behaviour: string): Promise<Response> {
  const body = new URLSearchParams({ behaviour });
  return fetch(`${url}/sandbox/partner/behaviour`, { method: 'POST', body, redirect: 'manual' });
}

describe('the first minute', () => {
  test('a click lights the five steps in place, each with its time and its link', async () => {
    const page = await newcomer(browser);
    await page.goto(url);
    expect(await page.textContent('h1')).toBe('Votre bac à sable est prêt.');
    await page.click('text=Simuler un achat de 99,99');
    // Mail and call do not wait for each other.
    await page.waitForSelector('.step-done:nth-child(4) + .step-done:nth-child(5)');
    const names = await page.locator('.step h3').allTextContents();
    expect(names.map((name) => name.replace(/ \(fait\)$/, ''))).toEqual([
      'Paiement de 99,99\u00A0€',
      'Commande n°\u00A01',
      expect.stringMatching(/^Facture FQCA-\d{4}-000001$/),
      'E-mail envoyé',
      'Webhook reçu par le partenaire de démonstration',
    ]);
    const times = await page.locator('.step .time span').allTextContents();
    expect(times).toHaveLength(5);
    for (const time of [...times, await page.textContent('.figure')]) {
      expect(time).toMatch(/^\d+(,\d\d)?\u00A0m?s$/);
    }
    expect(await page.locator('#latest tbody tr').count()).toBe(1);
    expect(new URL(page.url()).search).toMatch(/^\?achat=/);

    await page.click('text=Lire l’e-mail');
    const frame = page.frameLocator('iframe');
    expect(await frame.locator('body').textContent()).toContain('Merci pour votre achat');
    const copy = await frame.locator('text=Télécharger une copie').getAttribute('href');
    expect((await fetch(copy ?? '')).headers.get('content-type')).toBe('application/pdf');
    await page.goBack();
    await page.click('text=Voir la requête');
    expect(await page.textContent('pre >> nth=1')).toContain('"event_type": "order.created"');
  });

  test('the same happens without script, by a form and a page that reloads', async () => {
    const page = await newcomer(browser, { javaScriptEnabled: false });
    await page.goto(url);
    await page.click('text=Simuler un achat de 99,99');
    await page.waitForSelector('.step-done:nth-child(4) + .step-done:nth-child(5)');
    expect(await page.locator('.step-done').count()).toBe(5);
    expect(await page.locator('[data-copy]:visible').count()).toBe(0);
  });

  test.for([
    { width: 1280, height: 900, colorScheme: 'light' as const },
    { width: 390, height: 844, colorScheme: 'dark' as const },
  ])('no page is wider than its window at $width px, $colorScheme', async (look) => {
    await journeyOf(await buy());
    const page = await newcomer(browser, { viewport: look, colorScheme: look.colorScheme });
    await page.goto(`${url}/sandbox/mailbox`);
    const mail = await page.getAttribute('tbody a', 'href');
    const views = ['vue=html&theme=sombre&largeur=390', 'vue=texte', 'vue=entetes'];
    const mails = views.map((view) => `${mail}?${view}`);
    for (const path of ['/', '/sandbox/mailbox', '/sandbox/partner', ...mails]) {
      await page.goto(url + path);
      expect(await excessWidth(page), path).toBeLessThanOrEqual(0);
    }
  });
});

describe('what programs get', () => {
  test('a purchase is told as JSON, with its times, its journey and the PDF', async () => {
    const told = await journeyOf(await buy({ product: 'prod_SbxRevFonciers', quantity: '2' }));
    expect(told).toMatchObject({ done: true, succeeded: true, amountCents: 39_80 });
    expect(told.steps.map(({ name }) => name)).toEqual([
      ...['payment', 'order', 'invoice', 'email', 'webhook'],
    ]);
    const times = told.steps.map(({ ms }) => ms ?? Number.NaN);
    expect(told.totalMs).toBe(Math.max(...times));
    expect(told.journey.orders[0]?.gross).toBe(39_80);
    const pdf = await fetch(told.pdfUrl);
    expect((await pdf.text()).slice(0, 5)).toBe('%PDF-');
  });

  test('a subscription is one payment, whatever its number of events', async () => {
    const told = await journeyOf(await buy({ product: 'prod_SbxAccompagnem' }));
    expect(told.eventIds).toHaveLength(3);
    expect(told.journey.orders).toHaveLength(1);
    expect(told.succeeded).toBe(true);
  });

  test('several products make one order of several lines', async () => {
    const items = ['prod_SbxDeclComplet', 'prod_SbxRevFonciers'].map((productId) => {
      return { productId, quantity: 1 };
    });
    const answer = await fetch(`${url}/sandbox/buy`, {
      method: 'POST',
      headers: { ...JSON_WANTED, 'content-type': 'application/json' },
      body: JSON.stringify({ items, buyer: { email: 'ada@example.com' } }),
    });
    const { purchaseId } = (await answer.json()) as { purchaseId: string };
    const told = await journeyOf(purchaseId);
    expect(told.journey.orders[0]).toMatchObject({
      gross: 119_89,
      customerEmail: 'ada@example.com',
    });
  });

  test.for([
    [{ product: 'prod_nowhere' }, 'Ce produit n’est pas au catalogue du bac à sable.'],
    [{ quantity: '-1' }, 'La quantité doit être un nombre entier de 1 à 1000.'],
    [{ quantity: '1.5' }, 'La quantité doit être un nombre entier de 1 à 1000.'],
  ] as const)('%j is refused in words', async ([fields, error]) => {
    const body = new URLSearchParams(fields as Record<string, string>);
    const request = { method: 'POST', headers: JSON_WANTED, body };
    const answer = await fetch(`${url}/sandbox/buy`, request);
    expect([answer.status, await answer.json()]).toEqual([422, { error }]);
  });

  test('an unknown purchase is a 404', async () => {
    const answer = await fetch(`${url}/sandbox/purchases/none`, { headers: JSON_WANTED });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: 'Cet achat est inconnu.' },
    ]);
  });
});

describe('what goes wrong is told as it is', () => {
  test('a partner that refuses: the step says so, with the command that retries', async () => {
    onTestFinished(async () => void (await misbehave('accept')));
    expect((await misbehave('refuse')).status).toBe(303);
    const id = await buy();
    const told = await journeyOf(id);
    expect(told.succeeded).toBe(false);
    expect(told.steps[4]).toMatchObject({ name: 'webhook', state: 'trouble', ms: null });
    expect(told.steps[4]?.text).toMatch(/^Refusée\. .*422/);
    const page = await newcomer(browser);
    await page.goto(`${url}/?achat=${id}`);
    expect(await page.textContent('#step-webhook')).toMatch(/npx comptappart notifications retry /);
    expect(await page.textContent('.notice')).toContain('Incident simulé');
    expect(await page.locator('.total').count()).toBe(0);
  });

  test('a partner that is down: the step waits, and says until when', async () => {
    onTestFinished(async () => void (await misbehave('accept')));
    await misbehave('fail');
    const told = await journeyOf(await buy());
    expect(told.steps[4]).toMatchObject({ name: 'webhook', state: 'waiting' });
    expect(told.steps[4]?.text).toMatch(/503.*Prochaine tentative à \d\d:\d\d:\d\d/);
    expect(told.steps[3]?.state).toBe('done');
  });

  test('a payment in quarantine: the reason stands at the order, nothing after it', async () => {
    const told = await journeyOf(await buy({ email: 'no address at all' }));
    const states = told.steps.map(({ state }) => state);
    expect(states).toEqual(['done', 'trouble', 'todo', 'todo', 'todo']);
    expect(told.steps[1]?.text).toMatch(/^En quarantaine\. L’adresse e-mail/);
  });
});

describe('who may ask', () => {
  const post = (path: string, headers: Record<string, string>) =>
    fetch(url + path, { method: 'POST', headers, redirect: 'manual' });

  test.for(['/sandbox/buy', '/sandbox/partner/behaviour'])(
    'another site may not post to %s',
    async (path) => {
      const own = new URL(url);
      expect((await post(path, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
      expect((await post(path, { 'sec-fetch-site': 'same-site' })).status).toBe(403);
      expect((await post(path, { origin: 'https://evil.example' })).status).toBe(403);
      expect((await post(path, { origin: 'null' })).status).toBe(403);
      expect((await post(path, { origin: `http://${own.hostname}:1` })).status).toBe(403);
      expect((await post(path, { origin: own.origin })).status).not.toBe(403);
    },
  );

  test('a form on another site buys nothing', async () => {
    const other = new Koa().use((ctx) => {
      ctx.type = 'html';
      ctx.body = `<form method=post action="${url}/sandbox/buy"><button>win</button></form>`;
    });
    const server = other.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const page = await newcomer(browser, { mayComplain: true });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const [answer] = await Promise.all([
      page.waitForResponse(/sandbox\/buy/),
      page.click('button'),
    ]);
    expect(answer.status()).toBe(403);
  });

  test('pages let nothing foreign in, and are framed by nobody', async () => {
    for (const path of ['/', '/sandbox/mailbox', '/sandbox/partner', '/?achat=none']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
          "img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
          "base-uri 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('assets are kept for ever under their version; the icon is there', async () => {
    const page = await (await fetch(url)).text();
    const css = /href="([^"]*sandbox\.css[^"]*)"/.exec(page)?.[1]?.replaceAll('&#x3D;', '=');
    const answer = await fetch(url + css);
    expect(answer.headers.get('cache-control')).toContain('immutable');
    const etag = answer.headers.get('etag') ?? '';
    const again = { headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' } };
    expect((await fetch(url + css, again)).status).toBe(304);
    const icon = await fetch(`${url}/favicon.ico`);
    expect([icon.status, icon.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect((await fetch(`${url}/sandbox/assets/..%2Fpages.ts`)).status).toBe(404);
  });

  test('an unknown address is answered in French', async () => {
    const answer = await fetch(`${url}/nowhere`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('Cette page n’existe pas');
  });
});

describe('what the sandbox keeps', () => {
  test('its secrets are readable by their owner alone', async () => {
    const { mode } = await stat(join(dataDir, 'sandbox.json'));
    expect(mode & 0o777).toBe(0o600);
  });

  test('purchases outlive a restart, and the partner learns its new address', async () => {
    const folder = await makeDataFolder();
    const { url: databaseUrl } = await testDatabase();
    const first = await startSandboxed(folder, databaseUrl);
    const request = { method: 'POST', headers: JSON_WANTED };
    const bought = await fetch(`${first.url}/sandbox/buy`, request);
    const { purchaseId } = (await bought.json()) as { purchaseId: string };
    await journeyOf(purchaseId, first.url ?? '');
    await first.stop();
    const second = await startSandboxed(folder, databaseUrl);
    onTestFinished(() => second.stop());
    expect(second.url).not.toBe(first.url);
    expect((await journeyOf(purchaseId, second.url ?? '')).succeeded).toBe(true);
    const partner = await second.program.db.selectFrom('partner').select('staging_url').execute();
    const staging_url = `${second.url}/sandbox/partner/orders`;
    expect(partner).toEqual([{ staging_url }, { staging_url }]);
    expect(await (await fetch(`${second.url}/sandbox/partner`)).text()).toContain('une requête');
  });
});
