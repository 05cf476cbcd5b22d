// The sandbox's pages and its demo partner among things nobody should send them: products, buyers
// and mails made to break out of the page, requests without key or signature. The pages stand alone
// here, over a till that sells what the test says, with a real database, mailbox and browser.

import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Koa from 'koa';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mailbox } from '#adapters/email/mailbox.ts';
import { signatureHeaders } from '#adapters/partner/standard-webhooks.ts';
import { connect } from '#adapters/postgres/database.ts';
import type { SandboxProduct } from '#adapters/sandbox/catalogue.ts';
import { type DemoPartner, demoPartner } from '#adapters/sandbox/demo-partner.ts';
import { exactJson } from '#adapters/sandbox/exact-json.ts';
import { sandboxPages } from '#adapters/sandbox/pages.ts';
import { purchases } from '#adapters/sandbox/purchases.ts';
import { makeDataFolder, testDatabase } from '#test/support/database.ts';
import { excessWidth, newcomer, openBrowser } from '#test/support/newcomer.ts';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>1</script>\u202E & co';
const API_KEY = 'k'.repeat(32);
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser(await makeDataFolder());
});

afterAll(() => browser?.close());

const PRODUCT: SandboxProduct = {
  id: 'prod_hostile',
  name: HOSTILE,
  description: HOSTILE.repeat(40),
  unitAmountCents: 1_00,
  currency: 'eur',
  interval: null,
  partner: 'demo',
};

/** The pages over a till that sells odd things, without the program behind. */
async function pagesAlone() {
  const dir = await makeDataFolder();
  const { url: databaseUrl } = await testDatabase();
  const db = connect(databaseUrl, { connectionsMax: 2 });
  const clock = { now: () => new Date() };
  let made = 0;
  const newId = () => `id-${++made}`;
  const partner: DemoPartner = demoPartner({
    file: join(dir, 'requests.jsonl'),
    secrets: async () => ({ apiKey: API_KEY, signingSecrets: [SIGNING_SECRET] }),
    clock,
    newId,
  });
  const bought = purchases({
    file: join(dir, 'purchases.jsonl'),
    till: {
      buy: async () => ({ sessionId: 'cs_test_1', eventIds: ['evt_none'] }),
      play: () => Promise.reject(new Error('no scenario here')),
    },
    catalogue: [PRODUCT],
    clock,
    newId,
  });
  const mailDir = join(dir, 'mailbox');
  await mkdir(mailDir);
  const files = { signedUrl: async () => 'https://files.example/x' };
  const shown = { purchases: bought, catalogue: [PRODUCT], partner, mailbox: mailbox(mailDir) };
  const pages = sandboxPages({ db, files, ...shown, publicUrl: 'http://here.example', clock });
  const server = new Koa().use(pages).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    partner.close();
    server.closeAllConnections();
    server.close();
    await db.destroy();
  });
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { at, mailDir, dir, partner };
}

