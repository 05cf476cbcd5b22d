// The API by which partners pull what they missed: what it gives, to whom, and that whoever goes on from
// the last cursor misses nothing, in whatever order transactions begin, release and commit.

import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cursorText, placeOf } from '#adapters/portal/feed-cursor.ts';
import { openApi } from '#adapters/portal/openapi.ts';
import { requestQuota } from '#adapters/portal/request-quota.ts';
import { revokePortalToken } from '#adapters/postgres/portal/portal-tokens.ts';
import { type FeedPlace, feedPage } from '#adapters/postgres/portal/pull-feed.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { ACCEPTED, REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import { line } from '#test/support/orders.ts';
import { apiToken, BY } from '#test/support/portal.ts';

const PATH = '/api/partner/v1/notifications';
const SLUG = 'fiscalia' as PartnerSlug;

let pages: TestPages;
let token: string;
let theirs: string;
const orders: number[] = [];

beforeAll(async () => {
  pages = await testPages();
  await pages.books.addPartner('autre');
  for (const partnerAnswer of [ACCEPTED, REFUSED, UNAVAILABLE]) {
    pages.books.clock.advance(1_000);
    orders.push(await pages.sell({ partnerAnswer }));
  }
  await pages.sell({ lines: [line({ partner: 'autre' })] });
  token = await apiToken(pages, 'fiscalia');
  theirs = await apiToken(pages, 'autre');
});
afterAll(() => pages.close());

// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes
type Answered = { readonly status: number; readonly headers: Headers; readonly json: any };

async function ask(query = '', bearer: string | null = token): Promise<Answered> {
  const headers = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  const answer = await fetch(`${pages.url}${PATH}${query}`, { headers });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}

test('each notification comes once, in order, with the body of the call and a fresh link', async () => {
  const { status, headers, json } = await ask();
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(json.has_more).toBe(false);
  expect(json.data.map((it: { order_id: number }) => it.order_id)).toEqual(orders);
  expect(json.data.map((it: { state: string }) => it.state)).toEqual([
    'delivered',
    'refused',
    'pending',
  ]);
  const [first, , third] = json.data;
  expect(Object.keys(first.payload)).toEqual([
    ...['event_type', 'event_id', 'order_id', 'timestamp', 'customer', 'order', 'invoice'],
  ]);
  expect(first.payload.order).toMatchObject({ total_amount: 99.99, currency: 'EUR' });
  const end = Math.floor(pages.books.clock.now().getTime() / 1000) + 86_400;
  expect(first.payload.invoice.pdf_url).toContain(`expires=${end}`);
  expect(first.attempts).toMatchObject([{ number: 1, outcome: 'accepted', status_code: 200 }]);
  expect(third.next_attempt_at).toMatch(/Z$/);

  const later = await ask(`?since=${json.next_cursor}`);
  expect(later.json).toEqual({ data: [], next_cursor: json.next_cursor, has_more: false });
  pages.books.clock.advance(1_000);
  const order = await pages.sell();
  const more = await ask(`?since=${json.next_cursor}`);
  expect(more.json.data.map((it: { order_id: number }) => it.order_id)).toEqual([order]);
  orders.push(order);
});

test('pages of any size give the same, and one notification can be asked for again', async () => {
  const seen: number[] = [];
  let cursor = '';
  for (;;) {
    const { json } = await ask(`?limit=2&since=${cursor}`);
    expect(json.data.length).toBeLessThanOrEqual(2);
    seen.push(...json.data.map((it: { order_id: number }) => it.order_id));
    cursor = json.next_cursor;
    if (!json.has_more) break;
  }
  expect(seen).toEqual(orders);
  const { json } = await ask('?limit=1');
  const one = await ask(`/${json.data[0].id}`);
  expect(one.json).toEqual(json.data[0]);
});

test('a token opens its partner’s notifications and nothing else', async () => {
  const mine = (await ask('?limit=1')).json.data[0].id;
  const other = (await ask('', theirs)).json;
  expect(other.data).toHaveLength(1);
  expect(other.data[0].order_id).not.toBe(orders[0]);
  expect((await ask(`/${mine}`, theirs)).status).toBe(404);
  expect((await ask(`/${other.data[0].id}`)).status).toBe(404);
  // A cursor of theirs is a place in time, not a key.
  const { json } = await ask(`?since=${other.next_cursor}`);
  expect(JSON.stringify(json)).not.toContain(other.data[0].id);
});

test.each([
  ['no token', null],
  ['a guess', 'ca_pull_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ['an injection', "' or 1=1 --"],
])('%s is answered 401, with how to do better', async (_what, bearer) => {
  const { status, headers, json } = await ask('', bearer);
  expect(status).toBe(401);
  expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="comptappart"/);
  expect(json.error.code).toBe('unauthorized');
});

test('a revoked token opens nothing, and only its own partner’s page revokes it', async () => {
  const { db, clock } = pages.books;
  const short = await apiToken(pages, 'fiscalia');
  const row = await db
    .selectFrom('portal_token')
    .select('id')
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  const foreign = { slug: 'autre' as PartnerSlug, id: row.id };
  expect(await revokePortalToken(db, foreign, BY, clock.now())).toBe('not-found');
  expect((await ask('', short)).status).toBe(200);
  await revokePortalToken(db, { slug: SLUG, id: row.id }, BY, clock.now());
  expect((await ask('', short)).status).toBe(401);
  const actions = await db.selectFrom('operator_action').select('action').execute();
  expect(actions.map((it) => it.action)).toContain('portal-token-revoked');
});

