// What a Stripe that is away, refuses, or babbles comes to: always an error that makes the job run
// again, never facts and never a payment put aside. A server of the worst manners stands in for it.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';

const SECRET_KEY = 'sk_test_outage';

describe('a Stripe that fails', () => {
  async function failing(listener: RequestListener, timeoutMs = 2000) {
    let count = 0;
    const server = createServer((request, response) => {
      count += 1;
      listener(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const apiBase = new URL(`http://127.0.0.1:${port}`);
    const reader = stripeReader(stripeClient({ secretKey: SECRET_KEY, apiBase, timeoutMs }));
    const error = await reader.read({ type: 'checkout.session.completed', objectId: 'cs_1' }).then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    return {
      message: error?.message,
      cause: (error?.cause as Error | undefined)?.constructor.name,
      count,
    };
  }
  const json =
    (status: number, body: unknown): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  const message = 'Stripe could not be asked for checkout session cs_1';

  test.each([
    ['refuses the key', 401, 'StripeAuthenticationError', 1],
    ['forbids', 403, 'StripePermissionError', 1],
    ['limits us', 429, 'StripeRateLimitError', 1],
    ['breaks down', 500, 'StripeAPIError', 3],
    ['knows no such address', 404, 'StripeInvalidRequestError', 1],
  ])('and %s makes the job run again', async (_, status, cause, count) => {
    const body = { error: { type: 'invalid_request_error', message: 'no' } };
    expect(await failing(json(status, body))).toEqual({ message, cause, count });
  });

  test('and answers in HTML makes the job run again', async () => {
    const html: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Maintenance</html>');
    };
    expect(await failing(html)).toMatchObject({ message, cause: 'StripeAPIError' });
  });

  test('and answers with something else makes the job run again', async () => {
    expect((await failing(json(200, {}))).message).toContain('no checkout.session');
    expect((await failing(json(200, null))).message).toBeDefined();
    expect((await failing(json(200, { object: 'invoice' }))).message).toContain(
      'no checkout.session',
    );
  });

  test('and stops in the middle makes the job run again', async () => {
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write('{"id": "cs_1", "object": "checkout.ses');
      setTimeout(() => response.destroy(), 10);
    };
    expect(await failing(cut)).toMatchObject({ message, cause: 'StripeConnectionError' });
  });

  test('and hangs is given up on after its time', async () => {
    expect(await failing(() => {}, 100)).toEqual({
      message,
      cause: 'StripeConnectionError',
      count: 3,
    });
  });
});

test('a live key is not shown to another origin', () => {
  const apiBase = new URL('http://127.0.0.1:1');
  expect(() => stripeClient({ secretKey: 'rk_live_x', apiBase })).toThrow('live');
});
