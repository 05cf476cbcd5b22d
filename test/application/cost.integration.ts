// What one order of one line costs the database, counted and held: transactions and statements from
// the webhook to both deliveries. What it costs Stripe is counted in stripe-reader.integration.ts.

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BY_KEYS_ALONE } from '#adapters/postgres/by-keys.ts';
import { connect } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import type { Transact } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { paymentResolver, resolvePayment } from '#application/resolve-payment.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  receivedEvent,
  recordingMailer,
  recordingPartner,
  type TestBooks,
  testBooks,
} from '#test/support/books.ts';
import { paidCheckout } from '#test/support/orders.ts';
import { pumps } from '#test/support/pumps.ts';

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
});
afterAll(() => books.close());

/** A payment for each session that is asked for. */
const sessionsOfTheirOwn = {
  read: async ({ objectId }: { readonly objectId: string | null }) => ({
    facts: paidCheckout({ sessionId: `${objectId}`, paymentIntentId: `pi_${objectId}` }),
  }),
};

/** A `transact` on the books, counting transactions and the statements inside them. */
function counting(on = books.db) {
  const counts = { transactions: 0, statements: 0 };
  const db = on.withPlugin({
    transformQuery({ node }) {
      counts.statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const { clock, secrets } = books;
  const inner = postgresTransact(db, { clock, secrets });
  const transact: Transact = (work) => {
    counts.transactions += 1;
    return inner(work);
  };
  return { counts, transact };
}

test('an order takes 7 transactions and at most 35 statements, the queue’s own aside', async () => {
  const { counts, transact } = counting();
  const { partner } = recordingPartner(() => ACCEPTED);
  const { mailer } = recordingMailer(() => ACCEPTED);
  const needs = {
    ...books.base,
    transact,
    partner,
    mailer,
    files: memoryFiles(),
    printer: numberPrinter,
    stripe: { read: async () => ({ facts: paidCheckout() }) },
    livemode: false,
    workerId: 'w1',
    partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
  };
  const { prints, settled } = pumps(needs);
  const event = receivedEvent();
  await receiveEvent(needs, event);
  await resolvePayment({ ...needs, prints }, event.id);
  await settled();

  const states = await books.db.selectFrom('notification').select('state').execute();
  expect(states).toEqual([{ state: 'completed' }, { state: 'completed' }]);
  console.info(`one order: ${counts.transactions} transactions, ${counts.statements} statements`);
  // Taken in, opened, recorded; the print claimed, then recorded with the claims of mail and call; and
  // the two recorded. Under load many orders share each of them.
  expect(counts.transactions).toBe(7);
  expect(counts.statements).toBeLessThanOrEqual(35);
});

test('ten orders at once share their transactions', async () => {
  const { counts, transact } = counting();
  const { partner } = recordingPartner(() => ACCEPTED);
  const { mailer } = recordingMailer(() => ACCEPTED);
  const needs = {
    ...books.base,
    transact,
    partner,
    mailer,
    files: memoryFiles(),
    printer: numberPrinter,
    stripe: sessionsOfTheirOwn,
    livemode: false,
    workerId: 'w1',
    partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
  };
  const { prints, settled } = pumps(needs);
  const resolve = paymentResolver({ ...needs, prints });
  const events = Array.from({ length: 10 }, (_, n) =>
    receivedEvent({ id: `evt_many_${n}`, objectId: `cs_many_${n}` }),
  );
  for (const event of events) await receiveEvent(books.base, event);
  await Promise.all(events.map(({ id }) => resolve(id)));
  await settled();

  const open = await books.db
    .selectFrom('notification')
    .select('id')
    .where('state', '!=', 'completed')
    .execute();
  expect(open).toEqual([]);
  console.info(`ten orders: ${counts.transactions} transactions, ${counts.statements} statements`);
  // Beside those that took them in. One by one they would be sixty.
  expect(counts.transactions).toBeLessThanOrEqual(30);
});

// Tables that grew from nothing have no statistics for a minute: the state in which plans go wrong.
test('on new tables, an order reads few rows, however many came before it', async () => {
  const fresh = await testBooks();
  const pool = connect(fresh.url, { connectionsMax: 4, session: BY_KEYS_ALONE });
  try {
    await fresh.addPartner('fiscalia');
    const needs = {
      ...fresh.base,
      transact: counting(pool).transact,
      partner: recordingPartner(() => ACCEPTED).partner,
      mailer: recordingMailer(() => ACCEPTED).mailer,
      files: memoryFiles(),
      printer: numberPrinter,
      stripe: sessionsOfTheirOwn,
      livemode: false,
      workerId: 'w1',
      partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
    };
    const { prints, settled } = pumps(needs);
    for (let n = 0; n < 100; n += 1) {
      const event = receivedEvent({ id: `evt_new_${n}`, objectId: `cs_new_${n}` });
      await receiveEvent(needs, event);
      await resolvePayment({ ...needs, prints }, event.id);
      await settled();
    }
    await pool.destroy(); // a connection that ends tells what it has read
    const { rows } = await sql<{ read: number }>`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read
      from pg_stat_user_tables where schemaname = 'public'`.execute(fresh.db);
    const perOrder = (rows[0]?.read ?? 0) / 100;
    console.info(`one order: ${perOrder} rows read`);
    expect(perOrder).toBeGreaterThan(5);
    expect(perOrder).toBeLessThan(250);
  } finally {
    await fresh.close();
  }
});
