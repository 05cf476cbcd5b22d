// A webhook endpoint that takes whatever Stripe's SDK finds well signed, and remembers it. What is
// not well signed is answered 400 and counted, so that a test can expect either.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';

export type WebhookSink = {
  readonly url: () => string;
  /** In the order of arrival, as often as they arrived. */
  readonly events: readonly Stripe.Event[];
  /** What the SDK said of the bodies that it refused. */
  readonly refusals: readonly string[];
  close(): void;
};

export async function webhookSink(secret: string): Promise<WebhookSink> {
  const events: Stripe.Event[] = [];
  const refusals: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers['stripe-signature']);
    try {
      events.push(Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, secret));
      response.writeHead(200).end();
    } catch (error) {
      refusals.push((error as Error).message);
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: () => `http://127.0.0.1:${port}/webhooks/stripe`,
    events,
    refusals,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
