// The identity of a payment as a property: whatever events tell of it, in whatever order, how often,
// one by one or at once, with Stripe's truth changing in between, the books end the same. A thousand
// payments on real Postgres and its queue; Stripe's answers are facts in memory. Of every four
// stories one is worked to the last e-mail and call; of the others what was promised is counted,
// because a delivery costs more than all the rest and has properties of its own.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StripeReader } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { cents } from '#domain/money.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { PaymentFacts } from '#domain/payment.ts';
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
import { handQueue } from '#test/support/hand-queue.ts';
import { line, paidCheckout, paidInvoice } from '#test/support/orders.ts';

/** `npm run test:long` plays a thousand. */
const PAYMENTS = Number(process.env.PERMUTED_PAYMENTS ?? 250);

let books: TestBooks;
beforeAll(async () => {
  books = await testBooks(20);
  // The queue dates its jobs by the real clock: ours runs ahead of it, so that "due" means one thing.
  books.clock.set(new Date(Date.now() + 3_600_000));
  await books.addPartner('fiscalia');
  await books.addPartner('notaria');
});
afterAll(() => books.close());

// ---- The payments: what Stripe says early and late, and which events tell of it -----------------

const COMPLETED = 'checkout.session.completed';
const ASYNC = 'checkout.session.async_payment_succeeded';
const FAILED = 'checkout.session.async_payment_failed';
const INVOICE = ['invoice.paid', 'invoice.payment_succeeded'];

type Payment = {
  /** What Stripe says before the turn and after it; the events after it exist only then. */
  readonly early: PaymentFacts;
  readonly late: PaymentFacts;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Partner and cents of each order, in the end. */
  readonly orders: readonly (readonly [string, number])[];
};

const ours = [['fiscalia', 9999]] as const;
const shared = [line(), line({ partner: 'notaria', productId: 'prod_n', gross: cents(50_00) })];
const both = { lines: shared, shipping: cents(7_01) };
const bothOrders = [
  ['fiscalia', 9999 + 467],
  ['notaria', 50_00 + 234],
] as const;

/** Every kind of payment, by a number that makes its ids. */
const KINDS: Readonly<Record<string, (id: number) => Payment>> = {
  'one-time': (id) => {
    const paid = paidCheckout({ paymentIntentId: `pi_${id}` });
    return { early: paid, late: paid, before: [COMPLETED], after: [], orders: ours };
  },
  'one-time, two partners': (id) => {
    const paid = paidCheckout({ paymentIntentId: `pi_${id}`, ...both });
    return { early: paid, late: paid, before: [COMPLETED], after: [], orders: bothOrders };
  },
  'with an invoice': (id) => {
    const paid = paidInvoice({ invoiceId: `in_${id}`, billingReason: 'manual' });
    return { early: paid, late: paid, before: [COMPLETED, ...INVOICE], after: [], orders: ours };
  },
  'with an invoice that comes late': (id) => ({
    early: paidCheckout({ paymentIntentId: `pi_${id}`, invoiceExpected: true }),
    late: paidInvoice({ invoiceId: `in_${id}`, billingReason: 'manual' }),
    before: [COMPLETED],
    after: INVOICE,
    orders: ours,
  }),
  subscription: (id) => {
    const paid = paidInvoice({ invoiceId: `in_${id}` });
    return { early: paid, late: paid, before: [COMPLETED, ...INVOICE], after: [], orders: ours };
  },
  'subscription, two partners': (id) => {
    const paid = paidInvoice({ invoiceId: `in_${id}`, ...both });
    return {
      early: paid,
      late: paid,
      before: [...INVOICE, COMPLETED],
      after: [],
      orders: bothOrders,
    };
  },
  'SEPA, paid days later': (id) => {
    const paid = paidCheckout({ paymentIntentId: `pi_${id}`, paymentMethod: 'sepa_debit' });
    const early = { ...paid, paymentStatus: 'unpaid' };
    return { early, late: paid, before: [COMPLETED], after: [ASYNC], orders: ours };
  },
  'SEPA, failed days later': (id) => {
    const unpaid = paidCheckout({ paymentIntentId: `pi_${id}`, paymentStatus: 'unpaid' });
    return { early: unpaid, late: unpaid, before: [COMPLETED], after: [FAILED], orders: [] };
  },
  'subscription by SEPA': (id) => {
    const paid = paidInvoice({ invoiceId: `in_${id}`, paymentMethod: 'sepa_debit' });
    const early = { ...paid, status: 'open' };
    return { early, late: paid, before: [COMPLETED], after: [ASYNC, ...INVOICE], orders: ours };
  },
};

// ---- What may happen to their events -----------------------------------------------------------

/** Several payments at a time, so that their events come between each other's. */
const TOGETHER = 5;
const EVENTS_MAX = 4;

/** One event of one payment, and whether the queue is worked before the next. */
type Delivery = { readonly payment: number; readonly event: number; readonly worked: boolean };
type Story = {
  readonly kinds: readonly string[];
  /** Before Stripe's truth turns; events that do not exist yet are left out. */
  readonly early: readonly Delivery[];
  readonly late: readonly Delivery[];
  /** Every event of every payment, by its place, so that each has arrived at least once. */
  readonly last: readonly number[];
  readonly lastAtOnce: boolean;
  readonly delivered: boolean;
};

const deliveries = (maxLength: number) =>
  fc.array(
    fc.record({
      payment: fc.nat({ max: TOGETHER - 1 }),
      event: fc.nat({ max: EVENTS_MAX - 1 }),
      worked: fc.boolean(),
    }),
    { maxLength },
  );