describe('hostile text', () => {
  test('a product’s name is shown as text, in the shop and in the journey', async () => {
    const { at } = await pagesAlone();
    const page = await newcomer(browser, { viewport: { width: 390, height: 844 } });
    await page.goto(at);
    await page.click('text=Simuler un achat');
    await page.waitForSelector('#step-payment.step-doing');
    const heading = await page.textContent('#journey-title');
    expect(heading).toContain('<script>1</script>');
    expect(heading).not.toContain('\u202E');
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await excessWidth(page)).toBeLessThanOrEqual(0);
  });

  test('a mail’s subject is text, and its HTML reaches neither script nor network', async () => {
    const { at, mailDir } = await pagesAlone();
    const id = '20261122T133220123Z-one';
    const subject = Buffer.from(HOSTILE).toString('base64');
    await writeFile(
      join(mailDir, `${id}.eml`),
      `Subject: =?utf-8?B?${subject}?=\r\nFrom: a@example.com\r\nTo: b@example.com\r\n` +
        'Content-Type: text/html; charset=utf-8\r\n\r\n' +
        '<p style="color:#f00">Bonjour</p><script>top.document.title="taken"</script>' +
        `<img src="${at}/favicon.ico"><form action="${at}/sandbox/buy"><input></form>`,
    );
    const page = await newcomer(browser, { mayComplain: true });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${at}/sandbox/mailbox/${id}`);
    const frame = page.frames().find((it) => it.url().includes('/html'));
    const color = "getComputedStyle(document.querySelector('p')).color";
    expect(await frame?.evaluate(color)).toBe('rgb(255, 0, 0)');
    expect(await page.textContent('h1')).toContain('<script>1</script>');
    expect(await page.title()).toContain('ComptAppart');
    expect(asked.filter((path) => path === '/favicon.ico')).toEqual([]);
    const alone = await fetch(`${at}/sandbox/mailbox/${id}/html`);
    expect(alone.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'.*; sandbox allow-popups allow-popups-to-escape-sandbox$/,
    );
    for (const path of ['..%2F..%2Fpurchases', `${id}/pieces/7`, 'nothing']) {
      expect((await fetch(`${at}/sandbox/mailbox/${path}`)).status, path).toBe(404);
    }
  });
});

describe('the demo partner', () => {
  test('takes a genuine order once, and says so the second time', async () => {
    const { at, partner } = await pagesAlone();
    const body =
      '{"event_type":"order.created","order_id":12,"total":83.30,"big":12345678901234567890}';
    const send = (headers: Record<string, string> = {}, sentAt = new Date()) =>
      fetch(`${at}/sandbox/partner/orders`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-api-key': API_KEY,
          ...signatureHeaders({ id: 'n-1', sentAt, body, secrets: [SIGNING_SECRET] }),
          ...headers,
        },
        body,
      });
    const said = async (answer: Response) => {
      const { message } = (await answer.json()) as { readonly message: string };
      return [answer.status, message];
    };
    expect(await said(await send({ 'x-api-key': 'wrong' }))).toEqual([
      401,
      'Clé API absente ou fausse',
    ]);
    expect(await said(await send({ 'webhook-id': 'another' }))).toEqual([
      401,
      'Signature absente ou fausse',
    ]);
    const hourAgo = new Date(Date.now() - 3_600_000);
    expect(await said(await send({}, hourAgo))).toEqual([401, 'Signature trop ancienne']);
    expect(await said(await send())).toEqual([200, 'Commande enregistrée']);
    expect(await said(await send())).toEqual([200, 'Commande déjà traitée']);
    expect(partner.requests().map(({ verdict }) => verdict)).toEqual([
      ...['repeated', 'accepted', 'too-old', 'wrong-signature', 'wrong-key'],
    ]);

    const page = await newcomer(browser);
    await page.goto(`${at}/sandbox/partner?commande=12`);
    const shown = await page.textContent('details >> nth=0');
    expect(shown).toContain('****kkkk');
    expect(await page.content()).not.toContain(API_KEY);
    expect(shown).toContain('"total": 83.30,');
    expect(shown).toContain('"big": 12345678901234567890');
  });

  test('keeps and shows what no partner would read, as text', async () => {
    const { at, dir } = await pagesAlone();
    const send = (body: string) => fetch(`${at}/sandbox/partner/orders`, { method: 'POST', body });
    expect((await send(HOSTILE)).status).toBe(401);
    expect((await send('['.repeat(100_000))).status).toBe(401);
    expect((await send('x'.repeat(300_000))).status).toBe(413);
    const page = await newcomer(browser);
    await page.goto(`${at}/sandbox/partner`);
    expect(await page.locator('details').count()).toBe(2);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect((await readFile(join(dir, 'requests.jsonl'), 'utf8')).split('\n')).toHaveLength(3);
  });
});

describe('JSON for reading', () => {
  test('only white space changes', () => {
    const text = '{"a":[1.10,{}, []],"s":"x: {\\"y\\"}, z","n":null}';
    expect(exactJson(text)).toBe(
      '{\n  "a": [\n    1.10,\n    {},\n    []\n  ],\n  "s": "x: {\\"y\\"}, z",\n  "n": null\n}',
    );
    expect(JSON.parse(exactJson(text))).toEqual(JSON.parse(text));
  });

  test('what is not JSON, or nested without end, stays as it is', () => {
    const deep = '['.repeat(100) + ']'.repeat(100);
    expect([exactJson('a=1'), exactJson(deep)]).toEqual(['a=1', deep]);
  });
});
