// The pages for people over a database of a test's own: served as the program serves them, with
// somebody signed in, a way to make orders through the use cases, and a browser whose page is held
// against WCAG. What is outside (Stripe, mail, partners) answers as the test says.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import Koa from 'koa';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { sessionCookie } from '#adapters/dashboard/visit.ts';
import { peoplesPages } from '#adapters/pages/peoples-pages.ts';
import { partnerClient } from '#adapters/partner/partner-client.ts';
import { addAccount } from '#adapters/postgres/accounts.ts';
import { openSession, type Role, viewerOf } from '#adapters/postgres/dashboard/account-sessions.ts';
import type { DeliveryAnswer, FileStore } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { CheckoutFacts } from '#domain/payment.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  receivedEvent,
  recordingMailer,
  recordingPartner,
  type TestBooks,
  testBooks,
} from './books.ts';
import { deliverDue } from './deliver.ts';
import { newcomer } from './newcomer.ts';
import { paidCheckout } from './orders.ts';

/** Somebody with a session: `fetch` and forms as their browser would send them. */
export type SignedIn = {
  readonly cookie: string;
  readonly csrf: string;
  /** Redirections are not followed. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A form of the session's own page. */
  post(path: string, fields: Record<string, string>): Promise<Response>;
};

export type TestPages = {
  readonly books: TestBooks;
  readonly files: FileStore;
  readonly url: string;
  signIn(role: Role, email?: string): Promise<SignedIn>;
  /**
   * A paid checkout through all steps; partner and mail answer as told (accepted by default).
   * Returns the order's id. Each call is another payment, of `facts` where given.
   */
  sell(
    how?: Partial<CheckoutFacts> & {
      readonly partnerAnswer?: DeliveryAnswer;
      readonly mailAnswer?: DeliveryAnswer;
      /** Stops after recording: neither printed nor sent. */
      readonly recordOnly?: boolean;
    },
  ): Promise<number>;
  /** A browser's page of somebody signed in; fails the test when the browser complains. */
  open(
    browser: Browser,
    who: SignedIn,
    path: string,
    look?: BrowserContextOptions & { readonly mayComplain?: boolean },
  ): Promise<Page>;
  close(): Promise<void>;
};

/** Starts the pages; partner `fiscalia` exists. `changes`: what the test brings itself. */
export async function testPages(changes: Partial<DashboardNeeds> = {}): Promise<TestPages> {
  const books = await testBooks();
  await books.addPartner('fiscalia');
  let answer: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const files = memoryFiles();
  const partner = partnerClient({ timeoutMs: 5_000, allowInsecure: true, proxy: null });
  const silent = { error() {}, warn() {}, info() {} };
  const { db, transact, secrets, clock } = books;
  const needs: DashboardNeeds = {
    ...{ environment: 'staging', publicUrl: url, databaseUrl: books.url },
    ...{ db, transact, secrets, clock, files, partner },
    printer: { ...numberPrinter, warm: async () => {}, close: async () => {} },
    ...{ seller: books.base.seller, housePartner: null, allowInsecurePartnerUrls: true },
    ...{ personalDataDays: 1095, isStopping: () => false, log: silent },
    ...changes,
  };
  const pages = peoplesPages(needs);
  answer = new Koa().use(pages.middleware).callback();
  let sold = 0;

  async function signIn(role: Role, email = `${role}@example.fr`): Promise<SignedIn> {
    const account = { email, name: `Nadia ${role}`, role, passwordHash: '!' } as const;
    await addAccount(db, account, clock.now());
    const token = await openSession(db, { email, userAgent: 'test' }, clock.now());
    const viewer = await viewerOf(db, token, clock.now());
    const cookie = `${sessionCookie(url)}=${token}`;
    const csrf = viewer?.csrfToken ?? '';
    const redirect = 'manual';
    return {
      cookie,
      csrf,
      get: (path, headers = {}) => fetch(url + path, { redirect, headers: { cookie, ...headers } }),
      post: (path, fields) =>
        fetch(url + path, {
          ...{ redirect, method: 'POST', headers: { cookie, origin: url } },
          body: new URLSearchParams({ csrf, ...fields }),
        }),
    };
  }

  async function sell(how: Parameters<TestPages['sell']>[0] = {}): Promise<number> {
    const { partnerAnswer = ACCEPTED, mailAnswer = ACCEPTED, recordOnly = false, ...facts } = how;
    sold += 1;
    const event = receivedEvent({ id: `evt_sold_${sold}`, objectId: `cs_test_sold_${sold}` });
    const paid = paidCheckout({
      sessionId: `cs_test_sold_${sold}`,
      paymentIntentId: `pi_sold_${sold}`,
      ...facts,
    });
    const { partner: called } = recordingPartner(() => partnerAnswer);
    const { mailer } = recordingMailer(() => mailAnswer);
    const all = {
      ...books.base,
      ...{ partner: called, mailer, files, printer: numberPrinter, livemode: false },
      ...{ stripe: { read: async () => ({ facts: paid }) }, workerId: 'w1' },
      partnerDelaysMs: PARTNER_RETRY_DELAYS_MS,
    };
    await receiveEvent(all, event);
    await resolvePayment(all, event.id);
    const made = await db
      .selectFrom('orders as o')
      .innerJoin('invoice as i', 'i.order_id', 'o.id')
      .select(['o.id', 'i.number'])
      .where('o.event_id', '=', event.id)
      .executeTakeFirstOrThrow();
    if (!recordOnly) {
      await renderInvoice(all, made.number);
      await deliverDue(all);
    }
    return made.id;
  }

  return {
    books,
    files,
    url,
    signIn,
    sell,
    async open(browser, who, path, look = {}) {
      const page = await newcomer(browser, look);
      const [name = '', value = ''] = who.cookie.split('=');
      await page.context().addCookies([{ name, value, url }]);
      await page.goto(url + path);
      return page;
    },
    async close() {
      await pages.close();
      server.closeAllConnections();
      server.close();
      await partner.close();
      await books.close();
    },
  };
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds on the page as it stands: `rule: selector`, empty when nothing. */
export async function axeFaults(page: Page): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  // Frames of ours are sandboxed: it cannot look inside, and its try would be a complaint.
  const found = (await page.evaluate(
    `axe.run(document, { iframes: false, runOnly: { type: 'tag', values: ${JSON.stringify(TAGS)} } })
      .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((it) => it.target.join(' '))]))`,
  )) as [string, string[]][];
  return found.map(([id, targets]) => `${id}: ${targets.join(', ')}`);
}
