// Cases 23 to 32: the event around the object. It is believed for its id, its type, its mode, its
// account and the id of its object; everything else in it may be old, odd or missing. « 1111 » is one
// order, one invoice, one e-mail and one call of the partner.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { retryPayment } from '#application/retry-payment.ts';
import { BILAN, MONTHLY } from '#test/support/case-products.ts';
import { type Cases, startCases } from '#test/support/cases.ts';

const BY = { actor: 'the test', why: null };

let the: Cases;
beforeAll(async () => {
  the = await startCases();
});
afterAll(() => the.close());
beforeEach(() => the.begin());

const COMPLETED = 'checkout.session.completed';

test.each(['customer.created', 'review.opened', 'invoice.shredded.v9', 'checkout.session.expired'])(
  '23 an event of type %s: 200, nothing',
  async (type) => {
    await the.hear(type, the.buy(BILAN).session);
    expect(await the.outcome()).toBe('0000');
  },
);

test('24 an event without type or livemode, as seen in the wild: 400', async () => {
  const { session } = the.buy(BILAN);
  for (const without of [{ type: undefined }, { livemode: undefined }, { livemode: 'false' }]) {
    expect(await the.post(the.event(COMPLETED, session, without))).toBe(400);
  }
  await the.work();
  expect(await the.outcome()).toBe('0000');
});

test.each(['2020-08-27', '2019-05-16', '2031-03-26.zinnia', null, undefined])(
  '25 an event rendered in API version %s: read anew in ours, the same outcome',
  async (api_version) => {
    const { invoice } = the.buy(MONTHLY);
    const old = { id: invoice, object: 'invoice', paid: true, lines: [], total: 1 };
    await the.hear('invoice.paid', invoice, { api_version, data: { object: old } });
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.totals.gross).toBe(29_00);
  },
);

test('26 a thin event: 400, and the log says what to set in Stripe', async () => {
  const thin = {
    id: 'evt_thin',
    object: 'v2.core.event',
    type: 'v1.checkout.session.completed',
    livemode: false,
    created: '2026-11-22T13:00:00.000Z',
    related_object: { id: 'cs_1', type: 'checkout.session', url: '/v1/checkout/sessions/cs_1' },
  };
  expect(await the.post(thin)).toBe(400);
  expect(the.logged.join()).toContain('"Snapshot"');
  await the.work();
  expect(await the.outcome()).toBe('0000');
});

test('27 an event of the other mode: 400 and an alert; an object of the other mode: set aside', async () => {
  const { session, invoice } = the.buy({ ...BILAN, invoiceCreation: true });
  expect(await the.post(the.event(COMPLETED, session, { livemode: true }))).toBe(400);
  expect(the.alerts()).toMatchObject([{ kind: 'livemode' }]);
  await the.work();
  expect(await the.outcome()).toBe('0000');
  the.change(invoice, { livemode: true });
  await the.hear('invoice.paid', invoice);
  expect(await the.outcome()).toBe('0000 Q other-mode');
});

test.each([{ account: 'acct_1Connected' }, { context: 'acct_1OfAnOrganisation' }])(
  '28 an event of another account (%o): 200, nothing, and no request to Stripe',
  async (of) => {
    const before = the.stripe.requests().length;
    await the.hear(COMPLETED, the.buy(BILAN).session, of);
    expect(await the.outcome()).toBe('0000');
    expect(the.stripe.requests()).toHaveLength(before);
  },
);

test('29 the dashboard’s test event with its placeholder ids: set aside, in nobody’s way', async () => {
  const placeholder = { id: 'evt_00000000000000', type: COMPLETED };
  await the.hear(COMPLETED, 'cs_00000000000000', placeholder);
  expect(await the.outcome()).toBe('0000 Q missing-at-stripe');
  await the.hear('invoice.paid', 'in_00000000000000', { ...placeholder, type: 'invoice.paid' });
  await the.hear(COMPLETED, the.buy(BILAN).session);
  expect(await the.outcome()).toBe('1111 Q missing-at-stripe');
  expect((await the.quarantined())[0]?.key).toBe('evt_00000000000000');
  await retryPayment(the.books.base, 'evt_00000000000000', BY);
  await the.work();
  expect(await the.outcome()).toBe('1111 Q missing-at-stripe');
});

test('30 data.object with everything expanded in it: the same outcome', async () => {
  const { session, invoice, subscription } = the.buy(MONTHLY);
  const whole = (id: string) => the.stripe.store.find(id);
  const object = {
    ...whole(session),
    invoice: whole(invoice),
    subscription: whole(subscription),
    customer: whole(String(whole(session)?.customer)),
    line_items: { data: [] },
  };
  await the.hear(COMPLETED, session, { data: { object } });
  await the.hear('invoice.paid', invoice);
  expect(await the.outcome()).toBe('1111');
});

test('31 data.previous_attributes: not looked at', async () => {
  const { session } = the.buy(BILAN);
  const object = the.stripe.store.find(session);
  const previous_attributes = { payment_status: 'unpaid', amount_total: 1 };
  await the.hear(COMPLETED, session, { data: { object, previous_attributes } });
  expect(await the.outcome()).toBe('1111');
});

test('32 an object without an id, as invoice.upcoming has: 200, nothing', async () => {
  const preview = { data: { object: { object: 'invoice', total: 10_00 } } };
  await the.hear('invoice.upcoming', 'none', preview);
  await the.hear('invoice.paid', 'none', preview);
  expect(await the.outcome()).toBe('0000');
});
