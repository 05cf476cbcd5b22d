// A person and a payment in quarantine: retried when the cause is mended, or set aside with a reason.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { receiveEvent } from '#application/receive-event.ts';
import { type ResolvePaymentNeeds, resolvePayment } from '#application/resolve-payment.ts';
import { dismissPayment, retryPayment, retryQuarantined } from '#application/retry-payment.ts';
import type { PaymentFacts } from '#domain/payment.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

const BY = { actor: 'the test', why: null };

let books: TestBooks;
let number = 0;
let said: PaymentFacts | { missing: string };
beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
});
afterAll(() => books.close());
beforeEach(() => {
  number += 1;
});

const needs = (): ResolvePaymentNeeds => ({
  ...books.base,
  stripe: { read: async () => ('missing' in said ? said : { facts: said }) },
});
const key = () => `pi_q${number}`;
const eventId = () => `evt_q${number}`;

async function quarantine(partner = 'nobody'): Promise<void> {
  said = paidCheckout({ paymentIntentId: key(), lines: [line({ partner })] });
  await receiveEvent(books.base, receivedEvent({ id: eventId() }));
  await resolvePayment(needs(), eventId());
  expect(await stateOf(key())).toBe('quarantined');
}

async function stateOf(of: string): Promise<string | undefined> {
  const row = await books.db
    .selectFrom('payment')
    .select('state')
    .where('key', '=', of)
    .executeTakeFirst();
  return row?.state;
}

const alertsOf = (of: string) => books.raised.filter((it) => it.ids.paymentKey === of);

test('retried before the cause is mended, it stays, and nobody is told a second time', async () => {
  await quarantine();
  expect(await retryPayment(books.base, key(), BY)).toEqual({ kind: 'retried', events: 1 });
  await resolvePayment(needs(), eventId());
  expect(await stateOf(key())).toBe('quarantined');
  expect(alertsOf(key())).toHaveLength(1);
});

test('retried afterwards, it becomes an order', async () => {
  await quarantine(`late-${number}`);
  await books.addPartner(`late-${number}`);
  expect(await retryQuarantined(books.base, BY)).toBeGreaterThan(0);
  await resolvePayment(needs(), eventId());
  expect(await stateOf(key())).toBe('recorded');
  expect(await retryPayment(books.base, key(), BY)).toEqual({ kind: 'already-recorded' });
});

test('dismissed with a reason, its events do not bring it back, but a retry does', async () => {
  await quarantine();
  const given = { by: 'nadia@comptappart.example', why: 'essai en double' };
  expect(await dismissPayment(books.base, key(), given)).toEqual({ kind: 'dismissed' });
  expect(await dismissPayment(books.base, key(), given)).toEqual({
    kind: 'not-open',
    state: 'dismissed',
  });
  await receiveEvent(books.base, receivedEvent({ id: `${eventId()}_again` }));
  await resolvePayment(needs(), `${eventId()}_again`);
  expect(await stateOf(key())).toBe('dismissed');

  expect(await retryPayment(books.base, key(), BY)).toMatchObject({ kind: 'retried' });
  said = paidCheckout({ paymentIntentId: key() });
  await resolvePayment(needs(), eventId());
  expect(await stateOf(key())).toBe('recorded');
});

test('what is not there, or on the books, cannot be dismissed', async () => {
  const given = { by: 'a', why: 'b' };
  expect(await dismissPayment(books.base, 'pi_none', given)).toEqual({ kind: 'not-found' });
  expect(await retryPayment(books.base, 'pi_none', BY)).toEqual({ kind: 'not-found' });
  said = paidCheckout({ paymentIntentId: key() });
  await receiveEvent(books.base, receivedEvent({ id: eventId() }));
  await resolvePayment(needs(), eventId());
  expect(await dismissPayment(books.base, key(), given)).toEqual({
    kind: 'not-open',
    state: 'recorded',
  });
});

test('a session that stopped for want of its invoice ends under the invoice, once', async () => {
  said = { missing: 'cs_early' };
  await receiveEvent(books.base, receivedEvent({ id: eventId() }));
  await resolvePayment(needs(), eventId());
  expect(await stateOf(eventId())).toBe('quarantined');
  await retryPayment(books.base, eventId(), BY);
  said = paidCheckout({ paymentIntentId: key() });
  await resolvePayment(needs(), eventId());
  expect(await stateOf(key())).toBe('recorded');
  expect(await stateOf(eventId())).toBe('dismissed');
});
