// What goes back, as a property: refunds in any number and of any size, told of by any events, before
// or after the payment and each other, how often, one by one or at once: every one of them is credited
// once, never more than was sold, and what was given back whole is the invoice to the cent. Real
// Postgres and its queue; Stripe's answers are facts in memory.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CorrectionReader, StripeReader } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { CorrectionFacts } from '#domain/credit-note.ts';
import { cents, currency } from '#domain/money.ts';
import type { PaymentFacts } from '#domain/payment.ts';
import { correctionKey, type PaymentKey } from '#domain/payment-key.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { handQueue } from '#test/support/hand-queue.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

/** `CREDIT_PAYMENTS=2000` for a long run. */
const PAYMENTS = Number(process.env.CREDIT_PAYMENTS ?? 60);
const TOGETHER = 3;
const REFUNDS_MAX = 3;

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks(20);
  books.clock.set(new Date(Date.now() + 3_600_000));
  await books.addPartner('fiscalia');
  await books.addPartner('notaria');
});
afterAll(() => books.close());

const REDUCED = { vat: cents(2_09), rate: 550, treatment: 'standard' } as never;
const SALES = [
  [line()],
  [line(), line({ productId: 'prod_b', gross: cents(40_01), tax: REDUCED })],
  [line(), line({ partner: 'notaria', productId: 'prod_n', gross: cents(50_00) })],
];

/** Event 0 tells of the payment, 1 to n of a refund each, n + 1 of all of them. */
type Delivery = { readonly payment: number; readonly event: number; readonly worked: boolean };
type Story = {
  readonly payments: readonly { readonly sale: number; readonly refunds: readonly number[] }[];
  readonly some: readonly Delivery[];
  readonly last: readonly number[];
  readonly lastAtOnce: boolean;
};

const places = Array.from({ length: TOGETHER * (REFUNDS_MAX + 2) }, (_, place) => place);
const anyStory: fc.Arbitrary<Story> = fc.record({
  payments: fc.array(
    fc.record({
      sale: fc.nat({ max: SALES.length - 1 }),
      // Parts of the sale in thousandths, so that they may come to all of it and more.
      refunds: fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: REFUNDS_MAX }),
    }),
    { minLength: TOGETHER, maxLength: TOGETHER },
  ),
  some: fc.array(
    fc.record({
      payment: fc.nat({ max: TOGETHER - 1 }),
      event: fc.nat({ max: REFUNDS_MAX + 1 }),
      worked: fc.boolean(),
    }),
    { maxLength: TOGETHER * 3 },
  ),
  last: fc.shuffledSubarray(places, { minLength: places.length }),
  lastAtOnce: fc.boolean(),
});

let made = 0;

function played(of: Story['payments'][number]) {
  made += 1;
  const id = made;
  const facts = paidCheckout({ paymentIntentId: `pi_${id}`, lines: SALES[of.sale] ?? [] });
  const total = facts.total ?? 0;
  const refunds = of.refunds.map((part, index): CorrectionFacts => {
    const key = correctionKey(`re_${id}_${index + 1}`);
    const at = new Date(books.clock.now().getTime() + index * 1000);
    const amount = cents(Math.max(1, Math.round((total * part) / 1000)));
    const given = { amount, currency: currency('EUR'), at, named: [] };
    return { key, cause: 'refund', state: 'done', ...given };
  });
  return { id, facts, total, refunds };
}

