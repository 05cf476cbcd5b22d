// Cases 33 to 78: a checkout session, paid in every way and odd in every field. « 1111 » is one order,
// one invoice, one e-mail and one call of the partner; « Q » names the reason of a quarantine. The
// file is long because a session has that many fields.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { euros } from '#adapters/french.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import type { SandboxBuyer } from '#adapters/sandbox/stripe-buyer.ts';
import { refundPayment } from '#adapters/sandbox/stripe-corrections.ts';
import { attachInvoice, settleSession, setupSession } from '#adapters/sandbox/stripe-sessions.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { retryNotification } from '#application/retry-notification.ts';
import { retryPayment } from '#application/retry-payment.ts';
import { sum } from '#domain/money.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { BILAN, MONTHLY, of } from '#test/support/case-products.ts';
import { type Cases, startCases } from '#test/support/cases.ts';

const BY = { actor: 'the test', why: null };

let the: Cases;
beforeAll(async () => {
  the = await startCases();
});
afterAll(() => the.close());
beforeEach(() => the.begin());

const COMPLETED = 'checkout.session.completed';
const SUCCEEDED = 'checkout.session.async_payment_succeeded';
const FAILED = 'checkout.session.async_payment_failed';
const PAID = 'invoice.paid';
const PAYMENT = 'invoice.payment_succeeded';
const SEPA = { ...BILAN, method: 'sepa_debit', pending: true } as const;
const WITH_INVOICE = { ...BILAN, invoiceCreation: true } as const;

type Wanted = Parameters<Cases['buy']>[0];

/** Buys, tells of the session, and says what it came to. */
async function complete(wanted: Wanted, session: object = {}): Promise<string> {
  const bought = the.buy(wanted);
  the.change(bought.session, session);
  await the.hear(COMPLETED, bought.session);
  return the.outcome();
}

const boughtBy = (buyer: Partial<SandboxBuyer>) => complete({ ...BILAN, buyer });
const now = () => ({ now: the.books.clock.now() });
const retry = async (key: string) => {
  await retryPayment(the.books.base, key, BY);
  await the.work();
};

describe('paid or not', () => {
  test('33 a payment that is paid', async () => {
    expect(await complete(BILAN)).toBe('1111');
    expect((await the.invoices())[0]?.totals).toMatchObject({ net: 8332, vat: 1667, gross: 9999 });
    expect(the.calls()[0].order).toMatchObject({ total_amount: 99.99, currency: 'EUR' });
  });

  test('34 unpaid, then async_payment_succeeded: nothing, then one of each', async () => {
    const { session } = the.buy(SEPA);
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('0000');
    settleSession(the.stripe.store, session, 'succeeded', now());
    await the.hear(SUCCEEDED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.paymentMethod).toBe('sepa_debit');
  });

  test('34 async_payment_succeeded first, completed after: one of each', async () => {
    const { session } = the.buy(SEPA);
    settleSession(the.stripe.store, session, 'succeeded', now());
    await the.hear(SUCCEEDED, session);
    await the.hear(COMPLETED, session, {
      data: { object: { id: session, payment_status: 'unpaid' } },
    });
    expect(await the.outcome()).toBe('1111');
  });

  test('34 async_payment_failed: nothing, whatever else is said; Stripe’s own word decides', async () => {
    const { session } = the.buy(SEPA);
    await the.hear(COMPLETED, session);
    settleSession(the.stripe.store, session, 'failed', now());
    await the.hear(FAILED, session);
    await the.hear(SUCCEEDED, session);
    expect(await the.outcome()).toBe('0000');
    the.change(session, { payment_status: 'paid' });
    await the.hear(FAILED, session);
    expect(await the.outcome()).toBe('1111');
  });

  test.each([
    ['no_payment_required', BILAN],
    ['paid', BILAN],
    ['no_payment_required', WITH_INVOICE],
  ])('35 made free by a coupon (%s): one of each, of 0.00', async (payment_status, wanted) => {
    const { session, invoice } = the.buy({ ...wanted, couponPercent: 100 });
    the.change(session, { payment_status });
    await the.hear(COMPLETED, session);
    if (invoice !== '') await the.hear(PAID, invoice);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]).toMatchObject({
      totals: { net: 0, vat: 0, gross: 0 },
      lines: [{ gross: 0, discount: 9999 }],
      paymentMethod: null,
    });
    expect(the.calls()[0].order.total_amount).toBe(0);
  });

  test.each([{ amount_total: null }, { currency: null }, { amount_total: 99.5 }])(
    '36 without an amount or a currency: %o',
    async (session) => {
      expect(await complete(BILAN, session)).toBe('0000 Q no-amount');
    },
  );

  test('37 a card kept for later: nothing; a mode nobody knows: set aside by its name', async () => {
    const { sessionId } = setupSession(the.stripe.store, {}, the.books.clock.now());
    await the.hear(COMPLETED, sessionId);
    expect(await the.outcome()).toBe('0000');
    expect(await complete(BILAN, { mode: 'barter' })).toBe('0000 Q unknown-mode');
    expect((await the.quarantined())[0]?.detail).toBe('barter');
  });

  test.each(['open', 'expired', null])('38 status %s in a completed event', async (status) => {
    const { session } = the.buy(BILAN);
    the.change(session, { status });
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('0000 Q session-not-complete');
    const [{ key = '', detail = '' } = {}] = await the.quarantined();
    expect(detail).toBe(`${status}`);
    the.change(session, { status: 'complete' });
    await retry(key);
    expect(await the.outcome()).toBe('1111');
  });

  test('38 a payment status nobody knows: set aside by its name', async () => {
    expect(await complete(BILAN, { payment_status: 'promised' })).toBe('0000 Q unknown-status');
    expect((await the.quarantined())[0]?.detail).toBe('promised');
  });
});

