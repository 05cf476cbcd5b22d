// One Chromium per process, launched when first needed and again whenever it is gone. It holds no
// page: who prints asks for the browser each time and says when it no longer trusts it. Launching
// takes about 60 ms, so giving a browser up too early is cheap and keeping a sick one is not.

import type { Browser } from 'playwright-core';
import { browserDriver } from './browser-driver.ts';
import type { ChromiumBinary } from './chromium-binary.ts';

export type SupervisedBrowser = {
  /** The browser, launched if need be; callers at the same time share one launch. */
  get(): Promise<Browser>;
  /** Gives this browser up: the next `get` launches another. Does not wait for its end. */
  discard(browser: Browser): void;
  /** Ends the browser; `get` throws from now on. */
  close(): Promise<void>;
};

// Nothing that calls home, and no hinting, which would depend on the machine. Never
// --single-process: the whole browser then dies with its first closed context.
const ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-webgl',
  '--font-render-hinting=none',
  '--no-pings',
];
const LAUNCH_TIMEOUT_MS = 30_000;

/** Launches nothing yet. `binary` is asked once; a failure is forgotten and asked again. */
export function supervisedBrowser(binary: () => Promise<ChromiumBinary>): SupervisedBrowser {
  let launching: Promise<Browser> | undefined;
  let running: Browser | undefined;
  let closed = false;

  const forget = (browser?: Browser): void => {
    if (browser !== running) return;
    launching = undefined;
    running = undefined;
  };

  const launch = async (): Promise<Browser> => {
    const [{ executablePath, env }, driver] = await Promise.all([binary(), browserDriver()]);
    const browser = await driver.launch({
      executablePath,
      env,
      args: ARGUMENTS,
      timeout: LAUNCH_TIMEOUT_MS,
      // As root, and in most containers, Chromium's own sandbox cannot start. What it guards
      // against is kept out by loading nothing but our own markup, scripts and network off.
      chromiumSandbox: false,
      // Ctrl-C reaches the browser too, and must not end it before the prints under way.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    running = browser;
    browser.on('disconnected', () => forget(browser));
    return browser;
  };

  return {
    get() {
      if (closed) return Promise.reject(new Error('the invoice printer is closed'));
      launching ??= launch().catch((cause: unknown) => {
        forget();
        throw new Error('Chromium n’a pas pu être lancé.', { cause });
      });
      return launching;
    },
    discard(browser) {
      forget(browser);
      // A browser that hangs is killed by Playwright after a while; nobody waits for that.
      void browser.close().catch(() => {});
    },
    async close() {
      closed = true;
      const browser = await launching?.catch(() => undefined);
      await browser?.close();
    },
  };
}
