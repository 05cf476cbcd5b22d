// The door of the dashboard, tried by somebody who has a password, somebody who has none, and a thief.
// What is counted is counted in the database, so another process knows it, too.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import { addPerson, cheapHash, PASSWORD, stranger, textOf } from '#test/support/stranger.ts';

let pages: TestPages;
let count = 0;
beforeAll(async () => {
  pages = await testPages();
});
afterAll(() => pages?.close());
// Everybody in this file dials from the same address.
beforeEach(async () => {
  await pages.books.db.deleteFrom('sign_in_failure').where('subject', 'like', 'client:%').execute();
});

const person = (role: 'reader' | 'operator' | 'admin' = 'operator') => {
  count += 1;
  const { db, clock } = pages.books;
  return addPerson(db, { email: `person${count}@example.fr`, role }, clock.now());
};
const journalOf = (subject: string) =>
  pages.books.db
    .selectFrom('operator_action')
    .select(['actor', 'action', 'why'])
    .where('subject', '=', subject)
    .orderBy('id')
    .execute();
const laterBy = (ms: number) => {
  const { clock } = pages.books;
  clock.set(new Date(clock.now().getTime() + ms));
};

test('before the first account, the page says how to make it', async () => {
  const { html, status } = await stranger(pages.url).get('/dashboard/sign-in');
  expect(status).toBe(200);
  expect(html).toContain('comptappart user add');
  expect(html).not.toContain('type="password"');
  expect(html).not.toContain('Entrer sans compte');
  const visitor = await stranger(pages.url).post('/dashboard/sign-in/visitor', {});
  expect(visitor.status).toBe(404);
});

test('address and password open a session, and lead back to the page one came for', async () => {
  const email = await person();
  const browser = stranger(pages.url);
  const away = await browser.get('/dashboard/account');
  expect(away.location).toBe('/dashboard/sign-in?next=%2Fdashboard%2Faccount');
  const { html } = await browser.get(away.location);
  expect(html).toContain('autocomplete="username"');
  expect(html).toContain('autocomplete="current-password"');
  const next = /name="next" value="([^"]+)"/.exec(html)?.[1] ?? '';
  const fields = { email: email.toUpperCase(), password: PASSWORD, next };
  const entered = await browser.post('/dashboard/sign-in', fields);
  expect([entered.status, entered.location]).toEqual([303, '/dashboard/account']);
  expect((await browser.get('/dashboard/account')).html).toContain(email);
  expect(await journalOf(email)).toMatchObject([
    { action: 'account-added' },
    { action: 'signed-in', actor: email, why: null },
  ]);
  // Signed in, one is not asked again.
  expect((await browser.get('/dashboard/sign-in')).location).toBe('/dashboard');
});

test('an old hash is made anew under today’s parameters when its password is shown', async () => {
  const email = await person();
  await stranger(pages.url).post('/dashboard/sign-in', { email, password: PASSWORD });
  const row = await pages.books.db
    .selectFrom('account')
    .select('password_hash')
    .where('email', '=', email)
    .executeTakeFirstOrThrow();
  expect(row.password_hash).toMatch(/^\$scrypt\$ln=17,/);
});

test('a wrong password and an unknown address are told alike, with the tries that remain', async () => {
  const email = await person();
  const told = async (typed: string) => {
    const { status, html } = await stranger(pages.url).post('/dashboard/sign-in', {
      email: typed,
      password: 'ce n’est pas le bon',
    });
    return [status, /class="trouble"[^>]*>([^<]*)</.exec(html)?.[1]];
  };
  const wrong = await told(email);
  expect(wrong).toEqual([
    422,
    'Adresse e-mail ou mot de passe incorrect. ' +
      'Encore quatre essais avant une pause de 15\u00A0minutes.',
  ]);
  expect(await told('personne@example.fr')).toEqual(wrong);
  expect((await told(email))[1]).toContain('Encore trois essais');
});

