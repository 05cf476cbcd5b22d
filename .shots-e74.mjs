import { chromium } from 'playwright-core';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
const { executablePath, env } = await chromiumBinary({ cacheDir: await chromiumCacheDir('/tmp/e74lists') });
const browser = await chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
const base = process.env.BASE ?? 'http://localhost:4474';
const [, , paths, looks = 'w,n'] = process.argv;
for (const [name, width, scheme] of [['w', 1280, 'light'], ['n', 390, 'light'], ['d', 1280, 'dark']]) {
  if (!looks.split(',').includes(name)) continue;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  page.on('console', (m) => console.log('console', m.text()));
  await page.goto(base + '/dashboard/sign-in');
  await page.click('text=Entrer sans compte');
  for (const path of paths.split(',')) {
    await page.goto(base + path);
    if (process.env.OPEN) for (const d of await page.$$('main details')) await d.evaluate((it) => (it.open = true));
    await page.waitForTimeout(1200);
    const file = `/tmp/e74lists/${path.replace(/[^a-z0-9]+/gi, '_')}-${name}.png`;
    await page.screenshot({ path: file, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    console.log(file, 'excess', wide);
  }
  await context.close();
}
await browser.close();
