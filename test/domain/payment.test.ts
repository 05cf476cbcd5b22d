import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cents, currency, sum } from '#domain/money.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import {
  type BilledFacts,
  type CheckoutFacts,
  decidePayment,
  type Known,
  type PaymentFacts,
} from '#domain/payment.ts';
import { vatRate } from '#domain/vat.ts';
import { line, paidCheckout, paidInvoice } from '#test/support/orders.ts';

const KNOWN: Known = {
  slugs: new Set(['fiscalia', 'notaria']),
  house: null,
  livemode: false,
};
const WITH_HOUSE: Known = { ...KNOWN, house: 'notaria' as PartnerSlug };

function ordersOf(facts: PaymentFacts, partners = KNOWN) {
  const decision = decidePayment(facts, partners);
  if (decision.kind !== 'orders') throw new Error(`no orders: ${JSON.stringify(decision)}`);
  return decision;
}

describe('a checkout', () => {
  test('paid is one order under its payment intent', () => {
    const { key, orders } = ordersOf(paidCheckout());
    expect(key).toBe('pi_1');
    expect(orders).toHaveLength(1);
    expect(orders[0]).toMatchObject({
      partner: 'fiscalia',
      totals: { net: 8332, vat: 1667, gross: 9999 },
      customer: { name: 'Marie Martin', email: 'marie@example.fr' },
    });
  });

  test.each([
    ['setup', { mode: 'setup' }, { kind: 'ignored', reason: 'setup-only' }],
    ['unpaid', { paymentStatus: 'unpaid' }, { kind: 'wait', reason: 'awaiting-payment' }],
    [
      'refused by the bank in the end',
      { paymentStatus: 'unpaid', paymentFailed: true },
      { kind: 'wait', reason: 'payment-failed' },
    ],
    [
      'the start of a trial',
      { mode: 'subscription', paymentStatus: 'no_payment_required', total: cents(0) },
      { kind: 'ignored', reason: 'free-subscription' },
    ],
    [
      'with its invoice to come',
      { invoiceExpected: true },
      { kind: 'wait', reason: 'awaiting-invoice' },
    ],
    ['of an unknown mode', { mode: 'gift' }, { kind: 'quarantine', reason: 'unknown-mode' }],
    ['still open', { status: 'open' }, { kind: 'quarantine', reason: 'session-not-complete' }],
    [
      'of an unknown payment status',
      { paymentStatus: '?' },
      { kind: 'quarantine', reason: 'unknown-status' },
    ],
    ['sold by another', { otherSeller: true }, { kind: 'quarantine', reason: 'other-seller' }],
    ['without an amount', { total: null }, { kind: 'quarantine', reason: 'no-amount' }],
    ['without a currency', { currency: null }, { kind: 'quarantine', reason: 'no-amount' }],
    ['without lines', { lines: [], total: cents(0) }, { kind: 'quarantine', reason: 'no-lines' }],
    [
      'whose lines do not add up',
      { total: cents(1) },
      { kind: 'quarantine', reason: 'lines-do-not-add-up' },
    ],
  ] satisfies [string, Partial<CheckoutFacts>, object][])('%s', (_name, overrides, expected) => {
    expect(decidePayment(paidCheckout(overrides), KNOWN)).toMatchObject(expected);
  });

  test('made free by a coupon is an order of 0.00', () => {
    const lines = [line({ gross: cents(0), discount: cents(9999) })];
    const facts = paidCheckout({
      lines,
      paymentStatus: 'no_payment_required',
      paymentIntentId: null,
    });
    const { key, orders } = ordersOf(facts);
    expect(key).toBe('cs_test_1');
    expect(orders[0]?.totals).toMatchObject({ net: 0, vat: 0, gross: 0 });
  });

  test.each([
    ['of the other mode', { livemode: true }, 'other-mode', ''],
    ['whose tax Stripe failed to work out', { taxFailure: 'failed' }, 'tax-not-computed', 'failed'],
    [
      'whose shipping has an unclear tax',
      { shipping: cents(5), shippingTax: { unclear: 'shipping_cost.amount_tax: 4' } },
      'unclear-tax',
      'shipping_cost.amount_tax: 4',
    ],
    [
      'whose product was deleted',
      { lines: [line({ partner: null, productDeleted: true })] },
      'deleted-product',
      'prod_declaration',
    ],
    [
      'priced in a way of tomorrow',
      { lines: [line({ unknownPricing: 'rate_card' })] },
      'unknown-status',
      'pricing.type: rate_card',
    ],
    ['of a mode full of controls', { mode: 'gi\u0000ft\r\n' }, 'unknown-mode', 'gift'],
  ] satisfies [string, Partial<CheckoutFacts>, string, string][])(
    '%s stops, and says why',
    (_name, overrides, reason, detail) => {
      expect(decidePayment(paidCheckout(overrides), WITH_HOUSE)).toMatchObject({ reason, detail });
    },
  );

  test('that does not say its mode is of the event’s', () => {
    expect(ordersOf(paidCheckout({ livemode: null })).orders).toHaveLength(1);
    const live = { ...KNOWN, livemode: true };
    expect(ordersOf(paidCheckout({ livemode: true }), live).orders).toHaveLength(1);
    expect(decidePayment(paidCheckout(), live)).toMatchObject({ reason: 'other-mode' });
  });

  test('by a business needs its name and its street, that of a person neither', () => {
    const { buyer } = paidCheckout();
    const street = { line1: '4 rue Haute', line2: null, postalCode: '57000', city: 'Metz' };
    const address = { ...street, state: null, country: 'FR' };
    const by = (own: Partial<typeof buyer>) =>
      decidePayment(paidCheckout({ buyer: { ...buyer, ...own } }), KNOWN);
    const vatNumber = 'FR61123456782';
    expect(by({ name: null })).toMatchObject({ kind: 'orders' });
    expect(by({ businessName: 'Dupont SARL', address })).toMatchObject({ kind: 'orders' });
    expect(by({ vatNumber, address })).toMatchObject({ kind: 'orders' });
    expect(by({ vatNumber, address, name: null })).toMatchObject({
      reason: 'business-without-name',
    });
    for (const lacking of [null, { ...address, line1: null }]) {
      expect(by({ businessName: 'Dupont SARL', address: lacking })).toMatchObject({
        reason: 'business-without-address',
      });
    }
  });

  test('without an e-mail, or with two, waits for a person', () => {
    const { buyer } = paidCheckout();
    const email = (value: string | null) =>
      decidePayment(paidCheckout({ buyer: { ...buyer, email: value } }), KNOWN);
    expect(email(null)).toMatchObject({ reason: 'no-email' });
    for (const bad of [
      'a\uD800@b.fr',
      'a@b.fr, c@d.fr',
      'a@b.fr\r\nBcc: c@d.fr',
      'nobody',
      `${'a'.repeat(250)}@b.fr`,
    ]) {
      expect(email(bad)).toMatchObject({ reason: 'bad-email' });
    }
    expect(email('Marie+Impots@EXAMPLE.fr')).toMatchObject({ kind: 'orders' });
  });
});

