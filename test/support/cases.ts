// The program in one process with everything of Stripe's that can be real: the sandbox's Stripe behind
// the real SDK and reader, signed webhooks through the real HTTP app, the books in Postgres. The
// queue is worked by hand, so that a test says when; mailer, partner, printer and files record. What
// a case came to is told in one line, as the hundred cases have it: orders, invoices, e-mails,
// partner calls, then why something was put in quarantine.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import Stripe from 'stripe';
import { httpApp } from '#adapters/http/app.ts';
import { purchase, type SandboxPurchase } from '#adapters/sandbox/stripe-purchase.ts';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import type { StripeObject } from '#adapters/sandbox/stripe-store.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { deliverNotification } from '#application/deliver-notification.ts';
import type { DeliveryAnswer, InvoiceMail, PartnerRequest } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { Invoice } from '#domain/invoice.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  recordingMailer,
  recordingPartner,
  type TestBooks,
  testBooks,
} from './books.ts';
import { PRODUCTS } from './case-products.ts';

export const SECRET = 'whsec_cases';
const SECRET_KEY = 'sk_test_cases';
const HOUR_MS = 3_600_000;

/** Answers of the outside world, to be changed by a test and put back by `begin`. */
type World = {
  mail: () => DeliveryAnswer;
  partner: (request: PartnerRequest) => DeliveryAnswer;
  /** Throws to make the printer fail. */
  print: () => void;
};
const GOOD: World = { mail: () => ACCEPTED, partner: () => ACCEPTED, print: () => {} };

export type StripeEvent = { readonly id: string; readonly [field: string]: unknown };
export type Cases = Awaited<ReturnType<typeof startCases>>;

