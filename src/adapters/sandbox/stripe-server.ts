// A small Stripe of our own, for the sandbox and the tests: the real SDK talks to it over HTTP, and
// it sends signed webhooks. It exists so that the program runs the same code with and without an
// account at Stripe. It listens on the loopback interface only and knows no money; what it answers
// is in stripe-api.ts, what happens to money in stripe-purchase.ts and its neighbours, and whole
// stories, told by name, in scenarios.ts.

import { CATALOGUE, type SandboxProduct, SCENARIO_PRODUCTS } from './catalogue.ts';
import { ENABLED_EVENTS } from './stripe-account-objects.ts';
import { shuffled } from './stripe-chance.ts';
import { type DeliverySwitches, stripeDeliveries } from './stripe-deliveries.ts';
import { type Happening, type PromisedIds, putEvent, seconds } from './stripe-events.ts';
import { type Faults, stripeFaults } from './stripe-faults.ts';
import { type ApiRequest, startStripeHttp } from './stripe-http.ts';
import { newStripeId } from './stripe-ids.ts';
import { priceObject, productObject } from './stripe-product-objects.ts';
import { type Purchased, purchase, type SandboxPurchase } from './stripe-purchase.ts';
import { type StripeObject, type StripeStore, stripeStore } from './stripe-store.ts';
import { renewal } from './stripe-subscriptions.ts';
import type { WebhookChange } from './stripe-webhook-bytes.ts';

export type SandboxStripeOptions = {
  /** Where objects survive a restart; null keeps them in memory. */
  readonly dataFile: string | null;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Asked at each delivery, since the application may get its port after us. */
  readonly webhookUrl: () => string;
  /** The types of events that are sent; `*` for all. Others are made, and only listed. */
  readonly enabledEvents?: readonly string[];
  readonly products?: readonly SandboxProduct[];
  readonly retryDelaysMs?: readonly number[];
  readonly now?: () => Date;
  readonly log?: (line: string) => void;
  /** Hears of every API request, once it is answered. */
  readonly onRequest?: (request: ApiRequest) => void;
};

type Told = {
  /** Of the events that are sent. */
  readonly eventIds: readonly string[];
  readonly events: readonly StripeObject[];
};

/** Makes something happen in the store, all at once. */
type Make<T extends Happening> = (store: StripeStore, now: Date) => T;

export type SandboxStripe = {
  /** What `STRIPE_API_BASE` would be. */
  readonly apiBase: URL;
  /** Everything it knows, to look at and to change: the place for odd objects. */
  readonly store: StripeStore;
  /**
   * A purchase through Checkout. Resolves when its objects exist and its webhooks are under way: all
   * at once, in an order shuffled by `seed`, or by chance without one.
   */
  buy(wanted: SandboxPurchase & { readonly seed?: number }): Promise<Purchased & Told>;
  /** The next period of a subscription, paid; webhooks as in `buy`. */
  renew(
    subscriptionId: string,
    options?: { readonly seed?: number },
  ): Promise<Told & { readonly invoiceId: string }>;
  /** Anything that can happen at Stripe; webhooks as in `buy`. */
  happen<T extends Happening>(make: Make<T>, options?: { readonly seed?: number }): T & Told;
  /**
   * The same after a while, and at once for 0 ms. Returns the ids of the events to come, one for
   * each of `types`. What still waits when the process ends does not happen.
   */
  happenLater(
    delayMs: number,
    types: readonly string[],
    make: (store: StripeStore, now: Date, promised: PromisedIds) => Happening,
  ): readonly string[];
  /** Makes an event about an object as it is now, and sends its webhook whatever its type. */
  emit(type: string, objectId: string): StripeObject;
  /** Sends an event again, past all switches. The status of each attempt, null for no answer. */
  deliver(
    eventId: string,
    options?: {
      readonly times?: number;
      readonly concurrent?: boolean;
      readonly change?: WebhookChange;
    },
  ): Promise<readonly (number | null)[]>;
  /** What goes wrong with webhooks from now on. */
  readonly webhooks: DeliverySwitches;
  /** What goes wrong with API requests from now on. */
  readonly faults: Faults;
  /** The last thousand API requests, oldest first. */
  requests(): readonly ApiRequest[];
  /** Adds or replaces a product, with a new price. */
  putProduct(product: SandboxProduct): void;
  /** Resolves when no webhook is under way any more, and nothing waits to happen. */
  idle(): Promise<void>;
  /** Stops listening and cuts off webhooks under way. */
  close(): Promise<void>;
};

/** Listens on 127.0.0.1. Rejects when the port is taken or the data file is not one of ours. */
export async function startSandboxStripe(options: SandboxStripeOptions): Promise<SandboxStripe> {
  const { log = () => {}, enabledEvents = ENABLED_EVENTS, now = () => new Date() } = options;
  const store = stripeStore(options.dataFile);
  const startedAt = seconds(now());
  for (const product of options.products ?? [...CATALOGUE, ...SCENARIO_PRODUCTS]) {
    if (store.find(product.id) === null) putProduct(store, product, startedAt);
  }
  const deliveries = stripeDeliveries({
    url: options.webhookUrl,
    secret: options.webhookSecret,
    retryDelaysMs: options.retryDelaysMs ?? [500, 2_000, 5_000, 15_000],
    timeoutMs: 10_000,
    log,
  });
  const { take, ...faults } = stripeFaults();
  const http = await startStripeHttp({
    port: options.port ?? 0,
    secretKey: options.secretKey,
    state() {
      const url = options.webhookUrl();
      return { store, now: now(), endpoint: { url, enabledEvents, created: startedAt } };
    },
    faultOn: take,
    onRequest: options.onRequest ?? (() => {}),
  });

  function happen<T extends Happening>(make: Make<T>, seed?: number): T & Told {
    const made = make(store, now());
    const isSent = ({ type }: StripeObject) =>
      enabledEvents.includes('*') || enabledEvents.includes(type as string);
    const events = made.events.filter(isSent);
    for (const event of shuffled(events, seed)) deliveries.deliver(event);
    return { ...made, events, eventIds: events.map(({ id }) => id) };
  }

  return {
    apiBase: http.apiBase,
    store,
    buy: async ({ seed, ...wanted }) => happen((_, at) => purchase(store, wanted, at), seed),
    renew: async (id, { seed } = {}) => happen((_, at) => renewal(store, id, at), seed),
    happen: (make, { seed } = {}) => happen(make, seed),
    happenLater(delayMs, types, make) {
      const promised = Object.fromEntries(types.map((type) => [type, newStripeId('evt')]));
      const work = () => happen((_, at) => make(store, at, promised));
      if (delayMs === 0) work();
      else deliveries.later(delayMs, work);
      return Object.values(promised);
    },
    emit(type, objectId) {
      const event = putEvent(store, type, objectId, seconds(now()));
      deliveries.deliver(event);
      return event;
    },
    async deliver(eventId, { times = 1, concurrent = false, change } = {}) {
      const event = store.find(eventId);
      if (event?.object !== 'event') throw new Error(`no event ${eventId}`);
      return deliveries.attempts(event, { times, concurrent, change });
    },
    webhooks: deliveries.switches,
    faults,
    requests: http.requests,
    putProduct: (product) => putProduct(store, product, seconds(now())),
    idle: deliveries.idle,
    async close() {
      http.close();
      await deliveries.close();
    },
  };
}

function putProduct(store: StripeStore, product: SandboxProduct, created: number): void {
  const made = { created, priceId: newStripeId('price') };
  store.put(priceObject(product, made));
  store.put(productObject(product, made));
}
