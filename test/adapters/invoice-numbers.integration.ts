// Numbers on the real database: gapless under any interleaving of commits and rollbacks, dated in
// order, chained, and never changed afterwards.

import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chainHash, GENESIS_HASH } from '#adapters/postgres/invoices.ts';
import { recordOrders, recordSales } from '#application/record-orders.ts';
import { decidePayment } from '#domain/payment.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { paidCheckout } from '#test/support/orders.ts';

let books: TestBooks;
beforeEach(async () => {
  books = await testBooks(32);
  await books.addPartner('fiscalia');
});
afterEach(() => books.close());

class RolledBack extends Error {}

let made = 0;
function saleOf(n: number) {
  const event = receivedEvent({ id: `evt_${n}` });
  const facts = paidCheckout({ paymentIntentId: `pi_${n}` });
  const decision = decidePayment(facts, {
    slugs: new Set(['fiscalia']),
    house: null,
    livemode: false,
  });
  if (decision.kind !== 'orders') throw new Error('no order');
  return { event, key: decision.key, drafts: decision.orders };
}

/** Records one order with its invoice, then commits or throws everything away. */
async function record(fate: 'commit' | 'rollback'): Promise<void> {
  made += 1;
  const { event, key, drafts } = saleOf(made);
  await books
    .transact(async (tx) => {
      await tx.inbox.store([event], books.clock.now());
      await tx.payments.lock(key, event.id, books.clock.now());
      await recordOrders(tx, books.base, event, drafts);
      if (fate === 'rollback') throw new RolledBack();
    })
    .catch((error) => {
      if (!(error instanceof RolledBack)) throw error;
    });
}

/** The same for several payments under one lock of the counter. */
async function recordTogether(count: number, fate: 'commit' | 'rollback'): Promise<void> {
  const sales = Array.from({ length: count }, () => {
    made += 1;
    return saleOf(made);
  });
  await books
    .transact(async (tx) => {
      const now = books.clock.now();
      const events = sales.map(({ event }) => event);
      await tx.inbox.store(events, now);
      await tx.payments.lockAll(
        sales.map(({ key, event }) => ({ key, eventId: event.id })),
        now,
      );
      await recordSales(tx, books.base, sales, { printsAreJobs: false });
      if (fate === 'rollback') throw new RolledBack();
    })
    .catch((error) => {
      if (!(error instanceof RolledBack)) throw error;
    });
}

function issued() {
  return books.db.selectFrom('invoice').selectAll().orderBy('year').orderBy('ordinal').execute();
}