/** Everything up, on a database of its own. One per file: cases follow each other. */
export async function startCases() {
  const books = await testBooks(20);
  // The queue dates its jobs by the real clock: ours runs ahead, so that "due" means one thing.
  books.clock.set(new Date(Math.ceil(Date.now() / 1000) * 1000 + HOUR_MS));
  for (const slug of ['fiscalia', 'notaria']) await books.addPartner(slug);
  const stripe = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: SECRET,
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    enabledEvents: [],
    products: PRODUCTS,
    now: books.clock.now,
  });
  const client = stripeClient({ secretKey: SECRET_KEY, apiBase: stripe.apiBase, timeoutMs: 400 });
  const world: World = { ...GOOD };
  const { mailer, sent } = recordingMailer(() => world.mail());
  const posted: PartnerRequest[] = [];
  const partner = {
    async post(request: PartnerRequest) {
      posted.push(request);
      return world.partner(request);
    },
  };
  const files = memoryFiles();
  const printer = {
    async print(...given: Parameters<typeof numberPrinter.print>) {
      world.print();
      return numberPrinter.print(...given);
    },
  };
  const needs = {
    ...books.base,
    stripe: stripeReader(client, { productLifeMs: 0 }),
    ...{ mailer, partner, files, printer },
    livemode: false,
    workerId: 'cases',
    partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
  };
  const queue = handQueue(books, {
    'resolve-payment': (id) => resolvePayment(needs, id),
    'render-invoice': (id) => renderInvoice(needs, id),
    'deliver-notification': (id) => deliverNotification(needs, id),
  });
  const logged: string[] = [];
  const door = await openDoor({ secrets: [SECRET] });
  const story = bookStory(books, { sent, posted });
  let made = 0;

  async function openDoor(options: {
    readonly secrets: readonly string[];
    readonly receive?: Parameters<typeof httpApp>[0]['webhook']['receive'];
  }): Promise<{ readonly server: Server; readonly url: string }> {
    const log = { error: (_fields: object, message: string) => void logged.push(message) };
    const app = httpApp({
      webhook: {
        stripe: client,
        webhookSecrets: options.secrets,
        livemode: false,
        receive: options.receive ?? ((event) => receiveEvent(books.base, event)),
        alerts: books.base.alerts,
        clock: books.clock,
        log,
      },
      readiness: { checkDatabase: async () => {}, isStopping: () => false },
      files: null,
      sandbox: null,
      log,
    });
    const server = createServer(app.callback()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  /** The JSON of a new event about an object as it is now. */
  function event(type: string, objectId: string, overrides: object = {}): StripeEvent {
    made += 1;
    const object = stripe.store.find(objectId) ?? { id: objectId };
    return {
      id: `evt_case_${made}`,
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: secondsOf(books.clock.now()),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
      ...overrides,
    };
  }

  /** Posts an event, signed, to the app or to another door. The answer's status. */
  async function post(
    it: StripeEvent | string,
    { to = door.url, secret = SECRET, headers = {} as Record<string, string> } = {},
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
  }

  /** A `Stripe-Signature` of these bytes; `skewS` seconds from now. */
  function sign(payload: string, { secret = SECRET, skewS = 0 } = {}): string {
    const timestamp = secondsOf(books.clock.now()) + skewS;
    return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  }

  /** A new event about the object, posted and worked to its end. Returns it, to be sent again. */
  async function hear(type: string, objectId: string, overrides: object = {}) {
    const it = event(type, objectId, overrides);
    const status = await post(it);
    if (status !== 200) throw new Error(`the webhook was answered with ${status}`);
    await queue.work();
    return it;
  }

  return {
    books,
    stripe,
    needs,
    world,
    files,
    logged,
    url: door.url,
    openDoor,
    event,
    post,
    sign,
    hear,
    ...queue,
    ...story,
    /** Forgets what the cases before did. */
    async begin(): Promise<void> {
      Object.assign(world, GOOD);
      stripe.faults.clear();
      logged.length = 0;
      await queue.loseJobs();
      await story.begin();
    },
    /** A purchase at Stripe; nobody is told. The ids of its objects. */
    buy(wanted: Partial<SandboxPurchase> & Pick<SandboxPurchase, 'items'>) {
      const bought = purchase(stripe.store, { mode: 'payment', ...wanted }, books.clock.now());
      return { session: bought.sessionId, invoice: bought.invoiceId ?? '', of: bought };
    },
    /** Changes fields of an object at Stripe. */
    change(id: string, fields: object): void {
      const object = stripe.store.find(id);
      if (object === null) throw new Error(`no ${id}`);
      stripe.store.put({ ...object, ...fields });
    },
    /** Changes the lines of a session or an invoice at Stripe. */
    changeLines(id: string, change: (line: StripeObject, index: number) => object): void {
      const lines = stripe.store.rows(id).map((line, at) => ({ ...line, ...change(line, at) }));
      stripe.store.putRows(id, lines);
    },
    recover: () => recoverStalled(needs),
    async close(): Promise<void> {
      door.server.close();
      door.server.closeAllConnections();
      await stripe.close();
      await books.close();
    },
  };
}

type Handlers = Readonly<Record<string, (id: string) => Promise<void>>>;
type Job = {
  readonly key: string;
  readonly task: string;
  readonly payload: Record<string, string>;
};

/** The queue's rows, taken as a worker takes them; a job that fails comes back later. */
function handQueue(books: TestBooks, handlers: Handlers) {
  const failures = new Map<string, number>();

  async function take(due: Date): Promise<readonly Job[]> {
    const { rows } = await sql<Job>`
      delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id and j.run_at <= ${due}
      returning j.key, t.identifier as task, j.payload`.execute(books.db);
    return rows;
  }

  async function run({ key, task, payload }: Job): Promise<void> {
    try {
      await handlers[task]?.(Object.values(payload)[0] ?? '');
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const runAt = new Date(books.clock.now().getTime() + Math.exp(Math.min(count, 10)) * 1000);
      await sql`select graphile_worker.add_job(identifier => ${task},
        payload => ${JSON.stringify(payload)}::json, run_at => ${runAt}::timestamptz,
        job_key => ${key})`.execute(books.db);
      // As the queue leaves them: tried so often, and with the last error.
      await sql`update graphile_worker._private_jobs set attempts = least(${count}, max_attempts),
        last_error = ${(error as Error).message} where key = ${key}`.execute(books.db);
    }
  }

  return {
    /** Runs every job that is due, and those that they bring, until none is left. */
    async work(): Promise<void> {
      for (;;) {
        const jobs = await take(books.clock.now());
        if (jobs.length === 0) return;
        await Promise.all(jobs.map(run));
      }
    },
    /** Lets time pass, `stepMs` at a time, working what becomes due. */
    async pass(ms: number, stepMs = ms): Promise<void> {
      for (let passed = 0; passed < ms; passed += stepMs) {
        books.clock.advance(Math.min(stepMs, ms - passed));
        await this.work();
      }
    },
    /** The process dies: what it had taken is gone. */
    async loseJobs(): Promise<void> {
      await sql`delete from graphile_worker._private_jobs`.execute(books.db);
    },
    /** How often jobs of this key have failed so far. */
    failuresOf: (key: string): number => failures.get(key) ?? 0,
  };
}

/** What the books and the recorders say since the case began. */
function bookStory(
  books: TestBooks,
  { sent, posted }: { readonly sent: InvoiceMail[]; readonly posted: PartnerRequest[] },
) {
  let since = { order: 0, raised: 0, quarantined: new Set<string>() };

  async function lastOrder(): Promise<number> {
    const { last } = await books.db
      .selectFrom('orders')
      .select(({ fn }) => fn.max('id').as('last'))
      .executeTakeFirstOrThrow();
    return Number(last ?? 0);
  }

  async function quarantinedNow() {
    return books.db
      .selectFrom('payment')
      .select(['key', 'reason', 'detail'])
      .where('state', '=', 'quarantined')
      .orderBy('updated_at')
      .execute();
  }

  async function invoices(): Promise<readonly Invoice[]> {
    const rows = await books.db
      .selectFrom('invoice')
      .select('content')
      .where('order_id', '>', since.order)
      .orderBy('order_id')
      .execute();
    return rows.map(({ content }) => JSON.parse(content) as Invoice);
  }

  async function quarantined() {
    const now = await quarantinedNow();
    return now.filter(({ key }) => !since.quarantined.has(key));
  }

  return {
    async begin(): Promise<void> {
      sent.length = 0;
      posted.length = 0;
      const quarantined = new Set((await quarantinedNow()).map(({ key }) => key));
      since = { order: await lastOrder(), raised: books.raised.length, quarantined };
    },
    /** « 1111 », « 0000 Q no-email », « 0000 »: orders, invoices, e-mails, partner calls. */
    async outcome(): Promise<string> {
      const { orders } = await books.db
        .selectFrom('orders')
        .select(({ fn }) => fn.countAll<string>().as('orders'))
        .where('id', '>', since.order)
        .executeTakeFirstOrThrow();
      const counts = [Number(orders), (await invoices()).length, sent.length, posted.length];
      const reasons = (await quarantined()).map(({ reason }) => reason);
      const tally = counts.join(counts.some((count) => count > 9) ? ' ' : '');
      return reasons.length === 0 ? tally : `${tally} Q ${reasons.join(', ')}`;
    },
    /** The invoices issued since the case began, as they were frozen. */
    invoices,
    /** The payments put in quarantine since then that are still there. */
    quarantined,
    /** The alerts raised since then. */
    alerts: () => books.raised.slice(since.raised),
    /** The e-mails sent since then. */
    mails: (): readonly InvoiceMail[] => sent,
    /** The bodies posted to partners since then. */
    calls: () => posted.map((request) => JSON.parse(request.body)),
    /** The requests to partners since then. */
    posts: (): readonly PartnerRequest[] => posted,
  };
}

export function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}
