// The overview as operators meet it: one row a cause and no row without one, figures that the
// tables bear out, bars that lead to their lists, and buttons that only operators have. Ten who
// look ask once.

import { Client } from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sharedReading } from '#adapters/dashboard/shared-reading.ts';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';
import { recordMailEvent } from '#application/record-mail-event.ts';
import { REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser, untilSeen } from '#test/support/newcomer.ts';

let pages: TestPages;
let browser: Browser;
let nadia: SignedIn;
let worker: Client;
beforeAll(async () => {
  browser = await openBrowser(await makeDataFolder());
});
afterAll(() => browser?.close());
beforeEach(async () => {
  pages = await testPages();
  nadia = await pages.signIn('operator');
  // What the overview takes for a worker that lives.
  worker = new Client({ connectionString: pages.books.url });
  await worker.connect();
  await worker.query('select pg_advisory_lock_shared($1, 42)', [WORKER_LOCK_CLASS]);
});
afterEach(async () => {
  await worker.end().catch(() => {});
  await pages.close();
});

async function shown(path = '/dashboard', who = nadia): Promise<string> {
  const text = await (await who.get(path)).text();
  const main = text.slice(text.indexOf('<main'), text.indexOf('</main>'));
  return main.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&').replace(/\s+/g, ' ');
}

/** The page once it says this; a reading of the tables serves for a second. */
const untilShown = (words: string, path = '/dashboard') =>
  untilSeen(async () => {
    const page = await shown(path);
    return page.includes(words) ? page : null;
  });

const figure = (page: string, name: string) =>
  new RegExp(`<dt>${name}</dt><dd class="figure">(?:<a [^>]*>)?([^<]*)`).exec(page)?.[1];

async function looksWell(name: string, path = '/dashboard'): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const viewport = { width, height: 900 };
      const page = await pages.open(browser, nadia, path, { colorScheme, viewport });
      const table = page.locator('.chart summary');
      if ((await table.count()) > 0) await table.click();
      expect(await axeFaults(page)).toEqual([]);
      expect(await excessWidth(page)).toBe(0);
      if (process.env.SHOTS) {
        const file = `${process.env.SHOTS}/${name}-${colorScheme}-${width}.png`;
        await page.screenshot({ path: file, fullPage: true });
      }
      await page.context().close(); // before the server, whose end it would complain of
    }
  }
}

test('before the first payment all is well, and looks it', async () => {
  const page = await shown();
  expect(page).toContain('data-live-says>Tout est à jour</h1>');
  expect(page).toContain('Aucune commande pour l’instant.');
  expect(page).toContain('Rien n’attend personne.');
  await looksWell('overview-empty');
});

test('when no worker lives, the first row says so', async () => {
  await worker.end();
  const page = await untilShown('Aucun worker n’est en marche');
  expect(page).toContain('1 situation attend quelqu’un');
});

test('trouble is one row a cause, with its list; busy pages look well, too', async () => {
  const { clock } = pages.books;
  const refused = { partnerAnswer: REFUSED };
  for (let order = 1; order <= 3; order++) await pages.sell({ paidAt: clock.now() });
  for (let order = 1; order <= 3; order++) await pages.sell({ ...refused, paidAt: clock.now() });
  await pages.sell({ mailAnswer: REFUSED, paidAt: clock.now() });
  await pages.sell({ partnerAnswer: UNAVAILABLE, paidAt: clock.now() });
  const hostile = `<img src=x onerror=alert(1)>${'é'.repeat(120)}`;
  await pages.books.db.updateTable('partner').set({ name: hostile }).execute();

  const page = await untilShown('2 situations attendent quelqu’un');
  expect(page.match(/class="cause"/g)).toHaveLength(2);
  const list = '/dashboard/notifications?state=failed&channel=webhook&partner=fiscalia';
  expect(page).toContain(`href="${list}">3 notifications<`);
  expect(page).toContain(
    'href="/dashboard/notifications?state=failed&channel=email">1 notification<',
  );
  expect(page).toContain('>1 reprise</a> à venir');
  expect(page).toContain('data-countdown="2026-11-22T13:37:20.000Z"');
  expect(page).not.toContain('<img');
  expect(figure(page, 'Paiements reçus')).toBe('8');
  expect(figure(page, 'Montant TTC')?.replace(/\s/g, ' ')).toBe('799,92 €');
  expect(figure(page, 'Livrés du premier coup')?.replace(/\s/g, ' ')).toBe('68,7 %');
  expect(figure(page, 'Du paiement à l’e-mail')).toMatch(/^2.s$/);
  await looksWell('overview-full');
});

