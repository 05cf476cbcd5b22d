// One payment, whatever its events do: any order, any repetition, at once or one by one, with lost
// jobs and crashes in between, ends in the same books. Real Postgres and queue tables; Stripe's
// answers, the mailer, the partner and the files are in the test's hands.

import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LifeLock, openLifeLock } from '#adapters/worker/life-lock.ts';
import type { ReceivedEvent, StripeReader } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { retryNotification } from '#application/retry-notification.ts';
import { cents } from '#domain/money.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { BilledFacts, PaymentFacts } from '#domain/payment.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  REFUSED,
  receivedEvent,
  recordingMailer,
  recordingPartner,
  type TestBooks,
  testBooks,
  UNAVAILABLE,
} from '#test/support/books.ts';
import { deliverDue } from '#test/support/deliver.ts';
import { line, paidCheckout, paidInvoice } from '#test/support/orders.ts';

let books: TestBooks;
let number = 0;
const WORKER = 'this-worker';
const BY = { actor: 'léa', why: 'the partner asked' };
let life: LifeLock;
beforeAll(async () => {
  books = await testBooks(20);
  // The queue dates its jobs by the real clock: ours runs ahead of it, so that "due" means one thing.
  books.clock.set(new Date('2099-01-01T12:00:00Z'));
  await books.addPartner('fiscalia');
  await books.addPartner('notaria');
  life = await openLifeLock(books.url, () => {});
  await life.hold(WORKER);
});
afterAll(async () => {
  await life.release();
  await books.close();
});

/** The world around one payment: what Stripe says of it and who hears of it. */
function world(facts: PaymentFacts | { missing: string }) {
  let answer = ACCEPTED;
  const stripe: StripeReader = {
    read: async () => ('missing' in facts ? facts : { facts }),
  };
  const { partner, posted } = recordingPartner(() => answer);
  const { mailer, sent } = recordingMailer(() => ACCEPTED);
  const files = memoryFiles();
  const needs = {
    ...books.base,
    stripe,
    partner,
    mailer,
    files,
    printer: numberPrinter,
    livemode: false,
    workerId: WORKER,
    partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
  };
  return {
    needs,
    posted,
    sent,
    files,
    partnerAnswers: (next: typeof ACCEPTED) => {
      answer = next;
    },
  };
}

type World = ReturnType<typeof world>;

/** Runs every job that is due now, as a worker would, until none is left. */
async function work({ needs }: World): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ id: string; task: string; payload: Record<string, string> }>`
      delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id and j.run_at <= ${books.clock.now()}
      returning j.id, t.identifier as task, j.payload`.execute(books.db);
    if (rows.length === 0) return;
    await Promise.all(rows.map(({ task, payload }) => handle(needs, task, payload)));
  }
}

async function handle(needs: World['needs'], task: string, payload: Record<string, string>) {
  const [id = ''] = Object.values(payload);
  switch (task) {
    case 'resolve-payment':
      return resolvePayment(needs, id);
    case 'render-invoice':
      return renderInvoice(needs, id);
    case 'deliver-notification':
      return deliverDue(needs);
    default:
      throw new Error(`no task ${task}`);
  }
}

beforeEach(() => {
  number += 1;
});

function subscriptionStart(): BilledFacts {
  return paidInvoice({ invoiceId: `in_${number}` });
}

const TYPES = ['checkout.session.completed', 'invoice.paid', 'invoice.payment_succeeded'];
const eventOf = (type: string): ReceivedEvent =>
  receivedEvent({
    id: `evt_${number}_${type}`,
    type,
    objectId: 'x',
    createdAt: books.clock.now(),
  });

function ordersOf(key: string) {
  return books.db.selectFrom('orders').selectAll().where('payment_key', '=', key).execute();
}

function notificationsOf(orderId: number) {
  return books.db
    .selectFrom('notification')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('channel')
    .execute();
}

