// The sandbox's Stripe as the real SDK sees it: it refuses what Stripe refuses, sells what it has,
// and remembers.

import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CATALOGUE } from '#adapters/sandbox/catalogue.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { BILAN, MONTHLY, refused, sandboxStripe as start } from '../support/sandbox-stripe.ts';

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
    const ofAddress = await refused(stripe.payouts.list());
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
    const type = 'checkout.session.completed';
    expect((await second.stripe.events.list({ type })).data).toHaveLength(1);
    await second.sandbox.buy(BILAN);
    await second.sandbox.close();
    const third = await start({ dataFile: file });
    expect((await third.stripe.events.list({ type })).data).toHaveLength(2);
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
