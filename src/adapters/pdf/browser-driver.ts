// The library that drives Chromium. It is as large as the rest of the program: only a process that
// prints reads it, and while others start, not before them.

import type { BrowserType } from 'playwright-core';

/** Reads it at the first call. */
export async function browserDriver(): Promise<BrowserType> {
  const { chromium } = await import('playwright-core');
  return chromium;
}
