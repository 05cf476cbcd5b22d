// The portal as a partner's people meet it: the way in, their own log and nobody else's, the files they
// take away. What must not be had is tried for, address by address.

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeliveryAnswer } from '#application/ports.ts';
import { ACCEPTED, REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import { line } from '#test/support/orders.ts';
import { cookiesOf, enterPortal, type Guest, guestOf, linkToken } from '#test/support/portal.ts';

let pages: TestPages;
let fiscalia: Guest;
let other: Guest;
let orders: { readonly delivered: number; readonly refused: number; readonly theirs: number };

beforeAll(async () => {
  pages = await testPages();
  await pages.books.addPartner('autre');
  const partnerAnswer = answerWith(REFUSED, '{"error":"<script>alert(1)</script>"}');
  orders = {
    delivered: await pages.sell({ partnerAnswer: answerWith(ACCEPTED, '{"success":true}') }),
    refused: await pages.sell({ partnerAnswer }),
    theirs: await pages.sell({ lines: [line({ partner: 'autre' })] }),
  };
  await pages.sell({ partnerAnswer: UNAVAILABLE });
  fiscalia = await enterPortal(pages, 'fiscalia');
  other = await enterPortal(pages, 'autre');
});
afterAll(() => pages.close());

/** The answer as the log keeps it. */
function answerWith(answer: DeliveryAnswer, body: string): DeliveryAnswer {
  const request = {
    url: 'https://fiscalia.example/orders',
    headers: { 'X-API-KEY': '****kkkk', 'webhook-id': 'x' },
    body: '{"event_type":"order.created","order_id":7,"amount":1.10}',
  };
  const response = { headers: { 'content-type': 'application/json' }, body, truncated: false };
  return { ...answer, report: { ...answer.report, request, response } };
}

async function idOf(order: number): Promise<string> {
  const { rows } = await sql<{ id: string }>`select id from notification
    where order_id = ${order} and channel = 'webhook'`.execute(pages.books.db);
  return rows[0]?.id ?? '';
}

test('whoever only opens a link, scanners that follow redirections included, spends nothing', async () => {
  const token = await linkToken(pages, 'fiscalia');
  for (let look = 0; look < 3; look += 1) {
    const opened = await fetch(`${pages.url}/portal/open/${token}`, { redirect: 'manual' });
    expect(opened.status).toBe(303);
    expect(opened.headers.get('location')).toBe('/portal/open');
    expect(opened.headers.get('referrer-policy')).toBe('no-referrer');
    const cookie = cookiesOf(opened);
    const shown = await fetch(`${pages.url}/portal/open`, { headers: { cookie } });
    expect(shown.status).toBe(200);
    expect(shown.headers.get('referrer-policy')).toBe('no-referrer');
    const text = await shown.text();
    expect(text).toContain('Ouvrir mon portail');
    expect(text).not.toContain(token);
    await fetch(`${pages.url}/portal/open`, { method: 'HEAD', headers: { cookie } });
  }
  const opened = await fetch(`${pages.url}/portal/open/${token}`, { redirect: 'manual' });
  const press = () =>
    fetch(`${pages.url}/portal/open`, {
      ...{ method: 'POST', redirect: 'manual' },
      headers: { cookie: cookiesOf(opened), origin: pages.url },
    });
  const answers = await Promise.all([press(), press()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 410]);
  const spent = answers.find(({ status }) => status === 410);
  expect(await spent?.text()).toContain('Ce lien a déjà servi ou a expiré.');
  const won = answers.find(({ status }) => status === 303);
  expect(won?.headers.getSetCookie().join()).toMatch(
    /comptappart_portal=[^;]+;.*samesite=lax; httponly/i,
  );
});

test('a link ends after 24 hours, a session after 7 days, and both when the portal is closed', async () => {
  const { clock } = pages.books;
  const start = clock.now();
  const late = await linkToken(pages, 'fiscalia');
  const session = await enterPortal(pages, 'fiscalia');
  clock.advance(24 * 3_600_000 + 1);
  const opened = await fetch(`${pages.url}/portal/open/${late}`, { redirect: 'manual' });
  const shown = await fetch(`${pages.url}/portal/open`, { headers: { cookie: cookiesOf(opened) } });
  expect(shown.status).toBe(410);
  expect((await session.get('/portal')).status).toBe(200);
  clock.advance(6 * 24 * 3_600_000);
  expect((await session.get('/portal')).status).toBe(401);
  clock.set(start);
});

test('the log shows the partner its own notifications in its own words', async () => {
  const text = await (await fiscalia.get('/portal')).text();
  for (const word of [
    'Livrée',
    'Refusée',
    'En attente',
    'Vos 3 dernières notifications',
    '1\u202F095',
  ])
    expect(text).toContain(word);
  expect(text).not.toContain('autre');
  expect(text).not.toContain('marie@example.fr');
  const refused = await (await fiscalia.get('/portal?state=refused')).text();
  expect(refused).toContain(`n°\u00A0${orders.refused}<`);
  expect(refused).not.toContain(`n°\u00A0${orders.delivered}<`);
  const one = await (await fiscalia.get(`/portal?order=${orders.delivered}&period=today`)).text();
  expect(one).toContain(`n°\u00A0${orders.delivered}<`);
  const none = await (await fiscalia.get('/portal?from=2020-01-01&to=2020-01-02')).text();
  expect(none).toContain('Aucune notification pour cette recherche.');
});

test('an attempt shows the very bytes sent, keys masked, and the answer as text', async () => {
  const text = await (
    await fiscalia.get(`/portal/notifications/${await idOf(orders.refused)}`)
  ).text();
  expect(text).toContain(
    '{&quot;event_type&quot;:&quot;order.created&quot;,&quot;order_id&quot;:7,&quot;amount&quot;:1.10}',
  );
  expect(text).toContain('X-API-KEY: ****kkkk');
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(text).not.toContain('<script>alert');
});

test('another partner’s notifications are not there, whatever the address says', async () => {
  const mine = await idOf(orders.delivered);
  const theirs = await idOf(orders.theirs);
  expect((await fiscalia.get(`/portal/notifications/${mine}`)).status).toBe(200);
  for (const [who, id] of [
    [fiscalia, theirs],
    [other, mine],
  ] as const) {
    expect((await who.get(`/portal/notifications/${id}`)).status).toBe(404);
  }
  const emails = await sql<{ id: string }>`select id from notification
    where order_id = ${orders.delivered} and channel = 'email'`.execute(pages.books.db);
  expect((await fiscalia.get(`/portal/notifications/${emails.rows[0]?.id}`)).status).toBe(404);
  expect(await (await fiscalia.get(`/portal?order=${orders.theirs}`)).text()).toContain('Aucune');
  for (const format of ['csv', 'json']) {
    const file = await (
      await fiscalia.get(`/portal/journal.${format}?order=${orders.theirs}`)
    ).text();
    expect(file).not.toContain(theirs);
    const all = await (await fiscalia.get(`/portal/journal.${format}`)).text();
    expect(all).toContain(mine);
    expect(all).not.toContain(theirs);
  }
  expect((await fiscalia.get(`/portal/notifications/1'--`)).status).toBe(404);
  expect((await fiscalia.get('/portal/trial/1')).status).toBe(404);
  expect((await fiscalia.get('/portal/conformance/1')).status).toBe(404);
});

test('every place of the portal asks for a session of the portal, and an operator’s is none', async () => {
  const operator = await pages.signIn('admin');
  const places = [
    '',
    '/journal.csv',
    '/journal.json',
    '/trial',
    '/conformance',
    '/documentation',
    '/live',
  ];
  for (const place of [...places, `/notifications/${await idOf(orders.delivered)}`]) {
    for (const cookie of [
      '',
      operator.cookie,
      'comptappart_portal=guess',
      operator.cookie.replace(/^[^=]+/, 'comptappart_portal'),
    ]) {
      const answer = await guestOf(pages.url, cookie).get(`/portal${place}`);
      expect(`${place} ${answer.status}`).toBe(`${place} 401`);
    }
  }
  const inDashboard = await guestOf(pages.url, fiscalia.cookie).get('/dashboard');
  expect(inDashboard.headers.get('location')).toContain('/dashboard/sign-in');
});

test('a form of another session, of another site or of none changes nothing', async () => {
  const url = `${pages.url}/portal/trial`;
  const send = (headers: Record<string, string>, csrf: string) =>
    fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ csrf }),
    });
  const theirs = /name="csrf" value="([^"]+)"/.exec(
    await (await other.get('/portal/trial')).text(),
  );
  const { cookie } = fiscalia;
  const answers = await Promise.all([
    send({ cookie, origin: pages.url }, ''),
    send({ cookie, origin: pages.url }, theirs?.[1] ?? 'none'),
    send({ cookie, origin: 'https://evil.example' }, ''),
    send({ cookie, 'sec-fetch-site': 'cross-site' }, ''),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  const trials = await pages.books.db.selectFrom('partner_trial').selectAll().execute();
  expect(trials).toEqual([]);
});

