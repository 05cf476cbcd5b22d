// The steps that a test plays on the machine of notifications: each does one thing to the real
// books and to the model, then compares the two, and asks of the rows what must hold whatever
// happened. The clock is the test's; who sends, crashes or hangs is a matter of which steps are taken.

import type fc from 'fast-check';
import { sql } from 'kysely';
import { expect } from 'vitest';
import {
  type Claimed,
  claimDue,
  type DeliverNotificationNeeds,
  deliverClaimed,
} from '#application/deliver-notification.ts';
import { giveBackDeliveries } from '#application/interrupt-delivery.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import { recordOrders } from '#application/record-orders.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { retryNotification } from '#application/retry-notification.ts';
import type { Channel } from '#domain/notification.ts';
import { decidePayment } from '#domain/payment.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  receivedEvent,
  type TestBooks,
  testBooks,
} from './books.ts';
import { expectSame } from './notification-comparison.ts';
import {
  type Model,
  modelAnswer,
  modelClaim,
  modelCut,
  modelGiveBack,
  modelRetry,
  modelSweep,
  PAUSES_MS,
} from './notification-model.ts';
import { paidCheckout } from './orders.ts';

/** Ahead of the real clock, by which the queue dates jobs that are to run at once. */
export const START = new Date('2099-01-01T12:00:00Z');
export const CHANNELS = ['webhook', 'email'] as const;
const ROOM = { limit: 8, perPartner: 8 };
const BY = { actor: 'léa', why: null };

/** The machine as it runs, and the world around it. */
export type Real = {
  readonly books: TestBooks;
  readonly ids: Readonly<Record<Channel, string>>;
  readonly invoice: string;
  /** As the process of that name would be given them; its outside world answers as told. */
  readonly needs: (
    worker: string,
  ) => DeliverNotificationNeeds & Parameters<typeof renderInvoice>[0];
  readonly outside: { answer: DeliveryAnswer | 'our fault'; tookMs: number };
  /** In the order of the model's. */
  flights: Claimed[];
};
export type Step = fc.AsyncCommand<Model, Real>;

/** Books of its own, with one order that waits for its PDF. */
export async function newReal(): Promise<Real> {
  const books = await testBooks(2);
  books.clock.set(START);
  await books.addPartner('fiscalia');
  const known = { slugs: new Set(['fiscalia']), house: null, livemode: false };
  const decision = decidePayment(paidCheckout(), known);
  if (decision.kind !== 'orders') throw new Error('no order');
  await books.transact(async (tx) => {
    const event = receivedEvent();
    await tx.inbox.store([event], START);
    await tx.payments.lock(decision.key, event.id, START);
    await recordOrders(tx, books.base, event, decision.orders);
  });
  const rows = await books.db.selectFrom('notification').select(['id', 'channel']).execute();
  const { number } = await books.db
    .selectFrom('invoice')
    .select('number')
    .executeTakeFirstOrThrow();
  const outside: Real['outside'] = { answer: ACCEPTED, tookMs: 0 };
  const files = memoryFiles();
  const reply = async () => {
    books.clock.advance(outside.tookMs);
    if (outside.answer === 'our fault') throw new Error('a fault of our own');
    return outside.answer;
  };
  const idOf = (channel: Channel) => rows.find((row) => row.channel === channel)?.id ?? '';
  return {
    books,
    ids: { webhook: idOf('webhook'), email: idOf('email') },
    invoice: number,
    needs: (workerId) => ({
      ...books.base,
      workerId,
      files,
      printer: numberPrinter,
      partner: { post: reply },
      mailer: { send: reply },
      livemode: false,
      partnerDelaysMs: PAUSES_MS.webhook,
    }),
    outside,
    flights: [],
  };
}

// ---- The steps -----------------------------------------------------------------------------

/** A step that is always possible: does it in both worlds and compares them. */
function step(name: string, both: (model: Model, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    async run(model, real) {
      await both(model, real);
      await expectSame(model, real.books);
    },
    toString: () => name,
  };
}

/** The clock moves on. */
export const wait = (ms: number): Step =>
  step(`wait ${ms} ms`, async (model, { books }) => {
    model.now += ms;
    books.clock.advance(ms);
  });

