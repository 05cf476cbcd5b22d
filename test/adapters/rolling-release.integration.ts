// A release that follows another without a pause: the database is migrated while programs of the
// release before are at work on it, and they stay at work on the new tables until each is restarted.
// What they leave half-done, programs of this release finish.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { migrate } from '#db/migrate.ts';
import { MigrationHeldUp } from '#db/migration-faults.ts';
import { migrationFiles } from '#db/migration-files.ts';
import { schemaState } from '#db/schema-state.ts';
import { cents, currency } from '#domain/money.ts';
import { newNotification } from '#domain/notification.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { databaseBefore, type ProgramBefore, programBefore } from '#test/support/release-before.ts';

let database: TestDatabase;
let before: ProgramBefore;
let db: Database;
beforeEach(async () => {
  database = await databaseBefore();
  before = await programBefore(database.url);
  db = connect(database.url, { connectionsMax: 4 });
});
afterEach(async () => {
  await before.close();
  await db.destroy();
});

const transact = () =>
  postgresTransact(db, { clock: systemClock, secrets: secretBox(Buffer.alloc(32, 1)) });

test('the release before records, prints and sends while the database is migrated', async () => {
  const sold: { orderId: number; number: string }[] = [];
  let isMigrated = false;
  const slowest = { ms: 0 };
  const selling = (async () => {
    for (let n = 0, after = 0; after < 5; n += 1) {
      const startedAt = performance.now();
      const it = await before.sell(`${n}`);
      if (n % 2 === 0) await before.storePdf(it);
      if (n % 4 === 0) await before.deliver(it.orderId, 'email');
      slowest.ms = Math.max(slowest.ms, performance.now() - startedAt);
      sold.push(it);
      if (isMigrated) after += 1;
    }
  })();
  await delay(100);
  await migrate(database.url);
  isMigrated = true;
  await selling;

  expect(slowest.ms).toBeLessThan(5_000);
  const rows = await db
    .selectFrom('notification as n')
    .innerJoin('invoice as i', 'i.order_id', 'n.order_id')
    .leftJoin('invoice_pdf as f', 'f.invoice_number', 'i.number')
    .leftJoin('printing as p', 'p.number', 'i.number')
    .select(['n.partner_slug', 'n.released_at', 'f.stored_at', 'p.state', 'n.state as sent'])
    .execute();
  expect(rows).toHaveLength(2 * sold.length);
  for (const row of rows) {
    expect(row.partner_slug).toBe('acme');
    expect(row.released_at).toEqual(row.stored_at);
    expect(['queued', 'printed']).toContain(row.state);
  }
  const due = await transact()(({ notifications }) =>
    notifications.takeDue('webhook', new Date(), { limit: 1_000, perPartner: 1_000 }),
  );
  // Everything printed and not yet called, whichever release did what.
  expect(due.due).toHaveLength(sold.filter((_, n) => n % 2 === 0).length);
});

test('an invoice of the release before is printed by this one when nobody else does', async () => {
  await migrate(database.url);
  const { number } = await before.sell('1');
  await db.deleteFrom('graphile_worker._private_jobs' as never).execute();
  const later = new Date(Date.now() + 60_000);
  expect(await transact()(({ printings }) => printings.dueWithoutJob(later, 10))).toEqual([number]);
});

test('money that went back waits until the last worker of the release before has ended', async () => {
  await migrate(database.url);
  const { orderId } = await before.sell('1');
  await storeEvent('evt_refund', 'charge.refunded');
  await expect(before.ignore('evt_refund')).rejects.toThrow('a newer release resolves it');
  await storeEvent('evt_other', 'customer.created');
  await before.ignore('evt_other');

  await before.live();
  const held = await creditNotification(orderId, 're_1');
  expect(held.getTime()).toBeGreaterThan(Date.now() + 9 * 60_000);
  await before.close();
  before = await programBefore(database.url);
  expect((await creditNotification(orderId, 're_2')).getTime()).toBeLessThan(Date.now() + 60_000);
});

test('a table that somebody holds is left alone after a moment, and tried again', async () => {
  const somebody = await somebodyElse();
  await somebody.query('begin; lock table notification in access share mode');
  const heard: string[] = [];
  const limits = { lockTimeoutMs: 100, pauseMs: 50, tell: (it: string) => void heard.push(it) };
  const given = await migrate(database.url, { ...limits, tries: 2 }).catch((error) => error);
  expect(given).toBeInstanceOf(MigrationHeldUp);
  expect(given).toMatchObject({ migration: '0008-delivery', kind: 'locked' });
  expect(heard).toHaveLength(1);
  expect((await schemaState(database.url)).pending[0]).toBe('0008-delivery');

  const running = migrate(database.url, { ...limits, tries: 20 });
  await delay(300);
  await somebody.query('commit');
  expect(await running).toContain('0012-side-by-side');
});

test('a statement that works too long is ended, and nothing of its file has happened', async () => {
  for (let n = 0; n < 40; n += 1) await before.sell(`${n}`);
  const slow = await migrate(database.url, { statementTimeoutMs: 1 }).catch((error) => error);
  expect(slow).toMatchObject({ name: 'MigrationHeldUp', kind: 'slow' });
  expect((await schemaState(database.url)).pending[0]).toBe(slow.migration);
});

test('two programs that start at once migrate once', async () => {
  const ran = await Promise.all([migrate(database.url), migrate(database.url)]);
  expect(ran.map((it) => it.length).sort()).toEqual([0, (await missing()).length]);
});

async function somebodyElse(): Promise<Client> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function storeEvent(id: string, type: string): Promise<void> {
  const now = new Date();
  const event = { id, type, apiVersion: null, livemode: false, account: null, objectId: 'x' };
  await transact()(({ inbox }) => inbox.store([{ ...event, createdAt: now, body: '{}' }], now));
}

/** When the mail of a new credit note of the order is due. */
async function creditNotification(orderId: number, key: string): Promise<Date> {
  const now = new Date();
  return transact()(async ({ credits, notifications }) => {
    await credits.insert({
      key: key as PaymentKey,
      cause: 'refund',
      at: now,
      payment: 'pi_1' as PaymentKey,
      eventId: 'evt_refund',
      amount: cents(100),
      currency: currency('EUR'),
    });
    const amounts = { net: cents(83), vat: cents(17), gross: cents(100) };
    const lines = [{ position: 1, ...amounts }];
    const { id: creditNoteId } = await credits.insertNote(key as PaymentKey, {
      orderId,
      ...amounts,
      lines,
    });
    const id = randomUUID();
    await notifications.insert(
      newNotification({ id, orderId, channel: 'email', creditNoteId }, now),
    );
    const found = await notifications.lock(id);
    return found?.state === 'queued' ? found.nextAttemptAt : now;
  });
}

async function missing(): Promise<string[]> {
  return (await migrationFiles()).map((it) => it.name).filter((name) => name > '0006-z');
}
