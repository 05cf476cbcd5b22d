// Pages that show what happens while it happens, in a real browser over real tables: what arrives
// without a reload and what stays where it was, a server that stops and comes back, tabs that are
// not looked at, sessions that end. `LIVE_OPENINGS=30` opens the stream as often as that.

import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeSession } from '#adapters/postgres/dashboard/account-sessions.ts';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';
import { REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { openBrowser, untilSeen } from '#test/support/newcomer.ts';

const OPENINGS = Number(process.env.LIVE_OPENINGS ?? 6);
const MAY_COMPLAIN = { mayComplain: true };
let pages: TestPages;
let browser: Browser;
let who: SignedIn;
beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});
beforeEach(async () => {
  who = await pages.signIn('operator');
});

type Look = BrowserContextOptions & { readonly mayComplain?: boolean };

/** The page, once its stream has said its first word. */
async function live(path = '/dashboard', look: Look = {}): Promise<Page> {
  const page = await pages.open(browser, who, path, look);
  await lineSays(page, /^En direct/);
  return page;
}

function lineSays(page: Page, words: RegExp): Promise<string> {
  return untilSeen(async () => {
    const text = (await page.textContent('#line')) ?? '';
    return words.test(text) ? text : null;
  });
}

/** Waits until the script's expression is true in the page. */
function untilTrue(page: Page, expression: string): Promise<boolean> {
  return untilSeen(async () => ((await page.evaluate(expression)) ? true : null));
}

const received = (page: Page) => page.textContent('.figures div:first-child dd');

function hide(page: Page, isHidden: boolean): Promise<unknown> {
  return page.evaluate(`Object.defineProperty(document, 'hidden', {
      configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'))`);
}

test('the stream opens every time', async () => {
  const page = await live();
  for (let opened = 1; opened < OPENINGS; opened++) {
    await page.reload();
    await lineSays(page, /^En direct/);
  }
});

test('what is sold appears, and what the reader holds stays where it is', async () => {
  await pages.sell();
  const page = await live('/dashboard', { viewport: { width: 1000, height: 400 } });
  const before = await received(page);
  await page.locator('.chart summary').click();
  const row = page.locator('.chart tbody tr:nth-child(2) a').first();
  await row.focus();
  await page.evaluate(`getSelection().selectAllChildren(document.querySelector('#machines-title'));
    document.querySelector('#q').value = 'FQCA-'; scrollTo(0, 300)`);
  await pages.sell();
  await untilSeen(async () => ((await received(page)) === before ? null : true));
  expect(
    await page.evaluate(`[
    document.querySelector('.chart details').open,
    document.activeElement === document.querySelector('.chart tbody tr:nth-child(2) a'),
    String(getSelection()), document.querySelector('#q').value, scrollY,
  ]`),
  ).toEqual([true, true, 'Machines', 'FQCA-', 300]);
});

test('nothing moves under the pointer: a new row waits until it has left', async () => {
  const worker = await connectedWorker();
  await pages.sell({ mailAnswer: REFUSED });
  const page = await live();
  const rows = () => page.locator('#causes > li').count();
  const before = await rows();
  const last = page.locator('#causes > li').last();
  await last.hover();
  const place = (await last.boundingBox())?.y;
  await worker.end();
  await pages.sell();
  await untilTrue(page, 'held.size > 0');
  expect(await rows()).toBe(before);
  expect((await last.boundingBox())?.y).toBe(place);
  await page.mouse.move(5, 5);
  await untilSeen(async () => ((await rows()) > before ? true : null));
  expect(await page.textContent('#causes > li:first-child')).toContain('Aucun worker');
});

test('a list counts what is new and shows it on demand', async () => {
  const page = await live('/dashboard/orders');
  const first = await page.getAttribute('#orders tr:first-child', 'id');
  await pages.sell();
  const sold = await pages.sell();
  const link = page.locator('#orders-news a');
  await untilSeen(async () => ((await link.count()) > 0 ? true : null));
  await page.getByText('2 nouvelles commandes – Afficher').waitFor();
  expect(await page.getAttribute('#orders tr:first-child', 'id')).toBe(first);
  await link.click();
  await page.locator(`#o${sold}`).waitFor();
});