test('300 at once, a third rolled back, leave 1 to 200 without a gap', async () => {
  const fates = Array.from({ length: 300 }, (_, i) => (i % 3 === 1 ? 'rollback' : 'commit'));
  await Promise.all(fates.map((fate) => record(fate as 'commit' | 'rollback')));
  const invoices = await issued();
  expect(invoices.map((it) => it.ordinal)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  const queue = await sql<{ jobs: number }>`
    select count(*)::int as jobs from graphile_worker.jobs where key like 'render-invoice:%'`.execute(
    books.db,
  );
  expect(queue.rows[0]?.jobs).toBe(200);
});

test('batches at once, some rolled back, leave 1 to n, chained in their order', async () => {
  const sizes = [1, 3, 7, 2, 16, 1, 5, 4, 9, 2];
  const fates = sizes.map((size, at) => ({ size, fate: at % 3 === 1 ? 'rollback' : 'commit' }));
  await Promise.all(fates.map(({ size, fate }) => recordTogether(size, fate as 'commit')));
  const kept = fates.filter(({ fate }) => fate === 'commit').reduce((n, it) => n + it.size, 0);
  const invoices = await issued();
  expect(invoices.map((it) => it.ordinal)).toEqual(Array.from({ length: kept }, (_, i) => i + 1));
  for (const [at, { hash, previous_hash: previous, content }] of invoices.entries()) {
    expect(previous).toBe(invoices[at - 1]?.hash ?? GENESIS_HASH);
    expect(hash).toBe(chainHash(previous, content));
  }
});

test('the counter passes over no number whose invoice is not there', async () => {
  await recordTogether(3, 'commit');
  const pass = (to: number) =>
    sql`update invoice_series set last_ordinal = ${to}`.execute(books.db);
  await expect(pass(5)).rejects.toThrow('does not pass over numbers');
  await expect(pass(2)).rejects.toThrow('never goes back');
});

test('any interleaving of commits and rollbacks leaves 1 to n, dated in order and chained', async () => {
  const fates = fc.array(fc.constantFrom('commit' as const, 'rollback' as const), {
    maxLength: 16,
  });
  let expected = 0;
  await fc.assert(
    fc.asyncProperty(fates, async (all) => {
      await Promise.all(
        all.map((fate, index) => {
          // Clocks of several machines disagree: some recorders run a second behind.
          books.clock.advance(index % 3 === 2 ? -1000 : 700);
          return record(fate);
        }),
      );
      expected += all.filter((fate) => fate === 'commit').length;
      const invoices = await issued();
      expect(invoices.map((it) => it.ordinal)).toEqual(
        Array.from({ length: expected }, (_, i) => i + 1),
      );
      let previous = { hash: GENESIS_HASH, at: 0 };
      for (const it of invoices) {
        expect(it.issued_at.getTime()).toBeGreaterThanOrEqual(previous.at);
        expect(it.previous_hash).toBe(previous.hash);
        expect(it.hash).toBe(chainHash(previous.hash, it.content));
        previous = { hash: it.hash, at: it.issued_at.getTime() };
      }
    }),
    { numRuns: 12 },
  );
});

test('the year is the one in Paris, each year starts at 1, and the chain goes on', async () => {
  books.clock.set(new Date('2026-12-31T22:59:59Z'));
  await record('commit');
  books.clock.set(new Date('2026-12-31T23:00:00Z'));
  await record('commit');
  const [old, young] = await issued();
  expect([old?.number, old?.issue_day]).toEqual(['FQCA-2026-000001', '2026-12-31']);
  expect([young?.number, young?.issue_day]).toEqual(['FQCA-2027-000001', '2027-01-01']);
  expect(young?.previous_hash).toBe(old?.hash);
});

test('New Year passing while a number is taken starts the transaction again in the new year', async () => {
  await record('commit');
  const looks = [new Date('2026-12-31T22:59:59.999Z')];
  const clock = books.clock.now;
  books.clock.set(new Date('2026-12-31T23:00:00Z'));
  // The first look at the clock is in the old year, every later one in the new.
  books.clock.now = () => looks.pop() ?? clock();
  const event = receivedEvent({ id: 'evt_ny' });
  const decision = decidePayment(paidCheckout({ paymentIntentId: 'pi_ny' }), {
    slugs: new Set(['fiscalia']),
    house: null,
    livemode: false,
  });
  if (decision.kind !== 'orders') throw new Error('no order');
  await books.transact(async (tx) => {
    const now = new Date('2026-12-31T22:59:59Z');
    await tx.inbox.store([event], now);
    await tx.payments.lock(decision.key, event.id, now);
    const needs = { ...books.base, clock: { now: () => now } };
    await recordOrders(tx, needs, event, decision.orders);
  });
  expect((await issued()).map((it) => it.number)).toEqual(['FQCA-2026-000001', 'FQCA-2027-000001']);
});

test('an issued invoice refuses every change, and so do the rows it stands on', async () => {
  await record('commit');
  const statements = [
    `update invoice set content = content || ' '`,
    'delete from invoice',
    'truncate invoice cascade',
    'update orders set gross = gross + 1, vat = vat + 1',
    'delete from order_line',
    'update stripe_event set body = body',
    'delete from stripe_event',
    'update invoice_series set last_ordinal = last_ordinal - 1',
    'update invoice_series set last_ordinal = last_ordinal + 2',
    'delete from invoice_series',
  ];
  for (const statement of statements) {
    const refused = sql.raw(statement).execute(books.db);
    await expect(refused, statement).rejects.toMatchObject({ code: '23001' });
  }
});

test('a row that does not hash to what it says cannot be inserted', async () => {
  await record('commit');
  const forged = sql`
    insert into invoice
    select 'FQCA-2026-000002', series, year, 2, order_id + 1, issued_at, issue_day, content,
      hash, repeat('a', 64) from invoice`.execute(books.db);
  await expect(forged).rejects.toMatchObject({ code: '23514' });
});
