// The lists of the dashboard: each row is met exactly once in either direction while others arrive; tabs,
// filters and what is said when nothing fits; files that no spreadsheet runs; a whole filter retried.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Turn } from '#adapters/postgres/dashboard/keyset-list.ts';
import { orderSheet } from '#adapters/postgres/dashboard/order-list.ts';
import { cents } from '#domain/money.ts';
import { REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { line } from '#test/support/orders.ts';

let pages: TestPages;
let nadia: SignedIn;
let reader: SignedIn;
const made: Record<'good' | 'refused' | 'waiting' | 'odd', number> = {
  ...{ good: 0, refused: 0, waiting: 0, odd: 0 },
};
const HOSTILE = '=HYPERLINK("https://evil.example";"Facture")';

beforeAll(async () => {
  pages = await testPages();
  await pages.books.addPartner('autre');
  nadia = await pages.signIn('operator', 'nadia@example.fr');
  reader = await pages.signIn('reader');
  made.good = await pages.sell();
  made.refused = await pages.sell({ partnerAnswer: REFUSED });
  pages.books.clock.advance(60_000);
  made.waiting = await pages.sell({
    partnerAnswer: UNAVAILABLE,
    paidAt: new Date('2026-10-01T10:00:00Z'),
  });
  made.odd = await pages.sell({
    lines: [line({ partner: 'autre', gross: cents(123_456) })],
    partnerAnswer: REFUSED,
    buyer: {
      ...{ businessName: null, phone: null, address: null, vatNumber: null },
      ...{ name: HOSTILE, email: 'zoe@example.fr' },
    },
  });
});
afterAll(() => pages?.close());

async function htmlOf(who: SignedIn, path: string): Promise<string> {
  const answer = await who.get(`/dashboard/${path}`);
  expect(answer.status, path).toBe(200);
  return answer.text();
}

/** The rows that a page shows, by their ids. */
function rowsOf(html: string, letter: string): string[] {
  return [...html.matchAll(new RegExp(`<tr id="${letter}([^"]+)"`, 'g'))].map((it) => it[1] ?? '');
}

const ordersAt = async (query: string) => rowsOf(await htmlOf(reader, `orders?${query}`), 'o');

describe('a filter of orders', () => {
  test.each([
    ['', () => [made.odd, made.refused, made.good, made.waiting]],
    ['state=attention', () => [made.odd, made.refused]],
    ['state=open', () => [made.waiting]],
    ['state=delivered', () => [made.good]],
    ['partner=autre', () => [made.odd]],
    ['partner=nobody', () => []],
    ['period=today', () => [made.odd, made.refused, made.good]],
    ['period=dates&from=2026-10-01&to=2026-10-01', () => [made.waiting]],
    ['from=2026-10-02', () => [made.odd, made.refused, made.good]],
    ['min=1000&max=1+234,56', () => [made.odd]],
    ['min=99.99&max=99%2C99&state=attention', () => [made.refused]],
    ['text=zoe%40ex', () => [made.odd]],
    ['text=hyperlink', () => [made.odd]],
    ['text=%25', () => []],
    ['text=%25%40', () => []],
    [
      'state=nonsense&period=nonsense&min=abc',
      () => [made.odd, made.refused, made.good, made.waiting],
    ],
  ])('« %s »', async (query, expected) => {
    expect(await ordersAt(query)).toEqual(expected().map(String));
  });

  test('counts what it has in each state, and keeps itself in every link', async () => {
    const html = await htmlOf(reader, 'orders?partner=fiscalia');
    const tabs = [...html.matchAll(/<a class="tab" id="tab-\d" href="([^"]*)"[^>]*>(.*?)<\/a>/g)];
    const words = tabs.map(([, , text = '']) => text.replace(/<[^>]*>/g, ''));
    expect(words).toEqual(['Toutes 3', 'À traiter 1', 'En cours 1', 'Livrées']);
    expect(tabs.every(([, href = '']) => href.includes('partner&#x3D;fiscalia'))).toBe(true);
    expect(html).toContain('/dashboard/orders.csv?partner&#x3D;fiscalia');
  });

  test('that finds nothing says what it looked for, and how to leave it', async () => {
    const html = await htmlOf(reader, 'orders?state=attention&partner=autre&period=7&text=nobody');
    expect(html).toContain(
      'Aucune commande à traiter chez Partenaire autre ces 7\u00A0jours pour «\u00A0nobody\u00A0».',
    );
    expect(html).toContain('Retirer les filtres');
  });
});

test('notifications are found by state, channel, partner and order', async () => {
  const at = async (query: string) =>
    rowsOf(await htmlOf(reader, `notifications?${query}`), 'n').length;
  expect(await at('')).toBe(8);
  expect(await at('state=attention')).toBe(2);
  expect(await at('state=failed&partner=fiscalia')).toBe(1);
  expect(await at('state=queued&partner=fiscalia')).toBe(1);
  expect(await at('state=queued&partner=autre')).toBe(0);
  expect(await at('state=completed&channel=email')).toBe(4);
  expect(await at(`of=${made.odd}`)).toBe(2);
  expect(await at('of=ZOE%40example.fr')).toBe(2);
  expect(await at('of=99999')).toBe(0);
});

test('documents and events are found, too', async () => {
  const documents = async (query: string) =>
    rowsOf(await htmlOf(reader, `invoices?${query}`), 'd').length;
  expect(await documents('')).toBe(4);
  expect(await documents('kind=credit-note')).toBe(0);
  expect(await documents('partner=autre&state=printed')).toBe(1);
  expect(await documents('number=fqca+2')).toBe(1);
  expect(await documents('number=nonsense')).toBe(0);
  const events = async (query: string) => rowsOf(await htmlOf(reader, `events?${query}`), 'e');
  expect(await events('state=recorded')).toHaveLength(4);
  expect(await events('state=ignored')).toEqual([]);
  expect(await events('text=cs_test_sold_2')).toEqual(['evt_sold_2']);
  expect(await events('text=pi_sold_2&type=invoice.paid')).toEqual([]);
});

describe('a list as a file', () => {
  test('has the rows of its filter, and no cell that a spreadsheet would run', async () => {
    const answer = await reader.get('/dashboard/orders.csv?partner=autre');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="commandes-/);
    const lines = (await answer.text()).replace('\uFEFF', '').trim().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(`"'=HYPERLINK(""https://evil.example""`);
    expect(lines[1]).toContain(';1234,56;');
  });

  test.each(['orders', 'notifications', 'invoices', 'events'])('%s: all of them', async (list) => {
    const answer = await reader.get(`/dashboard/${list}.csv`);
    const rows = (await answer.text()).trim().split('\r\n').length - 1;
    expect(rows).toBe(list === 'notifications' ? 8 : 4);
  });
});

describe('retrying a whole filter', () => {
  test('of one partner and channel is a replay with a page of its own', async () => {
    const path = '/dashboard/notifications/retry?state=attention&partner=fiscalia&channel=webhook';
    const html = await (await nadia.get(path)).text();
    expect(html).toContain('Relancer 1\u00A0notification\u202F?');
    expect(html).toContain('Partenaire fiscalia');
    expect(html).toContain('order_id');
    const answer = await nadia.post(path, { rate: '20', why: 'panne finie' });
    const replay = await pages.books.db.selectFrom('replay').selectAll().executeTakeFirstOrThrow();
    expect(answer.headers.get('location')).toBe(`/dashboard/replays/${replay.id}`);
    expect(replay).toMatchObject({
      ...{ partner_slug: 'fiscalia', channel: 'webhook', rate_per_second: 20 },
      ...{ requested_by: 'nadia@example.fr', why: 'panne finie' },
    });
  });

  test('that a replay cannot express is done one by one, each on record', async () => {
    const path = '/dashboard/notifications/retry?state=failed&partner=autre';
    const answer = await nadia.post(path, {});
    expect(answer.headers.get('location')).toBe(
      '/dashboard/notifications?state=failed&partner=autre',
    );
    expect(await htmlOf(nadia, 'notifications')).toContain('1\u00A0notification relancée.');
    const again = await nadia.post(path, {});
    expect(again.status).toBe(303);
    expect(await htmlOf(nadia, 'notifications')).toContain('Il n’y a plus rien à relancer.');
  });

  test('is for operators', async () => {
    const path = '/dashboard/notifications/retry?partner=fiscalia';
    expect((await reader.get(path)).status).toBe(403);
    expect((await reader.post(path, {})).status).toBe(403);
  });
});

test('every row is met once, forth and back, while others arrive', async () => {
  const { db } = pages.books;
  const paidAt = await manyOrders(260);
  const filter = {
    ...{ state: null, partner: null, since: null, until: null, least: null, most: null },
    text: '',
  };
  const before = await idsOf();
  const walk = async (start: Turn) => {
    const met: string[] = [];
    let turn: Turn | null = start;
    let sheets = 0;
    while (turn) {
      const { way } = turn as Turn;
      const { rows, hasOlder, hasNewer } = await orderSheet(db, filter, turn);
      const ids = rows.map(({ keyId }) => keyId);
      met.push(...(way === 'older' ? ids : ids.toReversed()));
      const end = way === 'older' ? rows.at(-1) : rows.at(0);
      const goesOn = way === 'older' ? hasOlder : hasNewer;
      turn = goesOn && end ? { way, from: { at: end.keyAt, id: end.keyId } } : null;
      sheets += 1;
      if (sheets === 2) await manyOrders(7, paidAt); // among those of that instant, and newest ids
    }
    return met;
  };
  const older = await walk({ way: 'older', from: null });
  expect(new Set(older).size).toBe(older.length);
  expect(older.filter((id) => before.has(id))).toHaveLength(before.size);
  const all = await idsOf();
  const last = await orderSheet(db, { ...filter, until: new Date('2026-10-02') }, START);
  const from = last.rows.at(-1);
  if (!from) throw new Error('no last row');
  const newer = await walk({ way: 'newer', from: { at: from.keyAt, id: from.keyId } });
  expect(new Set(newer).size).toBe(newer.length);
  expect([...all].filter((id) => id !== from.keyId && !newer.includes(id))).toEqual([]);

  async function idsOf(): Promise<Set<string>> {
    const rows = await db.selectFrom('orders').select('id').execute();
    return new Set(rows.map(({ id }) => String(id)));
  }
});

const START: Turn = { way: 'older', from: null };

/** Bare copies of an order, paid in the same second by hundreds. */
async function manyOrders(n: number, at?: string): Promise<string> {
  const { db } = pages.books;
  return db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx);
    const paidAt = at ?? '2026-11-01 10:00:00Z';
    await sql`insert into orders (payment_key, partner_slug, event_id, event_created_at, customer,
        customer_email, currency, paid_at, payment_method, net, vat, gross, recorded_at)
      select 'pi_copy_' || gen_random_uuid(), partner_slug, event_id, event_created_at, customer,
        customer_email, currency, ${paidAt}::timestamptz + (i % 3) * interval '1 second',
        payment_method, net, vat, gross, recorded_at
      from orders cross join generate_series(1, ${n}) i where id = ${made.good}`.execute(trx);
    return paidAt;
  });
}
