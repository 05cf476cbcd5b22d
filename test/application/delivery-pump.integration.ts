// What is sent when: eight calls in flight to one partner however many processes claim, nobody kept
// waiting by a partner that hangs, and an end in good order that counts as nothing.

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DeliverNotificationNeeds } from '#application/deliver-notification.ts';
import { type DeliveryPump, deliveryPump } from '#application/delivery-pump.ts';
import { giveBackDeliveries } from '#application/interrupt-delivery.ts';
import type { DeliveryAnswer, PartnerRequest } from '#application/ports.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  recordingMailer,
  type TestBooks,
  testBooks,
} from '#test/support/books.ts';
import { issuedInvoice } from '#test/support/issued-invoice.ts';

const CAP = 8;
let books: TestBooks;
let serial = 0;

beforeAll(async () => {
  books = await testBooks(20);
  for (const slug of ['lent', 'vif', 'tiers']) await books.addPartner(slug);
});
afterAll(() => books.close());
beforeEach(async () => {
  books.clock.advance(24 * 3_600_000);
});

/** Orders of the partner, recorded and printed: their notifications are due now. */
async function sell(slug: string, count: number): Promise<void> {
  const needs = {
    ...books.base,
    files: memoryFiles(),
    printer: numberPrinter,
    workerId: 'printer',
  };
  for (let n = 0; n < count; n += 1) {
    serial += 1;
    const number = await issuedInvoice(books, `pump_${serial}`, slug);
    await renderInvoice(needs, number);
  }
}

type Answer = (request: PartnerRequest) => DeliveryAnswer | Promise<DeliveryAnswer>;

/** Several processes' pumps on one database, and a count of what is in flight by host. */
function processes(count: number, answer: Answer) {
  const inFlight = new Map<string, number>();
  const most = new Map<string, number>();
  const posted: string[] = [];
  const faults: Error[] = [];
  const pumps: DeliveryPump[] = [];
  const needs: DeliverNotificationNeeds[] = [];
  for (let n = 0; n < count; n += 1) {
    const mine: DeliverNotificationNeeds = {
      ...books.base,
      files: memoryFiles(),
      mailer: recordingMailer(() => ACCEPTED).mailer,
      partner: {
        async post(request) {
          const { host } = new URL(request.url);
          const now = (inFlight.get(host) ?? 0) + 1;
          inFlight.set(host, now);
          most.set(host, Math.max(now, most.get(host) ?? 0));
          posted.push(request.notificationId);
          const answered = await answer(request);
          inFlight.set(host, (inFlight.get(host) ?? 1) - 1);
          return answered;
        },
      },
      workerId: `process-${n}`,
      livemode: false,
      partnerDelaysMs: [],
    };
    needs.push(mine);
    pumps.push(
      deliveryPump(mine, {
        channel: 'webhook',
        slots: 64,
        perPartner: CAP,
        onError: (error) => void faults.push(error),
      }),
    );
  }
  return { pumps, needs, inFlight, most, posted, faults };
}

const settle = (pumps: readonly DeliveryPump[]) => Promise.all(pumps.map((pump) => pump.idle()));

async function stateCounts(slug: string): Promise<Record<string, number>> {
  const rows = await books.db
    .selectFrom('notification')
    .select(['state', ({ fn }) => fn.countAll<number>().as('n')])
    .where('partner_slug', '=', slug)
    .where('channel', '=', 'webhook')
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]));
}

test('however many processes claim, a partner never has more than eight calls in flight', async () => {
  const before = (await stateCounts('vif')).completed ?? 0;
  let sold = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 12, maxLength: 12 }),
      async (processCount, waits) => {
        await sell('vif', 20);
        sold += 20;
        let call = 0;
        const slow = async () => {
          call += 1;
          await new Promise((resolve) => setTimeout(resolve, waits[call % waits.length]));
          return ACCEPTED;
        };
        const { pumps, most, faults } = processes(processCount, slow);
        for (const pump of pumps) pump.wake();
        await settle(pumps);
        for (const pump of pumps) await pump.stop(0);
        expect(faults).toEqual([]);
        expect(most.get('vif.example')).toBeLessThanOrEqual(CAP);
        expect(await stateCounts('vif')).toEqual({ completed: before + sold });
      },
    ),
    { numRuns: 4 },
  );
});

