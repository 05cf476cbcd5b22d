// Cases 79 to 100: an invoice of Stripe's, which is the payment wherever there is one; and what comes
// after the number is taken. « 1111 » is one order, one invoice, one e-mail and one call of the
// partner; « Q » names the reason of a quarantine.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endInvoice } from '#adapters/sandbox/stripe-billing.ts';
import { refundPayment } from '#adapters/sandbox/stripe-corrections.ts';
import {
  giveCredit,
  markPaid,
  payByCard,
  sentInvoice,
} from '#adapters/sandbox/stripe-dashboard.ts';
import { planChange, renewal } from '#adapters/sandbox/stripe-subscriptions.ts';
import { retryPayment } from '#application/retry-payment.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { ACCEPTED, REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { BILAN, MONTHLY, of } from '#test/support/case-products.ts';
import { type Cases, secondsOf, startCases } from '#test/support/cases.ts';

const BY = { actor: 'the test', why: null };

let the: Cases;
beforeAll(async () => {
  the = await startCases();
});
afterAll(() => the.close());
beforeEach(() => the.begin());

const COMPLETED = 'checkout.session.completed';
const PAID = 'invoice.paid';
const PAYMENT = 'invoice.payment_succeeded';

const store = () => the.stripe.store;
const instant = () => the.books.clock.now();
const firstInvoice = async () => (await the.invoices())[0];
const customerOf = (id: string) => String(store().find(id)?.customer);
const retry = async (key: string) => {
  await retryPayment(the.books.base, key, BY);
  await the.work();
};

/** The second invoice of a subscription of which nobody was told so far. */
function renewed(wanted: Parameters<Cases['buy']>[0] = MONTHLY): string {
  return renewal(store(), the.buy(wanted).subscription, instant()).invoiceId;
}

/** A renewal with the subscription's plan changed on the spot. */
function changedPlan(from: string, to: string): string {
  const { subscription } = the.buy({ ...of(from), mode: 'subscription' });
  return planChange(store(), subscription, to, instant()).invoiceId;
}

async function bothEvents(invoice: string): Promise<string> {
  await the.hear(PAID, invoice);
  await the.hear(PAYMENT, invoice);
  return the.outcome();
}

describe('why it was billed', () => {
  test.each([
    ...['subscription_create', 'subscription_cycle', 'subscription_update'],
    ...['subscription_threshold', 'subscription', 'manual', 'quote_accept'],
    ...['automatic_pending_invoice_item_invoice', 'lunar_cycle', null],
  ])('79 billing_reason %s: one order for the invoice', async (billing_reason) => {
    const invoice = renewed();
    the.change(invoice, { billing_reason });
    expect(await bothEvents(invoice)).toBe('1111');
  });

  test('80 a renewal, or a first invoice, without a session: an order from the invoice alone', async () => {
    expect(await bothEvents(renewed())).toBe('1111');
    const { session, invoice } = the.buy(MONTHLY);
    the.change(session, { subscription: null, invoice: null });
    expect(await bothEvents(invoice)).toBe('2222');
  });

  test('81 a trial begins: nothing; it ends with the first invoice: one of each', async () => {
    const { session, invoice, subscription } = the.buy({ ...MONTHLY, trialDays: 14 });
    await the.hear(COMPLETED, session);
    expect(await bothEvents(invoice)).toBe('0000');
    await the.pass(14 * 86_400_000);
    expect(await bothEvents(renewal(store(), subscription, instant()).invoiceId)).toBe('1111');
  });

  test('82 a proration that leaves something to pay: its negative line stays', async () => {
    expect(await bothEvents(changedPlan('prod_mois', 'prod_plus'))).toBe('1111');
    expect(await firstInvoice()).toMatchObject({
      totals: { gross: 20_00 },
      lines: [{ gross: -29_00 }, { gross: 49_00 }],
    });
  });

  test.each([
    ['nothing', 'prod_mois', 'prod_mois'],
    ['a credit', 'prod_plus', 'prod_mois'],
  ])('82 a proration that leaves %s: no invoice', async (_, from, to) => {
    expect(await bothEvents(changedPlan(from, to))).toBe('0000');
  });

  test('82 a proration from one partner to another: a credit for the one is for a person', async () => {
    expect(await bothEvents(changedPlan('prod_veille', 'prod_plus'))).toBe('0000 Q negative-total');
    expect((await the.quarantined())[0]?.detail).toBe('notaria -1200');
  });
});

