// A person's browser for tests of pages: the Chromium that prints the invoices. Whatever it complains
// about (a blocked resource, an error in the console, a request that failed) fails the test, because
// nobody else would ever read it.

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';

const ABORTED = 'net::ERR_ABORTED';

/** A browser for a whole file; to be closed after all. `dataDir` is where it may unpack itself. */
export async function openBrowser(dataDir: string): Promise<Browser> {
  const { executablePath, env } = await chromiumBinary({
    cacheDir: await chromiumCacheDir(dataDir),
  });
  return chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
}

/** A page for one test, which fails when the page gives the browser cause to complain. */
export async function newcomer(
  browser: Browser,
  options: BrowserContextOptions & { readonly mayComplain?: boolean } = {},
): Promise<Page> {
  const { mayComplain = false, ...look } = options;
  const context = await browser.newContext(look);
  // Machines that do other work are slow; nobody waits this long for a page that works.
  context.setDefaultTimeout(55_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    // A stream ends when its page is left, and so does a look at what has changed.
    const isLook = 'x-live' in request.headers() && request.failure()?.errorText === ABORTED;
    if (request.resourceType() === 'eventsource' || isLook) return;
    complaints.push(`failed: ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    if (!mayComplain) expect(complaints).toEqual([]);
  });
  return page;
}

/** How many pixels the page is wider than its window: 0, or a phone scrolls sideways. */
export async function excessWidth(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
}

/** Looks until something is seen. Throws after 10 s. */
export async function untilSeen<T>(look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const seen = await look();
    if (seen !== null) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It did not come about in 10 s');
}
