// A morning’s work in a browser that runs no script: in by the password, found, narrowed, turned over,
// retried, set aside, exported. Every page is forms and links first; the script only saves reloads.

import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REFUSED } from '#test/support/books.ts';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { holdPayment } from '#test/support/every-page.ts';
import { newcomer, openBrowser } from '#test/support/newcomer.ts';
import { paidCheckout } from '#test/support/orders.ts';
import { addPerson, PASSWORD } from '#test/support/stranger.ts';

/** One more than a page of a list holds. */
const ORDERS = 51;
const REFUSED_ORDER = 7;

let pages: TestPages;
let browser: Browser;
beforeAll(async () => {
  [pages, browser] = await Promise.all([testPages(), openBrowser(await makeDataFolder())]);
  const { db, clock } = pages.books;
  await addPerson(db, { email: 'nadia@example.fr', role: 'operator' }, clock.now());
  const { buyer } = paidCheckout();
  for (let n = 1; n <= ORDERS; n += 1) {
    const isRefused = n === REFUSED_ORDER;
    const sold = { buyer: { ...buyer, email: `client${n}@example.fr` } };
    await pages.sell(
      isRefused ? { ...sold, partnerAnswer: REFUSED } : { ...sold, recordOnly: true },
    );
  }
  await holdPayment(pages, { n: 1, unknown: 'fiscalia2' });
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
const follow = (page: Page, name: string | RegExp) =>
  page.getByRole('link', { name }).first().click();
const says = (page: Page, text: string | RegExp) => page.locator('main').getByText(text).waitFor();

test('everything that operators do works without script', { timeout: 120_000 }, async () => {
  // This Chromium has no viewer for the PDF in its frame, and breaks it off.
  const page = await newcomer(browser, { javaScriptEnabled: false, mayComplain: true });
  await signIn(page);
  await findAndRetry(page);
  await narrowAndTurn(page);
  await exportList(page);
  await dismiss(page);
  await page.locator('.me summary').click();
  await press(page, 'Se déconnecter');
  await page.waitForURL('**/dashboard/sign-in');
});

async function signIn(page: Page): Promise<void> {
  await page.goto(`${pages.url}/dashboard/orders`);
  await page.getByLabel('Adresse e-mail').fill('nadia@example.fr');
  await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await press(page, 'Se connecter');
  await page.waitForURL('**/dashboard/orders');
  // Nothing waits for a script that never comes: no button that would do nothing.
  const idle = page.locator('button[type=button]:visible');
  expect(await idle.allTextContents()).toEqual([]);
}

async function findAndRetry(page: Page): Promise<void> {
  await page.getByRole('searchbox').fill(`client${REFUSED_ORDER}@example.fr`);
  await page.getByRole('searchbox').press('Enter');
  await page.waitForURL(/\/dashboard\/orders\/\d+$/);
  await says(page, /a refusé la commande/);
  await press(page, 'Relancer le webhook');
  await page.locator('.notice', { hasText: 'Relance demandée à' }).waitFor();
  await page.locator('#situation .badges', { hasText: 'En attente' }).waitFor();
  expect(await page.getByRole('button', { name: 'Relancer le webhook' }).count()).toBe(0);
}

async function narrowAndTurn(page: Page): Promise<void> {
  await page.goto(`${pages.url}/dashboard/orders`);
  const rows = page.locator('#orders tr');
  expect(await rows.count()).toBe(ORDERS - 1);
  await follow(page, 'Plus anciennes');
  expect(await rows.count()).toBe(1);
  await follow(page, /^(Plus récentes|Les plus récentes)/);
  expect(await rows.count()).toBe(ORDERS - 1);
  await page.getByLabel('Nom ou e-mail').fill('client12@example.fr');
  await press(page, 'Filtrer');
  await page.waitForURL(/text=client12/);
  expect(await rows.count()).toBe(1);
  expect(await page.getByLabel('Nom ou e-mail').inputValue()).toBe('client12@example.fr');
}

async function exportList(page: Page): Promise<void> {
  const [file] = await Promise.all([page.waitForEvent('download'), follow(page, 'CSV')]);
  const text = await readFile(await file.path(), 'utf8');
  expect(file.suggestedFilename()).toMatch(/\.csv$/);
  expect(text.trim().split('\r\n')).toHaveLength(2);
  expect(text).toContain('client12@example.fr');
}

async function dismiss(page: Page): Promise<void> {
  await page.goto(`${pages.url}/dashboard/quarantine`);
  await page.getByText('Écarter…').click();
  await page.getByLabel('Pourquoi').fill('réglé par virement');
  await press(page, 'Écarter ce paiement');
  await page.locator('.notice').waitFor();
  await says(page, 'Rien en quarantaine');
  await says(page, 'réglé par virement');
}