const places = Array.from({ length: TOGETHER * EVENTS_MAX }, (_, place) => place);
const kind = fc.constantFrom(...Object.keys(KINDS));
const anyStory: fc.Arbitrary<Story> = fc.record({
  kinds: fc.array(kind, { minLength: TOGETHER, maxLength: TOGETHER }),
  early: deliveries(TOGETHER * 2),
  late: deliveries(TOGETHER),
  last: fc.shuffledSubarray(places, { minLength: places.length }),
  lastAtOnce: fc.boolean(),
  delivered: fc.nat({ max: 3 }).map((n) => n === 0),
});

let made = 0;

async function play(story: Story): Promise<void> {
  const { kinds, early, late, last, lastAtOnce, delivered } = story;
  const payments = kinds.map((name) => {
    made += 1;
    const payment = KINDS[name]?.(made) as Payment;
    return { id: made, ...payment, types: [...payment.before, ...payment.after] };
  });
  const facts = new Map(payments.map((it) => [`x_${it.id}`, it.early]));
  const stripe: StripeReader = {
    read: async ({ objectId }) => ({ facts: facts.get(objectId ?? '') as PaymentFacts }),
  };
  const { needs, work, pass, sent, posted } = world(stripe, delivered);
  const receive = async (payment: number, event: number) => {
    const { id, types } = payments[payment] as (typeof payments)[number];
    const type = types[event];
    if (type === undefined) return;
    const it = { id: `evt_${id}_${event}`, type, objectId: `x_${id}` };
    await receiveEvent(needs, receivedEvent({ ...it, createdAt: books.clock.now() }));
  };

  for (const { payment, event, worked } of early) {
    if (event < (payments[payment]?.before.length ?? 0)) await receive(payment, event);
    if (worked) await work();
  }
  for (const { id, late: turned } of payments) facts.set(`x_${id}`, turned);
  for (const { payment, event, worked } of late) {
    await receive(payment, event);
    if (worked) await work();
  }
  const lastOnes = last.map((place) => [place % TOGETHER, Math.floor(place / TOGETHER)] as const);
  if (lastAtOnce) await Promise.all(lastOnes.map((it) => receive(...it)));
  else for (const it of lastOnes) await receive(...it);
  await work();
  // What waits for Stripe's invoice is looked at again after a second or a few.
  await pass(5_000);

  const state = delivered ? 'completed' : 'queued';
  for (const { id, orders } of payments) {
    const made = await ordersOf([`pi_${id}`, `in_${id}`]);
    const promised = [`email ${state}`, `webhook ${state}`];
    expect(made.map(({ slug, gross, notifications }) => [slug, gross, notifications])).toEqual(
      orders.map((order) => [...order, promised]),
    );
    const ids = made.map(({ orderId }) => orderId);
    const mailed = sent.map(({ order }) => order.id).filter((orderId) => ids.includes(orderId));
    const called = posted.map(({ body }) => JSON.parse(body).order_id);
    const heard = delivered ? ids : [];
    expect(mailed.toSorted()).toEqual(heard.toSorted());
    expect(called.filter((orderId) => ids.includes(orderId)).toSorted()).toEqual(heard.toSorted());
  }
}

function world(stripe: StripeReader, delivered: boolean) {
  const { partner, posted } = recordingPartner(() => ACCEPTED);
  const { mailer, sent } = recordingMailer(() => ACCEPTED);
  const needs = {
    ...books.base,
    ...{ stripe, partner, mailer, files: memoryFiles(), printer: numberPrinter },
    ...{ livemode: false, workerId: 'permutations', partnerDelaysMs: PARTNER_RETRY_DELAYS_MS },
  };
  const queue = handQueue(books, {
    'resolve-payment': (event) => resolvePayment(needs, event),
    // Nothing is delivered before the invoice is printed.
    'render-invoice': async (number) => {
      if (delivered) await renderInvoice(needs, number);
    },
    'deliver-notification': () => deliverDue(needs),
  });
  return { needs, sent, posted, ...queue };
}

/** With their one invoice and their notifications: an order without them is left out. */
async function ordersOf(keys: readonly string[]) {
  const rows = await books.db
    .selectFrom('orders')
    .innerJoin('invoice', 'invoice.order_id', 'orders.id')
    .innerJoin('notification', 'notification.order_id', 'orders.id')
    .select(['orders.id', 'orders.partner_slug', 'gross', 'channel', 'state'])
    .where('payment_key', 'in', keys)
    .orderBy('orders.partner_slug')
    .orderBy('channel')
    .execute();
  return [...Map.groupBy(rows, ({ id }) => Number(id))].map(([orderId, ofOrder]) => ({
    orderId,
    slug: ofOrder[0]?.partner_slug,
    gross: Number(ofOrder[0]?.gross),
    notifications: ofOrder.map(({ channel, state }) => `${channel} ${state}`),
  }));
}

test(`any permutation, repetition and interleaving ends in the same books (${PAYMENTS} payments)`, async () => {
  await fc.assert(fc.asyncProperty(anyStory, play), { numRuns: PAYMENTS / TOGETHER });
  const { count, last } = await books.db
    .selectFrom('invoice')
    .select(({ fn }) => [fn.countAll<string>().as('count'), fn.max('ordinal').as('last')])
    .executeTakeFirstOrThrow();
  expect(Number(count)).toBe(last); // no number was wasted
  const put = await books.db
    .selectFrom('payment')
    .select('key')
    .where('state', '=', 'quarantined')
    .execute();
  expect(put).toEqual([]);
}, 120_000);
