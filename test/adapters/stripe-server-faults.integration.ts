// What goes wrong at the sandbox's Stripe when it is told to: answers that fail in each of Stripe's
// ways, as the real SDK takes them, and webhooks that are lost, doubled or altered on their way.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#adapters/sandbox/stripe-faults.ts';
import type { WebhookChange } from '#adapters/sandbox/stripe-webhook-bytes.ts';
import {
  BILAN,
  refused,
  SECRET_KEY,
  sandboxStripe as start,
  WEBHOOK_SECRET,
} from '../support/sandbox-stripe.ts';
import { webhookSink } from '../support/webhook-sink.ts';

describe('an API that fails', () => {
  test.each<readonly [string, Fault, object, number]>([
    ['limits us once', 'rate-limit', { status: 429, kind: 'StripeRateLimitError' }, 1],
    ['says not to come back', 'rate-limit-stop', { status: 429 }, 1],
    ['breaks off', 'cut-body', { kind: 'StripeConnectionError' }, 1],
    ['answers in HTML', 'html', { kind: 'StripeAPIError' }, 1],
  ])('and %s is an error at once', async (_name, fault, expected, tries) => {
    const { sandbox, stripe } = await start();
    sandbox.faults.next(fault);
    expect(await refused(stripe.balance.retrieve())).toMatchObject(expected);
    expect(sandbox.requests()).toHaveLength(tries);
    expect((await stripe.balance.retrieve()).object).toBe('balance');
  });

  test.each<Fault>(['rate-limit-retry', 'server-error', 'reset'])(
    'once with %s is asked again by the SDK, and answers',
    async (fault) => {
      const { sandbox, stripe } = await start();
      sandbox.faults.next(fault);
      expect((await stripe.balance.retrieve()).object).toBe('balance');
      const seen = sandbox.requests().map((it) => [it.fault, it.status]);
      const status = { 'rate-limit-retry': 429, 'server-error': 500, reset: 0 };
      expect(seen).toEqual([
        [fault, status[fault as keyof typeof status]],
        [null, 200],
      ]);
    },
  );

  test('always is given up after three tries, until it is mended', async () => {
    const { sandbox, stripe } = await start();
    sandbox.faults.always('server-error');
    expect(await refused(stripe.balance.retrieve())).toMatchObject({ status: 500 });
    expect(sandbox.requests()).toHaveLength(3);
    sandbox.faults.clear();
    expect((await stripe.balance.retrieve()).object).toBe('balance');
  });

  test('on some addresses leaves the others alone', async () => {
    const { sandbox, stripe } = await start();
    sandbox.faults.always('rate-limit', { path: '/v1/invoices' });
    sandbox.faults.next('html', { path: /\/line_items$/ });
    const { sessionId } = await sandbox.buy(BILAN);
    expect(await refused(stripe.invoices.list())).toMatchObject({ status: 429 });
    expect((await stripe.checkout.sessions.retrieve(sessionId)).id).toBe(sessionId);
    const lines = () => stripe.checkout.sessions.listLineItems(sessionId);
    expect(await refused(lines())).toMatchObject({ kind: 'StripeAPIError' });
    expect((await lines()).data).toHaveLength(1);
  });

  test('several times does so in the order in which that was asked for', async () => {
    const { sandbox, stripe } = await start();
    sandbox.faults.always('html');
    sandbox.faults.next('rate-limit', { times: 2 });
    sandbox.faults.next('cut-body');
    const kinds: (string | undefined)[] = [];
    for (let n = 0; n < 5; n += 1) kinds.push((await refused(stripe.balance.retrieve())).kind);
    const [limited, cut, html] = ['RateLimitError', 'ConnectionError', 'APIError'].map(
      (name) => `Stripe${name}`,
    );
    expect(kinds).toEqual([limited, limited, cut, html, html]);
  });

  test('by being slow is right, and late', async () => {
    const { sandbox, stripe } = await start();
    sandbox.faults.next({ slowMs: 300 });
    const before = performance.now();
    expect((await stripe.balance.retrieve()).object).toBe('balance');
    expect(performance.now() - before).toBeGreaterThan(290);
  });

  test.each<Fault>(['no-answer', { slowMs: 60_000 }])(
    'by %o keeps neither its caller nor its own end waiting',
    async (fault) => {
      const { sandbox, stripe } = await start({ timeoutMs: 100 });
      sandbox.faults.always(fault);
      expect(await refused(stripe.balance.retrieve({}, { maxNetworkRetries: 0 }))).toMatchObject({
        kind: 'StripeConnectionError',
      });
      const before = performance.now();
      await sandbox.close();
      expect(performance.now() - before).toBeLessThan(1_000);
    },
  );
});

