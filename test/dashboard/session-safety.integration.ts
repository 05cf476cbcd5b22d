// A session as a thief sees it: planted before, copied, kept after its end, led astray at the door. What
// the cookies say is read off the answers, over HTTP and behind a proxy that speaks TLS.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import {
  addPerson,
  cheapHash,
  insider,
  PASSWORD,
  stranger,
  textOf,
} from '#test/support/stranger.ts';

const EMAIL = 'nadia@example.fr';
let pages: TestPages;
let sandbox: TestPages;
beforeAll(async () => {
  [pages, sandbox] = await Promise.all([testPages(), testPages({ environment: 'sandbox' })]);
  await addPerson(pages.books.db, { email: EMAIL, role: 'admin' }, pages.books.clock.now());
});
afterAll(async () => {
  await pages?.close();
  await sandbox?.close();
});
beforeEach(async () => {
  const { db } = pages.books;
  await db.deleteFrom('sign_in_failure').execute();
  const cheap = { password_hash: cheapHash(PASSWORD) };
  await db.updateTable('account').set(cheap).where('email', '=', EMAIL).execute();
});

const enter = (browser = stranger(pages.url), next = '') =>
  browser.post('/dashboard/sign-in', { email: EMAIL, password: PASSWORD, next });
/** By the door that asks for no password, which costs no time: both lead on in the same way. */
const enterSandbox = (next: string) =>
  stranger(sandbox.url).post('/dashboard/sign-in/visitor', { next });
const withToken = (token: string) => {
  const browser = stranger(pages.url);
  browser.jar.set('comptappart_session', token);
  return browser.get('/dashboard/account');
};

test('a token planted before signing in is worth nothing afterwards', async () => {
  const { db, clock } = pages.books;
  const thief = await addPerson(db, { email: 'thief@example.fr', role: 'reader' }, clock.now());
  const planted = (await insider(pages.url, db, thief, clock.now())).jar.get('comptappart_session');
  const victim = stranger(pages.url);
  victim.jar.set('comptappart_session', planted ?? '');
  await enter(victim);
  expect(victim.jar.get('comptappart_session')).not.toBe(planted);
  expect((await withToken(planted ?? '')).status).toBe(303);
  expect((await victim.get('/dashboard/account')).html).toContain(EMAIL);
});

test('a token copied before signing out opens nothing after it', async () => {
  const { db, clock } = pages.books;
  const browser = await insider(pages.url, db, EMAIL, clock.now());
  const copy = browser.jar.get('comptappart_session') ?? '';
  expect((await withToken(copy)).status).toBe(200);
  await browser.post('/dashboard/sign-out', {});
  expect(browser.jar.has('comptappart_session')).toBe(false);
  expect((await withToken(copy)).status).toBe(303);
});

test('a session ends after twelve idle hours, and after seven days in any case', async () => {
  const { db, clock } = pages.books;
  const start = clock.now();
  const at = (hours: number) => clock.set(new Date(start.getTime() + hours * 3_600_000));
  const idle = await insider(pages.url, db, EMAIL, start);
  const busy = await insider(pages.url, db, EMAIL, start);
  for (let hours = 11; hours < 7 * 24; hours += 11) {
    at(hours);
    expect((await busy.get('/dashboard/account')).status).toBe(200);
  }
  expect((await idle.get('/dashboard/account')).status).toBe(303);
  at(7 * 24);
  expect((await busy.get('/dashboard/account')).status).toBe(303);
  clock.set(start);
});