describe('how it was paid', () => {
  test.each([
    ['a part of it', 9_00, 20_00, 'card'],
    ['all of it', 50_00, 0, 'balance'],
    ['with a debt on top', -5_00, 34_00, 'card'],
  ])('83, 84 from the balance, %s: the total is what was sold', async (_, credit, due, method) => {
    const { invoice: first, subscription } = the.buy(MONTHLY);
    giveCredit(store(), customerOf(first), credit);
    const invoice = renewal(store(), subscription, instant()).invoiceId;
    expect(store().find(invoice)).toMatchObject({ total: 29_00, amount_due: due });
    expect(await bothEvents(invoice)).toBe('1111');
    expect(await firstInvoice()).toMatchObject({ totals: { gross: 29_00 }, paymentMethod: method });
  });

  test.each([11, 250])('85 %i lines of two partners', async (count) => {
    const ids = Array.from({ length: count }, (_, at) => (at % 2 ? 'prod_veille' : 'prod_mois'));
    const invoice = renewed({ ...of(...ids), mode: 'subscription' });
    expect(await bothEvents(invoice)).toBe('2222');
    const [mine, other] = await the.invoices();
    expect([mine?.lines.length, other?.lines.length]).toEqual([
      Math.ceil(count / 2),
      Math.floor(count / 2),
    ]);
    const total = store().find(invoice)?.total;
    expect((mine?.totals.gross ?? 0) + (other?.totals.gross ?? 0)).toBe(total);
  });

  test('85 a line typed by hand: the house’s, or set aside', async () => {
    const invoice = renewed();
    the.changeLines(invoice, () => ({ pricing: null, description: 'Frais de dossier' }));
    expect(await bothEvents(invoice)).toBe('0000 Q no-partner');
    the.house('notaria');
    await retry(invoice);
    expect(await the.outcome()).toBe('1111');
    expect((await firstInvoice())?.lines).toMatchObject([{ productName: 'Frais de dossier' }]);
  });

  test('85 a line priced in a way nobody knows: set aside by its name, the house or not', async () => {
    the.house('notaria');
    const invoice = renewed();
    the.changeLines(invoice, () => ({ pricing: { type: 'rate_card' } }));
    expect(await bothEvents(invoice)).toBe('0000 Q unknown-status');
    expect((await the.quarantined())[0]?.detail).toBe('pricing.type: rate_card');
  });

  test('86 paid outside of Stripe: invoice.paid alone tells of it', async () => {
    const { invoiceId } = sentInvoice(store(), BILAN, instant());
    markPaid(store(), invoiceId, instant());
    await the.hear(PAID, invoiceId);
    expect(await the.outcome()).toBe('1111');
    expect((await firstInvoice())?.paymentMethod).toBe('out_of_band');
  });

  test('87 paid in parts: nothing until all is paid; overpaid: the total is the total', async () => {
    const { invoiceId } = sentInvoice(store(), BILAN, instant());
    the.change(invoiceId, { amount_paid: 40_00, amount_remaining: 59_99 });
    await the.hear('invoice_payment.paid', 'inpay_1');
    await the.hear(PAYMENT, invoiceId);
    expect(await the.outcome()).toBe('0000');
    payByCard(store(), invoiceId, instant());
    the.change(invoiceId, { amount_paid: 120_00, amount_overpaid: 20_01 });
    expect(await bothEvents(invoiceId)).toBe('1111');
    expect((await firstInvoice())?.totals.gross).toBe(99_99);
  });

  test('88 refunded with a credit note before we looked: an invoice for all of it, then the avoir', async () => {
    const { session, invoice } = the.buy({ ...BILAN, invoiceCreation: true });
    const intent = String(store().find(session)?.payment_intent);
    const { events } = refundPayment(store(), intent, { now: instant() });
    expect(store().find(invoice)?.post_payment_credit_notes_amount).toBe(99_99);
    for (const { type, data } of events) {
      await the.hear(String(type), (data as { object: { id: string } }).object.id);
    }
    expect(await bothEvents(invoice)).toBe('1111 A11');
    expect((await firstInvoice())?.totals.gross).toBe(99_99);
    expect((await the.creditNotes())[0]?.totals.gross).toBe(99_99);
  });

  test('89 lines that do not add up to the total: set aside with both sums', async () => {
    const invoice = renewed();
    the.changeLines(invoice, () => ({ amount: 28_00 }));
    expect(await bothEvents(invoice)).toBe('0000 Q lines-do-not-add-up');
    expect((await the.quarantined())[0]?.detail).toBe('2800 ≠ 2900');
  });

  test.each(['void', 'uncollectible'] as const)(
    '90 %s by the time we look: set aside, no number taken',
    async (status) => {
      const invoice = renewed();
      const series = () => the.books.db.selectFrom('invoice_series').selectAll().execute();
      const before = await series();
      await the.post(the.event(PAID, invoice));
      endInvoice(store(), invoice, status, secondsOf(instant()));
      await the.work();
      expect(await the.outcome()).toBe('0000 Q invoice-not-paid');
      expect(await series()).toEqual(before);
    },
  );

  test('90 a status nobody knows: set aside by its name', async () => {
    const invoice = renewed();
    the.change(invoice, { status: 'forgiven' });
    expect(await bothEvents(invoice)).toBe('0000 Q unknown-status');
    expect((await the.quarantined())[0]?.detail).toBe('forgiven');
  });

  test('91 a renewal that fails twice, then is paid: one order', async () => {
    const invoice = renewed();
    the.change(invoice, { status: 'open', attempt_count: 1 });
    for (const attempt_count of [1, 2]) {
      the.change(invoice, { attempt_count });
      await the.hear('invoice.payment_failed', invoice);
      await the.hear(PAYMENT, invoice); // of an attempt that was undone
    }
    expect(await the.outcome()).toBe('0000');
    the.change(invoice, { status: 'paid', attempt_count: 3 });
    expect(await bothEvents(invoice)).toBe('1111');
  });
});

