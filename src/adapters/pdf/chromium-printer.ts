// Prints invoices through one Chromium that stays open and a page that is refilled for each. The
// rules of its supervision: one print at a time in a page, ten seconds for it; after anything odd
// the page is thrown away and the print tried once more, after a silence the whole browser goes.
// Trouble is learnt from rejected calls, not from events, because a dead renderer sends none.

import type { InvoicePrinter, PrintedPdf } from '#application/ports.ts';
import type { Invoice } from '#domain/invoice.ts';
import type { Logo } from '#domain/partner.ts';
import { chromiumBinary } from './chromium-binary.ts';
import { type InvoicePage, invoicePage } from './invoice-page.ts';
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
  /** A page is replaced after so many prints, before its memory grows. Default 3,000. */
  readonly printsPerPage?: number;
};

type Limits = { readonly timeoutMs: number; readonly printsPerPage: number };

/** Loading the page is not printing: on a busy machine the first one may take its time. */
const LOAD_TIMEOUT_MS = 30_000;

/** Starts nothing until `warm` or the first print; reads template and typeface at once. */
export function chromiumPrinter(options: ChromiumPrinterOptions): ChromiumPrinter {
  const { pages = 1, timeoutMs = 10_000, printsPerPage = 3_000 } = options;
  const template = invoicePage();
  const browser = supervisedBrowser(() => chromiumBinary(options));
  const slots = Array.from({ length: pages }, () =>
    printSlot(browser, template, { timeoutMs, printsPerPage }),
  );
  return {
    async print(invoice, logo) {
      const slot = slots.reduce((best, it) => (it.waiting() < best.waiting() ? it : best));
      return await slot.print(invoice, logo);
    },
    async warm() {
      await Promise.all(slots.map((slot) => slot.warm()));
    },
    close: () => browser.close(),
  };
}

type PrintSlot = InvoicePrinter & {
  warm(): Promise<void>;
  /** Prints under way or queued here. */
  waiting(): number;
};

/** One warm page and the queue before it. */
function printSlot(browsers: SupervisedBrowser, template: InvoicePage, limits: Limits): PrintSlot {
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
    return await within(LOAD_TIMEOUT_MS, warmPage(browser, template.shell)).catch((cause) => {
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

  const attempt = async (invoice: Invoice, logo: Logo | null): Promise<PrintedPdf> => {
    const warm = await ready();
    try {
      const bytes = await within(limits.timeoutMs, printOn(warm, template, invoice, logo));
      const chromiumVersion = warm.browser.version();
      return { bytes, templateVersion: template.templateVersion, chromiumVersion };
    } catch (cause) {
      page = undefined;
      if (cause instanceof PrintTimeout) browsers.discard(warm.browser);
      else void warm.close();
      throw cause;
    }
  };

  return {
    print: (invoice, logo) =>
      inTurn(async () => {
        try {
          return await attempt(invoice, logo).catch((cause) => {
            if (cause instanceof PrintTimeout) throw cause;
            return attempt(invoice, logo);
          });
        } catch (cause) {
          throw new Error(`invoice ${invoice.number} could not be printed`, { cause });
        }
      }),
    warm: () =>
      inTurn(async () => {
        await ready();
      }),
    waiting: () => waiting,
  };
}

async function printOn(
  page: WarmPage,
  template: InvoicePage,
  invoice: Invoice,
  logo: Logo | null,
): Promise<Uint8Array> {
  const printed = await page.print(template.fill(invoice, logo));
  if (printed !== 'broken-picture') return printed;
  // A logo that no longer decodes must not hold the customer's invoice back.
  const plain = await page.print(template.fill(invoice, null));
  if (plain === 'broken-picture') throw new Error('a page without a logo has a broken picture');
  return plain;
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
