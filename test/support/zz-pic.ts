import { chromium } from 'playwright-core';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
const { executablePath, env } = await chromiumBinary({ cacheDir: await chromiumCacheDir('/tmp/acc') });
const b = await chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
for (const [w, scheme] of [[1280,'light'],[390,'dark']] as const) {
  const p = await (await b.newContext({ viewport: { width: w, height: 700 }, colorScheme: scheme })).newPage();
  await p.goto('http://localhost:4417/dashboard/orders');
  await p.fill('#email', 'nadia@example.fr'); await p.fill('#password', 'faux'); await p.click('text=Afficher');
  await p.screenshot({ path: `/tmp/acc/t0-${w}.png` });
  await p.click('text=Se connecter'); await p.waitForSelector('.trouble');
  await p.screenshot({ path: `/tmp/acc/t1-${w}.png` });
  await p.click('text=Entrer sans compte'); await p.waitForSelector('.tab');
  await p.goto('http://localhost:4417/dashboard/people'); await p.fill('#email', 'lea@example.fr'); await p.fill('#name', 'Léa Martin'); await p.click('text=Ajouter le compte'); await p.waitForSelector('#link');
  await p.screenshot({ path: `/tmp/acc/t2-${w}.png` });
  break;
}
await b.close();