test('after five failures the right password waits a quarter of an hour, here and elsewhere', async () => {
  const email = await person();
  const thief = stranger(pages.url);
  const tryIt = (password: string) => thief.post('/dashboard/sign-in', { email, password });
  for (let tries = 1; tries <= 4; tries += 1) await tryIt(`essai n° ${tries} en vain`);
  const fifth = await tryIt('essai n° 5 en vain');
  expect(textOf(fifth.html)).toContain('C’était le dernier essai');
  const sixth = await tryIt(PASSWORD);
  expect(sixth.status).toBe(429);
  expect(textOf(sixth.html)).toMatch(/Trop d’essais\. Réessayez à \d\d:\d\d, dans 15\u00A0min\./);

  // Another process, or this one after a restart.
  const { db, transact, secrets, clock } = pages.books;
  const other = await testPages({ db, transact, secrets, clock });
  const elsewhere = await stranger(other.url).post('/dashboard/sign-in', {
    ...{ email, password: PASSWORD },
  });
  expect(elsewhere.status).toBe(429);
  await other.close();

  laterBy(15 * 60_000 + 1_000);
  const owner = stranger(pages.url);
  const again = await owner.post('/dashboard/sign-in', { email, password: 'une fois en vain' });
  expect(textOf(again.html)).toContain('Encore quatre essais');
  expect((await owner.post('/dashboard/sign-in', { email, password: PASSWORD })).status).toBe(303);
  expect((await journalOf(email)).map(({ action, why }) => [action, why])).toEqual([
    ['account-added', null],
    ['sign-in-refused', 'trop d’essais, pause de 15 min'],
    ['signed-in', 'après 1 essai refusé'],
  ]);
});

test('however many try at once, five passwords are judged', async () => {
  const email = await person();
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      stranger(pages.url).post('/dashboard/sign-in', { email, password: `à la fois, n° ${index}` }),
    ),
  );
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array(5).fill(422), ...Array(7).fill(429)]);
});

test('one who tries many accounts from one place is stopped by the place', async () => {
  const emails = await Promise.all(Array.from({ length: 11 }, () => person()));
  const from = (address: string, email: string) =>
    stranger(pages.url).post(
      '/dashboard/sign-in',
      { email, password: 'printemps2026 pour tous' },
      { 'x-forwarded-for': `10.9.9.9, ${address}` },
    );
  const statuses: number[] = [];
  for (const email of [...emails, ...emails]) {
    statuses.push((await from('198.51.100.7', email)).status);
  }
  expect(statuses).toEqual([...Array(20).fill(422), 429, 429]);
  expect((await from('198.51.100.8', emails[0] ?? '')).status).toBe(422);
});

test('a stranger’s failures do not keep the owner’s own browser out', async () => {
  const email = await person();
  const owner = stranger(pages.url);
  await owner.post('/dashboard/sign-in', { email, password: PASSWORD });
  await owner.get('/dashboard/account');
  expect((await owner.post('/dashboard/sign-out', {})).location).toBe('/dashboard/sign-in');
  await pages.books.db
    .updateTable('account')
    .set({ password_hash: cheapHash(PASSWORD) })
    .where('email', '=', email)
    .execute();
  const thief = stranger(pages.url);
  for (let tries = 0; tries < 5; tries += 1) {
    await thief.post('/dashboard/sign-in', { email, password: `en vain, ${tries}` });
  }
  expect((await thief.post('/dashboard/sign-in', { email, password: PASSWORD })).status).toBe(429);
  expect((await owner.post('/dashboard/sign-in', { email, password: PASSWORD })).status).toBe(303);
  // The mark is of one account only.
  const another = await person();
  const answer = await owner.post('/dashboard/sign-in', { email: another, password: 'en vain !!' });
  expect(textOf(answer.html)).toContain('Encore quatre essais');
});

test('a disabled account, and one that has chosen no password, cannot sign in', async () => {
  const email = await person();
  const { db } = pages.books;
  await db
    .updateTable('account')
    .set({ disabled_at: pages.books.clock.now() })
    .where('email', '=', email)
    .execute();
  const tryIt = (password: string) =>
    stranger(pages.url).post('/dashboard/sign-in', { email, password });
  expect((await tryIt(PASSWORD)).status).toBe(422);
  await db
    .updateTable('account')
    .set({ disabled_at: null, password_hash: '!' })
    .where('email', '=', email)
    .execute();
  expect((await tryIt('!')).status).toBe(422);
});

test('sessions that have ended and old failures are deleted at the next sign-in', async () => {
  const email = await person();
  const { db, clock } = pages.books;
  const old = stranger(pages.url);
  await old.post('/dashboard/sign-in', { email, password: PASSWORD });
  await db
    .insertInto('sign_in_failure')
    .values({ subject: 'account:x', failures: 3, last_at: clock.now(), blocked_until: null })
    .execute();
  laterBy(25 * 3_600_000);
  expect((await old.get('/dashboard/account')).status).toBe(303);
  await stranger(pages.url).post('/dashboard/sign-in', { email, password: PASSWORD });
  const sessions = await db
    .selectFrom('account_session')
    .select('created_at')
    .where('account_email', '=', email)
    .execute();
  expect(sessions).toHaveLength(1);
  const failures = db.selectFrom('sign_in_failure').where('subject', '=', 'account:x');
  expect(await failures.selectAll().execute()).toEqual([]);
});
