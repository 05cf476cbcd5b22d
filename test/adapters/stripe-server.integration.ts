// The sandbox's Stripe as the real SDK and a webhook endpoint see it: it refuses what Stripe
// refuses, pages as Stripe pages, signs as Stripe signs, comes back until it is heard, and
// remembers.

import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CATALOGUE } from '#adapters/sandbox/catalogue.ts';
import { type SandboxStripeOptions, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { stripeClient } from '#adapters/stripe/client.ts';

const SECRET_KEY = 'sk_test_server';
const WEBHOOK_SECRET = 'whsec_server';
const BILAN = {
  mode: 'payment',
  items: [{ productId: 'prod_SbxDeclComplet', quantity: 1 }],
} as const;
const MONTHLY = {
  mode: 'subscription',
  items: [{ productId: 'prod_SbxAccompagnem', quantity: 1 }],
} as const;

async function start(options: Partial<SandboxStripeOptions> = {}) {
  const sandbox = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    retryDelaysMs: [],
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const stripe = stripeClient({ secretKey: SECRET_KEY, apiBase: sandbox.apiBase });
  return { sandbox, stripe };
}

/** A webhook endpoint; `answer` gets the number of the request, from 1. */
async function endpoint(answer: (count: number) => number = () => 200) {
  const received: { readonly event: Stripe.Event; readonly signature: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers['stripe-signature']);
    const event = Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, WEBHOOK_SECRET);
    received.push({ event, signature });
    response.writeHead(answer(received.length), { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { received, url: () => `http://127.0.0.1:${port}/webhooks/stripe` };
}

/** What the SDK makes of a refusal. */
async function refused(ask: Promise<unknown>) {
  const error = (await ask.then(
    () => null,
    (reason: unknown) => reason,
  )) as Stripe.errors.StripeError | null;
  return { status: error?.statusCode, code: error?.code, message: error?.message };
}

describe('a request', () => {
  test('with a wrong key is refused', async () => {
    const { sandbox } = await start();
    const stranger = stripeClient({ secretKey: 'sk_test_other', apiBase: sandbox.apiBase });
    expect(await refused(stranger.products.list())).toMatchObject({ status: 401 });
  });

  test('for what does not exist says so, be it an id, an address or a parameter', async () => {
    const { stripe } = await start();
    const ofId = await refused(stripe.checkout.sessions.retrieve('cs_test_none'));
    expect(ofId).toMatchObject({ status: 404, code: 'resource_missing' });
    expect(ofId.message).toBe("No such checkout session: 'cs_test_none'");
    const ofAddress = await refused(stripe.balance.retrieve());
    expect(ofAddress).toMatchObject({ status: 404, code: undefined });
    const ofParameter = await refused(stripe.checkout.sessions.list({ payment_link: 'plink_1' }));
    expect(ofParameter).toMatchObject({ status: 400, code: 'parameter_unknown' });
    expect(await refused(stripe.products.create({ name: 'Bilan' }))).toMatchObject({ status: 404 });
  });

  test.each([
    'data.price.product',
    'line_items.data.price.product.default_price',
    'customer_details',
    'currency',
    'constructor',
    'line_items.data.description',
  ])('to expand %s of a session is refused', async (path) => {
    const { sandbox, stripe } = await start();
    const { sessionId } = await sandbox.buy(BILAN);
    const asked = stripe.checkout.sessions.retrieve(sessionId, { expand: [path] });
    expect(await refused(asked)).toMatchObject({ status: 400 });
  });

  test.each([
    'payments.data.payment.payment_intent.latest_charge',
    'payment_intent',
    'lines.data.pricing.price_details.product',
  ])('to expand %s of an invoice is refused', async (path) => {
    const { sandbox, stripe } = await start();
    const { invoiceId } = await sandbox.buy(MONTHLY);
    const asked = stripe.invoices.retrieve(invoiceId ?? '', { expand: [path] });
    const code = path.split('.').length > 4 ? 'property_expansion_max_depth' : undefined;
    expect(await refused(asked)).toMatchObject({ status: 400, code });
  });

  test('to expand gets objects in place of their ids, and lists that are left out', async () => {
    const { sandbox, stripe } = await start();
    const bought = await sandbox.buy(BILAN);
    const plain = await stripe.checkout.sessions.retrieve(bought.sessionId);
    expect(plain.line_items).toBeUndefined();
    const full = await stripe.checkout.sessions.retrieve(bought.sessionId, {
      expand: ['line_items.data.price.product', 'payment_intent.latest_charge', 'customer'],
    });
    expect(full).toMatchObject({
      customer: null,
      line_items: { data: [{ price: { product: { metadata: { partner: 'demo' } } } }] },
      payment_intent: { id: plain.payment_intent, latest_charge: { status: 'succeeded' } },
    });
    expect(full.line_items?.data[0]).not.toHaveProperty('taxes');
  });
});

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

  test('of events is newest first, by type and time', async () => {
    const { sandbox, stripe } = await start();
    const one = await sandbox.buy(BILAN);
    const two = await sandbox.buy(MONTHLY);
    const all = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
    expect(all.map(({ id }) => id)).toEqual([...one.eventIds, ...two.eventIds].reverse());
    const types = ['invoice.paid', 'checkout.session.completed'];
    const paged = await stripe.events.list({ types, limit: 1 }).autoPagingToArray({ limit: 1000 });
    expect(paged.map(({ type }) => type)).toEqual([types[0], types[1], types[1]]);
    const later = { gt: Math.floor(Date.now() / 1000) };
    expect((await stripe.events.list({ created: later })).data).toEqual([]);
    const before = await stripe.events.list({ ending_before: `${all[1]?.id}` });
    expect(before.data.map(({ id }) => id)).toEqual([all[0]?.id]);
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

describe('a webhook', () => {
  test('of a payment is signed and shows the session without its lines', async () => {
    const { received, url } = await endpoint();
    const { sandbox } = await start({ webhookUrl: url });
    const { sessionId, eventIds } = await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(received.map(({ event }) => event.id)).toEqual(eventIds);
    const [first] = received;
    expect(first?.event).toMatchObject({
      type: 'checkout.session.completed',
      api_version: Stripe.API_VERSION,
      livemode: false,
      data: { object: { id: sessionId, amount_total: 99_99 } },
    });
    expect(first?.event.data.object).not.toHaveProperty('line_items');
  });

  test('of a subscription has two companions, in an order that its seed repeats', async () => {
    const order = async (seed: number) => {
      const log: string[] = [];
      const { received, url } = await endpoint();
      const { sandbox } = await start({ webhookUrl: url, log: (line) => log.push(line) });
      await sandbox.buy({ ...MONTHLY, seed });
      await sandbox.idle();
      expect(log).toHaveLength(3);
      return received.map(({ event }) => event.type);
    };
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) orders.add((await order(seed)).join());
    expect(orders.size).toBeGreaterThan(2);
    expect([...(await order(1))].sort()).toEqual([
      'checkout.session.completed',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
  });

  test('of a renewal tells of the invoice alone, with its lines', async () => {
    const { received, url } = await endpoint();
    const { sandbox, stripe } = await start({ webhookUrl: url });
    const { subscriptionId } = await sandbox.buy(MONTHLY);
    const { invoiceId, eventIds } = await sandbox.renew(subscriptionId ?? '');
    await sandbox.idle();
    const renewed = received.filter(({ event }) => eventIds.includes(event.id));
    expect(renewed.map(({ event }) => event.type).sort()).toEqual([
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    expect(renewed[0]?.event.data.object).toMatchObject({
      id: invoiceId,
      billing_reason: 'subscription_cycle',
      lines: { data: [{ description: '1 × Accompagnement mensuel (at €29.00 / month)' }] },
    });
    const subscription = await stripe.subscriptions.retrieve(subscriptionId ?? '');
    expect(subscription.latest_invoice).toBe(invoiceId);
    const { items, created } = subscription;
    expect(items.data[0]?.current_period_start).toBeGreaterThan(created + 27 * 86_400);
  });

  test('that is not taken comes again, signed anew, until it is', async () => {
    const { received, url } = await endpoint((count) => [503, 302, 400][count - 1] ?? 200);
    const { sandbox } = await start({ webhookUrl: url, retryDelaysMs: [5, 5, 1100, 5, 5] });
    await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ event }) => event.id)).size).toBe(1);
    expect(received.at(-1)?.signature).not.toBe(received[0]?.signature);
  });

  test('that nobody answers is given up after its tries, or when the sandbox closes', async () => {
    const log: string[] = [];
    const { sandbox } = await start({ retryDelaysMs: [5, 5], log: (line) => log.push(line) });
    await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(log).toHaveLength(3);
    const patient = await start({ retryDelaysMs: [60_000] });
    await patient.sandbox.buy(BILAN);
    const before = performance.now();
    await patient.sandbox.close();
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('is sent again at will, one by one or all at once', async () => {
    const { received, url } = await endpoint((count) => (count === 2 ? 500 : 200));
    const { sandbox } = await start({ webhookUrl: url });
    const { eventIds } = await sandbox.buy(BILAN);
    await sandbox.idle();
    const [id = ''] = eventIds;
    expect(await sandbox.deliver(id, { times: 3 })).toEqual([500, 200, 200]);
    expect(await sandbox.deliver(id, { times: 50, concurrent: true })).toEqual(Array(50).fill(200));
    expect(new Set(received.map(({ event }) => event.id)).size).toBe(1);
    await expect(sandbox.deliver('evt_none')).rejects.toThrow('evt_none');
  });

  test('can tell of any object as it is now', async () => {
    const { received, url } = await endpoint();
    const { sandbox } = await start({ webhookUrl: url });
    const { sessionId } = await sandbox.buy(BILAN);
    sandbox.emit('checkout.session.async_payment_succeeded', sessionId);
    await sandbox.idle();
    expect(received.map(({ event }) => event.type)).toContain(
      'checkout.session.async_payment_succeeded',
    );
  });
});

describe('a purchase', () => {
  test('has ids that look like Stripe’s', async () => {
    const { sandbox, stripe } = await start();
    const bought = await sandbox.buy(MONTHLY);
    expect(bought.sessionId).toMatch(/^cs_test_\w{58}$/);
    expect(bought.subscriptionId).toMatch(/^sub_\w{24}$/);
    expect(bought.eventIds[0]).toMatch(/^evt_\w{24}$/);
    const invoice = await stripe.invoices.retrieve(bought.invoiceId ?? '');
    expect(invoice.id).toMatch(/^in_\w{24}$/);
    expect(invoice.number).toMatch(/^[0-9A-Z]{8}-0001$/);
    expect(invoice.lines.data[0]?.pricing?.unit_amount_decimal?.toString()).toBe('2900');
  });

  test('needs products that are sold, in a mode that fits them', async () => {
    const { sandbox } = await start();
    const items = [{ productId: 'prod_none', quantity: 1 }];
    await expect(sandbox.buy({ mode: 'payment', items })).rejects.toThrow('prod_none');
    await expect(sandbox.buy({ ...MONTHLY, mode: 'payment' })).rejects.toThrow('subscriptions');
    await expect(sandbox.buy({ ...BILAN, mode: 'subscription' })).rejects.toThrow('subscribed');
    await expect(sandbox.renew('sub_none')).rejects.toThrow('sub_none');
  });

  test('of a subscription may hold a product that is paid once', async () => {
    const { sandbox, stripe } = await start();
    const items = [...MONTHLY.items, ...BILAN.items];
    const { invoiceId, subscriptionId } = await sandbox.buy({ mode: 'subscription', items });
    expect((await stripe.invoices.retrieve(invoiceId ?? '')).total).toBe(128_99);
    const next = await sandbox.renew(subscriptionId ?? '');
    expect((await stripe.invoices.retrieve(next.invoiceId)).total).toBe(29_00);
  });
});

describe('after a restart', () => {
  function dataFile(): string {
    const folder = mkdtempSync(join(tmpdir(), 'comptappart-stripe-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, 'deeper', 'stripe.jsonl');
  }

  test('everything is found again, though the last line was cut', async () => {
    const file = dataFile();
    const first = await start({ dataFile: file });
    const bought = await first.sandbox.buy(MONTHLY);
    await first.sandbox.close();
    appendFileSync(file, '{"put":{"id":"cs_test_half","obj');

    const second = await start({ dataFile: file });
    const expand = ['line_items.data.price.product', 'invoice'];
    const session = await second.stripe.checkout.sessions.retrieve(bought.sessionId, { expand });
    expect(session).toMatchObject({ invoice: { id: bought.invoiceId, total: 29_00 } });
    expect(session.line_items?.data).toHaveLength(1);
    expect((await second.stripe.events.list()).data).toHaveLength(3);
    await second.sandbox.buy(BILAN);
    await second.sandbox.close();
    const third = await start({ dataFile: file });
    expect((await third.stripe.events.list()).data).toHaveLength(4);
  });

  test('a product that was changed by hand keeps its change', async () => {
    const file = dataFile();
    const first = await start({ dataFile: file });
    const [product] = CATALOGUE;
    if (!product) throw new Error('the catalogue is empty');
    first.sandbox.putProduct({ ...product, name: `Nom ${randomUUID()}` });
    const { name } = await first.stripe.products.retrieve(product.id);
    await first.sandbox.close();
    const second = await start({ dataFile: file });
    expect((await second.stripe.products.retrieve(product.id)).name).toBe(name);
  });
});
