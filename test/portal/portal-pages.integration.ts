// The portal in a real browser: a partner comes in by its link, tries its address, has it checked and watches
// that happen, wide and narrow, light and dark; each page is held against WCAG, and none scrolls sideways.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { EXAMPLE_PAYLOAD } from '#adapters/portal/docs-pages.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { axeFaults, type TestPages, testPages } from '#test/support/dashboard.ts';
import { excessWidth, newcomer, openBrowser } from '#test/support/newcomer.ts';
import { line, paidOrder } from '#test/support/orders.ts';
import { type PartnerServer, startPartnerServer } from '#test/support/partner-server.ts';
import { apiToken, enterPortal, type Guest, linkToken } from '#test/support/portal.ts';

/** Each width and each scheme once; the other two pairs were looked at by hand. */
const LOOKS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { viewport: { width: 390, height: 800 }, colorScheme: 'dark' },
] as const;

let pages: TestPages;
let browser: Browser;
let server: PartnerServer;
let guest: Guest;

beforeAll(async () => {
  [pages, browser, server] = await Promise.all([
    testPages(),
    openBrowser(inject('dataFolder')),
    startPartnerServer(),
  ]);
  const { db, secrets, clock } = pages.books;
  await postgresPartnerRegistry(db, { secrets, clock }).add('essai' as PartnerSlug, {
    name: `Cabinet ${'Trèslong'.repeat(10)} <b>&`,
    stagingUrl: server.url,
    signingSecret: newSigningSecret(),
    apiKey: 'k'.repeat(40),
  });
  const lines = [line({ partner: 'essai', productName: `${'W'.repeat(200)} <script>` })];
  await pages.sell({ lines });
  await pages.sell({ lines, partnerAnswer: REFUSED });
  await pages.sell({ lines, partnerAnswer: UNAVAILABLE });
  guest = await enterPortal(pages, 'essai');
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
  await server?.close();
});

