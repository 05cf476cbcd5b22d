// The pages of sign-in and accounts in a real browser: no fault of accessibility in light and dark, wide and
// narrow, with hostile names; without script; and what the script adds.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAccountLink } from '#adapters/postgres/account-secrets.ts';
import { codeAt } from '#adapters/totp.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, newcomer, openBrowser } from '#test/support/newcomer.ts';
import { addPerson, cheapHash, insider, PASSWORD } from '#test/support/stranger.ts';

const HOSTILE = `${'Anne-Sophie-'.repeat(8)}<b>`;
const EMAIL = 'nadia.benali@compta.example';
let pages: TestPages;
let browser: Browser;
let admin: SignedIn;
let token: string;

beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
  const { db, clock } = pages.books;
  const now = clock.now();
  admin = await pages.signIn('admin', EMAIL);
  const password_hash = cheapHash(PASSWORD);
  await db
    .updateTable('account')
    .set({ password_hash, name: 'Nadia Benali' })
    .where('email', '=', EMAIL)
    .execute();
  const long = `${'une.adresse.'.repeat(12)}x@exemple-de-domaine-tres-long.example`;
  await addPerson(db, { email: long, role: 'reader', name: HOSTILE }, now);
  await addPerson(
    db,
    { email: 'karim@compta.example', role: 'operator', name: 'Karim Haddad' },
    now,
  );
  await insider(pages.url, db, EMAIL, now);
  ({ token } = await makeAccountLink(db, long, { actor: EMAIL, why: 'départ' }, now));
  await admin.post('/dashboard/people/karim%40compta.example/role', { role: 'reader' });
  await admin.post('/dashboard/account/second-factor/begin', { present: PASSWORD });
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

const OUTER = ['/dashboard/sign-in', '/dashboard/welcome', '/dashboard/welcome?token=spent'];
const INNER = [
  ...['/dashboard/account', '/dashboard/account/second-factor', '/dashboard/people'],
  ...['/dashboard/people/karim%40compta.example', '/dashboard/actions'],
  '/dashboard/actions?who=personne',
];

async function mustBeSound(page: Page, path: string): Promise<void> {
  expect(await axeFaults(page), path).toEqual([]);
  expect(await excessWidth(page), path).toBe(0);
}

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('the pages have no fault (%s, %i px)', async (colorScheme, width) => {
  const look = { colorScheme, viewport: { width, height: 800 } };
  // A link that has served answers 410, which the browser notes.
  const outside = await newcomer(browser, { ...look, mayComplain: true });
  for (const path of OUTER) {
    const full = path === '/dashboard/welcome' ? `${path}?token=${token}` : path;
    await outside.goto(pages.url + full);
    await mustBeSound(outside, full);
  }
  // What the colours do to one width they do to the other.
  if ((colorScheme === 'dark') !== (width === 390)) return;
  const page = await pages.open(browser, admin, '/dashboard', look);
  for (const path of INNER) {
    await page.goto(pages.url + path);
    await mustBeSound(page, path);
  }
});

test('a password is shown while one wishes, and pasting works', async () => {
  const page = await newcomer(browser, { mayComplain: true });
  await page.goto(`${pages.url}/dashboard/sign-in`);
  const field = page.locator('#password');
  await field.fill('un mot');
  const button = page.getByRole('button', { name: 'Afficher le mot de passe' });
  await button.click();
  expect(await field.getAttribute('type')).toBe('text');
  await page.getByRole('button', { name: 'Masquer le mot de passe' }).click();
  expect(await field.getAttribute('type')).toBe('password');
  await page.evaluate(`document.getElementById('password').value = ''`);
  await field.focus();
  const pasted = await page.evaluate(`(() => {
    const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
    return document.getElementById('password').dispatchEvent(event);
  })()`);
  expect(pasted).toBe(true);
});

test('without script one signs in with a code, reads the account, and leaves', async () => {
  const { db, clock } = pages.books;
  const email = await addPerson(db, { email: 'lea@compta.example', role: 'reader' }, clock.now());
  const setting = await insider(pages.url, db, email, clock.now());
  await setting.post('/dashboard/account/second-factor/begin', { present: PASSWORD });
  const { html } = await setting.get('/dashboard/account/second-factor');
  const secret = /id="factor-key">([A-Z2-7 ]+)</.exec(html)?.[1]?.replaceAll(' ', '') ?? '';
  const first = codeAt(secret, clock.now());
  await setting.post('/dashboard/account/second-factor/confirm', { code: first });
  clock.set(new Date(clock.now().getTime() + 30_000));

  const page = await newcomer(browser, { javaScriptEnabled: false });
  await page.goto(`${pages.url}/dashboard/account`);
  await page.fill('#email', email);
  await page.fill('#password', PASSWORD);
  await page.click('text=Se connecter');
  expect(await page.title()).toContain('Code de connexion');
  await page.fill('#code', codeAt(secret, clock.now()));
  await page.click('text=Continuer');
  expect(await page.title()).toContain('Mon compte');
  await page.click('summary:has-text("Nadia")');
  await page.click('text=Se déconnecter');
  expect(await page.title()).toContain('Connexion');
});