describe('a Stripe invoice', () => {
  test('paid is one order under the invoice', () => {
    expect(ordersOf(paidInvoice())).toMatchObject({ key: 'in_1', orders: [{}] });
  });

  test.each([
    ['open', { status: 'open' }, { kind: 'wait', reason: 'awaiting-payment' }],
    ['void', { status: 'void' }, { kind: 'quarantine', reason: 'invoice-not-paid' }],
    ['of an unknown status', { status: null }, { kind: 'quarantine', reason: 'unknown-status' }],
    [
      'of a trial',
      { total: cents(0), lines: [] },
      { kind: 'ignored', reason: 'free-subscription' },
    ],
    [
      'that ends in a credit',
      { total: cents(-100) },
      { kind: 'ignored', reason: 'free-subscription' },
    ],
  ] satisfies [string, Partial<BilledFacts>, object][])('%s', (_name, overrides, expected) => {
    expect(decidePayment(paidInvoice(overrides), KNOWN)).toMatchObject(expected);
  });

  test('with a proration keeps its negative line', () => {
    const lines = [line({ gross: cents(-1500) }), line({ gross: cents(4900) })];
    const { orders } = ordersOf(paidInvoice({ lines }));
    expect(orders[0]?.lines.map((it) => it.gross)).toEqual([-1500, 4900]);
    expect(orders[0]?.totals.gross).toBe(3400);
  });
});

