// The program in one process with everything of Stripe's that can be real: the sandbox's Stripe behind
// the real SDK and reader, signed webhooks through the real HTTP app, the books in Postgres. The
// queue is worked by hand, so that a test says when; mailer, partner, printer and files record.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { httpApp } from '#adapters/http/app.ts';
import { purchase, type SandboxPurchase } from '#adapters/sandbox/stripe-purchase.ts';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import type { StripeObject } from '#adapters/sandbox/stripe-store.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeCorrections } from '#adapters/stripe/correction-reader.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { eventIntake } from '#application/event-intake.ts';
import type { DeliveryAnswer, InvoiceMail, PartnerRequest } from '#application/ports.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { bookStory } from './book-story.ts';
import { ACCEPTED, memoryFiles, numberPrinter, type TestBooks, testBooks } from './books.ts';
import { PRODUCTS } from './case-products.ts';
import { deliverDue } from './deliver.ts';
import { handQueue } from './hand-queue.ts';

export const SECRET = 'whsec_cases';
const SECRET_KEY = 'sk_test_cases';
const HOUR_MS = 3_600_000;

export type StripeEvent = { readonly id: string; readonly [field: string]: unknown };
export type Cases = Awaited<ReturnType<typeof startCases>>;

/** Everything up, on a database of its own. One per file: cases follow each other. */
export async function startCases() {
  const books = await testBooks(20);
  // The queue dates its jobs by the real clock: ours runs ahead, so that "due" means one thing.
  books.clock.set(new Date(Math.ceil(Date.now() / 1000) * 1000 + HOUR_MS));
  for (const slug of ['fiscalia', 'notaria']) await books.addPartner(slug);
  const stripe = await startStripe(books);
  const client = stripeClient({ secretKey: SECRET_KEY, apiBase: stripe.apiBase, timeoutMs: 400 });
  const outside = recordedOutside();
  const needs = {
    ...books.base,
    ...outside.ports,
    stripe: stripeReader(client, { productLifeMs: 0 }),
    corrections: stripeCorrections(client),
    housePartner: null as PartnerSlug | null,
    livemode: false,
    workerId: 'cases',
    partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
  };
  const queue = handQueue(books, {
    'resolve-payment': (id) => resolvePayment(needs, id),
    'render-invoice': (id) => renderInvoice(needs, id),
    'deliver-notification': () => deliverDue(needs),
  });
  const story = bookStory(books, outside);
  const webhooks = await webhookDoors(books, client);
  const sender = eventSender(books, stripe, webhooks.url);
  return {
    ...{ books, stripe, needs },
    ...{ world: outside.world, files: outside.ports.files },
    ...webhooks,
    ...sender,
    ...queue,
    ...story,
    ...stripeByHand(books, stripe),
    /** A new event about the object, posted and worked to its end. Returns it, to be sent again. */
    async hear(type: string, objectId: string, overrides: object = {}): Promise<StripeEvent> {
      const it = sender.event(type, objectId, overrides);
      const status = await sender.post(it);
      if (status !== 200) throw new Error(`the webhook was answered with ${status}`);
      await queue.work();
      return it;
    },
    /** A sweep of a worker that finds nobody dead. */
    async recover() {
      const recovered = await recoverStalled(needs, []);
      await deliverDue(needs);
      return recovered;
    },
    /** The partner of products that name none, until the case ends. */
    house(slug: string): void {
      needs.housePartner = slug as PartnerSlug;
    },
    /** Forgets what the cases before did. */
    async begin(): Promise<void> {
      outside.reset();
      needs.housePartner = null;
      stripe.faults.clear();
      webhooks.logged.length = 0;
      await queue.loseJobs();
      await story.begin();
    },
    async close(): Promise<void> {
      webhooks.closeDoors();
      await stripe.close();
      await books.close();
    },
  };
}

function startStripe(books: TestBooks): Promise<SandboxStripe> {
  return startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: SECRET,
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    enabledEvents: [],
    products: PRODUCTS,
    now: books.clock.now,
  });
}

/** Answers of the outside world, for a test to change. */
export type World = {
  mail: () => DeliveryAnswer;
  partner: (request: PartnerRequest) => DeliveryAnswer;
  /** Throws to make the printer fail. */
  print: () => void;
};
const GOOD: World = { mail: () => ACCEPTED, partner: () => ACCEPTED, print: () => {} };

