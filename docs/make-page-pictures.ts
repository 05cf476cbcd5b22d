// Makes docs/pictures/dashboard/: every page of the dashboard and the portal, over a day of a small shop
// that is sold anew each time. To be run by hand after a page has changed, and its results looked at:
//
//   node docs/make-page-pictures.ts [--only part-of-a-name]
//
// It needs `convert` (imagemagick) beside Node, and two minutes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { at, NOON, quietDay, troubledAfternoon } from './page-pictures/day.ts';
import { type Shot, shotsOf } from './page-pictures/shots.ts';
import { forgetJobs, openWorld, type Person, type World } from './page-pictures/world.ts';

const WIDTHS = { wide: 1280, narrow: 390 } as const;
/** Of a longer page only the top is shown. */
const HEIGHT_MAX = { wide: 1_500, narrow: 1_900 } as const;
const LOOKS = ['wide-light', 'narrow-dark', 'wide-dark', 'narrow-light'] as const;
type Look = (typeof LOOKS)[number];

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const folder = fileURLToPath(new URL('pictures/dashboard/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'page-pictures-'));
mkdirSync(folder, { recursive: true });
const { executablePath, env } = await chromiumBinary({
  cacheDir: await chromiumCacheDir(join(scratch, 'chromium')),
});
const browser = await chromium.launch({
  executablePath,
  env,
  args: ['--no-sandbox', '--lang=fr-FR'],
});
const world = await openWorld(scratch, 'production');
const taken: { readonly name: string; readonly what: string }[] = [];
try {
  world.set(at('09:02:11', '2026-10-05'));
  await world.addPartners();
  await world.person('jeanne@comptappart.example', 'Jeanne Aubry', 'admin');
  await world.person('omar@comptappart.example', 'Omar Haddad', 'reader');
  world.set(at('08:58:40'));
  const nadia = await world.person('nadia@comptappart.example', 'Nadia Ferrand', 'admin');
  await quietDay(world);
  await forgetJobs(world);
  const well = { path: '/dashboard', what: 'Vue d’ensemble, tout va bien' };
  await take(browser, world, nadia, { ...well, name: 'overview-well', isFull: true });
  world.set(new Date(NOON.getTime() + 60_000));
  await troubledAfternoon(world, nadia);
  await forgetJobs(world);
  for (const shot of await shotsOf(world)) await take(browser, world, nadia, shot);
  if (values.only === '') writeIndex();
} finally {
  await browser.close();
  await world.close();
  rmSync(scratch, { recursive: true });
}

async function take(from: Browser, { url }: World, who: Person, shot: Shot): Promise<void> {
  if (!shot.name.includes(values.only)) return;
  for (const look of shot.isFull ? LOOKS : LOOKS.slice(0, 2)) {
    const [width, colorScheme] = look.split('-') as ['wide' | 'narrow', 'light' | 'dark'];
    const viewport = { width: WIDTHS[width], height: width === 'wide' ? 860 : 844 };
    const context = await from.newContext({ viewport, colorScheme, locale: 'fr-FR' });
    const cookie = shot.cookie ?? (shot.isStranger ? null : who.cookie);
    if (cookie) await context.addCookies([{ ...cookie, url }]);
    const page = await context.newPage();
    context.setDefaultTimeout(15_000);
    page.on('console', (message) => {
      // The clock that is set here cannot reach into frames without scripts.
      if (!message.text().startsWith('Blocked script')) console.error(shot.name, message.text());
    });
    // The browser's own hour would make nonsense of countdowns.
    await page.clock.setFixedTime(world.clock.now());
    await page.goto(url + shot.path);
    await shot.act?.(page).catch((error: Error) => console.error(shot.name, error.message));
    await keep(page, nameOf(shot, look), HEIGHT_MAX[width]);
    await context.close();
  }
  taken.push(shot);
}

function nameOf({ name }: Shot, look: Look): string {
  return look === 'wide-light' ? name : `${name}-${look}`;
}

async function keep(page: Page, name: string, heightMax: number): Promise<void> {
  await page.evaluate('document.fonts.ready');
  // What lies in frames is painted only while it is in the window.
  if ((await page.locator('iframe:visible').count()) > 0) {
    const { width = 0 } = page.viewportSize() ?? {};
    await page.setViewportSize({ width, height: 2_400 });
    await page.waitForTimeout(2_000);
  }
  // The line of the live stream is open by then, and its word on the page.
  await page.waitForTimeout(500);
  const excess = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  if (excess > 0) console.error(`${name} is ${excess} px too wide`);
  const { width = 0 } = page.viewportSize() ?? {};
  const full = Number(await page.evaluate('document.documentElement.scrollHeight'));
  const clip = { x: 0, y: 0, width, height: Math.min(full, heightMax) };
  const raw = join(scratch, 'raw.png');
  await page.screenshot({ path: raw, fullPage: true, clip });
  const file = join(folder, `${name}.png`);
  const fewColors = ['+dither', '-colors', '96', '-strip', '-define', 'png:compression-level=9'];
  execFileSync('convert', [raw, ...fewColors, `PNG8:${file}`]);
  console.log(`${name}.png ${Math.round(statSync(file).size / 1000)} kB`);
}

/** The list of pictures that people read on GitHub. */
function writeIndex(): void {
  const rows = taken.map(({ name, what }) => {
    return `| ${what} | [large, clair](${name}.png) | [étroit, sombre](${name}-narrow-dark.png) |`;
  });
  const text = `# Pages, en images

Faites par \`node docs/make-page-pictures.ts\` : une journée inventée d’une petite boutique, vue à
1280 et à 390 px. De la vue d’ensemble, des commandes et du journal d’un partenaire existent aussi
\`-wide-dark\` et \`-narrow-light\`.

![Vue d’ensemble](overview.png)

| page | | |
| --- | --- | --- |
${rows.join('\n')}
`;
  writeFileSync(join(folder, 'README.md'), text);
}