describe('one payment, several events', () => {
  test.each([
    ['the session first', [COMPLETED, PAID, PAYMENT]],
    ['the invoice first', [PAID, COMPLETED, PAYMENT]],
    ['the session last', [PAYMENT, PAID, COMPLETED]],
  ])('39 a payment with an invoice, %s', async (_, types) => {
    const bought = the.buy(WITH_INVOICE);
    for (const type of types) {
      await the.hear(type, type === COMPLETED ? bought.session : bought.invoice);
    }
    expect(await the.outcome()).toBe('1111');
  });

  test('39 a payment with an invoice, all at once', async () => {
    const { session, invoice } = the.buy(WITH_INVOICE);
    const events = [COMPLETED, PAID, PAYMENT].map((type) =>
      the.event(type, type === COMPLETED ? session : invoice),
    );
    await Promise.all(events.map((event) => the.post(event)));
    await the.work();
    expect(await the.outcome()).toBe('1111');
  });

  test('40 the invoice comes a while after its session: asked for again, one of each', async () => {
    const late = the.buy({ ...WITH_INVOICE, invoiceIsLate: true });
    await the.hear(COMPLETED, late.session);
    await the.pass(5_000, 1_000);
    expect(await the.outcome()).toBe('0000');
    attachInvoice(the.stripe.store, { sessionId: late.session, invoiceId: late.invoice }, now());
    await the.pass(10_000, 1_000);
    expect(await the.outcome()).toBe('1111');
    await the.hear(PAID, late.invoice);
    expect(await the.outcome()).toBe('1111');
  });

  test('40 the invoice never comes: set aside after six minutes, and never a second order', async () => {
    const late = the.buy({ ...WITH_INVOICE, invoiceIsLate: true });
    await the.hear(COMPLETED, late.session);
    await the.pass(400_000, 10_000);
    expect(await the.outcome()).toBe('0000 Q invoice-missing');
    const [{ key = '' } = {}] = await the.quarantined();
    attachInvoice(the.stripe.store, { sessionId: late.session, invoiceId: late.invoice }, now());
    await the.hear(PAID, late.invoice);
    await retry(key);
    expect(await the.outcome()).toBe('1111');
  });

  test.each([
    [COMPLETED, PAID, PAYMENT],
    [COMPLETED, PAYMENT, PAID],
    [PAID, COMPLETED, PAYMENT],
    [PAID, PAYMENT, COMPLETED],
    [PAYMENT, COMPLETED, PAID],
    [PAYMENT, PAID, COMPLETED],
  ])('41 a subscription begins: %s, %s, %s', async (...types) => {
    const bought = the.buy(MONTHLY);
    for (const type of types) {
      await the.hear(type, type === COMPLETED ? bought.session : bought.invoice);
    }
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.paymentKey).toBe(bought.invoice);
  });

  test('42 a session rendered before it could name its invoice: read anew', async () => {
    const { session, invoice } = the.buy(WITH_INVOICE);
    const old = { ...the.stripe.store.find(session), invoice: undefined };
    await the.hear(COMPLETED, session, { data: { object: old } });
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.paymentKey).toBe(invoice);
  });
});

