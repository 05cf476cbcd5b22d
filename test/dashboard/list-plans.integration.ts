// How the lists ask the database: whatever the filter, by an index. The tables here are small, so reading
// them whole is forbidden to the planner; what it then still reads whole has no index that answers. That
// it chooses them by itself on a million orders was seen with bench/million.ts.

import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type DocumentFilter,
  documentCounts,
  documentSheet,
} from '#adapters/postgres/dashboard/document-list.ts';
import {
  type EventFilter,
  eventCounts,
  eventSheet,
} from '#adapters/postgres/dashboard/event-list.ts';
import type { Turn } from '#adapters/postgres/dashboard/keyset-list.ts';
import {
  type NotificationFilter,
  notificationCounts,
  notificationSheet,
  retryReach,
} from '#adapters/postgres/dashboard/notification-list.ts';
import {
  type OrderFilter,
  orderCounts,
  orderSheet,
} from '#adapters/postgres/dashboard/order-list.ts';
import { orderStory } from '#adapters/postgres/dashboard/order-story.ts';
import * as search from '#adapters/postgres/dashboard/search-books.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';
import { issuedInvoice } from '#test/support/issued-invoice.ts';
import { plansOf, statementsOf } from '#test/support/query-plans.ts';

let books: TestBooks;
let client: pg.Client;

beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
  await issuedInvoice(books, 'one', 'fiscalia');
  client = new pg.Client({ connectionString: books.url });
  await client.connect();
  await client.query('analyze; set enable_seqscan = off');
});
afterAll(async () => {
  await client?.end();
  await books?.close();
});

const SMALL = ['partner', 'account'];
const SINCE = { since: new Date('2026-11-01'), until: new Date('2026-11-02') };
const LATER: Turn = { way: 'older', from: { at: '2026-11-01T00:00:00.000000Z', id: '1' } };
const NOBODY = '00000000-0000-4000-8000-000000000000';

type Work = (db: Database) => Promise<unknown>;

/** Every choice of one value, or none, for each part of a filter. */
function combinations<F>(parts: { readonly [K in keyof F]: readonly F[K][] }): F[] {
  const names = Object.keys(parts) as (keyof F)[];
  return names.reduce<F[]>(
    (all, name) => all.flatMap((it) => parts[name].map((value) => ({ ...it, [name]: value }))),
    [{} as F],
  );
}

const ANY_TIME = { since: null, until: null };
const partner = [null, 'fiscalia'];

/** Every second one within a period. */
const timed = <F>(filters: readonly F[]) =>
  filters.map((filter, at) => ({ ...filter, ...(at % 2 === 0 ? ANY_TIME : SINCE) }));

async function readWhole(works: readonly Work[]): Promise<readonly string[]> {
  const queries = new Map<string, Awaited<ReturnType<typeof statementsOf>>[number]>();
  for (const work of works) {
    for (const query of await statementsOf(books.db, work)) queries.set(query.sql, query);
  }
  expect(queries.size).toBeGreaterThan(0);
  const plans = await plansOf(client, [...queries.values()], 0);
  return plans.flatMap(({ scanned, statement }) =>
    scanned
      .filter(({ table }) => !SMALL.includes(table))
      .map(({ table }) => `${table}: ${statement}`),
  );
}

test('orders, by any filter', async () => {
  const filters: readonly OrderFilter[] = timed(
    combinations<Omit<OrderFilter, 'since' | 'until'>>({
      state: [null, 'attention', 'delivered'],
      partner,
      least: [null, 100],
      most: [null],
      text: ['', 'marie@'],
    }),
  );
  const works = filters.flatMap((filter): Work[] => [
    (db) => orderSheet(db, filter, { ...LATER, way: 'newer' }),
    (db) => orderCounts(db, filter),
  ]);
  expect(await readWhole(works)).toEqual([]);
});

test('notifications, by any filter', async () => {
  const filters: readonly NotificationFilter[] = timed(
    combinations<Omit<NotificationFilter, 'since' | 'until'>>({
      state: [null, 'attention', 'queued'],
      partner,
      channel: [null, 'email'],
      of: [null, { email: 'marie@example.fr' }],
    }),
  );
  const from = { at: LATER.from?.at ?? '', id: NOBODY };
  const works = filters.flatMap((filter): Work[] => [
    (db) => notificationSheet(db, filter, { way: 'older', from }),
    (db) => notificationCounts(db, filter),
    (db) => retryReach(db, filter),
  ]);
  expect(await readWhole(works)).toEqual([]);
});

test('documents and events, by any filter', async () => {
  const documents: readonly DocumentFilter[] = timed(
    combinations<Omit<DocumentFilter, 'since' | 'until'>>({
      state: [null, 'preparing', 'failed', 'printed'],
      kind: [null, 'credit-note'],
      partner,
      numbers: [null, ['FQCA-2026-000001']],
    }),
  );
  const events: readonly EventFilter[] = timed(
    combinations<Omit<EventFilter, 'since' | 'until'>>({
      kind: [null, 'pending', 'quarantine', 'ignored'],
      type: [null, 'invoice.paid'],
      text: ['', 'cs_test_1'],
    }),
  );
  const works = [
    ...documents.flatMap((filter): Work[] => [
      (db) => documentSheet(db, filter, LATER),
      (db) => documentCounts(db, filter),
    ]),
    ...events.flatMap((filter): Work[] => [
      (db) => eventSheet(db, filter, LATER),
      (db) => eventCounts(db, filter),
    ]),
  ];
  expect(await readWhole(works)).toEqual([]);
});

test('an order’s story, and every way to search', async () => {
  const words = ['evt_one', 'pi_one', 'cs_test_1', 'in_none'];
  const works: Work[] = [
    (db) => orderStory(db, 1),
    (db) => search.ordersById(db, 1),
    (db) => search.ordersByEmail(db, 'marie@example.fr'),
    (db) => search.ordersByEmail(db, 'mar'),
    (db) => search.ordersByProduct(db, 'prod_declaration'),
    (db) => search.orderOfDocument(db, 'FQCA-2026-000001'),
    (db) => search.orderOfNotification(db, NOBODY),
    ...words.flatMap((word): Work[] => [
      (db) => search.ordersByStripeId(db, word),
      (db) => search.paymentsNamed(db, word),
      (db) => search.eventsNamed(db, word),
    ]),
  ];
  expect(await readWhole(works)).toEqual([]);
});
