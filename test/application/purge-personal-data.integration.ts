// What remains and what is gone when personal data is purged, and that the triggers let nothing else
// through: no other column, no younger row, nothing under way, nothing twice.

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditTools } from '#adapters/audit-tools.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresPersonalData } from '#adapters/postgres/personal-data.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { auditBooks } from '#application/audit-books.ts';
import { purgePersonalData, wouldPurge } from '#application/purge-personal-data.ts';
import { retryNotification } from '#application/retry-notification.ts';
import { documentOf } from '#domain/invoice.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { testClock } from '#test/support/books.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { makeDataFolder, type TestDatabase, testDatabase } from '#test/support/database.ts';
import { BUYER, legalAuthor } from '#test/support/legal-books.ts';

const NOW = new Date('2026-11-22T13:32:20Z');
const OLD = new Date('2023-10-01T09:00:00Z');
const RECENT = new Date('2024-01-15T09:00:00Z');

let database: TestDatabase;
let db: Database;
let folder: string;
const needs = () => ({
  personalData: postgresPersonalData(db),
  clock: testClock(NOW),
  keepDays: 1095,
});
beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), makeDataFolder()]);
  db = connect(database.url, { connectionsMax: 4 });
  const author = await legalAuthor(db);
  // Orders 1 and 2 are old, 3 is old with a call still to make, 4 was paid too lately.
  await author.sell([OLD, OLD, new Date('2023-10-03T09:00:00Z'), RECENT].map(sale));
  await notify(1, 'completed', OLD);
  await notify(2, 'failed', OLD);
  await notify(3, 'queued', OLD);
  await notify(4, 'completed', RECENT);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const sale = (paidAt: Date) => ({ paidAt });

/** Brings the call to the partner into a state, with one attempt that said who bought. */
async function notify(orderId: number, state: string, at: Date): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx);
    await sql`update notification set state = ${state}, released_at = ${at}, created_at = ${at},
        next_attempt_at = ${state === 'queued' ? at : null},
        completed_at = ${state === 'completed' ? at : null},
        ended_at = ${state === 'failed' ? at : null}
      where order_id = ${orderId} and channel = 'webhook'`.execute(trx);
    await sql`insert into attempt (notification_id, number, round, lease_token, started_at,
        ended_at, outcome, status_code, duration_ms, request_url, request_headers, request_body,
        response_headers, response_body)
      select id, 1, 1, gen_random_uuid(), ${at}, ${at}, 'accepted', 200, 12,
        'https://cap-fisc.example/orders', '{"x-api-key": "•••"}', ${JSON.stringify(BUYER)},
        '{"x-echo": "marthe"}', 'Bonjour Marthe'
      from notification where order_id = ${orderId} and channel = 'webhook'`.execute(trx);
  });
}

const refused = (statement: string) =>
  expect(sql.raw(statement).execute(db), statement).rejects.toMatchObject({ code: '23001' });

test('a dry run says what would go and changes nothing', async () => {
  const would = { events: 3, orders: 2, attempts: 2, before: new Date('2023-11-23T13:32:20Z') };
  expect(await wouldPurge(needs())).toEqual(would);
  expect(await wouldPurge(needs())).toEqual(would);
});

test('before the purge, and beside it, the triggers refuse every other change', async () => {
  const purge = 'purged_at = now()';
  await refused(`update orders set customer = null, customer_email = null, ${purge} where id = 3`);
  await refused(`update orders set customer = null, customer_email = null, ${purge},
    gross = gross + 1, net = net + 1 where id = 1`);
  await refused(`update orders set customer = '{"name": "X"}' where id = 1`);
  await refused(`update stripe_event set body = '{}', ${purge} where id = 'evt_1'`);
  await refused(`update stripe_event set body = null, ${purge}, type = 'x' where id = 'evt_1'`);
  await refused(`update attempt set request_body = null, response_headers = null,
    response_body = null, status_code = 500, ${purge} where number = 1`);
  await refused('delete from orders where id = 1');
  await refused(`delete from stripe_event where id = 'evt_1'`);
  // A column of the mark alone, and data without the mark.
  await expect(sql`update orders set purged_at = now() where id = 1`.execute(db)).rejects.toThrow();
  await expect(sql`update orders set customer = null where id = 1`.execute(db)).rejects.toThrow();
});

test('a row of the last thirty days is never purged, whoever asks', async () => {
  const rollback = new Error('only looked');
  const young = db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx);
    await sql`update orders set recorded_at = now() - interval '29 days' where id = 1`.execute(trx);
    await sql`set local session_replication_role = origin`.execute(trx);
    await sql`update orders set customer = null, customer_email = null, purged_at = now()
      where id = 1`.execute(trx);
    throw rollback;
  });
  await expect(young).rejects.toMatchObject({ code: '23001' });
});