describe('what was sold', () => {
  test.each([23, 100])('43 %i lines: all on the invoice, in their order', async (count) => {
    const items = Array.from({ length: count }, (_, index) => ({
      productId: 'prod_bilan',
      quantity: index + 1,
    }));
    expect(await complete({ items })).toBe('1111');
    const quantities = items.map(({ quantity }) => quantity);
    const [invoice] = await the.invoices();
    expect(invoice?.lines.map(({ quantity }) => quantity)).toEqual(quantities);
    const { products } = the.calls()[0].order;
    expect(products.map((it: { quantity: number }) => it.quantity)).toEqual(quantities);
  });

  test('44 a line without a quantity: printed without, one for the partner', async () => {
    const { session } = the.buy(BILAN);
    the.changeLines(session, () => ({ quantity: null }));
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.lines).toMatchObject([{ quantity: null, gross: 9999 }]);
    expect(the.calls()[0].order.products).toMatchObject([{ quantity: 1, unit_price: 83.32 }]);
  });

  test('45 a gift of 0.00, or of quantity 0: on the invoice, and told to the partner', async () => {
    const gift = { productId: 'prod_bilan', quantity: 1, amountCents: 0 };
    const { session } = the.buy({ items: [...BILAN.items, gift, gift] });
    the.changeLines(session, (_, index) => (index === 2 ? { quantity: 0 } : {}));
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.lines.map(({ gross }) => gross)).toEqual([9999, 0, 0]);
    expect(the.calls()[0].order.products).toMatchObject([
      { unit_price: 83.32 },
      { quantity: 1, unit_price: 0 },
      { quantity: 0, unit_price: 0 },
    ]);
  });

  test('46 what the buyer changed or left aside at the checkout: only the lines count', async () => {
    const { session } = the.buy({ items: [{ productId: 'prod_bilan', quantity: 3 }] });
    the.change(session, { optional_items: [{ price: 'price_extra', quantity: 1 }] });
    the.changeLines(session, () => ({ adjustable_quantity: { enabled: true, minimum: 1 } }));
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect(the.calls()[0].order).toMatchObject({
      total_amount: 299.97,
      products: [{ quantity: 3 }],
    });
  });

  test('47 the product is deleted: named by its line, whose price may name the partner', async () => {
    const { session } = the.buy(of('prod_libre'));
    const product = the.stripe.store.find('prod_libre');
    the.stripe.store.put({ id: 'prod_libre', object: 'product', deleted: true });
    the.house('notaria');
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('0000 Q deleted-product');
    the.changeLines(session, ({ price }) => ({
      price: { ...(price as object), metadata: { partner: 'fiscalia' } },
    }));
    await retry((await the.quarantined())[0]?.key ?? '');
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]).toMatchObject({
      lines: [{ productName: 'Prix libre' }],
      partner: { slug: 'fiscalia' },
    });
    the.stripe.store.put(product ?? { id: '', object: '' });
  });

  test('47 the line has no price at all: the house’s, or set aside', async () => {
    const { session } = the.buy(BILAN);
    the.changeLines(session, () => ({ price: null, description: 'Sur mesure' }));
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('0000 Q no-partner');
    the.house('notaria');
    await retry((await the.quarantined())[0]?.key ?? '');
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.lines).toMatchObject([{ productName: 'Sur mesure' }]);
  });

  test('48 an archived product and price: as any other', async () => {
    const { session } = the.buy(of('prod_usd'));
    const { invoice } = the.buy(of('prod_isk'));
    expect(invoice).toBe('');
    the.change('prod_usd', { active: false });
    the.changeLines(session, ({ price }) => ({ price: { ...(price as object), active: false } }));
    await the.hear(COMPLETED, session);
    const monthly = the.buy(MONTHLY);
    the.change('prod_mois', { active: false });
    await the.hear(PAID, monthly.invoice);
    expect(await the.outcome()).toBe('2222');
  });
});