test('any permutation and repetition of a payment’s events, at once or apart, is one order', async () => {
  const deliveries = fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(deliveries, fc.boolean(), fc.boolean(), async (types, atOnce, workBetween) => {
      number += 1;
      const facts = subscriptionStart();
      const it = world(facts);
      const receive = async (type: string) => {
        await receiveEvent(it.needs, eventOf(type));
        if (workBetween) await work(it);
      };
      if (atOnce) await Promise.all(types.map(receive));
      else for (const type of types) await receive(type);
      await work(it);

      const orders = await ordersOf(facts.invoiceId);
      expect(orders).toHaveLength(1);
      const invoices = await books.db
        .selectFrom('invoice')
        .select('number')
        .where('order_id', '=', orders[0]?.id ?? 0)
        .execute();
      expect(invoices).toHaveLength(1);
      expect(it.sent).toHaveLength(1);
      expect(it.posted).toHaveLength(1);
      const states = await notificationsOf(orders[0]?.id ?? 0);
      expect(states.map((n) => n.state)).toEqual(['completed', 'completed']);
    }),
    { numRuns: 25 },
  );
});

test('20 redeliveries at once of an event that was worked change nothing', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  const event = eventOf('checkout.session.completed');
  expect(await receiveEvent(it.needs, event)).toBe('stored');
  await work(it);
  const again = await Promise.all(Array.from({ length: 20 }, () => receiveEvent(it.needs, event)));
  expect(new Set(again)).toEqual(new Set(['duplicate']));
  await work(it);
  expect(await ordersOf(`pi_${number}`)).toHaveLength(1);
  expect(it.sent).toHaveLength(1);
  expect(it.posted).toHaveLength(1);
});

