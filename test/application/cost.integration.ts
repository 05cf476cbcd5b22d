// What one order of one line costs the database, counted and held: transactions and statements from
// the webhook to both deliveries. What it costs Stripe is counted in stripe-reader.integration.ts.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import type { Transact } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
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
import { deliverDue } from '#test/support/deliver.ts';
import { paidCheckout } from '#test/support/orders.ts';

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
});
afterAll(() => books.close());

/** The books' `transact`, counting transactions and the statements inside them. */
function counting() {
  const counts = { transactions: 0, statements: 0 };
  const db = books.db.withPlugin({
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

test('an order takes 9 transactions and at most 55 statements, the queue’s own aside', async () => {
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
  const event = receivedEvent();
  await receiveEvent(needs, event);
  await resolvePayment(needs, event.id);
  const { number } = await books.db
    .selectFrom('invoice')
    .select('number')
    .executeTakeFirstOrThrow();
  await renderInvoice(needs, number);
  await deliverDue(needs);

  const states = await books.db.selectFrom('notification').select('state').execute();
  expect(states).toEqual([{ state: 'completed' }, { state: 'completed' }]);
  console.info(`one order: ${counts.transactions} transactions, ${counts.statements} statements`);
  expect(counts.transactions).toBe(9);
  expect(counts.statements).toBeLessThanOrEqual(55);
});
