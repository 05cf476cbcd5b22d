// The second factor as its owner sets it, uses it and loses it: asked on a page of its own while no
// session is open, each code good for once, taken away by an administrator.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resealAll, sealedSecrets } from '#adapters/postgres/sealed-secrets.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { codeAt } from '#adapters/totp.ts';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import {
  addPerson,
  cheapHash,
  PASSWORD,
  type Stranger,
  stranger,
  textOf,
} from '#test/support/stranger.ts';

const EMAIL = 'nadia@example.fr';
let pages: TestPages;
let secret: string;
let owner: Stranger;

beforeAll(async () => {
  pages = await testPages();
  const { db, clock } = pages.books;
  await addPerson(db, { email: EMAIL, role: 'operator' }, clock.now());
  owner = stranger(pages.url);
  await owner.post('/dashboard/sign-in', { email: EMAIL, password: PASSWORD });
  secret = await setFactor(owner);
});
afterAll(() => pages?.close());
beforeEach(async () => {
  await pages.books.db.deleteFrom('sign_in_failure').execute();
  // The real hash is tested elsewhere.
  const cheap = { password_hash: cheapHash(PASSWORD) };
  await pages.books.db.updateTable('account').set(cheap).where('email', '=', EMAIL).execute();
});

const codeNow = () => codeAt(secret, pages.books.clock.now());
const nextStep = () => {
  const { clock } = pages.books;
  clock.set(new Date(clock.now().getTime() + 30_000));
};

async function setFactor(who: Stranger): Promise<string> {
  await who.get('/dashboard/account');
  const refused = await who.post('/dashboard/account/second-factor/begin', { present: 'faux' });
  expect(refused.location).toBe('/dashboard/account');
  expect(textOf((await who.get('/dashboard/account')).html)).toContain(
    'Mot de passe actuel incorrect. Encore quatre essais',
  );
  await who.post('/dashboard/account/second-factor/begin', { present: PASSWORD });
  const { html } = await who.get('/dashboard/account/second-factor');
  expect(html).toMatch(/<svg class="factor-picture" viewBox="0 0 \d+ \d+"/);
  expect(html).not.toContain('style=');
  const shown = /id="factor-key">([A-Z2-7 ]+)</.exec(html)?.[1]?.replaceAll(' ', '') ?? '';
  const wrong = await who.post('/dashboard/account/second-factor/confirm', { code: '000000' });
  expect(wrong.status).toBe(422);
  const code = codeAt(shown, pages.books.clock.now());
  const done = await who.post('/dashboard/account/second-factor/confirm', { code });
  expect(done.location).toBe('/dashboard/account');
  return shown;
}

const passwordOnly = async () => {
  const browser = stranger(pages.url);
  const first = await browser.post('/dashboard/sign-in', {
    ...{ email: EMAIL, password: PASSWORD, next: '/dashboard/account' },
  });
  expect(first.location).toBe('/dashboard/sign-in/code?next=%2Fdashboard%2Faccount');
  return browser;
};

test('once it is in force its secret is on no page, and sealed in the table', async () => {
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  const { db, secrets } = pages.books;
  const page = await owner.get('/dashboard/account');
  expect(page.status).toBe(200);
  expect(page.html).not.toContain(secret);
  expect(page.html).toContain('Activé');
  expect((await owner.get('/dashboard/account/second-factor')).location).toBe('/dashboard/account');
  const { totp_secret: sealed } = await db
    .selectFrom('account')
    .select('totp_secret')
    .where('email', '=', EMAIL)
    .executeTakeFirstOrThrow();
  expect(sealed?.toString('latin1')).not.toContain(secret);
  // A change of SECRETS_KEY takes it along.
  expect((await sealedSecrets(db, secrets)).lost).toEqual([]);
  const [old, fresh] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  await resealAll(db, secretBox(fresh, [old]), () => {});
  expect((await sealedSecrets(db, secretBox(fresh))).lost).toEqual([]);
  await resealAll(db, secretBox(old, [fresh]), () => {});
});

test('the password alone opens no session; the code then does, once', async () => {
  nextStep();
  const browser = await passwordOnly();
  expect(browser.jar.has('comptappart_session')).toBe(false);
  expect((await browser.get('/dashboard/account')).status).toBe(303);
  expect((await browser.get('/dashboard/sign-in/code')).html).toContain('one-time-code');
  const code = codeNow();
  const fields = { code: `${code.slice(0, 3)} ${code.slice(3)}`, next: '/dashboard/account' };
  const entered = await browser.post('/dashboard/sign-in/code', fields);
  expect([entered.status, entered.location]).toEqual([303, '/dashboard/account']);
  expect((await browser.get('/dashboard/account')).status).toBe(200);

  // Seen over a shoulder, it is worth nothing: not now, and not a step later.
  const thief = await passwordOnly();
  const stolen = await thief.post('/dashboard/sign-in/code', { code });
  expect(stolen.status).toBe(422);
  expect(textOf(stolen.html)).toContain('Code incorrect ou déjà utilisé. Encore quatre essais');
});

test('five wrong codes bring the pause', async () => {
  nextStep();
  const browser = await passwordOnly();
  const wrong = `${(Number(codeNow()) + 1) % 1_000_000}`.padStart(6, '0');
  for (let tries = 0; tries < 5; tries += 1) {
    expect((await browser.post('/dashboard/sign-in/code', { code: wrong })).status).toBe(422);
  }
  const late = await browser.post('/dashboard/sign-in/code', { code: codeNow() });
  expect(late.status).toBe(429);
});

test('the second page is nobody’s without the first, and not for ever', async () => {
  nextStep();
  const browser = stranger(pages.url);
  expect((await browser.get('/dashboard/sign-in/code')).location).toMatch(/^\/dashboard\/sign-in/);
  browser.jar.set('comptappart_step', 'AAAA');
  const forged = await browser.post('/dashboard/sign-in/code', { code: codeNow() });
  expect(forged.location).toMatch(/^\/dashboard\/sign-in\?/);

  const changed = await passwordOnly();
  const other = { password_hash: cheapHash('un tout autre mot de passe') };
  await pages.books.db.updateTable('account').set(other).where('email', '=', EMAIL).execute();
  const after = await changed.post('/dashboard/sign-in/code', { code: codeNow() });
  expect(after.location).toMatch(/^\/dashboard\/sign-in\?/);
});

test('an administrator takes it away from who has lost the telephone, and the journal says so', async () => {
  const admin = await pages.signIn('admin');
  const path = `/dashboard/people/${encodeURIComponent(EMAIL)}/remove-second-factor`;
  expect((await admin.post(path, {})).status).toBe(303);
  const browser = stranger(pages.url);
  const entered = await browser.post('/dashboard/sign-in', { email: EMAIL, password: PASSWORD });
  expect(entered.location).toBe('/dashboard');
  const last = await pages.books.db
    .selectFrom('operator_action')
    .select(['actor', 'subject'])
    .where('action', '=', 'second-factor-removed')
    .execute();
  expect(last).toEqual([{ actor: 'admin@example.fr', subject: EMAIL }]);
});
