// A small Stripe of our own, for the sandbox and the tests: the real SDK talks to it over HTTP, and
// it sends signed webhooks. It exists so that the program runs the same code with and without an
// account at Stripe. It listens on the loopback interface only and knows no money; what it answers
// is in stripe-api.ts, what it invents in stripe-purchase.ts. Faults and scenarios will hook in at
// `respond` (answers) and at `buy` (flows).

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { CATALOGUE, type SandboxProduct } from './catalogue.ts';
import { type ApiAnswer, refusal, stripeAnswer } from './stripe-api.ts';
import { putEvent } from './stripe-charges.ts';
import { stripeDeliveries } from './stripe-deliveries.ts';
import { newStripeId } from './stripe-ids.ts';
import { priceObject, productObject } from './stripe-product-objects.ts';
import { type Purchased, purchase, renewal, type SandboxPurchase } from './stripe-purchase.ts';
import { type StripeObject, type StripeStore, stripeStore } from './stripe-store.ts';

export type SandboxStripeOptions = {
  /** Where objects survive a restart; null keeps them in memory. */
  readonly dataFile: string | null;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Asked at each delivery, since the application may get its port after us. */
  readonly webhookUrl: () => string;
  readonly products?: readonly SandboxProduct[];
  readonly retryDelaysMs?: readonly number[];
  readonly log?: (line: string) => void;
  /** Hears of every API request, once it is answered. */
  readonly onRequest?: (request: ApiRequest) => void;
};

export type ApiRequest = { readonly path: string; readonly query: string; readonly status: number };

type Told = {
  readonly eventIds: readonly string[];
  readonly events: readonly StripeObject[];
};

export type SandboxStripe = {
  /** What `STRIPE_API_BASE` would be. */
  readonly apiBase: URL;
  /** Everything it knows, to look at and to change: the place for odd objects. */
  readonly store: StripeStore;
  /**
   * A purchase, paid. Resolves when its objects exist and its webhooks are under way: all at once,
   * in an order shuffled by `seed`, or by chance without one.
   */
  buy(wanted: SandboxPurchase & { readonly seed?: number }): Promise<Purchased & Told>;
  /** The next period of a subscription, paid; webhooks as in `buy`. */
  renew(
    subscriptionId: string,
    options?: { readonly seed?: number },
  ): Promise<Told & { readonly invoiceId: string }>;
  /** Makes an event about an object as it is now, and sends its webhook. */
  emit(type: string, objectId: string): StripeObject;
  /** Sends an event again. The HTTP status of each attempt, null for no answer. */
  deliver(
    eventId: string,
    options?: { readonly times?: number; readonly concurrent?: boolean },
  ): Promise<readonly (number | null)[]>;
  /** Adds or replaces a product, with a new price. */
  putProduct(product: SandboxProduct): void;
  /** Resolves when no webhook is under way any more. */
  idle(): Promise<void>;
  /** Stops listening and cuts off webhooks under way. */
  close(): Promise<void>;
};

/** Listens on 127.0.0.1. Rejects when the port is taken or the data file is not one of ours. */
export async function startSandboxStripe(options: SandboxStripeOptions): Promise<SandboxStripe> {
  const { log = () => {}, products = CATALOGUE } = options;
  const store = stripeStore(options.dataFile);
  for (const product of products) {
    if (store.find(product.id) === null) putProduct(store, product);
  }
  const deliveries = stripeDeliveries({
    url: options.webhookUrl,
    secret: options.webhookSecret,
    retryDelaysMs: options.retryDelaysMs ?? [500, 2_000, 5_000, 15_000],
    timeoutMs: 10_000,
    log,
  });
  const server = createServer((request, response) => respond(store, options, request, response));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  function tell<T extends { readonly events: readonly StripeObject[] }>(made: T, seed?: number) {
    for (const event of shuffled(made.events, seed)) void deliveries.deliver(event);
    return { ...made, eventIds: made.events.map(({ id }) => id) };
  }

  return {
    apiBase: new URL(`http://127.0.0.1:${port}`),
    store,
    buy: async ({ seed, ...wanted }) => tell(purchase(store, wanted, new Date()), seed),
    renew: async (subscriptionId, { seed } = {}) =>
      tell(renewal(store, subscriptionId, new Date()), seed),
    emit(type, objectId) {
      const event = putEvent(store, type, objectId, Math.floor(Date.now() / 1000));
      void deliveries.deliver(event);
      return event;
    },
    async deliver(eventId, { times = 1, concurrent = false } = {}) {
      const event = store.find(eventId);
      if (event?.object !== 'event') throw new Error(`no event ${eventId}`);
      const attempts = Array.from({ length: times }, () => () => deliveries.attempt(event));
      if (concurrent) return Promise.all(attempts.map((attempt) => attempt()));
      const statuses: (number | null)[] = [];
      for (const attempt of attempts) statuses.push(await attempt());
      return statuses;
    },
    putProduct: (product) => putProduct(store, product),
    idle: deliveries.idle,
    async close() {
      server.close();
      server.closeAllConnections();
      await deliveries.close();
    },
  };
}

function respond(
  store: StripeStore,
  { secretKey, onRequest }: SandboxStripeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { status, body } = answerTo(store, secretKey, request, url);
  response.writeHead(status, {
    'content-type': 'application/json',
    'request-id': newStripeId('req'),
    'stripe-version': Stripe.API_VERSION,
  });
  response.end(JSON.stringify(body, null, 2));
  const query = [...url.searchParams].map((pair) => pair.join('=')).join('&');
  onRequest?.({ path: url.pathname, query, status });
}

function answerTo(
  store: StripeStore,
  secretKey: string,
  { method, headers }: IncomingMessage,
  url: URL,
): ApiAnswer {
  if (headers.authorization !== `Bearer ${secretKey}`) {
    return refusal(401, 'Invalid API Key provided.');
  }
  if (method !== 'GET') {
    return refusal(404, `Unrecognized request URL (${method}: ${url.pathname}).`);
  }
  try {
    return stripeAnswer(store, url.pathname, url.searchParams);
  } catch (error) {
    return refusal(500, `The sandbox's Stripe failed: ${(error as Error).message}`);
  }
}

function putProduct(store: StripeStore, product: SandboxProduct): void {
  const made = { created: Math.floor(Date.now() / 1000), priceId: newStripeId('price') };
  store.put(priceObject(product, made));
  store.put(productObject(product, made));
}

// Fisher and Yates, on a small generator of our own (mulberry32) so that a seed repeats an order.
function shuffled<T>(items: readonly T[], seed = randomInt(2 ** 32)): readonly T[] {
  const result = [...items];
  let state = seed >>> 0;
  for (let left = result.length; left > 1; left -= 1) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const at = ((mixed ^ (mixed >>> 14)) >>> 0) % left;
    [result[left - 1], result[at]] = [result[at] as T, result[left - 1] as T];
  }
  return result;
}
