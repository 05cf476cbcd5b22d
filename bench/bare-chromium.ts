// The yardsticks of the whole path: the same page, filled and printed by Chromium and nothing else, in
// as many kept pages as one likes. What is missing to a finished, recorded, delivered invoice is what
// the program costs. Two of them: `plain` does it with the calls that Playwright's documentation names,
// `own` with the program's own warm page, whose shortcuts are part of what is measured against the first.

import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { type FilledPage, invoicePage, PATCHED_STYLE_ID } from '#adapters/pdf/invoice-page.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import { warmPage } from '#adapters/pdf/warm-page.ts';
import type { LegalDocument } from '#domain/invoice.ts';

export type BareChromium = {
  /** PDFs a second over so many seconds, with so many pages at work side by side. */
  rate(way: Way, pages: number, seconds: number): Promise<number>;
  close(): Promise<void>;
};

export const WAYS = ['plain', 'own'] as const;
export type Way = (typeof WAYS)[number];

type Opened = { print(): Promise<unknown> };

/** Opens the browser and up to `pagesMax` pages of each kind; `folder` is where its binary is unpacked. */
export async function bareChromium(
  document: LegalDocument,
  options: { readonly folder: string; readonly pagesMax: number },
): Promise<BareChromium> {
  const template = invoicePage();
  const filled = template.fill(document, null);
  const cacheDir = await chromiumCacheDir(options.folder);
  const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
  const browser = await browsers.get();
  const all = Array.from({ length: options.pagesMax });
  const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
  const plain = async (): Promise<Opened> => {
    const page = await context.newPage();
    await page.setContent(template.shell);
    return {
      async print() {
        await page.evaluate(fill, [filled, PATCHED_STYLE_ID] as const);
        await page.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true });
      },
    };
  };
  const own = async (): Promise<Opened> => {
    const page = await warmPage(browser, template.shell);
    return {
      async print() {
        if ((await page.print(filled)) === 'broken-picture') throw new Error('no picture here');
      },
    };
  };
  const opened: Record<Way, readonly Opened[]> = {
    plain: await Promise.all(all.map(plain)),
    own: await Promise.all(all.map(own)),
  };
  return {
    async rate(way, pages, seconds) {
      const startedAt = performance.now();
      const until = startedAt + seconds * 1000;
      let printed = 0;
      const work = async (page: Opened): Promise<void> => {
        while (performance.now() < until) {
          await page.print();
          printed += 1;
        }
      };
      await Promise.all(opened[way].slice(0, pages).map(work));
      return (printed * 1000) / (performance.now() - startedAt);
    },
    close: () => browsers.close(),
  };
}

// What the page's world has of a document; the bench itself has none.
declare const document: {
  title: string;
  readonly body: { innerHTML: string };
  getElementById(id: string): { textContent: string };
};

function fill([filled, styleId]: readonly [FilledPage, string]): void {
  document.title = filled.title;
  document.getElementById(styleId).textContent = filled.style;
  document.body.innerHTML = filled.body;
}