describe('whose it is', () => {
  const sold = async (metadata: object) => {
    the.change('prod_sans', { metadata });
    return complete(of('prod_sans'));
  };
  beforeEach(() => the.change('prod_sans', { metadata: {} }));

  test.each([{}, { partner: '' }, { partner: '   ' }, { Partner: 'fiscalia' }])(
    '49 product metadata %o: set aside without a number, or the house’s',
    async (metadata) => {
      expect(await sold(metadata)).toBe('0000 Q no-partner');
      expect(the.alerts()).toHaveLength(1);
      the.house('notaria');
      await retry((await the.quarantined())[0]?.key ?? '');
      expect(await the.outcome()).toBe('1111');
      expect((await the.invoices())[0]?.partner.slug).toBe('notaria');
    },
  );

  test.each(['FiscaLia', ' fiscalia ', 'fiscalia\n'])('49 partner %j is found', async (partner) => {
    expect(await sold({ partner })).toBe('1111');
  });

  test('50 an unknown partner: set aside by its name, done once it is there', async () => {
    expect(await sold({ partner: 'tabellia' })).toBe('0000 Q unknown-partner');
    const [{ key = '', detail = '' } = {}] = await the.quarantined();
    expect(detail).toBe('tabellia');
    await the.books.addPartner('tabellia');
    await retry(key);
    expect(await the.outcome()).toBe('1111');
  });

  test('50 a partner without an address yet: invoice and e-mail; its call is parked', async () => {
    const registry = postgresPartnerRegistry(the.books.db, the.books);
    const slug = 'sans-adresse' as PartnerSlug;
    await registry.add(slug, { name: 'Sans adresse', signingSecret: 'whsec_c2VjcmV0' });
    expect(await sold({ partner: slug })).toBe('1110');
    const parked = await the.books.db
      .selectFrom('notification')
      .select('id')
      .where('state', '=', 'failed')
      .executeTakeFirstOrThrow();
    await registry.set(slug, { stagingUrl: 'https://sans-adresse.example/orders' });
    await retryNotification(the.books.base, parked.id, { actor: 'léa', why: null });
    await the.work();
    expect(await the.outcome()).toBe('1111');
  });

  test('51 the partner is changed between two events: the first one stays', async () => {
    the.change('prod_sans', { metadata: { partner: 'fiscalia' } });
    const { session } = the.buy(of('prod_sans'));
    await the.hear(COMPLETED, session);
    the.change('prod_sans', { metadata: { partner: 'notaria' } });
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.partner.slug).toBe('fiscalia');
  });

  test('52 two partners: two of each, each with its own lines, adding up to the cent', async () => {
    const wanted = { ...of('prod_bilan', 'prod_acte'), shippingCents: 10_01, couponPercent: 7 };
    expect(await complete(wanted)).toBe('2222');
    const invoices = await the.invoices();
    const totals = invoices.map(({ totals: { gross } }) => gross);
    expect(sum(totals)).toBe(92_99 + 46_50 + 10_01);
    expect(invoices.map(({ lines }) => lines.map(({ productName }) => productName))).toEqual([
      ['Bilan annuel', 'Livraison'],
      ['Acte notarié', 'Livraison'],
    ]);
    const told = the
      .posts()
      .map(({ url, body }) => [
        new URL(url).host,
        JSON.parse(body).order.products.map((it: { product_name: string }) => it.product_name),
      ]);
    expect(told.toSorted()).toEqual([
      ['fiscalia.example', ['Bilan annuel']],
      ['notaria.example', ['Acte notarié']],
    ]);
  });

  test('53 one line with a partner, one without: the house takes it, else all is set aside', async () => {
    const wanted = of('prod_bilan', 'prod_sans');
    expect(await complete(wanted)).toBe('0000 Q no-partner');
    the.house('notaria');
    await retry((await the.quarantined())[0]?.key ?? '');
    expect(await the.outcome()).toBe('2222');
  });

  test('54 metadata full of traps: kept inert', async () => {
    const keys = Array.from({ length: 46 }, (_, index) => [`cle_${index}`, 'x'.repeat(500)]);
    const traps = JSON.parse('{"__proto__":"evil","constructor":"evil","toString":"=cmd|1"}');
    const name = '<img src=x onerror=alert(1)> =SOMME(A1) {{../secrets}} #{7*7}';
    the.change('prod_sans', { name });
    expect(await sold({ ...Object.fromEntries(keys), ...traps, partner: 'fiscalia' })).toBe('1111');
    expect((await the.invoices())[0]?.lines[0]?.productName).toBe(name);
    expect(the.calls()[0].order.products[0].product_name).toBe(name);
    for (const partner of ['__proto__', 'constructor', 'toString', '=cmd|1', '../fiscalia']) {
      await the.begin();
      expect(await sold({ partner }), partner).toBe('0000 Q unknown-partner');
    }
    the.change('prod_sans', { name: 'Sans partenaire' });
  });
});