function recordedOutside() {
  const world: World = { ...GOOD };
  const sent: InvoiceMail[] = [];
  const posted: PartnerRequest[] = [];
  const ports = {
    files: memoryFiles(),
    mailer: {
      async send(mail: InvoiceMail) {
        sent.push(mail);
        return world.mail();
      },
    },
    partner: {
      async post(request: PartnerRequest) {
        posted.push(request);
        return world.partner(request);
      },
    },
    printer: {
      async print(...given: Parameters<typeof numberPrinter.print>) {
        world.print();
        return numberPrinter.print(...given);
      },
    },
  };
  return { world, ports, sent, posted, reset: () => Object.assign(world, GOOD) };
}

type Receive = Parameters<typeof httpApp>[0]['webhook']['receive'];

/** The app's webhook on a port; more of it, otherwise configured, on others. */
async function webhookDoors(books: TestBooks, stripe: Stripe) {
  const logged: string[] = [];
  const log = { error: (_fields: object, message: string) => void logged.push(message) };
  const closings: (() => void)[] = [];

  async function openDoor({
    secrets = [SECRET] as readonly string[],
    receive = eventIntake(books.base).receive as Receive,
    requestTimeoutMs = 0,
  } = {}): Promise<string> {
    const { alerts, clock } = books.base;
    const app = httpApp({
      webhook: { stripe, webhookSecrets: secrets, livemode: false, receive, alerts, clock, log },
      sesWebhook: null,
      readiness: { checkDatabase: async () => {}, isStopping: () => false },
      files: null,
      pages: null,
      sandbox: null,
      log,
    });
    const server = createServer(
      { requestTimeout: requestTimeoutMs, connectionsCheckingInterval: 50 },
      app.callback(),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closings.push(() => server.close().closeAllConnections());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  return {
    url: await openDoor(),
    openDoor,
    /** What the app logged since the case began. */
    logged,
    closeDoors: () => closings.forEach((close) => void close()),
  };
}

/** Stripe's side of the wire: events about its objects, signed and posted. */
function eventSender({ clock }: TestBooks, { store }: SandboxStripe, url: string) {
  let made = 0;

  /** A `Stripe-Signature` of these bytes, made `skewS` seconds from now. */
  function sign(payload: string, { secret = SECRET, skewS = 0 } = {}): string {
    const timestamp = secondsOf(clock.now()) + skewS;
    return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  }

  return {
    sign,
    /** The JSON of a new event about an object as it is now. */
    event(type: string, objectId: string, overrides: object = {}): StripeEvent {
      made += 1;
      return {
        id: `evt_case_${made}`,
        object: 'event',
        api_version: Stripe.API_VERSION,
        created: secondsOf(clock.now()),
        data: { object: store.find(objectId) ?? { id: objectId } },
        livemode: false,
        pending_webhooks: 1,
        request: { id: null, idempotency_key: null },
        type,
        ...overrides,
      };
    },
    /** Posts an event, signed, to the app or to another door. The answer's status. */
    async post(
      it: StripeEvent | string,
      { to = url, secret = SECRET, headers = {} as Readonly<Record<string, string>> } = {},
    ): Promise<number> {
      const payload = typeof it === 'string' ? it : JSON.stringify(it, null, 2);
      const response = await fetch(`${to}/webhooks/stripe`, {
        method: 'POST',
        body: payload,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': sign(payload, { secret }),
          ...headers,
        },
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** What a test does at Stripe; nobody is told of it. */
function stripeByHand({ clock }: TestBooks, { store }: SandboxStripe) {
  return {
    /** A purchase. The ids of its objects; `invoice` is empty when there is none. */
    buy(wanted: Partial<SandboxPurchase> & Pick<SandboxPurchase, 'items'>) {
      const bought = purchase(store, { mode: 'payment', ...wanted }, clock.now());
      const { sessionId: session, invoiceId, subscriptionId } = bought;
      return { session, invoice: invoiceId ?? '', subscription: subscriptionId ?? '' };
    },
    /** Changes fields of an object. */
    change(id: string, fields: object): void {
      const object = store.find(id);
      if (object === null) throw new Error(`no ${id}`);
      store.put({ ...object, ...fields });
    },
    /** Changes the lines of a session or an invoice. */
    changeLines(id: string, change: (line: StripeObject, index: number) => object): void {
      const lines = store.rows(id).map((line, at) => ({ ...line, ...change(line, at) }));
      store.putRows(id, lines);
    },
  };
}

export function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}
