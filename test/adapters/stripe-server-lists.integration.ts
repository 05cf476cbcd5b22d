// The lists of the sandbox's Stripe, read by the real SDK as the program reads them: filters, order
// and pages are Stripe's, and so is what it has forgotten.

import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '#adapters/sandbox/catalogue.ts';
import {
  BILAN,
  MONTHLY,
  playScenario as play,
  refused,
  sandboxStripe as start,
} from '../support/sandbox-stripe.ts';

describe('a list', () => {
  test('is paged by the SDK from end to end, in order', async () => {
    const { sandbox, stripe } = await start();
    const items = Array.from({ length: 23 }, (_, index) => ({
      ...BILAN.items[0],
      quantity: index + 1,
    }));
    const { sessionId } = await sandbox.buy({ mode: 'payment', items });
    const page = await stripe.checkout.sessions.listLineItems(sessionId, { limit: 10 });
    expect(page).toMatchObject({ has_more: true });
    expect(page.data).toHaveLength(10);
    const all = await stripe.checkout.sessions
      .listLineItems(sessionId, { limit: 10, expand: ['data.price.product'] })
      .autoPagingToArray({ limit: 1000 });
    expect(all.map((line) => line.quantity)).toEqual(items.map(({ quantity }) => quantity));
    expect(
      await refused(stripe.checkout.sessions.listLineItems(sessionId, { limit: 101 })),
    ).toMatchObject({ status: 400 });
    expect(
      await refused(
        stripe.checkout.sessions.listLineItems(sessionId, { starting_after: 'li_none' }),
      ),
    ).toMatchObject({ code: 'resource_missing' });
  });

  test('of products by ids leaves out the deleted ones', async () => {
    const { sandbox, stripe } = await start();
    const [first, second] = CATALOGUE.map(({ id }) => id);
    sandbox.store.put({ id: `${first}`, object: 'product', deleted: true });
    const { data } = await stripe.products.list({ ids: [`${first}`, `${second}`, 'prod_none'] });
    expect(data.map(({ id }) => id)).toEqual([second]);
    expect(await refused(stripe.products.retrieve(`${first}`))).toMatchObject({ status: 404 });
  });

  test('of sessions and invoice payments finds them by what they have in common', async () => {
    const { sandbox, stripe } = await start();
    const { sessionId, subscriptionId, invoiceId } = await sandbox.buy(MONTHLY);
    await sandbox.buy(MONTHLY);
    const sessions = await stripe.checkout.sessions.list({ subscription: `${subscriptionId}` });
    expect(sessions.data.map(({ id }) => id)).toEqual([sessionId]);
    const [payment] = (await stripe.invoicePayments.list({ invoice: `${invoiceId}` })).data;
    const payment_intent = String(payment?.payment.payment_intent);
    const same = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent },
    });
    expect(same.data.map(({ id }) => id)).toEqual([payment?.id]);
  });
});

const DAY_MS = 86_400_000;
const START = new Date('2026-05-04T08:00:00Z');

/** A Stripe whose clock the test sets, in days after its start. */
async function startOnDay() {
  let now = START;
  const started = await start({ now: () => now });
  return {
    ...started,
    setDay(day: number): void {
      now = new Date(START.getTime() + day * DAY_MS);
    },
    day: (day: number) => START.getTime() / 1000 + day * 86_400,
  };
}

const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