describe('who paid', () => {
  test('55 without an e-mail: set aside until Stripe’s customer has one', async () => {
    const { invoice } = the.buy({ ...MONTHLY, buyer: { email: null } });
    await the.hear(PAID, invoice);
    expect(await the.outcome()).toBe('0000 Q no-email');
    const customer = String(the.stripe.store.find(invoice)?.customer);
    the.change(customer, { email: 'enfin@example.fr' });
    await retry(invoice);
    expect(await the.outcome()).toBe('1111');
    expect(the.mails()[0]?.order.customer.email).toBe('enfin@example.fr');
  });

  test.each([
    'Camille+Impots@EXAMPLE.com',
    'élise@exämple.fr',
    `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(58)}.fr`,
  ])('56 the address %s is used as given', async (email) => {
    expect(await boughtBy({ email })).toBe('1111');
    expect(the.mails()[0]?.order.customer.email).toBe(email);
    expect(the.calls()[0].customer.email).toBe(email);
  });

  test.each(['a@b.fr, c@d.fr', 'a@b.fr\nBcc: c@d.fr', 'a@b.fr;c@d.fr', 'personne', 'a\uD800@b.fr'])(
    '56 the address %j is no single one',
    async (email) => {
      expect(await boughtBy({ email })).toBe('0000 Q bad-email');
    },
  );

  test.each([
    ['Jean-Pierre de la Tour', 'Jean-Pierre', 'de la Tour'],
    ['Madonna', '', 'Madonna'],
    ['DUPONT Marie', 'DUPONT', 'Marie'],
    ['SARL Dupont & Fils', 'SARL', 'Dupont & Fils'],
    ['  Ana   Luz  ', 'Ana', 'Luz'],
    ['🎉', '', '🎉'],
    [null, null, null],
    ['\u200B', null, null],
  ])('57 the name %j', async (name, first_name, last_name) => {
    expect(await boughtBy({ name })).toBe('1111');
    expect(the.calls()[0].customer).toMatchObject({ first_name, last_name });
    expect(JSON.stringify([the.calls(), await the.invoices()])).not.toContain('undefined');
  });

  test('58 the form asked for company and person: they are buyer and contact', async () => {
    const asked = {
      name: 'CB DUPONT L',
      individualName: 'Léa Dupont',
      businessName: 'Dupont SARL',
    };
    expect(await boughtBy(asked)).toBe('1111');
    expect((await the.invoices())[0]?.buyer).toMatchObject({
      name: 'Léa Dupont',
      businessName: 'Dupont SARL',
    });
    expect(the.calls()[0].customer).toMatchObject({ first_name: 'Léa', last_name: 'Dupont' });
  });

  const place = (country: string, own: object = {}) => ({
    ...{ line1: null, line2: null, postal_code: null, city: null, state: null, country },
    ...own,
  });
  test.each([
    ['none', null],
    ['only a country', place('FR')],
    ['Réunion', place('RE', { postal_code: '97400', city: 'Saint-Denis' })],
    ['Guadeloupe', place('GP')],
    ['Monaco', place('MC', { postal_code: '98000' })],
    ['Corsica', place('FR', { postal_code: '20000', city: 'Ajaccio' })],
    ['the Canaries', place('ES', { state: 'GC', city: 'Las Palmas' })],
  ])('59 the address: %s', async (_, address) => {
    expect(await boughtBy({ address })).toBe('1111');
    const [invoice] = await the.invoices();
    expect(invoice?.buyer.address?.country ?? null).toBe(address?.country ?? null);
    expect(invoice?.totals.vat).toBe(1667);
  });

  test('60 several tax numbers, of which one is a VAT number', async () => {
    const tax_ids = [
      { type: 'eu_vat', value: null },
      { type: 'fr_siren', value: '123456782' },
      { type: 'fr_siret', value: '12345678200010' },
      { type: 'eu_vat', value: 'FR61123456782' },
      { type: 'lunar_vat', value: 'M1' },
    ];
    const { session } = the.buy({ ...BILAN, buyer: { businessName: 'Dupont SARL' } });
    const details = the.stripe.store.find(session)?.customer_details as object;
    the.change(session, { customer_details: { ...details, tax_ids } });
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.buyer.vatNumber).toBe('FR61123456782');
  });

  test.each([
    ['+33 6 12 34 56 78', '+33612345678'],
    ['06.12.34.56.78', '+33612345678'],
    [null, null],
    ['le soir', null],
  ])('61 the phone %j: kept as given, told as %s', async (phone, told) => {
    expect(await boughtBy({ phone })).toBe('1111');
    expect((await the.invoices())[0]?.buyer.phone).toBe(phone);
    expect(the.calls()[0].customer.phone).toBe(told);
  });

  test('62 custom fields of any kind: nothing of them where the contract has no place', async () => {
    const fields = {
      custom_fields: [
        { key: 'lot', type: 'text', optional: false, text: { value: 'B12' } },
        { key: 'pieces', type: 'numeric', optional: true, numeric: { value: null } },
        { key: 'usage', type: 'dropdown', optional: true, dropdown: { value: 'location' } },
      ],
    };
    expect(await complete(BILAN, fields)).toBe('1111');
    expect(Object.keys(the.calls()[0])).toEqual([
      ...['event_type', 'event_id', 'order_id', 'timestamp', 'customer', 'order', 'invoice'],
    ]);
    expect(Object.keys(the.calls()[0].customer)).toEqual([
      ...['first_name', 'last_name', 'email', 'phone'],
    ]);
  });
});

