// The reader over real sockets, with the real SDK, against the sandbox's Stripe: that all events of
// a payment give the same facts, how many requests a payment costs, and that a payment's lines are
// read whole and as what they are.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMO_PARTNER, type SandboxProduct } from '#adapters/sandbox/catalogue.ts';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { decidePayment, type PaymentFacts } from '#domain/payment.ts';

const SECRET_KEY = 'sk_test_reader';
const BILAN = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const MONTHLY = { productId: 'prod_SbxAccompagnem', quantity: 1 };

const ownProduct = (id: string, own: Partial<SandboxProduct> = {}): SandboxProduct => ({
  id,
  name: 'Éphémère',
  description: null,
  unitAmountCents: 5_00,
  currency: 'eur',
  interval: null,
  partner: DEMO_PARTNER,
  ...own,
});

let sandbox: SandboxStripe;
const requests: string[] = [];

beforeAll(async () => {
  sandbox = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: 'whsec_reader',
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    retryDelaysMs: [],
    onRequest: ({ path, status }) => requests.push(`${status} ${path}`),
  });
});
afterAll(() => sandbox.close());

/** A reader that has read nothing yet, as in a process that was just started. */
function newReader(options: { readonly now?: () => number } = {}) {
  const stripe = stripeClient({ secretKey: SECRET_KEY, apiBase: sandbox.apiBase });
  const reader = stripeReader(stripe, options);
  return async (type: string, objectId: string | null) => {
    requests.length = 0;
    const answer = await reader.read({ type, objectId });
    return { ...answer, requests: requests.length };
  };
}

async function factsOf(type: string, objectId: string | null): Promise<PaymentFacts> {
  const answer = await newReader()(type, objectId);
  if (!('facts' in answer)) throw new Error(`missing: ${answer.missing}`);
  return answer.facts;
}

async function linesOf(sessionId: string) {
  const facts = await factsOf('checkout.session.completed', sessionId);
  return facts.kind === 'unrelated' ? [] : facts.lines;
}

function decided(facts: PaymentFacts) {
  return decidePayment(facts, { slugs: new Set(['demo']), house: null, livemode: false });
}

describe('a one-time payment', () => {
  test('is read with one request and decided as an order', async () => {
    const { sessionId } = await sandbox.buy({ mode: 'payment', items: [BILAN] });
    const read = await newReader()('checkout.session.completed', sessionId);
    expect(read.requests).toBe(1);
    expect(read).toMatchObject({
      facts: { kind: 'checkout', total: 99_99, paymentMethod: 'card' },
    });
    if (!('facts' in read)) return;
    expect(decided(read.facts)).toMatchObject({
      kind: 'orders',
      orders: [{ partner: 'demo', totals: { gross: 99_99, vat: 16_67, net: 83_32 } }],
    });
  });

  test.each([
    [10, 1],
    [23, 2],
    [100, 2],
    [120, 3],
  ])('of %i lines is read whole and in order with %i requests', async (count, expected) => {
    const items = Array.from({ length: count }, (_, index) => ({ ...BILAN, quantity: index + 1 }));
    const { sessionId } = await sandbox.buy({ mode: 'payment', items });
    const read = await newReader()('checkout.session.completed', sessionId);
    expect(read.requests).toBe(expected);
    const lines = await linesOf(sessionId);
    expect(lines.map((line) => line.quantity)).toEqual(items.map(({ quantity }) => quantity));
    expect(lines.every((line) => line.partner === 'demo')).toBe(true);
  });

  test('with an invoice of Stripe’s is the invoice, whichever event is first', async () => {
    const bought = await sandbox.buy({ mode: 'payment', items: [BILAN], invoiceCreation: true });
    const bySession = await factsOf('checkout.session.completed', bought.sessionId);
    expect(bySession).toMatchObject({ kind: 'billed', invoiceId: bought.invoiceId });
    expect(await factsOf('invoice.paid', bought.invoiceId)).toEqual(bySession);
  });
});

