// The yardstick of the whole path: the same page, filled and printed by Chromium and nothing else, in
// as many warm pages as one likes. What is missing to a finished, recorded, delivered invoice is what
// the program costs.

import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import { warmPage } from '#adapters/pdf/warm-page.ts';
import type { LegalDocument } from '#domain/invoice.ts';

export type BareChromium = {
  /** PDFs a second over so many seconds, with so many pages at work side by side. */
  rate(pages: number, seconds: number): Promise<number>;
  close(): Promise<void>;
};

/** Opens the browser and up to `pagesMax` pages; `folder` is where its binary is unpacked. */
export async function bareChromium(
  document: LegalDocument,
  options: { readonly folder: string; readonly pagesMax: number },
): Promise<BareChromium> {
  const template = invoicePage();
  const filled = template.fill(document, null);
  const cacheDir = await chromiumCacheDir(options.folder);
  const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
  const browser = await browsers.get();
  const opened = await Promise.all(
    Array.from({ length: options.pagesMax }, () => warmPage(browser, template.shell)),
  );
  return {
    async rate(pages, seconds) {
      const startedAt = performance.now();
      const until = startedAt + seconds * 1000;
      let printed = 0;
      const work = async (page: (typeof opened)[number]): Promise<void> => {
        while (performance.now() < until) {
          if ((await page.print(filled)) === 'broken-picture') throw new Error('no picture here');
          printed += 1;
        }
      };
      await Promise.all(opened.slice(0, pages).map(work));
      return (printed * 1000) / (performance.now() - startedAt);
    },
    close: () => browsers.close(),
  };
}