describe('what it cost', () => {
  const ofFirst = async () => (await the.invoices())[0];

  test.each([
    ['untaxed by Stripe', {}, 119_99, 20_00],
    ['inclusive', { tax: 'inclusive' }, 119_99, 20_00],
    ['exclusive', { tax: 'exclusive' }, 143_99, 24_00],
  ] as const)(
    '63 shipping, tax %s: a line of the invoice, in no product of the partner',
    async (...it) => {
      const [, terms, gross, vat] = it;
      expect(await complete({ ...BILAN, ...terms, shippingCents: 20_00 })).toBe('1111');
      const invoice = await ofFirst();
      expect(invoice?.lines.map(({ productName }) => productName)).toEqual([
        'Bilan annuel',
        'Livraison',
      ]);
      expect(invoice?.totals).toMatchObject({ gross, vat });
      expect(the.calls()[0].order.products).toHaveLength(1);
      expect(the.calls()[0].order.total_amount).toBe(gross / 100);
    },
  );

  test('64 a price named by the buyer, and a tip: the amount as paid', async () => {
    const items = [{ productId: 'prod_libre', quantity: 1, amountCents: 25_00 }];
    const { session } = the.buy({ items });
    const intent = String(the.stripe.store.find(session)?.payment_intent);
    the.change(intent, { amount_details: { tip: { amount: 5_00 } } });
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await ofFirst())?.totals.gross).toBe(25_00);
  });

  test('65 a promotion of 10 %: told on the line, already taken off', async () => {
    expect(await complete({ ...BILAN, couponPercent: 10 })).toBe('1111');
    expect((await ofFirst())?.lines).toMatchObject([{ gross: 89_99, discount: 10_00 }]);
  });

  test('65 a discount as large as one of the lines: 0.00, never less', async () => {
    const { session } = the.buy(of('prod_bilan', 'prod_libre'));
    the.change(session, { amount_total: 94_99 });
    the.changeLines(session, (_, index) =>
      index === 0
        ? { amount_discount: 5_00, amount_total: 94_99 }
        : { amount_discount: 10_00, amount_total: 0 },
    );
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111');
    expect((await ofFirst())?.lines.map(({ gross }) => gross)).toEqual([94_99, 0]);
  });

  test.each([
    ['inclusive', 9999, 8332, 1667],
    ['exclusive', 11_999, 9999, 2000],
  ] as const)('66 tax %s at 20 %', async (tax, gross, net, vat) => {
    expect(await complete({ ...BILAN, tax })).toBe('1111');
    expect((await ofFirst())?.totals).toMatchObject({ gross, net, vat });
  });

  test('66 several rates: a recapitulation for each', async () => {
    const items = [20, 5.5].map((taxPercent) => ({
      productId: 'prod_bilan',
      quantity: 1,
      taxPercent,
    }));
    expect(await complete({ items, tax: 'exclusive' })).toBe('1111');
    expect((await ofFirst())?.totals.byRate).toMatchObject([
      { rate: 2000, net: 9999, vat: 2000 },
      { rate: 550, net: 9999, vat: 550 },
    ]);
  });

  test.each(['failed', 'requires_location_inputs', 'pondering'])(
    '66 Stripe’s own tax is %s: set aside by its name',
    async (status) => {
      const automatic_tax = { enabled: true, liability: { type: 'self' }, status };
      expect(await complete({ ...BILAN, tax: 'inclusive' }, { automatic_tax })).toBe(
        '0000 Q tax-not-computed',
      );
      expect((await the.quarantined())[0]?.detail).toBe(status);
    },
  );

  test('66 a tax reason nobody knows: set aside by its name', async () => {
    const { session } = the.buy({ ...BILAN, tax: 'inclusive' });
    the.changeLines(session, ({ taxes }) => ({
      taxes: [{ ...(taxes as object[])[0], taxability_reason: 'moon_phase' }],
    }));
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('0000 Q unclear-tax');
    expect((await the.quarantined())[0]?.detail).toBe('prod_bilan, taxability_reason: moon_phase');
  });

  test('67 reverse charge: no tax and the buyer’s VAT number, or set aside', async () => {
    const business = { name: null, businessName: 'Bau GmbH', vatNumber: 'DE123456789' };
    const wanted = { ...BILAN, tax: 'reverse-charge', shippingCents: 20_00 } as const;
    expect(await complete({ ...wanted, buyer: business })).toBe('1111');
    expect(await ofFirst()).toMatchObject({
      totals: { vat: 0, net: 119_99, byRate: [{ treatment: 'reverse-charge' }] },
      buyer: { vatNumber: 'DE123456789' },
    });
    await the.begin();
    expect(await complete({ ...wanted, buyer: { ...business, vatNumber: null } })).toBe(
      '0000 Q unclear-tax',
    );
  });

  test('68 shown to the buyer in dollars: invoiced in euros', async () => {
    const presentment = { presentment_amount: 115_00, presentment_currency: 'usd' };
    expect(await complete({ ...BILAN, presentment })).toBe('1111');
    expect(await ofFirst()).toMatchObject({ currency: 'EUR', totals: { gross: 9999 } });
  });

  test('69 a conversion of before 2025: amounts are converted already', async () => {
    const currency_conversion = {
      ...{ amount_subtotal: 115_00, amount_total: 115_00, fx_rate: '1.15', source_currency: 'usd' },
    };
    expect(await complete(BILAN, { currency_conversion })).toBe('1111');
    expect(await ofFirst()).toMatchObject({ currency: 'EUR', totals: { gross: 9999 } });
  });

  test.each([
    ['prod_usd', 'USD', '100,00 $US', 100],
    ['prod_jpy', 'JPY', '500 JPY', 500],
    ['prod_kwd', 'KWD', '1,000 KWD', 1],
    ['prod_isk', 'ISK', '5,00 ISK', 5],
  ])('70 %s is invoiced in %s: %s', async (product, currency, printed, told) => {
    expect(await complete(of(product))).toBe('1111');
    const invoice = await ofFirst();
    if (!invoice) throw new Error('no invoice');
    expect(invoice.currency).toBe(currency);
    const text = euros(invoice.totals.gross, invoice.currency).replaceAll('\u00A0', ' ');
    expect(text).toBe(printed);
    expect(the.calls()[0].order).toMatchObject({ currency, total_amount: told });
  });

  test.each([99_999_999, 3_000_000_000, 999_999_999_999])(
    '71 an amount of %i cents',
    async (amountCents) => {
      const items = [{ productId: 'prod_bilan', quantity: 1, amountCents }];
      expect(await complete({ items })).toBe('1111');
      expect((await ofFirst())?.totals.gross).toBe(amountCents);
      const { gross } = await the.books.db
        .selectFrom('orders')
        .select('gross')
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow();
      expect(Number(gross)).toBe(amountCents);
      expect(the.calls()[0].order.total_amount).toBe(amountCents / 100);
    },
  );
});