test('a partner presses the button, and the address bar holds no token', async () => {
  const page = await newcomer(browser);
  const token = await linkToken(pages, 'essai');
  await page.goto(`${pages.url}/portal/open/${token}`);
  expect(page.url()).toBe(`${pages.url}/portal/open`);
  expect(await axeFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Ouvrir mon portail' }).click();
  await page.waitForURL(`${pages.url}/portal`);
  expect(await page.textContent('h1')).toBe('Vos 3 dernières notifications');
  const again = await newcomer(browser, { mayComplain: true });
  await again.goto(`${pages.url}/portal/open/${token}`);
  expect(await again.textContent('main')).toContain('Ce lien a déjà servi ou a expiré.');
});

test('a test call shows what was sent and what came back, counts for nothing and has an end', async () => {
  const counted = () =>
    pages.books.db
      .selectFrom('attempt')
      .select('number')
      .execute()
      .then((rows) => rows.length);
  const before = await counted();
  server.next({ status: 422, body: '{"error":"<i>champ</i> manquant"}' });
  const page = await pages.open(browser, guest as never, '/portal/trial');
  await page.getByLabel('Champs nuls').check();
  await page.getByRole('button', { name: 'Envoyer l’appel d’essai' }).click();
  await page.waitForURL(/\/portal\/trial\/\d+$/);
  const text = (await page.textContent('main')) ?? '';
  expect(text).toContain('422');
  expect(text).toContain('{"error":"<i>champ</i> manquant"}');
  expect(text).toContain('"first_name":null');
  expect(text).toContain('[TEST]');
  expect(text).not.toContain('k'.repeat(40));
  expect(server.requests.at(-1)?.headers['webhook-signature']).toMatch(/^v1,/);
  expect(await counted()).toBe(before);
  expect(await axeFaults(page)).toEqual([]);

  const other = await enterPortal(pages, 'fiscalia');
  const path = new URL(page.url()).pathname;
  expect((await guest.get(path)).status).toBe(200);
  expect((await other.get(path)).status).toBe(404);

  const answers = [];
  for (let call = 0; call < 7; call += 1) answers.push(await guest.post('/portal/trial'));
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(5);
  expect(await answers.at(-1)?.text()).toMatch(/réessayez dans \d+/);
});

test('the whole check is watched while it goes on, and stays as a dated report', async () => {
  server.always(({ body }) =>
    body.includes('"first_name":null') ? { status: 500, afterMs: 300 } : { status: 200 },
  );
  const page = await pages.open(browser, guest as never, '/portal/conformance');
  await page.getByRole('button', { name: 'Lancer la vérification' }).click();
  await page.waitForURL(/\/portal\/conformance\/\d+$/);
  await page.getByRole('heading', { level: 1, name: 'à corriger' }).waitFor();
  const text = (await page.textContent('main')) ?? '';
  expect(text).toContain('2\u00A0points à corriger');
  expect(text).toContain('22\u00A0novembre 2026');
  expect(text).toContain('n’exigez que l’e-mail');
  const path = new URL(page.url()).pathname;
  const other = await enterPortal(pages, 'fiscalia');
  expect((await other.get(path)).status).toBe(404);
  for (const look of LOOKS) {
    const shown = await pages.open(browser, guest as never, path, look);
    expect(await axeFaults(shown)).toEqual([]);
    expect(await excessWidth(shown)).toBe(0);
  }
});

test.each(LOOKS)('no page has a fault or scrolls sideways: %o', async (look) => {
  const log = await (await guest.get('/portal?state=refused')).text();
  const entry = /\/portal\/notifications\/[\w-]{36}/.exec(log)?.[0] ?? '';
  const page = await pages.open(browser, guest as never, '/portal', look);
  for (const path of ['/portal', entry, '/portal/trial', '/portal/conformance', '/docs']) {
    await page.goto(pages.url + path);
    expect(await axeFaults(page)).toEqual([]);
    expect(await excessWidth(page)).toBe(0);
  }
});

test('the guide shows the contract as it is, and its words keep French spaces', async () => {
  const shape = (value: unknown): unknown =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).map(([key, it]) => [key, shape(it)])
      : typeof value;
  const real = orderCreatedBody(paidOrder(), 'FQCA-2026-000001' as never, 'https://x.example/');
  expect(shape(JSON.parse(EXAMPLE_PAYLOAD))).toEqual(shape(JSON.parse(real)));
  const text = (await (await fetch(`${pages.url}/docs`)).text())
    .replace(/<(pre|svg|style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '');
  for (const promise of [
    '10\u00A0secondes',
    '5\u00A0minutes',
    '30\u00A0minutes',
    '24\u00A0heures',
  ]) {
    expect(text).toContain(promise);
  }
  expect(text).not.toMatch(/ [;:!?%€»]|« |'|undefined|NaN/);
  const described = await (await fetch(`${pages.url}/docs/openapi.json`)).json();
  expect(described.openapi).toBe('3.1.0');
  const references = JSON.stringify(described).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  for (const [, name = ''] of references) expect(described.components.schemas).toHaveProperty(name);
  const pdf = await fetch(`${pages.url}/docs/facture-exemple.pdf`);
  expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
});

test('the guide’s program pulls everything, then what is new', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pull-'));
  const script = fileURLToPath(
    new URL('../../src/adapters/portal/samples/pull.sh', import.meta.url),
  );
  const env = {
    ...process.env,
    COMPTAPPART_URL: pages.url,
    COMPTAPPART_TOKEN: await apiToken(pages, 'essai'),
  };
  const pull = () => promisify(execFile)('bash', [script], { env, cwd: folder });
  const first = (await pull()).stdout;
  expect(first.match(/"event":"order.created"/g)).toHaveLength(3);
  expect((await pull()).stdout).toContain('"data":[]');
  expect(await readFile(join(folder, 'cursor.txt'), 'utf8')).toMatch(/^[\w-]+$/);
  await rm(folder, { recursive: true });
});