describe('a subscription', () => {
  const léa = {
    email: 'lea@example.com',
    name: 'DUPONT SARL',
    individualName: 'Léa Dupont',
    businessName: 'Dupont SARL',
    phone: '+33612345678',
    vatNumber: 'FR61123456782',
  };

  test('gives the same facts by each of its three events', async () => {
    const bought = await sandbox.buy({ mode: 'subscription', items: [MONTHLY], buyer: léa });
    const bySession = await factsOf('checkout.session.completed', bought.sessionId);
    expect(bySession).toMatchObject({
      kind: 'billed',
      billingReason: 'subscription_create',
      buyer: { name: 'Léa Dupont', businessName: 'Dupont SARL', vatNumber: 'FR61123456782' },
      lines: [{ productName: 'Accompagnement mensuel', partner: 'demo', gross: 29_00 }],
      paymentMethod: 'card',
    });
    expect(await factsOf('invoice.paid', bought.invoiceId)).toEqual(bySession);
    expect(await factsOf('invoice.payment_succeeded', bought.invoiceId)).toEqual(bySession);
    expect(decided(bySession)).toMatchObject({ kind: 'orders', key: bought.invoiceId });
  });

  test('costs two requests an event, and its products once', async () => {
    const bought = await sandbox.buy({ mode: 'subscription', items: [MONTHLY] });
    const cold = newReader();
    expect((await cold('invoice.paid', bought.invoiceId)).requests).toBe(3);
    expect((await cold('invoice.paid', bought.invoiceId)).requests).toBe(2);
    const other = newReader();
    expect((await other('checkout.session.completed', bought.sessionId)).requests).toBe(2);
    expect((await other('invoice.paid', bought.invoiceId)).requests).toBe(2);
  });

  test('renews with one request while its product is cached', async () => {
    const bought = await sandbox.buy({ mode: 'subscription', items: [MONTHLY], buyer: léa });
    const first = await sandbox.renew(bought.subscriptionId ?? '');
    const second = await sandbox.renew(bought.subscriptionId ?? '');
    const read = newReader();
    const renewed = await read('invoice.paid', first.invoiceId);
    expect(renewed).toMatchObject({
      requests: 2,
      facts: {
        kind: 'billed',
        billingReason: 'subscription_cycle',
        total: 29_00,
        buyer: { name: 'Léa Dupont', businessName: 'Dupont SARL', email: 'lea@example.com' },
        paymentMethod: 'card',
      },
    });
    expect(await read('invoice.payment_succeeded', second.invoiceId)).toMatchObject({
      requests: 1,
      facts: { invoiceId: second.invoiceId },
    });
  });

  test('whose card was changed since tells the method by its charge', async () => {
    const bought = await sandbox.buy({ mode: 'subscription', items: [MONTHLY] });
    const { invoiceId } = await sandbox.renew(bought.subscriptionId ?? '');
    const subscription = sandbox.store.find(bought.subscriptionId ?? '');
    sandbox.store.put({
      ...subscription,
      id: `${subscription?.id}`,
      object: 'subscription',
      default_payment_method: null,
    });
    expect(await newReader()('invoice.paid', invoiceId)).toMatchObject({
      requests: 3,
      facts: { paymentMethod: 'card' },
    });
  });

  test('of 120 products is read whole with lines and products by the hundred', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `prod_many_${index}`);
    for (const id of ids) {
      sandbox.putProduct(
        ownProduct(id, { name: `Module ${id}`, unitAmountCents: 1_00, interval: 'month' }),
      );
    }
    const items = ids.map((productId) => ({ productId, quantity: 1 }));
    const bought = await sandbox.buy({ mode: 'subscription', items });
    const { invoiceId } = await sandbox.renew(bought.subscriptionId ?? '');
    const read = await newReader()('invoice.paid', invoiceId);
    // The invoice, two pages of lines after its first ten, two pages of products.
    expect(read.requests).toBe(5);
    expect(
      'facts' in read && read.facts.kind === 'billed' && read.facts.lines.map((it) => it.productId),
    ).toEqual(ids);
  });
});

