// Webhooks of the sandbox's Stripe as an endpoint receives them: signed, retried, repeated at will.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  BILAN,
  MONTHLY,
  sandboxStripe as start,
  WEBHOOK_SECRET,
} from '../support/sandbox-stripe.ts';

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
