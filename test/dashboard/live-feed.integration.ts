// What the tables tell to open pages: nothing while nobody looks, and nothing is missed by who was
// away or by what commits late. Neither cut connections nor a crashed database's empty tables nor
// one that cannot be written to keep anybody from selling.

import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LiveFeed, liveFeed } from '#adapters/postgres/dashboard/live-feed.ts';
import { connect } from '#adapters/postgres/database.ts';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import { untilSeen } from '#test/support/newcomer.ts';

const SILENT = { warn() {} };
let pages: TestPages;
let feed: LiveFeed;
beforeAll(async () => {
  pages = await testPages();
});
afterAll(() => pages?.close());
beforeEach(() => {
  feed = liveFeed(pages.books.db, SILENT);
});
afterEach(() => feed.close());

/** A reader from `since` on, with all that it is told. */
function reader(since = ''): { readonly told: string[]; readonly leave: () => void } {
  const told: string[] = [];
  const leave = feed.subscribe((what) => told.push(what), since);
  return { told, leave };
}

const until = (told: readonly string[], what: string) =>
  untilSeen(async () => (told.includes(what) ? true : null));

const written = async (): Promise<number> => {
  const { rows } = await sql`select from live_news`.execute(pages.books.db);
  return rows.length;
};

test('nothing is written down while nobody looks', async () => {
  await pages.sell();
  expect(await written()).toBe(0);
});

test('a reader hears of each order; one that was away hears what it missed', async () => {
  const first = reader();
  await until(first.told, 'again');
  const place = feed.place();
  const id = await pages.sell();
  await until(first.told, `order:${id}`);
  const late = reader(place);
  expect(late.told).toContain(`order:${id}`);
  expect(late.told.filter((it) => it === `order:${id}`)).toHaveLength(1);
  expect(late.told.at(-1)).toBe('ready');
  expect(reader(feed.place()).told).toEqual(['ready']);
  for (const unknown of ['', 'other.3', `${place.split('.')[0]}.999999`, 'a.b.c']) {
    expect(reader(unknown).told).toEqual(['again']);
  }
});

test('connections that are cut lose no word', async () => {
  const { told } = reader();
  await until(told, 'again');
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(pages.books.db);
  await until(told, `order:${await pages.sell()}`);
});

test('what commits late is told, though others began after it and committed before', async () => {
  const { told } = reader();
  await until(told, 'again');
  let commit = () => {};
  const late = pages.books.db.transaction().execute(async (trx) => {
    await sql`select tell_live('late:1')`.execute(trx);
    await new Promise<void>((resolve) => {
      commit = resolve;
    });
  });
  await sql`select tell_live('early:1')`.execute(pages.books.db);
  await until(told, 'early:1');
  expect(told).not.toContain('late:1');
  commit();
  await late;
  await until(told, 'late:1');
  expect(told.filter((it) => it === 'early:1')).toHaveLength(1);
});

test('tables that a crash has emptied make everybody look again', async () => {
  const { told } = reader();
  await until(told, 'again');
  const before = feed.place();
  told.length = 0;
  await sql`truncate live_watch, live_news`.execute(pages.books.db);
  await pages.sell();
  await until(told, 'again');
  expect(feed.place().split('.')[0]).not.toBe(before.split('.')[0]);
  await until(told, `order:${await pages.sell()}`);
});

test('where nothing can be written, pages are not told, and the books go on', async () => {
  await feed.close();
  await sql`truncate live_watch, live_news`.execute(pages.books.db);
  const readOnly = new URL(pages.books.url);
  readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
  const db = connect(readOnly.href, { connectionsMax: 2 });
  const warned: string[] = [];
  feed = liveFeed(db, { warn: (_fields, message) => warned.push(message) });
  const { told } = reader();
  await untilSeen(async () => (warned.length > 0 ? true : null));
  await pages.sell();
  expect([told, await written()]).toEqual([[], 0]);
  await feed.close();
  await db.destroy();
});
