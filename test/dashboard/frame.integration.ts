// The frame of the dashboard as a person meets it: the five places, keys, no fault of accessibility, light
// and dark, wide and narrow, and nothing that the policy blocks.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFaults, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser, untilSeen } from '#test/support/newcomer.ts';

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

test('who is not signed in is led to the sign-in page, and would be led back', async () => {
  const answer = await fetch(`${pages.url}/dashboard/orders?etat=failed`, { redirect: 'manual' });
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toBe(
    '/dashboard/sign-in?next=%2Fdashboard%2Forders%3Fetat%3Dfailed',
  );
});

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('the frame has no fault (%s, %i px)', async (colorScheme, width) => {
  const who = await pages.signIn('admin');
  const viewport = { width, height: 800 };
  const page = await pages.open(browser, who, '/dashboard', { colorScheme, viewport });
  expect(await axeFaults(page)).toEqual([]);
  expect(await excessWidth(page)).toBe(0);
});

test('keys lead to the places, to the search and to their own help', async () => {
  const page = await pages.open(browser, await pages.signIn('reader'), '/dashboard');
  await page.keyboard.press('/');
  expect(await page.evaluate('document.activeElement.id')).toBe('q');
  await page.keyboard.press('Escape');
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('?');
  await page.locator('#keys[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#keys[open]').waitFor({ state: 'detached' });
  await page.evaluate('window.isOld = true');
  await untilSeen(async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('v');
    // In the moment between two pages there is nothing to ask.
    const isNew = await page.evaluate('window.isOld !== true').catch(() => false);
    return isNew ? true : null;
  });
});
