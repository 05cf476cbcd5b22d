// A browser page that keeps the invoice's shell loaded and is refilled for each print: several times
// faster than a page per invoice. It runs no script of the document, sees no network, and can load
// nothing but data URIs; filling it is done from outside, through the debugging protocol.

import type { Browser, Page } from 'playwright-core';
import { type FilledPage, PATCHED_STYLE_ID } from './invoice-page.ts';

export type WarmPage = {
  readonly browser: Browser;
  /** The PDF of the filled page; `broken-picture` when an image in it cannot be decoded. */
  print(filled: FilledPage): Promise<Uint8Array | 'broken-picture'>;
  /** How many prints it has made. */
  prints(): number;
  /** Closes the page. Never throws, for a page is also closed because it is broken. */
  close(): Promise<void>;
};

/** Opens a page and loads the shell, typeface included. Throws when the browser is gone. */
export async function warmPage(browser: Browser, shell: string): Promise<WarmPage> {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    offline: true,
    serviceWorkers: 'block',
    acceptDownloads: false,
  });
  await context.route('**/*', (route) => route.abort());
  const page = await context.newPage();
  await page.setContent(shell);
  await page.evaluate(loadFonts);
  const home = page.url();
  let prints = 0;
  return {
    browser,
    async print(filled) {
      prints += 1;
      const pictures = await page.evaluate(patch, { ...filled, styleId: PATCHED_STYLE_ID });
      if (pictures === 'broken') return 'broken-picture';
      const pdf = await toPdf(page);
      // A document that moved away prints something, but not the invoice.
      if (page.url() !== home) throw new Error(`the page went to ${page.url()}`);
      return pdf;
    },
    prints: () => prints,
    async close() {
      await context.close().catch(() => {});
    },
  };
}

function toPdf(page: Page): Promise<Uint8Array> {
  return page.pdf({
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: false,
  });
}

// What the two functions below see of the page's world; the program itself has no DOM.
declare const document: {
  title: string;
  readonly body: { innerHTML: string };
  readonly fonts: Iterable<{ load(): Promise<unknown> }>;
  readonly images: Iterable<{ decode(): Promise<void> }>;
  getElementById(id: string): { textContent: string } | null;
};

// Faces load when a character first needs them, and a print does not wait for that: load them all.
async function loadFonts(): Promise<void> {
  await Promise.all(Array.from(document.fonts, (face) => face.load()));
}

async function patch(filled: FilledPage & { styleId: string }): Promise<'whole' | 'broken'> {
  const style = document.getElementById(filled.styleId);
  if (style === null) throw new Error('the shell has lost its style element');
  document.title = filled.title;
  style.textContent = filled.style;
  document.body.innerHTML = filled.body;
  const decoded = Array.from(document.images, (image) => image.decode());
  return await Promise.all(decoded).then(
    () => 'whole',
    () => 'broken',
  );
}