describe('when it was', () => {
  test('92 a renewal on a test clock, next year: issued today', async () => {
    const invoice = renewed();
    const paid_at = secondsOf(instant()) + 365 * 86_400;
    the.change(invoice, {
      test_clock: 'clock_1',
      created: paid_at,
      status_transitions: { paid_at },
    });
    expect(await bothEvents(invoice)).toBe('1111');
    expect(await firstInvoice()).toMatchObject({
      issueDay: parisDay(instant()),
      paidDay: parisDay(new Date(paid_at * 1000)),
      test: true,
    });
  });

  test('93 paid on 31 December, processed after midnight in Paris: the new year’s first number', async () => {
    const year = instant().getUTCFullYear() + 1;
    the.books.clock.set(new Date(`${year}-12-31T22:59:58Z`));
    const [before, between] = [renewed(), renewed()];
    await the.hear(PAID, before);
    await the.post(the.event(PAID, between));
    the.books.clock.advance(2_000);
    await the.work();
    expect(await the.outcome()).toBe('2222');
    const [old, young] = await the.invoices();
    expect(old?.number).toMatch(new RegExp(`^FQCA-${year}-`));
    expect(young).toMatchObject({
      number: `FQCA-${year + 1}-000001`,
      issueDay: `${year + 1}-01-01`,
      paidDay: `${year}-12-31`,
    });
  });

  test.each(['03-26T00:59:30', '10-29T00:59:30', '10-29T01:30:00'])(
    '93 the night the clocks change, around %s UTC: numbers and instants go on',
    async (at) => {
      const year = 2028; // 26 March and 29 October are such nights
      the.books.clock.set(new Date(`${year}-${at}Z`));
      for (const _ of [1, 2]) {
        await the.hear(PAID, renewed());
        the.books.clock.advance(60_000);
      }
      const [first, second] = await the.invoices();
      const ordinal = (number = '') => Number(number.slice(-6));
      expect(ordinal(second?.number)).toBe(ordinal(first?.number) + 1);
      expect(Date.parse(second?.issuedAt ?? '') - Date.parse(first?.issuedAt ?? '')).toBe(60_000);
    },
  );
});