test('what changes is read out, once in ten seconds at most', async () => {
  const page = await live();
  await page.evaluate('announce("un"); announce("deux")');
  await page.locator('#said', { hasText: 'deux' }).waitFor({ state: 'attached' });
  await page.evaluate('announce("trois")');
  const waits = await page.evaluate('[isReadingOut, document.querySelector("#said").textContent]');
  expect(waits).toEqual([true, 'deux']);
});

test('a page that was paused says so, and catches up', async () => {
  const page = await live();
  const before = await received(page);
  await page.getByRole('button', { name: 'Suspendre' }).click();
  await lineSays(page, /^En pause/);
  await pages.sell();
  expect(await received(page)).toBe(before);
  await page.getByRole('button', { name: 'Reprendre' }).click();
  await lineSays(page, /^En direct/);
  await untilSeen(async () => ((await received(page)) === before ? null : true));
});

test('tabs that are not looked at close their streams, and a ninth one still loads', async () => {
  const first = await live();
  const context = first.context();
  for (let tab = 1; tab <= 8; tab++) {
    const page = await context.newPage();
    await page.goto(`${pages.url}/dashboard`);
    await lineSays(page, /^En direct/);
    await hide(page, true);
    expect(await page.evaluate('stream')).toBe(null);
  }
  const ninth = await context.newPage();
  await ninth.goto(`${pages.url}/dashboard`);
  await lineSays(ninth, /^En direct/);
  const [second] = context.pages().slice(1);
  await hide(second as Page, false);
  await untilTrue(second as Page, 'stream !== null && heardAt > 0');
});

test('a server that stops is told at once; when it is back, the page looks once', async () => {
  const door = await doorTo(Number(new URL(pages.url).port));
  const page = await live('/dashboard', MAY_COMPLAIN);
  await page.goto(`http://localhost:${door.port}/dashboard`);
  await lineSays(page, /^En direct/);
  await untilTrue(page, 'refreshing === null');
  let looks = 0;
  page.on('requestfinished', (request) => {
    if (request.headers()['x-live']) looks += 1;
  });
  const before = await received(page);
  await door.shut();
  const told = await lineSays(page, /^Connexion interrompue/);
  expect(told).toMatch(/: données de \d\d:\d\d:\d\d, nouvel essai dans 5\u00A0s$/);
  await pages.sell();
  await door.open();
  await untilSeen(async () => ((await received(page)) === before ? null : true));
  await lineSays(page, /^En direct/);
  await untilTrue(page, 'refreshing === null && stream !== null');
  expect(looks).toBe(1);
  await door.shut();
});

test('when the session ends, the page says so and rests', async () => {
  const page = await live('/dashboard', MAY_COMPLAIN);
  const token = who.cookie.split('=')[1] ?? '';
  await closeSession(pages.books.db, token);
  await page.locator('#notice', { hasText: 'Votre session est terminée' }).waitFor();
  expect(await page.evaluate('[over, stream]')).toEqual([true, null]);
  await page.getByRole('link', { name: 'Se reconnecter' }).click();
  await page.waitForURL('**/dashboard/sign-in?next=%2Fdashboard');
});

test('a next try is counted down to', async () => {
  await pages.sell({ partnerAnswer: UNAVAILABLE });
  const page = await live();
  await page.locator('#going [data-countdown]').first().waitFor();
});

/** What the overview takes for a worker that lives; it dies with `end`. */
async function connectedWorker(): Promise<Client> {
  const client = new Client({ connectionString: pages.books.url });
  await client.connect();
  await client.query('select pg_advisory_lock_shared($1, 42)', [WORKER_LOCK_CLASS]);
  return client;
}

/** A door in front of a port of this machine, to be shut and opened again. */
async function doorTo(port: number) {
  const sockets = new Set<Socket>();
  let own = 0;
  let server: Server;
  async function open(): Promise<void> {
    server = createServer((socket) => {
      const inner = connectSocket(port, 'localhost');
      for (const it of [socket, inner]) {
        sockets.add(it);
        it.on('error', () => {}).on('close', () => {
          sockets.delete(it);
          (it === socket ? inner : socket).destroy();
        });
      }
      socket.pipe(inner).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(own, 'localhost', resolve));
    const address = server.address();
    own = typeof address === 'object' && address ? address.port : 0;
  }
  await open();
  return {
    port: own,
    open,
    async shut(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
