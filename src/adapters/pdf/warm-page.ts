// A browser page that keeps the invoice's shell loaded and is refilled for each print: several times
// faster than a page per invoice. It runs no script of the document, sees no network, and can load
// nothing but data URIs; filling it is done from outside, through the debugging protocol. Two plain
// calls of that protocol a print, because Playwright's own cost a sixth more of both processes.

import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
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

/** Nobody looks at the screen, and laying out and painting for it took a fifth of the time. */
const ON_SCREEN = '@media screen{html{display:none}}';

/** Opens a page and loads the shell, typeface included. Throws when the browser is gone. */
export async function warmPage(browser: Browser, shell: string): Promise<WarmPage> {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    offline: true,
    serviceWorkers: 'block',
    acceptDownloads: false,
  });
  await context.route('**/*', (route) => route.abort());
  const page = await unwatchedPage(browser, context);
  await page.setContent(shell);
  await page.evaluate(prepare, ON_SCREEN);
  const home = page.url();
  const session = await context.newCDPSession(page);
  const close = async (): Promise<void> => {
    await context.close().catch(() => {});
  };
  // A call to a renderer that has died would wait for ever; closing makes it reject.
  page.on('crash', close);
  let prints = 0;
  return {
    browser,
    async print(filled) {
      prints += 1;
      if ((await patched(session, filled)) === 'broken') return 'broken-picture';
      const pdf = await toPdf(session);
      // A document that moved away prints something, but not the invoice.
      if (page.url() !== home) throw new Error(`the page went to ${page.url()}`);
      return pdf;
    },
    prints: () => prints,
    close,
  };
}

/**
 * A page that draws a frame when it is told to, which nobody does: drawing what nobody looks at cost an
 * eighth of each print. Only the headless shell has such pages, and Playwright does not ask for them.
 */
async function unwatchedPage(browser: Browser, context: BrowserContext): Promise<Page> {
  const usual = await context.newPage();
  const [own, ofBrowser] = await Promise.all([
    context.newCDPSession(usual),
    browser.newBrowserCDPSession(),
  ]);
  try {
    const { targetInfo } = await own.send('Target.getTargetInfo');
    const { browserContextId } = targetInfo;
    if (browserContextId === undefined) return usual;
    const opened = new Promise<Page>((resolve) => context.once('page', resolve));
    await ofBrowser.send('Target.createTarget', {
      ...{ url: 'about:blank', browserContextId, enableBeginFrameControl: true },
    });
    const page = await opened;
    await usual.close();
    return page;
  } catch (error) {
    if (!browser.isConnected()) throw error;
    return usual;
  } finally {
    await ofBrowser.detach().catch(() => {});
  }
}

async function patched(session: CDPSession, filled: FilledPage): Promise<'whole' | 'broken'> {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `(${patch})(${JSON.stringify({ ...filled, styleId: PATCHED_STYLE_ID })})`,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails !== undefined || !result.value) {
    const why = exceptionDetails?.exception?.description ?? 'it said nothing';
    throw new Error(`the page could not be filled: ${why}`);
  }
  return result.value;
}

async function toPdf(session: CDPSession): Promise<Uint8Array> {
  const { data } = await session.send('Page.printToPDF', {
    preferCSSPageSize: true,
    printBackground: true,
    generateTaggedPDF: true,
    transferMode: 'ReturnAsBase64',
  });
  return Buffer.from(data, 'base64');
}

// What the two functions below see of the page's world; the program itself has no DOM.
declare const document: {
  title: string;
  readonly head: { appendChild(element: { textContent: string }): void };
  readonly body: { innerHTML: string };
  readonly fonts: Iterable<{ load(): Promise<unknown> }>;
  readonly images: Iterable<{ decode(): Promise<void> }>;
  createElement(name: string): { textContent: string };
  getElementById(id: string): { textContent: string } | null;
};

// Faces load when a character first needs them, and a print does not wait for that: load them all.
async function prepare(style: string): Promise<void> {
  const element = document.createElement('style');
  element.textContent = style;
  document.head.appendChild(element);
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