describe('which payment it is', () => {
  test('72 metadata of the session that claims a partner: the product’s counts', async () => {
    expect(await complete(BILAN, { metadata: { partner: 'notaria' } })).toBe('1111');
    expect((await the.invoices())[0]?.partner.slug).toBe('fiscalia');
  });

  test('73 the same client_reference_id twice: two payments', async () => {
    await complete(BILAN, { client_reference_id: 'ref-1' });
    expect(await complete(BILAN, { client_reference_id: 'ref-1' })).toBe('2222');
  });

  test('74 one payment link, sold 30 times: 30 of each', async () => {
    const events = Array.from({ length: 30 }, () => {
      const { session } = the.buy(BILAN);
      the.change(session, { payment_link: 'plink_1' });
      return the.event(COMPLETED, session);
    });
    await Promise.all(events.map((event) => the.post(event)));
    await the.work();
    expect(await the.outcome()).toBe('30 30 30 30');
  });

  test('75 Stripe is the seller (managed payments): set aside, at the renewal too', async () => {
    expect(await complete({ ...BILAN, managed: true })).toBe('0000 Q other-seller');
    await the.begin();
    const { subscription } = the.buy({ ...MONTHLY, managed: true });
    the.change(subscription, { managed_payments: { enabled: true } });
    const { invoiceId } = await the.stripe.renew(subscription);
    await the.hear(PAID, invoiceId);
    expect(await the.outcome()).toBe('0000 Q other-seller');
  });

  test('76 a recovered session, and the same customer twice in a second: two payments', async () => {
    const { session } = the.buy(BILAN);
    await the.hear(COMPLETED, session);
    expect(await complete(BILAN, { recovered_from: session })).toBe('2222');
  });
});

