// What a night clears away, and what it leaves: the text of events that were none of our business, but
// not that they came; jobs that are dead because their work is done, but not those that are dead while
// it is open.

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresLeftovers } from '#adapters/postgres/leftovers.ts';
import { clearLeftovers } from '#application/clear-leftovers.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';

const NOW = new Date('2026-11-22T13:32:20Z');
const DAY_MS = 86_400_000;
const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks();
  books.clock.set(NOW);
});
afterAll(() => books.close());

const clear = (keepDays = 1095) =>
  clearLeftovers({ leftovers: postgresLeftovers(books.db), clock: books.clock, keepDays });

async function event(id: string, days: number, kind: string): Promise<void> {
  const at = ago(days);
  const key = kind === 'recorded' ? `pi_${id}` : null;
  await sql`insert into stripe_event (id, type, livemode, created_at, received_at, body)
    values (${id}, 'charge.updated', false, ${at}, ${at}, '{"email":"a@b.example"}')`.execute(
    books.db,
  );
  await sql`insert into event_outcome (event_id, kind, payment_key, concluded_at)
    values (${id}, ${kind}, ${key}, ${at})`.execute(books.db);
}

test('the text of what was ignored goes after ninety days, and its row stays', async () => {
  await event('evt_old', 100, 'ignored');
  await event('evt_sold', 100, 'recorded');
  await event('evt_open', 100, 'pending');
  await event('evt_young', 80, 'ignored');
  expect(await clear()).toMatchObject({ ignoredEvents: 1 });
  expect(await clear()).toMatchObject({ ignoredEvents: 0 });
  const { rows } = await sql`select id, body is null as gone from stripe_event order by id`.execute(
    books.db,
  );
  expect(rows).toEqual([
    { id: 'evt_old', gone: true },
    { id: 'evt_open', gone: false },
    { id: 'evt_sold', gone: false },
    { id: 'evt_young', gone: false },
  ]);
});

test('whoever keeps personal data for less time keeps what was ignored no longer', async () => {
  await event('evt_short', 50, 'ignored');
  expect(await clear(40)).toMatchObject({ ignoredEvents: 1 });
});

test('reconciliations of long ago go, the last one and those asked for by hand stay', async () => {
  const run = (days: number, automatic: boolean) =>
    sql`insert into reconciliation (since, until, automatic, started_at, finished_at)
      values (${ago(days + 1)}, ${ago(days)}, ${automatic}, ${ago(days)}, ${ago(days)})`.execute(
      books.db,
    );
  await run(300, true);
  await run(200, false);
  await run(150, true);
  expect(await clear()).toMatchObject({ reconciliations: 1 });
  const { rows } = await sql`select until from reconciliation order by until`.execute(books.db);
  expect(rows).toEqual([{ until: ago(200) }, { until: ago(150) }]);
});

test('a dead job goes when its work is done, and stays while it is open', async () => {
  const dead = async (task: string, payload: object, key: string | null) => {
    const { rows } = await sql<{ id: string }>`select id::text from graphile_worker.add_job(
      ${task}, ${JSON.stringify(payload)}::json, job_key => ${key})`.execute(books.db);
    await sql`update graphile_worker._private_jobs set attempts = max_attempts
      where id = ${rows[0]?.id}`.execute(books.db);
  };
  await dead('resolve-payment', { eventId: 'evt_sold' }, 'resolve-payment:evt_sold');
  await dead('resolve-payment', { eventId: 'evt_open' }, 'resolve-payment:evt_open');
  await dead('resolve-payment', { eventId: 'evt_open' }, null);
  await dead('deliver-notification', { notificationId: 'x' }, 'deliver-notification:x');
  await dead('reconcile', {}, 'reconcile');
  // Will be tried again.
  await sql`select graphile_worker.add_job('resolve-payment', '{"eventId":"evt_old"}')`.execute(
    books.db,
  );

  expect(await clear()).toMatchObject({ deadJobs: 3 });
  const { rows } = await sql`select j.payload ->> 'eventId' as event, j.key, j.attempts
    from graphile_worker._private_jobs j order by j.id`.execute(books.db);
  expect(rows).toEqual([
    { event: 'evt_open', key: 'resolve-payment:evt_open', attempts: 25 },
    { event: null, key: 'reconcile', attempts: 25 },
    { event: 'evt_old', key: null, attempts: 0 },
  ]);
});