test('personal data goes, and the books stay', async () => {
  const before = await db.selectFrom('invoice').selectAll().orderBy('number').execute();
  const shares: number[] = [];
  const report = await purgePersonalData(needs(), (share) => shares.push(share));
  expect(report).toMatchObject({ events: 3, orders: 2, attempts: 2 });
  expect(shares.at(-1)).toBe(1);

  const orders = await db.selectFrom('orders').selectAll().orderBy('id').execute();
  expect(orders.map((it) => [it.id, it.customer, it.customer_email, it.gross])).toEqual([
    [1, null, null, 4990],
    [2, null, null, 4990],
    [3, BUYER, BUYER.email, 4990],
    [4, BUYER, BUYER.email, 4990],
  ]);
  const events = await db.selectFrom('stripe_event').select(['id', 'body']).orderBy('id').execute();
  expect(events.map((it) => [it.id, it.body === null])).toEqual([
    ['evt_1', true],
    ['evt_2', true],
    ['evt_3', true],
    ['evt_4', false],
  ]);
  const attempts = await db
    .selectFrom('attempt')
    .innerJoin('notification', 'notification.id', 'notification_id')
    .select(['order_id', 'request_body', 'response_body', 'response_headers', 'status_code'])
    .select(['outcome', 'request_url'])
    .orderBy('order_id')
    .execute();
  const kept = { status_code: 200, outcome: 'accepted', request_url: expect.any(String) };
  const gone = { ...kept, request_body: null, response_body: null, response_headers: null };
  expect(attempts).toMatchObject([
    gone,
    gone,
    { ...kept, response_body: 'Bonjour Marthe' },
    { ...kept, response_body: 'Bonjour Marthe' },
  ]);
  // The legal documents are what they were, buyer and all, and the audit says so.
  expect(await db.selectFrom('invoice').selectAll().orderBy('number').execute()).toEqual(before);
  expect(documentOf(before[0]?.content ?? '').buyer).toEqual(BUYER);
  const audit = await auditBooks(auditTools(db, { files: null, clock: testClock(NOW) }), false);
  expect(audit.firstFindings).toEqual([]);
});

test('a second purge finds nothing, and what was purged cannot be filled or purged again', async () => {
  expect(await purgePersonalData(needs())).toMatchObject({ events: 0, orders: 0, attempts: 0 });
  await refused('update orders set purged_at = now() where id = 1');
  await refused(`update orders set customer = '{}', customer_email = 'a@b.example',
    purged_at = null where id = 1`);
  await refused(`update stripe_event set body = '{}', purged_at = null where id = 'evt_1'`);
});

test('a purged order’s message is not sent again, neither by hand nor by a replay', async () => {
  const clock = testClock(NOW);
  const transact = postgresTransact(db, { clock, secrets: secretBox(Buffer.alloc(32, 7)) });
  const { id } = await db
    .selectFrom('notification')
    .select('id')
    .where('order_id', '=', 2)
    .where('channel', '=', 'webhook')
    .executeTakeFirstOrThrow();
  const by = { actor: 'léa', why: null };
  expect(await retryNotification({ transact, clock }, id, by)).toEqual({ kind: 'purged' });
  const scope = { partner: 'cap-fisc' as PartnerSlug, channel: 'webhook', since: OLD } as const;
  const page = await transact(({ notifications }) =>
    notifications.ended({ ...scope, until: NOW }, null, 10),
  );
  expect(page.ended).toEqual([]);
  // Whoever writes past the program meets the trigger.
  const again = sql`update notification set state = 'queued', next_attempt_at = now(),
    ended_at = null, round = 2 where order_id = 2 and channel = 'webhook'`.execute(db);
  await expect(again).rejects.toThrow(/personal data of order 2 was purged/);
});

test('a purged order is listed and shown, with « données effacées » for its customer', async () => {
  const run = commandInProcess({ DATABASE_URL: database.url, DATA_DIR: folder });
  const shown = await run(['orders', 'show', '1']);
  expect([shown.code, shown.text]).toEqual([0, expect.stringContaining('données effacées')]);
  expect(shown.text).not.toContain('marthe');
  const { json } = await run(['orders', 'list']);
  expect(json.orders.map((it: { customerEmail: string | null }) => it.customerEmail)).toEqual([
    BUYER.email,
    BUYER.email,
    null,
    null,
  ]);
});
