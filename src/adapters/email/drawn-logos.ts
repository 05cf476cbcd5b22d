// Logos that a mail cannot carry as they are (SVG, heavy PNG), drawn once a process by a Chromium of
// their own that ends right after. Once and not at each mail, because launching takes a third of a
// second; here and not where partners are saved, so that logos saved before, or by another way, are
// shown too. The white ground is part of the picture: no reader's dark scheme can take it away.

import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Browser } from 'playwright-core';
import { chromiumBinary } from '#adapters/pdf/chromium-binary.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import type { Logo } from '#domain/partner.ts';
import { LOGO_BYTES_MAX, lightLogo, logoBox, type MailLogo, type MailLogos } from './mail-logo.ts';

export type DrawnLogosOptions = {
  /** CHROMIUM_PATH: another Chromium than the npm package's. */
  readonly executablePath?: string | undefined;
  /** Where the npm package's Chromium is unpacked, once (see `chromiumCacheDir`). */
  readonly cacheDir: string;
  /** Told of a logo that could not be drawn; the mail says the partner's name instead. */
  readonly onFailure: (error: unknown) => void;
  /** Time until a logo is drawn, wait and launch included. Default 15 s. */
  readonly timeoutMs?: number;
};

const KEPT_MAX = 200;
const RETRY_AFTER_MS = 600_000;
// Sharp on dense screens if it is light enough, else coarser, else not at all.
const DENSITIES = [2, 1.5, 1];

/** Launches nothing until a logo asks for it. Logos are known by their bytes, 200 at most. */
export function drawnLogos(options: DrawnLogosOptions): MailLogos {
  const { onFailure, timeoutMs = 15_000 } = options;
  const browsers = supervisedBrowser(() => chromiumBinary(options));
  const kept = new Map<string, { readonly drawn: Promise<MailLogo | null>; until: number }>();
  let last: Promise<unknown> = Promise.resolve();

  const drawInTurn = (logo: Logo): Promise<MailLogo | null> => {
    const turn = last.then(async () => {
      const browser = await browsers.get();
      try {
        return await within(timeoutMs, drawLogo(browser, logo));
      } finally {
        browsers.discard(browser);
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };

  const remember = (key: string, logo: Logo): Promise<MailLogo | null> => {
    const entry = {
      until: Number.POSITIVE_INFINITY,
      // The wait for one's turn counts: a mail has a lease that must not run out over its logo.
      drawn: within(timeoutMs, drawInTurn(logo)).catch((error: unknown) => {
        entry.until = performance.now() + RETRY_AFTER_MS;
        onFailure(error);
        return null;
      }),
    };
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return entry.drawn;
  };

  return {
    async of(logo) {
      if (logo === null) return null;
      const light = lightLogo(logo);
      if (light !== null) return light;
      const key = createHash('sha256').update(logo.bytes).digest('hex');
      const known = kept.get(key);
      return known && performance.now() < known.until ? known.drawn : remember(key, logo);
    },
    close: () => browsers.close(),
  };
}

// What the functions below see of the page's world; the program itself has no DOM.
declare const document: {
  querySelector(selector: 'img'): {
    decode(): Promise<void>;
    readonly naturalWidth: number;
    readonly naturalHeight: number;
    width: number;
    height: number;
  };
};

async function drawLogo(browser: Browser, logo: Logo): Promise<MailLogo | null> {
  for (const deviceScaleFactor of DENSITIES) {
    const context = await browser.newContext({
      deviceScaleFactor,
      viewport: { width: 400, height: 100 },
      colorScheme: 'light',
      javaScriptEnabled: false,
      offline: true,
      serviceWorkers: 'block',
      acceptDownloads: false,
    });
    await context.route('**/*', (route) => route.abort());
    const page = await context.newPage();
    const source = `data:${logo.mediaType};base64,${Buffer.from(logo.bytes).toString('base64')}`;
    await page.setContent(
      `<!doctype html><style>body{margin:0;background:#fff}img{display:block}</style><img src="${source}">`,
    );
    const natural = await page.evaluate(naturalSize);
    // A drawing has no pixels to run out of; a photograph has.
    const scaleMax = logo.mediaType === 'image/png' ? 0.5 : Number.POSITIVE_INFINITY;
    const box = logoBox(natural.width, natural.height, scaleMax);
    await page.evaluate(resize, box);
    const bytes = await page.screenshot({ clip: { x: 0, y: 0, ...box } });
    await context.close();
    if (bytes.length <= LOGO_BYTES_MAX) return { bytes, ...box };
  }
  return null;
}

/** Throws when the picture cannot be decoded. */
async function naturalSize(): Promise<{ readonly width: number; readonly height: number }> {
  const image = document.querySelector('img');
  await image.decode();
  return { width: image.naturalWidth || 300, height: image.naturalHeight || 150 };
}

function resize(box: { readonly width: number; readonly height: number }): void {
  const image = document.querySelector('img');
  image.width = box.width;
  image.height = box.height;
}

/** The work's result, or an Error after so many milliseconds; the work itself goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`no logo was drawn within ${ms} ms`)), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