describe('the list of events', () => {
  test('is newest first, and pages both ways', async () => {
    const { sandbox, stripe } = await start();
    const one = await sandbox.buy(BILAN);
    const two = await sandbox.buy(MONTHLY);
    const types = ['checkout.session.completed', 'invoice.paid', 'invoice.payment_succeeded'];
    const told = [...one.eventIds, ...two.eventIds].reverse();
    const paged = stripe.events.list({ types, limit: 1 }).autoPagingToArray({ limit: 1000 });
    expect(ids(await paged)).toEqual(told);
    const older = await stripe.events.list({ types, starting_after: told[1] ?? '' });
    expect(ids(older.data)).toEqual(told.slice(2));
    expect(older.has_more).toBe(false);
    const newer = await stripe.events.list({ types, ending_before: told[3] ?? '', limit: 2 });
    expect(ids(newer.data)).toEqual(told.slice(1, 3));
    expect(newer.has_more).toBe(true);
  });

  test('holds more than is sent, of every type or of those asked for', async () => {
    const { sandbox, stripe } = await start();
    await sandbox.buy(MONTHLY);
    const all = await stripe.events.list({ limit: 100 });
    expect(all.data.map(({ type }) => type).sort()).toEqual([
      'charge.succeeded',
      'checkout.session.completed',
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
      'payment_intent.succeeded',
    ]);
    const one = await stripe.events.list({ type: 'invoice.paid' });
    expect(one.data.map(({ type }) => type)).toEqual(['invoice.paid']);
    const both = stripe.events.list({ type: 'invoice.paid', types: ['charge.succeeded'] });
    expect(await refused(both)).toMatchObject({ status: 400 });
  });

  test('shows objects as they were when it happened', async () => {
    const { sandbox, stripe } = await start();
    const { eventIds } = await play('sepa', sandbox);
    const paid = async (id = '') => {
      const { object } = (await stripe.events.retrieve(id)).data;
      return 'payment_status' in object && object.payment_status;
    };
    expect([await paid(eventIds[0]), await paid(eventIds[1])]).toEqual(['unpaid', 'paid']);
    const { data } = await stripe.events.list({ type: 'invoice.created' });
    expect(data).toEqual([]);
  });

  test('is cut by time, with or without the bound itself', async () => {
    const { sandbox, stripe, setDay, day } = await startOnDay();
    const bought: string[] = [];
    for (const at of [0, 1, 2]) {
      setDay(at);
      bought.push(...(await sandbox.buy(BILAN)).eventIds);
    }
    const within = async (created: Stripe.EventListParams['created']) => {
      const type = 'checkout.session.completed';
      const { data } = await stripe.events.list({ type, ...(created && { created }) });
      return data.map(({ id }) => bought.indexOf(id));
    };
    expect(await within({ gte: day(1) })).toEqual([2, 1]);
    expect(await within({ gt: day(1) })).toEqual([2]);
    expect(await within({ lte: day(1) })).toEqual([1, 0]);
    expect(await within({ lt: day(1) })).toEqual([0]);
    expect(await within({ gte: day(1), lt: day(2) })).toEqual([1]);
    expect(await within(day(1))).toEqual([1]);
    expect(await within(undefined)).toEqual([2, 1, 0]);
  });

  test('forgets what is older than 30 days, and so does the event itself', async () => {
    const { sandbox, stripe, setDay } = await startOnDay();
    const { eventIds } = await sandbox.buy(BILAN);
    const [id = ''] = eventIds;
    setDay(30);
    expect((await stripe.events.retrieve(id)).id).toBe(id);
    setDay(30.001);
    expect((await stripe.events.list()).data).toEqual([]);
    expect(await refused(stripe.events.retrieve(id))).toMatchObject({ status: 404 });
    expect(await sandbox.deliver(id)).toEqual([null]); // but what is sent can be sent again
  });
});

describe('the list of sessions or of invoices', () => {
  test('finds sessions by state and time', async () => {
    const { sandbox, stripe, setDay, day } = await startOnDay();
    const first = await sandbox.buy(BILAN);
    await play('voided', sandbox);
    setDay(3);
    const last = await sandbox.buy(BILAN);
    const complete = await stripe.checkout.sessions.list({ status: 'complete' });
    expect(ids(complete.data)).toEqual([last.sessionId, first.sessionId]);
    const { data } = await stripe.checkout.sessions.list({ status: 'expired' });
    expect(data).toMatchObject([{ payment_status: 'unpaid', customer_details: null }]);
    const recent = await stripe.checkout.sessions.list({ created: { gte: day(2) } });
    expect(ids(recent.data)).toEqual([last.sessionId]);
    const { payment_intent } = await stripe.checkout.sessions.retrieve(first.sessionId);
    const same = await stripe.checkout.sessions.list({ payment_intent: String(payment_intent) });
    expect(ids(same.data)).toEqual([first.sessionId]);
  });

  test('finds invoices by state, time, customer and subscription, page by page', async () => {
    const { sandbox, stripe, setDay, day } = await startOnDay();
    const bought = await sandbox.buy(MONTHLY);
    setDay(2);
    const states = async () => {
      const { data } = await stripe.invoices.list({ created: { gte: day(1) } });
      return data.map(({ status }) => status);
    };
    expect(await states()).toEqual([]);
    await play('voided', sandbox);
    expect(await states()).toEqual(['open', 'uncollectible', 'void']);
    setDay(31);
    const renewed = await sandbox.renew(bought.subscriptionId ?? '');
    const paid = stripe.invoices.list({ status: 'paid', limit: 1 });
    expect(ids(await paid.autoPagingToArray({ limit: 10 }))).toEqual([
      renewed.invoiceId,
      bought.invoiceId,
    ]);
    const { data } = await stripe.invoices.list({ subscription: bought.subscriptionId ?? '' });
    expect(ids(data)).toEqual([renewed.invoiceId, bought.invoiceId]);
    const customer = String(data[0]?.customer);
    expect((await stripe.invoices.list({ customer })).data).toHaveLength(2);
  });
});