describe('a product', () => {
  const put = (name: string) =>
    sandbox.putProduct(ownProduct('prod_own', { name, interval: 'month' }));

  test('that was deleted leaves a line without a partner', async () => {
    put('Éphémère');
    const bought = await sandbox.buy({
      mode: 'subscription',
      items: [{ productId: 'prod_own', quantity: 1 }],
    });
    sandbox.store.put({ id: 'prod_own', object: 'product', deleted: true });
    const facts = await factsOf('invoice.paid', bought.invoiceId);
    expect(facts).toMatchObject({
      lines: [
        { productId: 'prod_own', partner: null, productName: '1 × Éphémère (at €5.00 / month)' },
      ],
    });
    expect(decided(facts)).toMatchObject({ kind: 'quarantine', reason: 'deleted-product' });
  });

  test('that was deleted leaves the partner to its price, which is asked only then', async () => {
    put('Éphémère');
    const bought = await sandbox.buy({
      mode: 'subscription',
      items: [{ productId: 'prod_own', quantity: 1 }],
    });
    const priceId = String(sandbox.store.find('prod_own')?.default_price);
    const price = sandbox.store.find(priceId);
    sandbox.store.put({ ...price, id: priceId, object: 'price', metadata: { partner: 'demo' } });
    expect((await newReader()('invoice.paid', bought.invoiceId)).requests).toBe(3);
    sandbox.store.put({ id: 'prod_own', object: 'product', deleted: true });
    const read = await newReader()('invoice.paid', bought.invoiceId);
    expect(read).toMatchObject({ requests: 4, facts: { lines: [{ partner: 'demo' }] } });
  });

  test('of a one-time payment that was deleted is still named by its line', async () => {
    sandbox.putProduct(ownProduct('prod_once', { name: 'Unique' }));
    const { sessionId } = await sandbox.buy({
      mode: 'payment',
      items: [{ productId: 'prod_once', quantity: 1 }],
    });
    sandbox.store.put({ id: 'prod_once', object: 'product', deleted: true });
    expect(await linesOf(sessionId)).toMatchObject([{ productName: 'Unique', partner: null }]);
  });

  test('that was renamed is read anew after a minute', async () => {
    put('Avant');
    const { subscriptionId } = await sandbox.buy({
      mode: 'subscription',
      items: [{ productId: 'prod_own', quantity: 1 }],
    });
    const { invoiceId } = await sandbox.renew(subscriptionId ?? '');
    let now = 0;
    const read = newReader({ now: () => now });
    const name = async () => {
      const answer = await read('invoice.paid', invoiceId);
      return (
        'facts' in answer && answer.facts.kind === 'billed' && answer.facts.lines[0]?.productName
      );
    };
    expect(await name()).toBe('Avant');
    put('Après');
    now = 59_999;
    expect(await name()).toBe('Avant');
    now = 60_001;
    expect(await name()).toBe('Après');
  });

  test('with a hostile name is read as one line of visible text', async () => {
    sandbox.putProduct(
      ownProduct('prod_evil', {
        name: '\u202E€ 0\u0000<b>{{../x}}</b>\r\nBcc: a@b.fr \uD800',
        partner: '  DEMO\t',
      }),
    );
    const { sessionId } = await sandbox.buy({
      mode: 'payment',
      items: [{ productId: 'prod_evil', quantity: 1 }],
      buyer: { name: 'Éloïse 🎉\r\nX: 1', email: 'a@b.fr' },
    });
    const facts = await factsOf('checkout.session.completed', sessionId);
    expect(facts).toMatchObject({
      buyer: { name: 'Éloïse 🎉 X: 1' },
      lines: [{ productName: '€ 0<b>{{../x}}</b> Bcc: a@b.fr' }],
    });
    expect(decided(facts)).toMatchObject({ kind: 'orders', orders: [{ partner: 'demo' }] });
  });
});

describe('odd objects', () => {
  test('a line without a quantity or without a price is read', async () => {
    const { sessionId } = await sandbox.buy({ mode: 'payment', items: [BILAN, BILAN] });
    const [first, second] = sandbox.store.rows(sessionId);
    sandbox.store.putRows(sessionId, [
      { ...first, id: 'li_1', quantity: null },
      { ...second, id: 'li_2', price: null, description: 'Sur mesure' },
    ]);
    expect(await linesOf(sessionId)).toMatchObject([
      { quantity: null, gross: 99_99, partner: 'demo' },
      { productId: null, productName: 'Sur mesure', partner: null },
    ]);
  });

  test('tax rates of an invoice are looked up once', async () => {
    const bought = await sandbox.buy({ mode: 'subscription', items: [MONTHLY] });
    const { invoiceId } = await sandbox.renew(bought.subscriptionId ?? '');
    sandbox.store.put({
      id: 'txr_1',
      object: 'tax_rate',
      percentage: 20,
      inclusive: true,
      tax_type: 'vat',
    });
    const taxes = [
      {
        amount: 4_83,
        tax_behavior: 'inclusive',
        tax_rate_details: { tax_rate: 'txr_1' },
        taxability_reason: 'standard_rated',
      },
    ];
    sandbox.store.putRows(
      invoiceId,
      sandbox.store.rows(invoiceId).map((row) => ({ ...row, taxes })),
    );
    const read = newReader();
    expect(await read('invoice.paid', invoiceId)).toMatchObject({
      requests: 3,
      facts: { lines: [{ tax: { vat: 4_83, rate: 2000, treatment: 'standard' } }] },
    });
    expect((await read('invoice.paid', invoiceId)).requests).toBe(1);
  });
});

describe('what is no payment', () => {
  test.each([
    ['customer.created', 'cus_1'],
    ['checkout.session.expired', 'cs_1'],
    ['invoice.created', 'in_1'],
    ['invoice.paid', null],
  ])('%s of %s is unrelated, without a request', async (type, id) => {
    expect(await newReader()(type, id)).toEqual({ facts: { kind: 'unrelated' }, requests: 0 });
  });

  test('an object that Stripe does not know is missing', async () => {
    expect(await newReader()('checkout.session.completed', 'cs_00000000000000')).toEqual({
      missing: 'cs_00000000000000',
      requests: 1,
    });
    expect(await newReader()('invoice.paid', 'in_00000000000000')).toEqual({
      missing: 'in_00000000000000',
      requests: 1,
    });
  });

  test('a session whose invoice Stripe does not know lacks the invoice', async () => {
    const bought = await sandbox.buy({ mode: 'payment', items: [BILAN] });
    const session = sandbox.store.find(bought.sessionId);
    sandbox.store.put({
      ...session,
      id: bought.sessionId,
      object: 'checkout.session',
      invoice: 'in_gone',
    });
    expect(await newReader()('checkout.session.completed', bought.sessionId)).toMatchObject({
      missing: 'in_gone',
    });
  });
});