describe('who bought', () => {
  test('94 the customer is deleted since: the invoice remembers them', async () => {
    const invoice = renewed();
    store().put({ id: customerOf(invoice), object: 'customer', deleted: true });
    expect(await bothEvents(invoice)).toBe('1111');
    expect((await firstInvoice())?.buyer.name).toBe('Camille Durand');
  });

  test('94 the invoice knows neither name nor address: the session does', async () => {
    const { invoice } = the.buy(MONTHLY);
    store().put({ id: customerOf(invoice), object: 'customer', deleted: true });
    the.change(invoice, { customer_name: null, customer_address: null, customer_email: null });
    expect(await bothEvents(invoice)).toBe('1111');
    expect((await firstInvoice())?.buyer).toMatchObject({
      name: 'Camille Durand',
      email: 'camille.durand@example.com',
      address: { city: 'Lyon' },
    });
  });

  test('94 a business without an address or a name: set aside until Stripe has it', async () => {
    const buyer = { name: null, businessName: 'Dupont SARL', address: null };
    const nowhere = renewed({ ...MONTHLY, buyer });
    expect(await bothEvents(nowhere)).toBe('0000 Q business-without-address');
    the.change(customerOf(nowhere), { address: { line1: '4 rue Haute', city: 'Metz' } });
    await retry(nowhere);
    expect(await the.outcome()).toBe('1111');
    const nameless = renewed({ ...MONTHLY, buyer: { name: null } });
    the.change(nameless, { customer_tax_ids: [{ type: 'eu_vat', value: 'FR61123456782' }] });
    expect(await bothEvents(nameless)).toBe('1111 Q business-without-name');
    the.change(customerOf(nameless), { business_name: 'Dupont SARL' });
    await retry(nameless);
    expect(await the.outcome()).toBe('2222');
  });

  test('95 Stripe’s English is not printed: the product’s own name is', async () => {
    const invoice = renewed();
    expect(store().rows(invoice)[0]?.description).toBe('1 × Suivi mensuel (at €29.00 / month)');
    expect(await bothEvents(invoice)).toBe('1111');
    expect((await firstInvoice())?.lines).toMatchObject([{ productName: 'Suivi mensuel' }]);
    expect(the.calls()[0].order.products).toMatchObject([{ product_name: 'Suivi mensuel' }]);
  });

  test.each([
    { issuer: { type: 'account', account: 'acct_1' } },
    { issuer: { type: 'guild' } },
    { on_behalf_of: 'acct_1' },
  ])('96 another legal seller, %o: set aside', async (seller) => {
    const invoice = renewed();
    if (seller.on_behalf_of) store().put({ id: seller.on_behalf_of, object: 'account' });
    the.change(invoice, seller);
    expect(await bothEvents(invoice)).toBe('0000 Q other-seller');
  });

  test('97 the session says less than the invoice: the invoice counts', async () => {
    const { session, invoice } = the.buy({
      ...of('prod_mois', 'prod_bilan'),
      mode: 'subscription',
    });
    the.change(session, { amount_total: 29_00 });
    await the.hear(COMPLETED, session);
    expect(await bothEvents(invoice)).toBe('1111');
    expect((await firstInvoice())?.totals.gross).toBe(128_99);
  });
});

describe('afterwards', () => {
  test('98 a backlog of 300 events at once: drained, one mail each, few requests', async () => {
    const before = the.stripe.requests().length;
    const events = Array.from({ length: 100 }, () => {
      const { session, invoice } = the.buy(MONTHLY);
      const types = [COMPLETED, PAID, PAYMENT];
      return types.map((type) => the.event(type, type === COMPLETED ? session : invoice));
    });
    await Promise.all(events.flat().map((event) => the.post(event)));
    await the.work();
    expect(await the.outcome()).toBe('100 100 100 100');
    expect(new Set(the.mails().map(({ order }) => order.paymentKey)).size).toBe(100);
    expect(the.stripe.requests().length - before).toBeLessThanOrEqual(900);
  });

  test('99 the partner is down: invoice and e-mail go out; three calls with one id', async () => {
    the.world.partner = () => UNAVAILABLE;
    await the.hear(PAID, renewed());
    expect(await the.outcome()).toBe('1111');
    await the.pass(5 * 60_000);
    expect(await the.outcome()).toBe('1112');
    await the.pass(30 * 60_000);
    await the.pass(86_400_000);
    expect(await the.outcome()).toBe('1113');
    expect(new Set(the.posts().map(({ notificationId }) => notificationId)).size).toBe(1);
    expect(new Set(the.calls().map(({ order_id }) => order_id)).size).toBe(1);
  });

  test.each([410, 301, 422])(
    '99 the partner answers %i: invoice and e-mail go out; one call',
    async (statusCode) => {
      the.world.partner = () => ({ ...REFUSED, report: { ...REFUSED.report, statusCode } });
      await the.hear(PAID, renewed());
      await the.pass(86_400_000);
      expect(await the.outcome()).toBe('1111');
      expect(the.alerts()).toMatchObject([{ kind: 'notification-ended' }]);
    },
  );

  test('100 the PDF fails, then the mail: the number stays, and the document is the same', async () => {
    the.world.print = () => {
      throw new Error('no browser');
    };
    await the.hear(PAID, renewed());
    expect(await the.outcome()).toBe('1100');
    const frozen = await firstInvoice();
    Object.assign(the.world, { print: () => {}, mail: () => UNAVAILABLE });
    await the.pass(5_000);
    expect(await the.outcome()).toBe('1111');
    the.world.mail = () => ACCEPTED;
    await the.pass(60_000);
    expect(await the.outcome()).toBe('1121');
    expect(await firstInvoice()).toEqual(frozen);
    const [failed, sent] = the.mails();
    expect(sent?.pdf).toEqual(failed?.pdf);
    expect(sent?.document).toEqual(failed?.document);
  });
});