async function play({ payments: wanted, some, last, lastAtOnce }: Story): Promise<void> {
  const payments = wanted.map(played);
  const stripe: StripeReader = {
    read: async ({ objectId }) => {
      const found = payments.find(({ id }) => objectId === `cs_${id}`);
      return { facts: found?.facts as PaymentFacts };
    },
  };
  const corrections: CorrectionReader = {
    tells: (type) => !type.startsWith('checkout.'),
    async read({ objectId }) {
      const of = payments.find(({ id }) => objectId?.split('_')[1] === String(id));
      const told = of?.refunds.filter(({ key }) => objectId === key || objectId === `ch_${of.id}`);
      const payment = `pi_${of?.id}` as PaymentKey;
      return { corrections: told ?? [], payment, mayBeBilled: false, invoiceIsOpen: false };
    },
    locate: async (told) => told,
  };
  const needs = { ...books.base, stripe, corrections };
  const queue = handQueue(books, {
    'resolve-payment': (event) => resolvePayment(needs, event),
    'render-invoice': async () => {},
  });
  const receive = async (at: number, event: number) => {
    const { id, refunds } = payments[at] as (typeof payments)[number];
    if (event > refunds.length + 1) return;
    const [type, objectId] =
      event === 0
        ? ['checkout.session.completed', `cs_${id}`]
        : event <= refunds.length
          ? ['refund.created', `re_${id}_${event}`]
          : ['charge.refunded', `ch_${id}`];
    const it = { id: `evt_${id}_${event}`, type, objectId };
    await receiveEvent(needs, receivedEvent({ ...it, createdAt: books.clock.now() }));
  };

  for (const { payment, event, worked } of some) {
    await receive(payment, event);
    if (worked) await queue.work();
  }
  const rest = last.map((place) => [place % TOGETHER, Math.floor(place / TOGETHER)] as const);
  if (lastAtOnce) await Promise.all(rest.map((it) => receive(...it)));
  else for (const it of rest) await receive(...it);
  await queue.work();
  for (const { id, total, refunds } of payments) await expectCredited(id, total, refunds);
}

async function expectCredited(
  id: number,
  total: number,
  refunds: readonly CorrectionFacts[],
): Promise<void> {
  const wanted = refunds.reduce((sum, { amount }) => sum + (amount ?? 0), 0);
  const credited = Math.min(wanted, total);
  const key = `pi_${id}`;
  const corrections = await books.db
    .selectFrom('correction')
    .select(['key', 'amount'])
    .where('payment_key', '=', key)
    .execute();
  expect(corrections.reduce((sum, { amount }) => sum + amount, 0)).toBe(credited);
  if (wanted <= total) expect(corrections).toHaveLength(refunds.length);

  const orders = await books.transact(({ credits }) => credits.ordersOf(key as PaymentKey));
  const notes = await books.db
    .selectFrom('credit_note')
    .innerJoin('invoice', 'invoice.credit_note_id', 'credit_note.id')
    .innerJoin('notification', 'notification.credit_note_id', 'credit_note.id')
    .select(['credit_note.gross', 'channel', 'state'])
    .where(
      'credit_note.order_id',
      'in',
      orders.map(({ order }) => order.id),
    )
    .execute();
  expect(notes.reduce((sum, { gross }) => sum + gross, 0)).toBe(credited);
  expect(notes.every(({ channel, state }) => `${channel} ${state}` === 'email queued')).toBe(true);
  for (const { order, credited: lines } of orders) {
    lines.forEach((line, index) => {
      const sold = order.lines[index];
      for (const field of ['net', 'vat', 'gross'] as const) {
        expect(line[field]).toBeGreaterThanOrEqual(0);
        expect(line[field]).toBeLessThanOrEqual(sold?.[field] ?? 0);
      }
      if (credited === total) expect({ ...sold, ...line }).toEqual(sold);
    });
  }
  const set = await books.db
    .selectFrom('payment')
    .select('reason')
    .where('key', 'like', `re_${id}_%`)
    .execute();
  // Only what was too much waits for a person.
  expect(set.every(({ reason }) => reason === 'exceeds-invoice')).toBe(true);
  expect(set.length > 0).toBe(wanted > total);
}

test(`any refunds in any order, repetition and interleaving (${PAYMENTS} payments)`, async () => {
  await fc.assert(fc.asyncProperty(anyStory, play), { numRuns: PAYMENTS / TOGETHER });
  const { count, last } = await books.db
    .selectFrom('invoice')
    .select(({ fn }) => [fn.countAll<string>().as('count'), fn.max('ordinal').as('last')])
    .where('series', '=', 'AQCA')
    .executeTakeFirstOrThrow();
  expect(Number(count)).toBe(last); // no number was wasted
  const open = await books.db
    .selectFrom('event_outcome')
    .select('event_id')
    .where('kind', 'in', ['pending', 'wait'])
    .execute();
  expect(open).toEqual([]); // nothing had to wait for a timer
}, 120_000);