test('what cannot be read is 400 and 405, and a cursor out of its own text is none', async () => {
  for (const query of ['limit=0', 'limit=101', 'limit=abc', 'limit=1&limit=2']) {
    expect((await ask(`?${query}`)).json.error.code).toBe('invalid_limit');
  }
  const { json } = await ask();
  for (const since of ['nonsense', `${json.next_cursor}AA`, 'MiAxIDI', '%00', "1'--"]) {
    const answer = await ask(`?since=${since}`);
    expect(`${since} ${answer.status} ${answer.json.error?.code}`).toBe(
      `${since} 400 invalid_cursor`,
    );
  }
  const posted = await fetch(pages.url + PATH, { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('a cursor stands for its place and survives the way', () => {
  const places = fc.record({
    at: fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
    id: fc.uuid(),
  });
  fc.assert(
    fc.property(fc.option(places), (given) => {
      const place = given && { at: given.at.toISOString().replace('Z', '000Z'), id: given.id };
      expect(placeOf(cursorText(place))).toEqual(place);
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.string(), (text) => void placeOf(text)),
    { numRuns: 200 },
  );
});

test('a program that asks too often is told how long to wait', () => {
  const quota = requestQuota({ burst: 3, perMinute: 60 });
  const at = (s: number, holder = 1) => quota.take(holder, 1_000_000 + s * 1000);
  expect([at(0), at(0), at(0)]).toEqual([null, null, null]);
  expect(at(0)).toEqual({ waitS: 1 });
  expect(at(0, 2)).toBeNull();
  expect(at(1)).toBeNull();
  expect(at(1.5)).toEqual({ waitS: 1 });
  expect(at(700)).toBeNull();
});

test('the answer keeps the OpenAPI description, and erased data are said to be', async () => {
  const { db, clock } = pages.books;
  const { components } = openApi(pages.url) as {
    components: { schemas: Record<string, { required: string[]; properties: object }> };
  };
  const { json } = await ask();
  const { Notification: described, OrderCreated: payload } = components.schemas;
  expect(Object.keys(json.data[0])).toEqual(Object.keys(described?.properties ?? {}));
  expect(Object.keys(json.data[0]).sort()).toEqual([...(described?.required ?? [])].sort());
  expect(Object.keys(json.data[0].payload)).toEqual(Object.keys(payload?.properties ?? {}));

  await sql`alter table orders disable trigger user`.execute(db);
  await sql`update orders set customer = null, customer_email = null, purged_at = ${clock.now()}
    where id = ${orders[0]}`.execute(db);
  await sql`alter table orders enable trigger user`.execute(db);
  const after = await ask('?limit=1');
  expect(after.json.data[0]).toMatchObject({ order_id: orders[0], payload: null });
});

test('whoever polls on misses none and gets none twice, however transactions overlap', async () => {
  const { db } = pages.books;
  const from = (await wholeFeed(null)).at(-1) ?? null;
  const steps = fc.array(fc.record({ begin: fc.nat(8), hold: fc.nat(8), poll: fc.boolean() }), {
    minLength: 4,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const ids = await unreleased(plan.length);
      const got: string[] = [];
      let place: FeedPlace | null = from;
      let isDone = false;
      const poll = async () => {
        const page = await feedPage(db, SLUG, place, { limit: 3, clocksApartMs: 5 });
        got.push(...page.items.map(({ id }) => id));
        place = page.items.at(-1)?.place ?? place;
        return page.items.length;
      };
      const poller = (async () => {
        while (!isDone) {
          await poll();
          await pause(1);
        }
        while ((await poll()) > 0);
      })();
      await Promise.all(
        plan.map(async ({ begin, hold }, at) => {
          await pause(begin);
          await db.transaction().execute(async (trx) => {
            // As the program dates it: after the transaction began, before the row is written.
            await sql`select 1`.execute(trx);
            const released = new Date();
            await pause(hold);
            // The stored PDF releases what brings it.
            await sql`insert into invoice_pdf (invoice_number, key, sha256, size_bytes,
                template_version, chromium_version, stored_at)
              select i.number, 'by-hand/' || i.number, repeat('0', 64), 1, 't', 'c', ${released}
              from invoice i join notification n on n.order_id = i.order_id
              where n.id = ${ids[at]}`.execute(trx);
            await pause(hold);
          });
        }),
      ).finally(() => {
        isDone = true;
      });
      await poller;
      const mine = got.filter((id) => ids.includes(id));
      expect([...mine].sort()).toEqual([...ids].sort());
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms * 4));

async function wholeFeed(after: FeedPlace | null): Promise<readonly FeedPlace[]> {
  const { items } = await feedPage(pages.books.db, SLUG, after, { limit: 100, clocksApartMs: 0 });
  return items.map(({ place }) => place);
}

/** Notifications of orders that are not printed yet. */
async function unreleased(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const order = await pages.sell({ recordOnly: true });
    const { rows } = await sql<{ id: string }>`select id from notification
      where order_id = ${order} and channel = 'webhook'`.execute(pages.books.db);
    ids.push(rows[0]?.id ?? '');
  }
  return ids;
}
