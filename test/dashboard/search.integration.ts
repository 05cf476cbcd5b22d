// The search: whatever a person holds in their hand opens the page it belongs to, and what cannot be
// searched is said, not scanned.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { receiveEvent } from '#application/receive-event.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { receivedEvent } from '#test/support/books.ts';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

let pages: TestPages;
let reader: SignedIn;
let first: number;
let notification: string;

const buyer = { businessName: null, phone: null, address: null, vatNumber: null };

beforeAll(async () => {
  pages = await testPages();
  reader = await pages.signIn('reader');
  const lines = [line({ productId: 'prod_rare' })];
  first = await pages.sell({ buyer: { ...buyer, name: 'Zoé', email: 'Zoe@exemple.fr' }, lines });
  await pages.sell();
  await pages.sell();
  const row = await pages.books.db
    .selectFrom('notification')
    .select('id')
    .where('order_id', '=', first)
    .where('channel', '=', 'email')
    .executeTakeFirstOrThrow();
  notification = row.id;
  const event = receivedEvent({ id: 'evt_held', objectId: 'cs_test_held' });
  const facts = paidCheckout({
    ...{ sessionId: 'cs_test_held', paymentIntentId: 'pi_held' },
    lines: [line({ partner: 'nobody' })],
  });
  await receiveEvent(pages.books.base, event);
  await resolvePayment(
    { ...pages.books.base, stripe: { read: async () => ({ facts }) } },
    event.id,
  );
});
afterAll(() => pages?.close());

const search = (word: string) => reader.get(`/dashboard/search?q=${encodeURIComponent(word)}`);

test.each([
  ['FQCA-2026-000001', () => `/dashboard/orders/${first}#FQCA-2026-000001`],
  ['fqca 2026 1', () => `/dashboard/orders/${first}#FQCA-2026-000001`],
  ['fqca1', () => `/dashboard/orders/${first}#FQCA-2026-000001`],
  ['1', () => `/dashboard/orders/${first}`],
  ['n° 1', () => `/dashboard/orders/${first}`],
  ['zoe@EXEMPLE.fr', () => `/dashboard/orders/${first}`],
  ['zoe@', () => `/dashboard/orders/${first}`],
  ['evt_sold_1', () => `/dashboard/orders/${first}`],
  ['pi_sold_1', () => `/dashboard/orders/${first}`],
  ['cs_test_sold_1', () => `/dashboard/orders/${first}`],
  ['evt_held', () => null],
  ['fiscalia', () => '/dashboard/partners/fiscalia'],
])('« %s » opens its page', async (word, expected) => {
  const answer = await search(word);
  const to = expected();
  expect([answer.status, answer.headers.get('location')]).toEqual(
    to === null ? [200, null] : [303, to],
  );
});

test('a notification is found by its id', async () => {
  const answer = await search(notification.toUpperCase());
  expect(answer.headers.get('location')).toBe(`/dashboard/orders/${first}#n-${notification}`);
});

test('several hits are shown by kind', async () => {
  const byEmail = await (await search('marie@example.fr')).text();
  expect(byEmail.match(/data-row/g)).toHaveLength(2);
  const byProduct = await (await search('prod_rare')).text();
  expect(byProduct).toContain(`/dashboard/orders/${first}`);
  const held = await (await search('pi_held')).text();
  expect(held).toContain('Paiements sans commande');
  expect(held).toContain('/dashboard/events/evt_held');
  const byName = await (await search('Partenaire fisc')).text();
  expect(byName).toContain('/dashboard/partners/fiscalia');
});

test.each([
  ['FQCA-2026-9', 'Aucun résultat pour «\u00A0FQCA-2026-9\u00A0».'],
  ['99999', 'Aucun résultat pour «\u00A099999\u00A0».'],
  ['cus_123', 'ne se cherchent pas ici'],
  ['<b>x</b>', '«\u00A0&lt;b&gt;x&lt;/b&gt;\u00A0»'],
  ["'; drop table orders; --@", 'Aucun résultat'],
  ['%@', 'Aucun résultat'],
  ['', 'Un numéro de facture ou de commande'],
  [`${'9'.repeat(300)}`, 'Aucun résultat'],
])('« %s » finds nothing, and says what may be looked for', async (word, text) => {
  const answer = await search(word);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain(text);
});

test('an event has a page, with its body as it was received', async () => {
  const html = await (await reader.get('/dashboard/events/evt_held')).text();
  expect(html).toContain('En quarantaine');
  expect(html).toContain('/dashboard/quarantine');
  expect((await reader.get('/dashboard/events/evt_nothing')).status).toBe(404);
});