test('bars and table agree with the orders, in hours and in days', async () => {
  const { clock } = pages.books;
  await pages.sell({ paidAt: new Date(clock.now().getTime() - 3 * 86_400_000) });
  await pages.sell({ paidAt: new Date(clock.now().getTime() - 5 * 3_600_000) });
  await pages.sell({ partnerAnswer: REFUSED, paidAt: clock.now() });
  const hours = await untilShown('1 situation attend');
  expect(figure(hours, 'Paiements reçus')).toBe('2');
  expect(hours.match(/class="hit"/g)).toHaveLength(24);
  expect(hours.match(/class="bar-delivered"/g)).toHaveLength(1);
  expect(hours.match(/class="bar-failing"/g)).toHaveLength(1);
  expect(hours).toContain(
    '/dashboard/orders?state=attention&older=2026-11-22T14%3A00%3A00.000Z%7E0',
  );

  const days = await shown('/dashboard?span=7d');
  expect(figure(days, 'Paiements reçus')).toBe('3');
  expect(days.match(/class="hit"/g)).toHaveLength(7);
  expect(days).toContain(
    'href="/dashboard/orders?period=dates&from=2026-11-19&to=2026-11-19">1</a>',
  );
  expect(figure(await shown('/dashboard?span=30d'), 'Paiements reçus')).toBe('3');
});

test('a mail that came back is ticked off by an operator, once, with their name', async () => {
  const orderId = await pages.sell();
  const { db, base } = pages.books;
  const { id } = await db
    .selectFrom('notification')
    .select('id')
    .where('order_id', '=', orderId)
    .where('channel', '=', 'email')
    .executeTakeFirstOrThrow();
  const at = pages.books.clock.now();
  const told = { kind: 'bounced', detail: null, messageId: 'm1', at, sentAt: at } as const;
  await recordMailEvent(base, {
    ...told,
    notificationId: id,
    snsMessageId: 's1',
    needsPerson: true,
  });
  expect(await untilShown('E-mail revenu')).toContain(
    `href="/dashboard/orders/${orderId}">1 e-mail<`,
  );
  const reader = await pages.signIn('reader');
  expect(await shown('/dashboard', reader)).not.toContain('/returned-mails/note');
  expect((await reader.post('/dashboard/returned-mails/note', {})).status).toBe(403);

  await nadia.post('/dashboard/returned-mails/note', {});
  const noted = await shown();
  expect(noted).toContain('1 e-mail marqué comme vu.');
  expect(noted).toContain('Tout est à jour');
  const kept = await db
    .selectFrom('operator_action')
    .select(['actor', 'action', 'subject'])
    .where('action', '=', 'mail-return-noted')
    .execute();
  expect(kept).toEqual([
    { actor: 'operator@example.fr', action: 'mail-return-noted', subject: id },
  ]);
});

test('printings that were given up are begun again from their row', async () => {
  await pages.sell({ recordOnly: true });
  const { db, clock } = pages.books;
  const lease = { lease_token: crypto.randomUUID(), lease_holder: 'w', lease_until: clock.now() };
  const queued = db
    .updateTable('printing')
    .set({ state: 'printing', next_attempt_at: null, ...lease });
  await queued.execute();
  const ended = { lease_token: null, lease_holder: null, lease_until: null, ended_at: clock.now() };
  await db
    .updateTable('printing')
    .set({ state: 'failed', ...ended })
    .execute();
  expect(await untilShown('PDF en échec')).toContain('>1 document<');
  await nadia.post('/dashboard/prints/retry', {});
  expect(await shown()).toContain('Impression relancée');
  await nadia.post('/dashboard/prints/retry', {});
  expect(await shown()).toContain('rien n’a été relancé');
});

describe('one reading for all who look', () => {
  function reading(how: Partial<Parameters<typeof sharedReading>[1]> = {}) {
    let place = 'a';
    let reads = 0;
    const ask = sharedReading(
      async () => {
        reads += 1;
        const mine = reads;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return mine;
      },
      { lastsMs: () => 60_000, place: () => place, ...how },
    );
    const tell = () => {
      place += '+';
    };
    return { ask, tell };
  }

  test('ten at once ask once; after something was told, once more', async () => {
    const { ask, tell } = reading();
    expect(new Set(await Promise.all(Array.from({ length: 10 }, ask)))).toEqual(new Set([1]));
    tell();
    expect(await Promise.all([ask(), ask()])).toEqual([2, 2]);
  });

  test('what is told while it reads is in the answer of who asks afterwards', async () => {
    const { ask, tell } = reading();
    const before = ask();
    await Promise.resolve();
    tell();
    expect([await before, await ask()]).toEqual([1, 2]);
  });

  test('where it may be old, the answer before is given while a new one is made', async () => {
    const { ask } = reading({ mayBeOld: true, lastsMs: () => 0 });
    expect([await ask(), await ask()]).toEqual([1, 1]);
    await untilSeen(async () => ((await ask()) > 1 ? true : null));
  });

  test('a reading that fails is asked again', async () => {
    let fails = true;
    const ask = sharedReading(
      async () => {
        if (fails) throw new Error('away');
        return 1;
      },
      { lastsMs: () => 60_000 },
    );
    await expect(ask()).rejects.toThrow('away');
    fails = false;
    expect(await ask()).toBe(1);
  });
});