describe('a webhook on its way', () => {
  async function startWithSink() {
    const sink = await webhookSink(WEBHOOK_SECRET);
    onTestFinished(() => sink.close());
    return { sink, ...(await start({ webhookUrl: sink.url })) };
  }

  test('is lost as often as was asked for, the same ones for a seed', async () => {
    const lostOf = async (seed: number) => {
      const { sink, sandbox } = await startWithSink();
      sandbox.webhooks.drop(0.1, seed);
      const sent: string[] = [];
      for (let n = 0; n < 100; n += 1) sent.push(...(await sandbox.buy(BILAN)).eventIds);
      await sandbox.idle();
      const lost = sandbox.webhooks.dropped();
      expect(new Set([...lost, ...sink.events.map(({ id }) => id)])).toEqual(new Set(sent));
      expect(lost.length + sink.events.length).toBe(100);
      return lost.map((id) => sent.indexOf(id));
    };
    const lost = await lostOf(7);
    expect(lost.length).toBeGreaterThan(3);
    expect(lost.length).toBeLessThan(25);
    expect(await lostOf(7)).toEqual(lost);
  });

  test('that was lost is still listed, and can be sent by hand', async () => {
    const { sink, sandbox, stripe } = await startWithSink();
    sandbox.webhooks.drop(1);
    const { eventIds } = await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(sink.events).toEqual([]);
    expect(sandbox.webhooks.dropped()).toEqual(eventIds);
    const { data } = await stripe.events.list({ type: 'checkout.session.completed' });
    expect(data.map(({ id }) => id)).toEqual(eventIds);
    expect(await sandbox.deliver(eventIds[0] ?? '')).toEqual([200]);
    sandbox.webhooks.clear();
    await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(sink.events).toHaveLength(2);
    expect(sandbox.webhooks.dropped()).toEqual(eventIds);
  });

  test('arrives as many times at once as was asked for', async () => {
    const { sink, sandbox } = await startWithSink();
    sandbox.webhooks.duplicate(5);
    const { eventIds } = await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(sink.events.map(({ id }) => id)).toEqual(Array(5).fill(eventIds[0]));
  });

  test('can say another mode, account or version, and be signed all the same', async () => {
    const { sink, sandbox } = await startWithSink();
    const change = { livemode: true, account: 'acct_1Other', apiVersion: '2020-08-27' };
    sandbox.webhooks.change(change);
    const { sessionId } = await sandbox.buy(BILAN);
    await sandbox.idle();
    const { livemode, account, apiVersion: api_version } = change;
    expect(sink.events[0]).toMatchObject({ livemode, account, api_version });
    expect(sink.events[0]?.data.object).toMatchObject({ id: sessionId });
  });

  test.each<readonly [string, WebhookChange]>([
    ['with another secret', { secret: 'whsec_other' }],
    ['too long ago', { skewS: -301 }],
    ['and altered afterwards', { tampered: true }],
  ])('and signed %s is refused', async (_name, change) => {
    const { sink, sandbox } = await startWithSink();
    const { eventIds } = await sandbox.buy(BILAN);
    await sandbox.idle();
    expect(await sandbox.deliver(eventIds[0] ?? '', { change })).toEqual([400]);
    expect([sink.events.length, sink.refusals.length]).toEqual([1, 1]);
  });

  test('signed with two secrets is taken by either', async () => {
    const { sink, sandbox } = await startWithSink();
    const { eventIds } = await sandbox.buy(BILAN);
    const [id = ''] = eventIds;
    const change = { secret: 'whsec_new', secondSecret: WEBHOOK_SECRET };
    expect(await sandbox.deliver(id, { change })).toEqual([200]);
    await sandbox.idle();
    expect(sink.refusals).toEqual([]);
  });

  test('can be a thin event, which the SDK only takes as one', async () => {
    const bodies: { readonly body: Buffer; readonly signature: string }[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const signature = String(request.headers['stripe-signature']);
      bodies.push({ body: Buffer.concat(chunks), signature });
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { sandbox } = await start({ webhookUrl: () => `http://127.0.0.1:${port}/` });
    sandbox.webhooks.change({ thin: true });
    const { sessionId } = await sandbox.buy(BILAN);
    await sandbox.idle();
    const [{ body, signature } = { body: Buffer.alloc(0), signature: '' }] = bodies;
    const sdk = new Stripe(SECRET_KEY);
    expect(sdk.parseEventNotification(body, signature, WEBHOOK_SECRET)).toMatchObject({
      type: 'v1.checkout.session.completed',
      related_object: { id: sessionId, type: 'checkout.session' },
    });
    expect(() => sdk.webhooks.constructEvent(body, signature, WEBHOOK_SECRET)).toThrow();
  });

  test('is sent only for the types that the endpoint asked for, or for all', async () => {
    const sink = await webhookSink(WEBHOOK_SECRET);
    onTestFinished(() => sink.close());
    const few = await start({ webhookUrl: sink.url, enabledEvents: ['invoice.paid'] });
    expect((await few.sandbox.buy(BILAN)).eventIds).toEqual([]);
    const all = await start({ webhookUrl: sink.url, enabledEvents: ['*'] });
    const { events } = await all.sandbox.buy(BILAN);
    await all.sandbox.idle();
    expect(sink.events.map(({ type }) => type).sort()).toEqual(
      events.map(({ type }) => type).sort(),
    );
    expect(sink.events).toHaveLength(3);
  });
});
