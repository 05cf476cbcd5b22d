// The quarantine as operators meet it: one card a cause, mended and retried as a whole, set aside
// with a reason, and told of once it is settled. Readers look only; two operators do not do it
// twice.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { receiveEvent } from '#application/receive-event.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { CheckoutFacts } from '#domain/payment.ts';
import { receivedEvent } from '#test/support/books.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser } from '#test/support/newcomer.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

const PATH = '/dashboard/quarantine';
let pages: TestPages;
let browser: Browser;
let nadia: SignedIn;
let sold = 0;
beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});
beforeEach(async () => {
  nadia = await pages.signIn('operator');
});

type Stopped = { readonly key: string; resolve(): Promise<void> };

/**
 * A paid checkout that the program puts in quarantine, and a way to have its event worked again.
 */
async function stopped(facts: Partial<CheckoutFacts>): Promise<Stopped> {
  sold += 1;
  const key = `pi_held${sold}`;
  const id = `evt_held${sold}`;
  const session = { customer: `cus_held${sold}`, payment_intent: key };
  const told = { object: { ...session, amount_total: 4999, currency: 'eur' } };
  const event = { id, objectId: `cs_test_held${sold}`, body: JSON.stringify({ data: told }) };
  const { clock } = pages.books;
  const paid = paidCheckout({ paymentIntentId: key, sessionId: event.objectId, ...facts });
  const needs = { ...pages.books.base, stripe: { read: async () => ({ facts: paid }) } };
  await receiveEvent(needs, receivedEvent({ ...event, createdAt: clock.now() }));
  const resolve = () => resolvePayment(needs, id);
  await resolve();
  return { key, resolve };
}

const ofPartner = (partner: string) => stopped({ lines: [line({ partner })] });

async function shown(who = nadia): Promise<string> {
  const text = await (await who.get(PATH)).text();
  const main = text.slice(text.indexOf('<main'), text.indexOf('</main>'));
  return main.replaceAll('&#x3D;', '=').replace(/\s+/g, ' ');
}

async function notice(who = nadia): Promise<string> {
  return /<p class="notice[^>]*>(.*?)<\/p>/.exec(await shown(who))?.[1] ?? '';
}

test('nothing in quarantine is said in a sentence', async () => {
  expect(await shown()).toContain(
    '<h1 id="heading" data-live data-live-says>Rien en quarantaine</h1>',
  );
});

test('three payments of one unknown partner are one card, mended and retried at once', async () => {
  const held = [
    await ofPartner('fiscalia2'),
    await ofPartner('fiscalia2'),
    await ofPartner('fiscalia2'),
  ];
  const card = await shown();
  expect(card).toContain('3 paiements attendent en quarantaine');
  expect(card).toContain('Partenaire inconnu : fiscalia2');
  expect(card).toContain('3 paiements, 149,97 €');
  expect(card).toContain('href="/dashboard/partners/new?slug=fiscalia2"');
  expect(card).toContain('https://dashboard.stripe.com/test/customers/cus_held');
  expect(card.match(/metadata\.partner<\/code>/g)).toHaveLength(3);

  await pages.books.addPartner('fiscalia2');
  await nadia.post(`${PATH}/retry`, { reason: 'unknown-partner', detail: 'fiscalia2' });
  expect(await notice()).toBe('Relance demandée à 14:32 : 3 paiements sont relus chez Stripe.');
  expect(await shown()).toContain('Relecture en cours');

  const other = await pages.signIn('operator', 'omar@example.fr');
  await other.post(`${PATH}/retry`, { reason: 'unknown-partner', detail: 'fiscalia2' });
  expect(await notice(other)).toBe(
    'Nadia operator a déjà relancé à 14:32. Rien de plus n’est parti.',
  );

  for (const { resolve } of held) await resolve();
  const settled = await shown();
  expect(settled).toContain('Rien en quarantaine');
  expect(settled.match(/Réglée à 14:32 par Nadia operator/g)).toHaveLength(3);
  pages.books.clock.advance(3_700_000);
  expect(await shown()).not.toContain('Réglée');
});

test('a retry before the cause is mended says that nothing has changed', async () => {
  const { key, resolve } = await ofPartner('jamais');
  await nadia.post(`${PATH}/retry`, { key });
  await resolve();
  expect(await shown()).toContain('par Nadia operator : rien n’a changé.');
  const actions = await pages.books.db
    .selectFrom('operator_action')
    .select(['actor', 'action', 'why'])
    .where('subject', '=', key)
    .execute();
  expect(actions).toEqual([
    { actor: 'operator@example.fr', action: 'payment-retried', why: 'unknown-partner jamais' },
  ]);
});

test('setting aside asks for a reason and keeps who gave it', async () => {
  const { key } = await ofPartner('essai');
  await nadia.post(`${PATH}/dismiss`, { key, why: '  ' });
  expect(await notice()).toContain('Dites pourquoi');
  await nadia.post(`${PATH}/dismiss`, { key, why: 'doublon <b>de test</b>' });
  expect(await notice()).toBe(`Le paiement ${key} est écarté.`);
  const page = await shown();
  expect(page).toContain('par Nadia operator</strong>');
  expect(page).toContain('doublon &lt;b&gt;de test&lt;/b&gt;');
  await nadia.post(`${PATH}/dismiss`, { key, why: 'encore' });
  expect(await notice()).toContain('déjà écarté');
});

test('a reader sees the way out and no button; what they send is refused', async () => {
  const { key } = await ofPartner('lecture');
  const reader = await pages.signIn('reader');
  const text = await shown(reader);
  expect(text).toContain('Partenaire inconnu : lecture');
  expect(text).not.toContain('action="/dashboard/quarantine/');
  for (const act of ['retry', 'dismiss'] as const) {
    expect((await reader.post(`${PATH}/${act}`, { key, why: 'x' })).status).toBe(403);
  }
});

test('payments whose detail is their own are one card, each with what was seen', async () => {
  const total = paidCheckout().total ?? 0;
  await stopped({ total: (total - 1) as never });
  await stopped({ total: (total - 2) as never });
  const text = await shown();
  expect(text.match(/Lignes et total différents/g)).toHaveLength(1);
  expect(text).toContain('9999 ≠ 9998');
  expect(text).toContain('9999 ≠ 9997');
});

test('every look of it is without fault, hostile words included', async () => {
  await ofPartner(`<script>alert(1)</script>${'x'.repeat(150)}`);
  await stopped({ buyer: { ...paidCheckout().buyer, email: null } });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const viewport = { width, height: 900 };
      const page = await pages.open(browser, nadia, PATH, { colorScheme, viewport });
      await page.locator('details.set-aside summary').first().click();
      if (process.env.SHOTS) {
        const path = `${process.env.SHOTS}/quarantine-${colorScheme}-${width}.png`;
        await page.screenshot({ path, fullPage: true });
      }
      expect(await axeFaults(page)).toEqual([]);
      expect(await excessWidth(page)).toBe(0);
    }
  }
});
