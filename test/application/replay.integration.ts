// A partner's period delivered again: at the pace asked for, without what has arrived, over crashes
// and pauses, and with the name of whoever wanted it.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveryAnswer } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { changeReplay, startReplay, workReplay } from '#application/replay.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { PartnerSlug } from '#domain/partner.ts';
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
} from '#test/support/books.ts';
import { deliverDue } from '#test/support/deliver.ts';
import { handQueue } from '#test/support/hand-queue.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

const BY = { actor: 'léa', why: 'leur serveur est réparé' };
const PARTNER = 'fiscalia' as PartnerSlug;
let books: TestBooks;
beforeEach(async () => {
  books = await testBooks();
  books.clock.set(new Date('2099-01-01T12:00:00Z'));
  await books.addPartner(PARTNER);
  await books.addPartner('notaria');
});
afterEach(() => books.close());

/** Sells `count` times, the partner answering as told; then answers as `then` does. */
async function world(answers: readonly DeliveryAnswer[], slug: string = PARTNER) {
  let answer = ACCEPTED;
  const { partner, posted } = recordingPartner(() => answer);
  const needs = {
    ...books.base,
    partner,
    mailer: recordingMailer(() => ACCEPTED).mailer,
    files: memoryFiles(),
    printer: numberPrinter,
    livemode: false,
    workerId: 'w',
    partnerDelaysMs: [],
  };
  const queue = handQueue(books, {
    'resolve-payment': (id) => {
      const facts = paidCheckout({ paymentIntentId: `pi_${id}`, lines: [line({ partner: slug })] });
      return resolvePayment({ ...needs, stripe: { read: async () => ({ facts }) } } as never, id);
    },
    'render-invoice': (id) => renderInvoice(needs, id),
    'deliver-notification': () => deliverDue(needs),
    replay: (id) => workReplay(books.base, id),
  });
  for (const [index, each] of answers.entries()) {
    answer = each;
    const createdAt = books.clock.now();
    await receiveEvent(needs, receivedEvent({ id: `evt_${slug}_${index}`, createdAt }));
    await queue.work();
    books.clock.advance(1_000);
  }
  answer = ACCEPTED;
  posted.length = 0;
  return { ...queue, needs, posted };
}

const period = () => ({
  partner: PARTNER,
  channel: 'webhook' as const,
  since: new Date('2099-01-01T12:00:00Z'),
  until: books.clock.now(),
  ratePerSecond: 2,
});

async function begin() {
  const begun = await startReplay(books.base, period(), BY);
  if (begun.kind !== 'started') throw new Error(begun.kind);
  return begun.replay.id;
}

const find = (id: number) =>
  books.db.selectFrom('replay').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

test('what had arrived is left alone, the rest is sent again at the pace asked for', async () => {
  const answers = [REFUSED, ACCEPTED, REFUSED, REFUSED, ACCEPTED, REFUSED, REFUSED];
  const the = await world(answers);
  const others = await world([REFUSED], 'notaria');
  const id = await begin();
  const sent: number[] = [];
  for (let ms = 0; ms <= 4_000; ms += 500) {
    await the.work();
    sent.push(the.posted.length);
    books.clock.advance(500);
  }
  expect(sent[0]).toBe(1); // never a burst
  expect(sent.every((n, index) => n <= 1 + index)).toBe(true); // two a second at most
  expect(sent.at(-1)).toBe(5);
  expect(others.posted).toEqual([]);
  expect(await find(id)).toMatchObject({ state: 'done', looked: 7, retried: 5 });
  const open = await books.db
    .selectFrom('notification')
    .select('id')
    .where('partner_slug', '=', PARTNER)
    .where('state', '!=', 'completed')
    .execute();
  expect(open).toEqual([]);
});

test('a replay goes on after its job was lost, and never sends anything twice for it', async () => {
  const the = await world(Array(5).fill(REFUSED));
  const id = await begin();
  await the.work();
  await the.loseJobs(); // the process died with all it had taken
  await workReplay(books.base, `${id}`);
  await workReplay(books.base, `${id}`); // its job twice
  for (let n = 0; n < 10; n += 1) await the.pass(1_000);
  await deliverDue(the.needs);
  expect(await find(id)).toMatchObject({ state: 'done', retried: 5 });
  expect(new Set(the.posted.map((it) => it.notificationId)).size).toBe(5);
  expect(the.posted).toHaveLength(5);
});

test('it can be paused, resumed and cancelled, by name', async () => {
  const the = await world(Array(6).fill(REFUSED));
  const id = await begin();
  await the.work();
  const change = (what: 'pause' | 'resume' | 'cancel') => changeReplay(books.base, id, what, BY);
  expect(await change('pause')).toMatchObject({ kind: 'changed' });
  await the.pass(5_000);
  const sent = the.posted.length;
  await the.pass(5_000);
  expect(the.posted).toHaveLength(sent); // what was in the queue went out, and no more
  expect(await change('pause')).toEqual({ kind: 'not-possible', state: 'paused' });
  expect(await change('resume')).toMatchObject({ kind: 'changed' });
  await the.pass(1_000);
  expect(the.posted.length).toBeGreaterThan(sent);
  expect(await change('cancel')).toMatchObject({ kind: 'changed' });
  expect(await change('resume')).toEqual({ kind: 'not-possible', state: 'cancelled' });
  expect(await changeReplay(books.base, 999, 'pause', BY)).toEqual({ kind: 'not-found' });
  const done = await books.db
    .selectFrom('operator_action')
    .select(['actor', 'action', 'subject', 'why'])
    .orderBy('id')
    .execute();
  expect(done.map(({ action }) => action)).toEqual([
    'replay-started',
    'replay-paused',
    'replay-resumed',
    'replay-cancelled',
  ]);
  expect(new Set(done.map(({ actor, subject, why }) => `${actor} ${subject} ${why}`)).size).toBe(1);
  await expect(
    books.db.updateTable('operator_action').set({ actor: 'x' }).execute(),
  ).rejects.toMatchObject({ code: '23001' });
});

test('what makes no sense is refused before anything is written', async () => {
  const ask = (overrides: object) => startReplay(books.base, { ...period(), ...overrides }, BY);
  books.clock.advance(1_000);
  expect(await ask({ partner: 'personne' })).toEqual({ kind: 'unknown-partner' });
  expect(() => ask({ ratePerSecond: 0 })).toThrow(RangeError);
  expect(() => ask({ ratePerSecond: 1.5 })).toThrow(RangeError);
  expect(() => ask({ since: books.clock.now() })).toThrow(RangeError);
  expect(await books.db.selectFrom('replay').select('id').execute()).toEqual([]);
});