describe('a credit', () => {
  test('for one partner stops a payment that leaves another something', () => {
    const lines = [line({ gross: cents(-1500) }), line({ partner: 'notaria', gross: cents(4900) })];
    expect(decidePayment(paidInvoice({ lines }), KNOWN)).toMatchObject({
      reason: 'negative-total',
      detail: 'fiscalia -1500',
    });
  });

  test('of whatever size never makes the decision throw, nor the orders add up to another sum', () => {
    const partner = fc.constantFrom('fiscalia', 'notaria');
    const gross = fc.integer({ min: -(10 ** 12) + 1, max: 10 ** 12 - 1 }).map(cents);
    const sold = fc.array(fc.record({ partner, gross }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sold, fc.integer({ min: 0, max: 10 ** 12 - 1 }).map(cents), (lines, shipping) => {
        const facts = paidInvoice({ lines: lines.map(line), shipping });
        const decision = decidePayment(facts, KNOWN);
        if (decision.kind !== 'orders') return;
        const totals = decision.orders.map((order) => order.totals.gross);
        expect(sum(totals)).toBe(facts.total);
        expect(Math.min(...totals)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('shipping', () => {
  test('with stated tax is cut between partners, tax and all, to the cent', () => {
    const lines = [line({ gross: cents(1) }), line({ partner: 'notaria', gross: cents(2) })];
    const shippingTax = { vat: cents(167), rate: vatRate(2000), treatment: 'standard' as const };
    const { orders } = ordersOf(paidCheckout({ lines, shipping: cents(1000), shippingTax }));
    const shares = orders.map((order) => order.lines[1]);
    expect(shares).toMatchObject([
      { productName: 'Livraison', productId: null, gross: 333, vat: 56, net: 277 },
      { productName: 'Livraison', productId: null, gross: 667, vat: 111, net: 556 },
    ]);
  });

  test('of goods that are exempt bears no tax either', () => {
    const exempt = { vat: cents(0), rate: vatRate(0), treatment: 'exempt' as const };
    const facts = paidCheckout({
      ...{ lines: [line({ tax: exempt })], shipping: cents(500), shippingTax: exempt },
    });
    expect(ordersOf(facts).orders[0]?.totals).toMatchObject({ vat: 0, gross: 10_499 });
  });
});

describe('the partner', () => {
  test('is found whatever the case and blanks an operator typed', () => {
    expect(ordersOf(paidCheckout({ lines: [line({ partner: ' Fiscalia ' })] }))).toBeDefined();
  });

  test('unknown, or none without a house partner, stops the whole payment', () => {
    const stray = [line(), line({ partner: 'nobody' })];
    expect(decidePayment(paidCheckout({ lines: stray }), KNOWN)).toMatchObject({
      reason: 'unknown-partner',
      detail: 'nobody',
    });
    for (const partner of [null, '', '   ']) {
      const facts = paidCheckout({ lines: [line({ partner })] });
      expect(decidePayment(facts, KNOWN)).toMatchObject({ reason: 'no-partner' });
      expect(ordersOf(facts, WITH_HOUSE).orders[0]?.partner).toBe('notaria');
    }
    for (const partner of ['__proto__', 'constructor', '=cmd()', '../x']) {
      const facts = paidCheckout({ lines: [line({ partner })] });
      expect(decidePayment(facts, WITH_HOUSE)).toMatchObject({ reason: 'unknown-partner' });
    }
  });

  test('two of them make two orders that add up to the payment, shipping included', () => {
    const partner = fc.constantFrom('fiscalia', 'notaria');
    const gross = fc.integer({ min: 1, max: 1_000_000 }).map(cents);
    const sold = fc.array(fc.record({ partner, gross }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sold, fc.integer({ min: 0, max: 5000 }).map(cents), (lines, shipping) => {
        const facts = paidCheckout({ lines: lines.map(line), shipping });
        const { orders } = ordersOf(facts);
        expect(orders).toHaveLength(new Set(lines.map((it) => it.partner)).size);
        expect(sum(orders.map((order) => order.totals.gross))).toBe(facts.total);
        for (const order of orders) {
          expect(order.totals.net + order.totals.vat).toBe(order.totals.gross);
          expect(sum(order.lines.map((it) => it.net))).toBe(order.totals.net);
        }
      }),
    );
  });
});

describe('tax', () => {
  const stated = (vat: number, points: number) => ({
    vat: cents(vat),
    rate: vatRate(points),
    treatment: 'standard' as const,
  });

  test('that Stripe stated wins, rate by rate', () => {
    const lines = [
      line({ gross: cents(10_550), tax: stated(550, 550) }),
      line({ gross: cents(12_000), tax: stated(2000, 2000) }),
    ];
    const { orders } = ordersOf(paidCheckout({ lines }));
    expect(orders[0]?.totals).toMatchObject({ net: 20_000, vat: 2550 });
    expect(orders[0]?.totals.byRate.map((it) => [it.rate, it.net, it.vat])).toEqual([
      [2000, 10_000, 2000],
      [550, 10_000, 550],
    ]);
  });

  test('that cannot be explained stops the payment', () => {
    const facts = paidCheckout({
      lines: [line({ tax: { unclear: 'taxability_reason: moon_phase' } })],
    });
    expect(decidePayment(facts, KNOWN)).toMatchObject({
      reason: 'unclear-tax',
      detail: 'prod_declaration, taxability_reason: moon_phase',
    });
  });
});

test('hostile text becomes one visible line', () => {
  const { buyer } = paidCheckout();
  const facts = paidCheckout({
    buyer: { ...buyer, name: 'Éva\r\nBcc: x\u0000\u202Etxet\uD800' },
    lines: [line({ productName: 'x'.repeat(10_000) }), line({ productName: '\u200B' })],
  });
  const { orders } = ordersOf(facts);
  expect(orders[0]?.customer.name).toBe('Éva Bcc: xtxet');
  expect(orders[0]?.lines[0]?.productName).toHaveLength(500);
  expect(orders[0]?.lines[1]?.productName).toBe('Produit');
});

test('other currencies keep their own minor unit', () => {
  const facts = paidCheckout({ currency: currency('jpy'), lines: [line({ gross: cents(500) })] });
  expect(ordersOf(facts).orders[0]?.totals).toMatchObject({ net: 417, vat: 83, gross: 500 });
});

test('what is no payment of ours is ignored', () => {
  expect(decidePayment({ kind: 'unrelated' }, KNOWN)).toMatchObject({ kind: 'ignored' });
});