test('cookies are hidden from scripts, kept from other sites, and secure where there is TLS', async () => {
  const plain = (await enter()).headers.getSetCookie();
  const flags = (lines: string[]) =>
    lines.map((line) => {
      const [first = '', ...rest] = line.split('; ');
      return [
        first.replace(/=.*/, ''),
        ...rest.map((it) => it.replace(/^expires=.*/, 'expires')).sort(),
      ].join(' ');
    });
  expect(flags(plain)).toEqual([
    'comptappart_session httponly path=/ samesite=lax',
    'comptappart_known expires httponly path=/ samesite=lax',
  ]);

  // The proxy speaks TLS; this program hears plain HTTP.
  const { db, transact, secrets, clock } = pages.books;
  const behind = await testPages({
    ...{ db, transact, secrets, clock, publicUrl: 'https://compta.example' },
  });
  const browser = stranger(behind.url);
  const origin = { origin: 'https://compta.example' };
  const entered = await browser.post(
    '/dashboard/sign-in',
    { email: EMAIL, password: PASSWORD },
    origin,
  );
  expect(flags(entered.headers.getSetCookie())).toEqual([
    '__Host-session httponly path=/ samesite=lax secure',
    '__Host-known expires httponly path=/ samesite=lax secure',
  ]);
  await browser.get('/dashboard/account');
  const out = await browser.post('/dashboard/sign-out', {}, origin);
  // Browsers take such a cookie back only with the flags it came with.
  const [gone = ''] = out.headers.getSetCookie();
  expect(gone).toMatch(/^__Host-session=; .*expires=Thu, 01 Jan 1970/);
  expect(flags([gone])).toEqual(['__Host-session expires httponly path=/ samesite=lax secure']);
  await behind.close();
});

test.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example/dashboard',
  'https:evil.example',
  'javascript:alert(1)',
  '/%2f%2fevil.example',
  '/dashboard/../..//evil.example',
  '/\t/evil.example',
  ' //evil.example',
  '/dashboard/sign-in?next=//evil.example',
  '/dashboard\r\nSet-Cookie: planted=1',
])('after signing in, %j leads nowhere but home', async (next) => {
  const { location, headers, status } = await enterSandbox(next);
  expect(status).toBe(303);
  expect(new URL(location, sandbox.url).host).toBe(new URL(sandbox.url).host);
  expect(new URL(location, sandbox.url).pathname).toMatch(/^\/dashboard(\/|$|%0D|%0A|Set)/);
  expect(headers.getSetCookie().join()).not.toContain('planted');
});

test('what the address or a form brings to the door is text on its page', async () => {
  const hostile = '"><script>alert(1)</script>';
  const asked = `/dashboard/sign-in?next=${encodeURIComponent(`/dashboard/${hostile}`)}`;
  const page = await stranger(pages.url).get(`${asked}&email=${encodeURIComponent(hostile)}`);
  expect(page.html).not.toContain('<script>alert');
  const email = `${hostile}@example.fr`;
  const back = await stranger(pages.url).post('/dashboard/sign-in', { email, password: hostile });
  expect(back.html).not.toContain('<script>alert');
  expect(textOf(back.html)).toContain('Adresse e-mail ou mot de passe incorrect');
  // What was typed is not given back where it might be a password.
  expect(back.html).not.toMatch(/name="password"[^>]*value=/);
});

test('a hostile name is text everywhere, for those who see it and in the journal', async () => {
  const { db, clock } = pages.books;
  const name = '<img src=x onerror=alert(1)>\u202Eneb';
  const admin = await insider(pages.url, db, EMAIL, clock.now());
  const fields = { email: 'mallory@example.fr', name, role: 'admin' };
  const shown = [await admin.post('/dashboard/people/add', fields)];
  for (const path of [
    ...['/dashboard/people', '/dashboard/people/mallory%40example.fr', '/dashboard/actions'],
    '/dashboard/actions?who=%3Cimg%20src%3Dx%3E&about=%22onfocus%3D',
  ]) {
    shown.push(await admin.get(path));
  }
  for (const { html, status } of shown) {
    expect(status).toBe(200);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('\u202E');
    expect(html).not.toContain('"onfocus');
  }
});

test('a form that is none, or too large, is refused', async () => {
  const send = (body: string, type: string) =>
    fetch(`${pages.url}/dashboard/sign-in`, {
      ...{ method: 'POST', body, headers: { 'content-type': type, origin: pages.url } },
    });
  expect((await send('{"email":"a"}', 'application/json')).status).toBe(400);
  const large = `email=a&password=${'x'.repeat(80_000)}`;
  expect((await send(large, 'application/x-www-form-urlencoded')).status).toBe(400);
});