test('pages follow one another without a gap, and the export holds what they hold', async () => {
  const { db, clock } = pages.books;
  await pages.books.addPartner('grand');
  const now = clock.now();
  await sql`with p as (
      insert into payment (key, state, event_id, created_at, updated_at)
      select 'pi_grand_' || n, 'recorded', 'evt_sold_1', ${now}, ${now}
      from generate_series(1, 130) n returning key
    ), o as (
      insert into orders (payment_key, partner_slug, event_id, event_created_at, customer,
        customer_email, currency, paid_at, net, vat, gross, recorded_at)
      select p.key, 'grand', event_id, event_created_at, customer, customer_email, currency,
        paid_at, net, vat, gross, recorded_at from orders, p where id = ${orders.delivered}
      returning id
    )
    insert into notification (id, order_id, partner_slug, channel, state, round, round_attempts,
      attempts, interruptions, next_attempt_at, created_at)
    select gen_random_uuid(), id, 'grand', 'webhook', 'queued', 1, 0, 0, 0, ${now},
      ${now}::timestamptz - (id % 40) * interval '1 minute' from o`.execute(db);
  const grand = await enterPortal(pages, 'grand');
  const seen: string[] = [];
  let path: string | null = '/portal';
  while (path !== null) {
    const text: string = await (await grand.get(path)).text();
    seen.push(
      ...[...text.matchAll(/\/portal\/notifications\/([\w-]{36})/g)].map((it) => it[1] ?? ''),
    );
    const next = /<a class="button" href="([^"]+)" rel="next">/.exec(text)?.[1];
    path = next ? next.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') : null;
  }
  expect(seen).toHaveLength(130);
  expect(new Set(seen).size).toBe(130);
  const file = await (await grand.get('/portal/journal.json')).json();
  expect(file.map(({ id }: { id: string }) => id)).toEqual(seen);
});

test('a partner’s answer that begins like a formula is no formula in the CSV', async () => {
  const partnerAnswer = answerWith(REFUSED, '=HYPERLINK("https://evil.example";"x")');
  const order = await pages.sell({ partnerAnswer });
  const answer = await fiscalia.get(`/portal/journal.csv?order=${order}`);
  expect(answer.headers.get('content-disposition')).toMatch(
    /attachment; filename="notifications-fiscalia-.*\.csv"/,
  );
  const text = await answer.text();
  expect(text).toContain(`"'=HYPERLINK(`);
  expect(text).not.toMatch(/[;"]=HYPERLINK/);
});

test('a closed session is over, and its form’s page says so', async () => {
  const guest = await enterPortal(pages, 'fiscalia');
  expect(await (await guest.post('/portal/sign-out')).text()).toContain('Session fermée');
  expect((await guest.get('/portal')).status).toBe(401);
});
