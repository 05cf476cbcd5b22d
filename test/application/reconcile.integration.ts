// The reconciliation: whatever webhooks were lost, the books end complete; a run that was cut short
// goes on where it was; drift between Stripe and the books is told.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReceivedEvent, StripeHistory } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { findDrift, takeInMissed } from '#application/reconcile.ts';
import { recordOrders } from '#application/record-orders.ts';
import { decidePayment } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { paidCheckout } from '#test/support/orders.ts';

const START = new Date('2026-11-22T12:00:00Z');
const NOW = new Date('2026-11-22T18:00:00Z');
const PAGE = 100;

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
  books.clock.set(NOW);
});
afterAll(() => books.close());

function eventsOf(prefix: string, count: number): ReceivedEvent[] {
  return Array.from({ length: count }, (_, n) =>
    receivedEvent({
      id: `${prefix}_${n}`,
      objectId: `cs_${prefix}_${n}`,
      createdAt: new Date(START.getTime() + n * 10_000),
    }),
  );
}

/** Stripe's list over these events, newest first; `fail` makes a page throw once. */
function historyOf(events: readonly ReceivedEvent[], failAtPage = -1) {
  let pages = 0;
  const asked: (string | null)[] = [];
  const history: StripeHistory = {
    async eventsPage({ since, until }, cursor) {
      asked.push(cursor);
      pages += 1;
      if (pages === failAtPage) throw new Error('429');
      const newestFirst = events
        .filter((it) => it.createdAt >= since && it.createdAt < until)
        .toReversed();
      const from = cursor === null ? 0 : newestFirst.findIndex((it) => it.id === cursor) + 1;
      const page = newestFirst.slice(from, from + PAGE);
      return { events: page, more: from + PAGE < newestFirst.length };
    },
    async *paidBetween() {},
    isPaid: async () => false,
  };
  return { history, asked };
}

function storedOf(prefix: string) {
  return books.db
    .selectFrom('stripe_event')
    .select('id')
    .where('id', 'like', `${prefix}\\_%`)
    .execute();
}

test('of 500 webhooks a tenth is lost at random, and the next run takes exactly those in', async () => {
  const events = eventsOf('evt_a', 500);
  // Every tenth by a fixed shuffle: which ones does not matter, that they are scattered does.
  const lost = new Set(events.filter((_, n) => (n * 7919) % 10 === 3).map((it) => it.id));
  for (const event of events) if (!lost.has(event.id)) await receiveEvent(books.base, event);
  const { history } = historyOf(events);
  const progress: number[] = [];
  const report = await takeInMissed({ ...books.base, history, livemode: false }, START, (run) =>
    progress.push(run.looked),
  );
  expect(report).toMatchObject({ looked: 500, received: lost.size });
  expect(lost.size).toBe(50);
  expect(await storedOf('evt_a')).toHaveLength(500);
  expect(progress).toEqual([100, 200, 300, 400, 500]);

  const again = await takeInMissed({ ...books.base, history, livemode: false }, START);
  expect(again).toMatchObject({ looked: 500, received: 0 });
});

test('a run that Stripe cut short goes on after its last whole page', async () => {
  const events = eventsOf('evt_b', 350);
  const first = historyOf(events, 3);
  const since = new Date(START.getTime() - 1);
  const needs = { ...books.base, livemode: false };
  await expect(takeInMissed({ ...needs, history: first.history }, since)).rejects.toThrow('429');
  expect(await storedOf('evt_b')).toHaveLength(200);
  const second = historyOf(events);
  // « 24h » typed again a minute later is another instant, and the same run.
  const again = new Date(since.getTime() + 60_000);
  const report = await takeInMissed({ ...needs, history: second.history }, again);
  expect(second.asked[0]).toBe('evt_b_150');
  expect(report).toMatchObject({ looked: 350, received: 350 });
  expect(await storedOf('evt_b')).toHaveLength(350);
});

test('an automatic run begins an hour before where the last one ended, whatever people asked for since', async () => {
  const ranges: Date[] = [];
  const history: StripeHistory = {
    ...historyOf([]).history,
    async eventsPage({ since }) {
      ranges.push(since);
      return { events: [], more: false };
    },
  };
  const needs = { ...books.base, history, livemode: false };
  await takeInMissed(needs, null);
  const later = new Date('2026-11-23T06:00:00Z');
  books.clock.set(later);
  // Looks at the last half hour only: the night before it is still to be looked at.
  await takeInMissed(needs, new Date(later.getTime() - 1_800_000));
  await takeInMissed(needs, null);
  const hourBefore = new Date(NOW.getTime() - 3_600_000);
  expect(ranges).toEqual([hourBefore, new Date(later.getTime() - 1_800_000), hourBefore]);
});

test('events of the other mode are left alone', async () => {
  const events = eventsOf('evt_c', 3).map((it) => ({ ...it, livemode: true }));
  const { history } = historyOf(events);
  const since = new Date(START.getTime() - 2);
  const report = await takeInMissed({ ...books.base, history, livemode: false }, since);
  expect(report).toMatchObject({ looked: 3, received: 0 });
});

test('payments without orders and orders without payments are told', async () => {
  const paidAt = new Date('2026-11-22T13:00:00Z');
  for (const name of ['kept', 'orphan', 'earlier']) {
    const decision = decidePayment(paidCheckout({ paymentIntentId: `pi_${name}`, paidAt }), {
      slugs: new Set(['fiscalia']),
      house: null,
      livemode: false,
    });
    if (decision.kind !== 'orders') throw new Error('no order');
    const event = receivedEvent({ id: `evt_${name}` });
    await books.transact(async (tx) => {
      await tx.inbox.store([event], NOW);
      await tx.payments.lock(decision.key, event.id, NOW);
      await recordOrders(tx, books.base, event, decision.orders);
      const why = { reason: null, detail: null, eventId: event.id };
      await tx.payments.setState(decision.key, 'recorded', why, NOW);
    });
  }
  const history: StripeHistory = {
    ...historyOf([]).history,
    async *paidBetween() {
      yield { key: 'pi_kept' as PaymentKey, at: paidAt };
      yield { key: 'pi_lost' as PaymentKey, at: paidAt };
    },
    isPaid: async (key) => key === 'pi_earlier',
  };
  const drift = await findDrift(
    { ...books.base, history, livemode: false },
    { since: START, until: NOW },
  );
  expect(drift).toEqual({
    paymentsWithoutOrder: [{ key: 'pi_lost', at: paidAt, state: 'unknown' }],
    ordersWithoutPayment: ['pi_orphan'],
  });
});