/** The clock moves to the instant of the next try, or to one millisecond before. */
export const waitForTurn = (channel: Channel, early: boolean): Step =>
  step(`wait for the ${channel}’s turn${early ? ', nearly' : ''}`, async (model, { books }) => {
    const due = (model.it[channel].nextAt ?? 0) - (early ? 1 : 0);
    model.now = Math.max(model.now, due);
    books.clock.set(new Date(model.now));
  });

export const print = step('the PDF is stored', async (model, { needs, invoice }) => {
  model.isPrinted = true;
  await renderInvoice(needs('a printer'), invoice);
});

/** A worker takes the jobs of the channel that wake it, and looks for what is due. */
export const claim = (channel: Channel, which: number): Step =>
  step(`worker ${which} looks for a ${channel}`, async (model, real) => {
    const { books, needs } = real;
    const worker = model.workers[which] ?? '';
    await sql`delete from graphile_worker._private_jobs where run_at <= ${books.clock.now()}
      and payload->>'channel' = ${channel}`.execute(books.db);
    const isClaimed = modelClaim(model, channel, worker);
    const { claimed, lookAgain } = await claimDue(needs(worker), channel, ROOM);
    expect({ count: claimed.length, lookAgain }).toEqual({
      count: isClaimed ? 1 : 0,
      lookAgain: false,
    });
    real.flights.push(...claimed);
  });

/** One of the attempts under way comes to its end, perhaps long after somebody gave it up. */
export const answer = (
  which: number,
  given: DeliveryAnswer | 'our fault',
  tookMs: number,
): Step => {
  const word = given === 'our fault' ? given : given.result;
  const name = `attempt ${which} under way ends as ${word} after ${tookMs} ms`;
  const { check: _, ...rest } = step(name, async (model, real) => {
    const at = which % model.flights.length;
    const [flight] = model.flights.splice(at, 1);
    const [claimed] = real.flights.splice(at, 1);
    if (!flight || !claimed) throw new Error('the two worlds have different flights');
    model.now += tookMs;
    Object.assign(real.outside, { answer: given, tookMs });
    const noted = real.books.noted.length;
    const sent = deliverClaimed(real.needs(flight.worker), claimed);
    if (given === 'our fault') {
      modelCut(model, flight);
      await expect(sent).rejects.toThrow('failed by itself');
      return;
    }
    const { outcome } = given.report;
    const isInTime = modelAnswer(model, flight, { result: given.result, outcome });
    await sent;
    expect(real.books.noted.slice(noted)).toEqual(
      isInTime ? [] : [`a late result changed nothing: ${outcome}`],
    );
  });
  return { ...rest, check: ({ flights }) => flights.length > 0 };
};

/** A process dies in the middle of all it does. Nobody knows yet. */
export const crash = (which: number): Step =>
  step(`worker ${which} is killed`, async (model, real) => {
    const worker = model.workers[which] ?? '';
    const lives = model.flights.map((flight) => flight.worker !== worker);
    real.flights = real.flights.filter((_, index) => lives[index]);
    model.flights = model.flights.filter((_, index) => lives[index]);
    model.dead.push(worker);
    model.workers[which] = `${worker}+`;
  });

/** The net under it all: `notices` the dead, or sees leases that are over only. */
export const sweep = (notices: boolean): Step =>
  step(`a sweep${notices ? ' that notices the dead' : ''}`, async (model, { books }) => {
    const dead = notices ? model.dead.splice(0) : [];
    const cut = modelSweep(model, dead);
    const { interrupted, requeued, givenUp } = await recoverStalled(books.base, dead);
    expect({ interrupted, givenUp }).toEqual({ interrupted: cut, givenUp: 0 });
    expect(requeued).toBeLessThanOrEqual(1); // the print that waits
  });

export const giveBack = (which: number): Step =>
  step(`worker ${which} is told to stop`, async (model, { needs }) => {
    const worker = model.workers[which] ?? '';
    expect(await giveBackDeliveries(needs(worker))).toBe(modelGiveBack(model, worker));
  });

export const retry = (channel: Channel): Step =>
  step(`an operator retries the ${channel}`, async (model, { books, ids }) => {
    const { state } = model.it[channel];
    const isRetried = modelRetry(model, channel);
    expect(await retryNotification(books.base, ids[channel], BY)).toEqual(
      isRetried
        ? { kind: 'retried', round: model.it[channel].round }
        : { kind: 'not-ended', state },
    );
  });