test('two partners in one payment get an order each, with their own lines only', async () => {
  const lines = [line(), line({ partner: 'notaria', productId: 'prod_n', gross: cents(5000) })];
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}`, lines }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  await work(it);
  const bodies = it.posted.map((request) => JSON.parse(request.body));
  expect(bodies.map((body) => body.order.total_amount).toSorted()).toEqual([50, 99.99]);
  expect(bodies.flatMap((body) => body.order.products)).toHaveLength(2);
  expect(new Set(it.posted.map((request) => new URL(request.url).host)).size).toBe(2);
  expect(new Set(bodies.map((body) => body.invoice.number)).size).toBe(2);
});

test('nothing is sent while the PDF cannot be made, and everything afterwards', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  const broken = { ...it.needs, printer: { print: () => Promise.reject(new Error('no browser')) } };
  await resolvePayment(broken, `evt_${number}_checkout.session.completed`);
  const [order] = await ordersOf(`pi_${number}`);
  const issued = await books.db
    .selectFrom('invoice')
    .select('number')
    .where('order_id', '=', order?.id ?? 0)
    .executeTakeFirstOrThrow();
  await renderInvoice(broken, issued.number);
  await deliverDue(broken); // a job that came too early
  expect([it.sent, it.posted]).toEqual([[], []]);
  const alerts = books.raised.filter((alert) => alert.ids.number === issued.number);
  expect(alerts.map((alert) => alert.detail).join()).toContain('no browser');
  books.clock.advance(5_000);
  await work(it);
  expect([it.sent.length, it.posted.length]).toEqual([1, 1]);
});

test('a stored file stays the master when the printing is repeated', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  await work(it);
  const [order] = await ordersOf(`pi_${number}`);
  const file = await books.db
    .selectFrom('invoice_pdf')
    .innerJoin('invoice', 'number', 'invoice_number')
    .select(['number', 'key', 'sha256'])
    .where('order_id', '=', order?.id ?? 0)
    .executeTakeFirstOrThrow();
  expect(file.key).toBe(`partner_invoices/invoice_${order?.id}_20261122_133218.pdf`);
  expect(file.sha256).toBe(books.base.sha256(await it.files.get(file.key)));
  const other = {
    print: async () => ({ bytes: Buffer.from('x'), templateVersion: 't2', chromiumVersion: 'c' }),
  };
  await renderInvoice({ ...it.needs, printer: other }, file.number);
  expect(Buffer.from(await it.files.get(file.key)).toString()).toContain(file.number);
});

test('a partner that is down is tried at 0, 5 and 35 minutes, each with a fresh link, then no more', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  it.partnerAnswers(UNAVAILABLE);
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  await work(it);
  const start = books.clock.now().getTime();
  const counts: number[] = [];
  for (const minute of [0, 4, 5, 34, 35, 600]) {
    books.clock.set(new Date(start + minute * 60_000));
    await work(it);
    counts.push(it.posted.length);
  }
  expect(counts).toEqual([1, 1, 2, 2, 3, 3]);
  expect(it.sent).toHaveLength(1); // the customer was not kept waiting
  const links = it.posted.map((request) => JSON.parse(request.body).invoice.pdf_url);
  expect(new Set(links).size).toBe(3);

  const [order] = await ordersOf(`pi_${number}`);
  const [, webhook] = await notificationsOf(order?.id ?? 0);
  expect(webhook).toMatchObject({ channel: 'webhook', state: 'exhausted', attempts: 3 });
  const ended = books.raised.filter((alert) => alert.ids.notificationId === webhook?.id);
  expect(ended).toHaveLength(1);

  it.partnerAnswers(ACCEPTED);
  const id = webhook?.id ?? '';
  expect(await retryNotification(it.needs, id, BY)).toEqual({ kind: 'retried', round: 2 });
  expect(await retryNotification(it.needs, id, BY)).toEqual({ kind: 'not-ended', state: 'queued' });
  await work(it);
  expect(it.posted).toHaveLength(4);
  expect(await retryNotification(it.needs, id, BY)).toEqual({
    kind: 'not-ended',
    state: 'completed',
  });
});

test('a refusal by the partner is final, and only that partner’s webhook is concerned', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  it.partnerAnswers(REFUSED);
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  await work(it);
  books.clock.advance(24 * 3_600_000);
  await work(it);
  const [order] = await ordersOf(`pi_${number}`);
  const states = await notificationsOf(order?.id ?? 0);
  expect(states.map((n) => n.state)).toEqual(['completed', 'failed']);
  expect(it.posted).toHaveLength(1);
});

test('a worker that dies while it sends is noticed when its lease ends, and the try not counted', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  let release: (() => void) | undefined;
  const hanging = {
    ...it.needs,
    partner: {
      post: () =>
        new Promise<typeof ACCEPTED>((resolve) => {
          release = () => resolve(ACCEPTED);
        }),
    },
  };
  const dying = work({ ...it, needs: hanging });
  while (!release) await new Promise((resolve) => setTimeout(resolve, 5));
  books.clock.advance(91_000);
  expect(await recoverStalled(it.needs, [])).toMatchObject({ interrupted: 1 });
  await work(it);
  release();
  await dying; // the dead comes back with an answer: it is late and changes nothing

  const [order] = await ordersOf(`pi_${number}`);
  const [, webhook] = await notificationsOf(order?.id ?? 0);
  expect(webhook).toMatchObject({ state: 'completed', attempts: 2, round_attempts: 1 });
  const attempts = await books.db
    .selectFrom('attempt')
    .select(['number', 'outcome'])
    .where('notification_id', '=', webhook?.id ?? '')
    .orderBy('number')
    .execute();
  expect(attempts).toEqual([
    { number: 1, outcome: 'interrupted' },
    { number: 2, outcome: 'accepted' },
  ]);
});

test('a worker that dies is noticed at the next sweep, long before its lease ends', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  const never = { post: () => new Promise<typeof ACCEPTED>(() => {}) };
  const other = await openLifeLock(books.url, () => {});
  await other.hold('dying-worker');
  let sending = false;
  const needs = { ...it.needs, workerId: 'dying-worker', partner: never };
  void work({ ...it, needs });
  while (!sending) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const [order] = await ordersOf(`pi_${number}`);
    const [, webhook] = order ? await notificationsOf(order.id) : [];
    sending = webhook?.state === 'sending';
  }
  expect(await life.deadHolders()).toEqual([]); // it lives
  await other.release();
  const dead = await life.deadHolders();
  expect(dead).toEqual(['dying-worker']);
  expect(await recoverStalled(it.needs, dead)).toMatchObject({ interrupted: 1 });
  await work(it);
  expect(it.posted).toHaveLength(1);
});

test('work whose job was lost is found again', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  const lose = () => sql`delete from graphile_worker._private_jobs`.execute(books.db);
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  for (let step = 0; step < 2; step += 1) {
    await lose();
    books.clock.advance(31_000);
    expect((await recoverStalled(it.needs, [])).requeued).toBeGreaterThan(0);
    const { rows } = await sql<{ task: string; payload: Record<string, string> }>`
      delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id returning t.identifier as task, j.payload`.execute(books.db);
    for (const { task, payload } of rows) await handle(it.needs, task, payload);
  }
  await lose();
  await deliverDue(it.needs); // as after each sweep
  expect([it.sent.length, it.posted.length]).toEqual([1, 1]);
  expect((await recoverStalled(it.needs, [])).requeued).toBe(0);
});

test('a quarantined payment takes no number, alerts once, and is done when the cause is mended', async () => {
  const facts = paidCheckout({
    paymentIntentId: `pi_${number}`,
    lines: [line({ partner: 'newcomer' })],
  });
  const it = world(facts);
  const before = await books.db.selectFrom('invoice_series').select('last_ordinal').execute();
  for (const type of TYPES) await receiveEvent(it.needs, eventOf(type));
  await work(it);
  expect(await books.db.selectFrom('invoice_series').select('last_ordinal').execute()).toEqual(
    before,
  );
  const alerts = books.raised.filter((alert) => alert.ids.paymentKey === `pi_${number}`);
  expect(alerts).toHaveLength(1);
  expect(await ordersOf(`pi_${number}`)).toHaveLength(0);

  await books.addPartner('newcomer');
  await receiveEvent(it.needs, eventOf('invoice.paid.again'));
  await work(it);
  expect(await ordersOf(`pi_${number}`)).toHaveLength(1);
});

test('a session whose invoice is still to come is looked at again, then given to a person', async () => {
  const it = world(paidCheckout({ invoiceExpected: true, paymentIntentId: `pi_${number}` }));
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  for (let look = 0; look < 12; look += 1) {
    await work(it);
    books.clock.advance(130_000);
  }
  const payment = await books.db
    .selectFrom('payment')
    .selectAll()
    .where('key', '=', `pi_${number}`)
    .executeTakeFirst();
  expect(payment).toMatchObject({ state: 'quarantined', reason: 'invoice-missing' });
  expect(await ordersOf(`pi_${number}`)).toHaveLength(0);
});

test('an object Stripe does not have never blocks a real payment', async () => {
  const it = world({ missing: 'checkout.session cs_00000000000000' });
  await receiveEvent(it.needs, eventOf('checkout.session.completed'));
  await work(it);
  const outcome = await books.db
    .selectFrom('event_outcome')
    .selectAll()
    .where('event_id', '=', `evt_${number}_checkout.session.completed`)
    .executeTakeFirst();
  expect(outcome).toMatchObject({ kind: 'quarantine', reason: 'missing-at-stripe' });
});

test('an event of a connected account is none of ours', async () => {
  const it = world(paidCheckout({ paymentIntentId: `pi_${number}` }));
  const event = { ...eventOf('checkout.session.completed'), account: 'acct_1' };
  await receiveEvent(it.needs, event);
  await work(it);
  expect(await ordersOf(`pi_${number}`)).toHaveLength(0);
});
