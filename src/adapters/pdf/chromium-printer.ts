// Prints invoices through one Chromium that stays open and a page that is refilled for each, and
// finishes them as Factur-X. The rules of its supervision: one print at a time in a page, ten seconds
// for it; after anything odd the page is thrown away and the print tried once more, after a silence
// the whole browser goes. Trouble is learnt from calls that reject, and from nothing else.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { facturXml } from '#adapters/facturx/factur-x.ts';
import type { InvoicePrinter } from '#application/ports.ts';
import { chromiumBinary } from './chromium-binary.ts';
import { type FilledPage, invoicePage } from './invoice-page.ts';
import { pdfA3 } from './pdf-a3.ts';
import { printVersion } from './print-version.ts';
import { type SupervisedBrowser, supervisedBrowser } from './supervised-browser.ts';
import { type WarmPage, warmPage } from './warm-page.ts';

export type ChromiumPrinter = InvoicePrinter & {
  /** Launches the browser and loads its pages, so that the first print is as fast as the others. */
  warm(): Promise<void>;
  /** Ends the browser. A print that still waits is refused. */
  close(): Promise<void>;
};

export type ChromiumPrinterOptions = {
  /** CHROMIUM_PATH: another Chromium than the npm package's. */
  readonly executablePath?: string | undefined;
  /** Where the npm package's Chromium is unpacked, once (see `chromiumCacheDir`). */
  readonly cacheDir: string;
  /** Pages that print side by side, about one a core. Default 1. */
  readonly pages?: number;
  /** The time one print may take before its browser is given up. Default 10 s. */
  readonly timeoutMs?: number;
  /** A page is replaced after so many prints, before its memory grows. Default 1,000. */
  readonly printsPerPage?: number;
};

type Limits = { readonly timeoutMs: number; readonly printsPerPage: number };

/** Loading the page is not printing: on a busy machine the first one may take its time. */
const LOAD_TIMEOUT_MS = 30_000;

/**
 * Its PDFs are PDF/A-3 with the Factur-X XML inside; `templateVersion` changes with whatever shapes
 * them. Starts nothing until `warm` or the first print; reads template and typeface at once.
 */
export function chromiumPrinter(options: ChromiumPrinterOptions): ChromiumPrinter {
  const { pages = 1, timeoutMs = 10_000, printsPerPage = 1_000 } = options;
  const template = invoicePage();
  const templateVersion = printVersion(template);
  const browser = supervisedBrowser(() => chromiumBinary(options));
  const slots = Array.from({ length: pages }, () =>
    printSlot(browser, template.shell, { timeoutMs, printsPerPage }),
  );
  return {
    async print(document, logo) {
      try {
        // Before the page is free, so that it never waits for us; and a document that cannot be
        // explained costs no print.
        const facturX = facturXml(document);
        const filled = template.fill(document, logo);
        const slot = slots.reduce((best, it) => (it.waiting() < best.waiting() ? it : best));
        const { title, pdf, chromiumVersion } = await slot.print(filled, () =>
          template.fill(document, null),
        );
        await nextPageOrdered();
        const { issuedAt, seller } = document;
        const bytes = pdfA3(pdf, { title, author: seller.name, issuedAt, facturX });
        return { bytes, templateVersion, chromiumVersion };
      } catch (cause) {
        throw new Error(`${document.number} could not be printed`, { cause });
      }
    },
    async warm() {
      await Promise.all(slots.map((slot) => slot.warm()));
    },
    close: () => browser.close(),
  };
}

/** As Chromium made it. */
type PlainPdf = {
  readonly title: string;
  readonly pdf: Uint8Array;
  readonly chromiumVersion: string;
};

type PrintSlot = {
  /** `withoutLogo` is printed instead when a picture of the page is broken. */
  print(filled: FilledPage, withoutLogo: () => FilledPage): Promise<PlainPdf>;
  warm(): Promise<void>;
  /** Prints under way or queued here. */
  waiting(): number;
};

/** One warm page and the queue before it. */
function printSlot(browsers: SupervisedBrowser, shell: string, limits: Limits): PrintSlot {
  let page: WarmPage | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    waiting += 1;
    const turn = last.then(work).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => {});
    return turn;
  };

  const load = async (): Promise<WarmPage> => {
    const browser = await browsers.get();
    return await within(LOAD_TIMEOUT_MS, warmPage(browser, shell)).catch((cause) => {
      browsers.discard(browser);
      throw cause;
    });
  };

  const ready = async (): Promise<WarmPage> => {
    if (page?.browser.isConnected() && page.prints() < limits.printsPerPage) return page;
    void page?.close();
    page = undefined;
    // Twice, because the browser at hand may have died without our hearing of it yet.
    page = await load().catch(load);
    return page;
  };

  const attempt: PrintSlot['print'] = async (filled, withoutLogo) => {
    const warm = await ready();
    try {
      const printed = await within(limits.timeoutMs, printOn(warm, filled, withoutLogo));
      return { ...printed, chromiumVersion: warm.browser.version() };
    } catch (cause) {
      page = undefined;
      if (cause instanceof PrintTimeout) browsers.discard(warm.browser);
      else void warm.close();
      throw cause;
    }
  };

  return {
    print: (filled, withoutLogo) =>
      inTurn(() =>
        attempt(filled, withoutLogo).catch((cause) => {
          if (cause instanceof PrintTimeout) throw cause;
          return attempt(filled, withoutLogo);
        }),
      ),
    warm: () =>
      inTurn(async () => {
        await ready();
      }),
    waiting: () => waiting,
  };
}

async function printOn(
  page: WarmPage,
  filled: FilledPage,
  withoutLogo: () => FilledPage,
): Promise<Omit<PlainPdf, 'chromiumVersion'>> {
  const pdf = await page.print(filled);
  if (pdf !== 'broken-picture') return { title: filled.title, pdf };
  // A logo that no longer decodes must not hold the customer's invoice back.
  const plain = withoutLogo();
  const whole = await page.print(plain);
  if (whole === 'broken-picture') throw new Error('a page without a logo has a broken picture');
  return { title: plain.title, pdf: whole };
}

/**
 * Two turns of the event loop, in which the page's next order has left for Chromium: it then draws
 * that one while we finish this one. Playwright passes a call on in the turn after it was made.
 */
async function nextPageOrdered(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

class PrintTimeout extends Error {}

/** The work's result, or PrintTimeout after so many milliseconds; the work itself goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new PrintTimeout(`nothing came within ${ms} ms`)), ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
