// What the curves show of the tables, and whom an alert is about.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertSubject } from '#adapters/postgres/alert-subject.ts';
import { queueFigures } from '#adapters/postgres/queue-figures.ts';
import { recordOrders } from '#application/record-orders.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { decidePayment } from '#domain/payment.ts';
import {
  memoryFiles,
  numberPrinter,
  receivedEvent,
  type TestBooks,
  testBooks,
} from '#test/support/books.ts';
import { paidCheckout } from '#test/support/orders.ts';

const HOUR = 60 * 60 * 1000;
let books: TestBooks;
beforeAll(async () => {
  books = await testBooks();
  books.clock.set(new Date(Date.now() - HOUR));
  await books.addPartner('fiscalia');
});
afterAll(() => books.close());

const none = { due: 0, oldestMs: 0 };

test('what is due is counted by kind, with the age of the longest due; what is not, is not', async () => {
  expect(await queueFigures(books.db)).toEqual({
    resolve: none,
    print: none,
    email: none,
    webhook: none,
    quarantined: { payments: 0, notifications: 0 },
  });

  const facts = paidCheckout({ paymentIntentId: 'pi_1' });
  const known = { slugs: new Set(['fiscalia']), house: null, livemode: false };
  const decision = decidePayment(facts, known);
  if (decision.kind !== 'orders') throw new Error('no order');
  const event = receivedEvent({ id: 'evt_1' });
  await books.transact(async (tx) => {
    await tx.inbox.store([event], books.clock.now());
    await tx.payments.lock(decision.key, event.id, books.clock.now());
    await recordOrders(tx, books.base, event, decision.orders);
  });
  const recorded = await queueFigures(books.db);
  expect(recorded).toMatchObject({ resolve: { due: 1 }, print: { due: 1 }, email: none });
  expect(recorded.print.oldestMs).toBeGreaterThan(HOUR - 1_000);
  expect(recorded.print.oldestMs).toBeLessThan(HOUR + 60_000);

  const { number, order_id: orderId } = await books.db
    .selectFrom('invoice')
    .select(['number', 'order_id'])
    .executeTakeFirstOrThrow();
  const files = memoryFiles();
  await renderInvoice({ ...books.base, files, printer: numberPrinter, workerId: 'w' }, number);
  expect(await queueFigures(books.db)).toMatchObject({
    print: none,
    email: { due: 1 },
    webhook: { due: 1 },
  });

  for (const ids of [{ number }, { orderId }, { orderId, number }]) {
    expect(await alertSubject(books.db, ids)).toEqual({ orderId, paymentKey: 'pi_1' });
  }
});

test('an alert that names its payment, or nothing, asks the books for no more', async () => {
  expect(await alertSubject(books.db, { paymentKey: 'pi_x' })).toEqual({ paymentKey: 'pi_x' });
  expect(await alertSubject(books.db, { findings: 3 })).toEqual({});
  expect(await alertSubject(books.db, { orderId: 999 })).toEqual({});
});