describe('Stripe’s own trouble', () => {
  test('77 whatever fails is tried again later; the webhook was answered 200 before', async () => {
    const faults = [
      'rate-limit',
      'server-error',
      'cut-body',
      'html',
      'reset',
      'no-answer',
    ] as const;
    for (const fault of faults) {
      const { session } = the.buy(BILAN);
      the.stripe.faults.always(fault, { path: `/v1/checkout/sessions/${session}` });
      expect(await the.post(the.event(COMPLETED, session)), fault).toBe(200);
    }
    const good = the.event(COMPLETED, the.buy(BILAN).session);
    await the.post(good);
    await the.work();
    expect(await the.outcome()).toBe('1111'); // the good one is not held up
    the.stripe.faults.clear();
    await the.pass(10_000, 1_000);
    expect(await the.outcome()).toBe('7777');
  });

  test('77 the key is refused, then right again', async () => {
    const event = the.event(COMPLETED, the.buy(BILAN).session);
    await the.post(event);
    const { apiBase } = the.stripe;
    const wrong = stripeReader(stripeClient({ secretKey: 'sk_test_wrong', apiBase }));
    await expect(resolvePayment({ ...the.needs, stripe: wrong }, event.id)).rejects.toThrow();
    await the.work();
    expect(await the.outcome()).toBe('1111');
  });

  test('77 not there: set aside at once; failing for days: set aside with the last error', async () => {
    await the.hear(COMPLETED, 'cs_gone');
    expect(await the.outcome()).toBe('0000 Q missing-at-stripe');
    await the.begin();
    const { session } = the.buy(BILAN);
    the.stripe.faults.always('rate-limit', { path: `/v1/checkout/sessions/${session}` });
    const event = await the.hear(COMPLETED, session);
    await the.pass(5 * 86_400_000, 3_600_000);
    expect(await the.outcome()).toBe('0000');
    expect(await the.recover()).toMatchObject({ givenUp: 1 });
    expect(await the.recover()).toMatchObject({ givenUp: 0 });
    expect(await the.outcome()).toBe('0000 Q keeps-failing');
    expect(the.alerts()).toHaveLength(1);
    expect((await the.quarantined())[0]?.detail).toContain(session);
    the.stripe.faults.clear();
    await retry(event.id);
    expect(await the.outcome()).toBe('1111');
  });

  test('78 the event says otherwise than Stripe does now: Stripe counts; refunded stays paid', async () => {
    const { session } = the.buy(BILAN);
    const said = { id: session, object: 'checkout.session', payment_status: 'unpaid' };
    const intent = String(the.stripe.store.find(session)?.payment_intent);
    refundPayment(the.stripe.store, intent, now());
    await the.hear(COMPLETED, session, { data: { object: said } });
    expect(await the.outcome()).toBe('1111');
    expect((await the.invoices())[0]?.totals.gross).toBe(9999);
    const charge = String(the.stripe.store.find(intent)?.latest_charge);
    await the.hear('charge.refunded', charge);
    expect(await the.outcome()).toBe('1111 A11');
  });
});