test('a partner that hangs fills its own eight slots, and the others are served at once', async () => {
  await sell('lent', 30);
  await sell('vif', 10);
  await sell('tiers', 10);
  const hang = Promise.withResolvers<DeliveryAnswer>();
  const answer: Answer = ({ url }) => (url.includes('lent') ? hang.promise : ACCEPTED);
  const { pumps, inFlight, posted } = processes(2, answer);
  for (const pump of pumps) pump.wake();
  await expect.poll(async () => (await stateCounts('vif')).queued ?? 0, { timeout: 5_000 }).toBe(0);
  await expect.poll(async () => (await stateCounts('tiers')).queued ?? 0).toBe(0);
  expect(inFlight.get('lent.example')).toBe(CAP);
  // Nothing is rescheduled meanwhile: what waits, waits without a query.
  const calls = posted.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(posted.length).toBe(calls);
  hang.resolve(ACCEPTED);
  await settle(pumps);
  expect(await stateCounts('lent')).toEqual({ completed: 30 });
  expect(new Set(posted).size).toBe(posted.length); // each once
});

test('a stop gives back what is still in flight: not counted, and its late answer changes nothing', async () => {
  await sell('lent', 3);
  const late = Promise.withResolvers<DeliveryAnswer>();
  const { pumps, needs, inFlight } = processes(1, () => late.promise);
  const [pump] = pumps;
  const [mine] = needs;
  if (!pump || !mine) throw new Error('no process');
  pump.wake();
  await expect.poll(() => inFlight.get('lent.example')).toBe(3);
  expect(await pump.stop(20)).toBe('late');
  expect(await giveBackDeliveries(mine)).toBe(3);
  const given = await books.db
    .selectFrom('notification')
    .innerJoin('attempt', 'notification_id', 'id')
    .select(['attempts', 'round_attempts', 'interruptions', 'outcome', 'detail'])
    .where('state', '=', 'queued')
    .where('channel', '=', 'webhook')
    .execute();
  const back = { attempts: 1, round_attempts: 0, interruptions: 0, outcome: 'interrupted' };
  expect(given).toEqual(Array(3).fill({ ...back, detail: 'the worker was stopped' }));

  const elsewhere = processes(1, () => ACCEPTED);
  elsewhere.pumps[0]?.wake();
  await settle(elsewhere.pumps);
  expect(elsewhere.posted).toHaveLength(3);
  const noted = books.noted.length;
  late.resolve(ACCEPTED);
  await pump.idle();
  expect(books.noted.slice(noted)).toEqual(
    Array(3).fill('a late result changed nothing: accepted'),
  );
  const { completed } = await stateCounts('lent');
  expect(completed).toBe(33);
});

test('a pump whose database is away for a moment goes on with its next wake', async () => {
  await sell('tiers', 2);
  let isAway = true;
  const faults: Error[] = [];
  const base = processes(1, () => ACCEPTED).needs[0] as DeliverNotificationNeeds;
  const flaky: DeliverNotificationNeeds = {
    ...base,
    transact: (work) => {
      if (isAway) return Promise.reject(new Error('the database is away'));
      return base.transact(work);
    },
  };
  const pump = deliveryPump(flaky, {
    channel: 'webhook',
    slots: 4,
    perPartner: CAP,
    onError: (error) => void faults.push(error),
  });
  pump.wake();
  await pump.idle();
  expect(faults.map((fault) => fault.message)).toEqual(['the database is away']);
  isAway = false;
  pump.wake();
  await pump.idle();
  expect((await stateCounts('tiers')).queued ?? 0).toBe(0);
});
