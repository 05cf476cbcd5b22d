// Accounts as people change them, their own and others': what a change closes, what the journal keeps,
// and the rule that somebody can always administer, also when two administrators act at once.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { setPassword } from '#adapters/postgres/account-secrets.ts';
import {
  type Account,
  changeRole,
  disableAccount,
  listAccounts,
} from '#adapters/postgres/accounts.ts';
import { openSessionIfStill } from '#adapters/postgres/dashboard/account-sessions.ts';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import {
  addPerson,
  cheapHash,
  insider,
  PASSWORD,
  stranger,
  textOf,
} from '#test/support/stranger.ts';

let pages: TestPages;
let admin: SignedIn;
beforeAll(async () => {
  pages = await testPages();
});
afterAll(() => pages?.close());
beforeEach(async () => {
  const { db } = pages.books;
  await db.deleteFrom('account_session').execute();
  await db.deleteFrom('account_link').execute();
  await db.deleteFrom('sign_in_failure').execute();
  await db.deleteFrom('account').execute();
  admin = await pages.signIn('admin');
});

const now = () => pages.books.clock.now();
const add = (email: string, role: Account['role'] = 'operator', name?: string) =>
  addPerson(pages.books.db, { email, role, ...(name ? { name } : {}) }, now());
const by = { actor: 'test', why: null };
const pathOf = (email: string) => `/dashboard/people/${encodeURIComponent(email)}`;
const signedIn = (email: string) => insider(pages.url, pages.books.db, email, now());

test('a new password closes every other session, and renews this one', async () => {
  const email = await add('karim@example.fr');
  const [here, there] = [await signedIn(email), await signedIn(email)];
  const stolen = here.jar.get('comptappart_session') ?? '';
  const wanted = 'un tout nouveau mot de passe';

  const refused = await here.post('/dashboard/account/password', { present: 'faux', wanted });
  expect(refused.status).toBe(422);
  expect(textOf(refused.html)).toContain('Mot de passe actuel incorrect. Encore quatre essais');
  const short = await here.post('/dashboard/account/password', {
    present: PASSWORD,
    wanted: 'court',
  });
  expect(textOf(short.html)).toContain('Il faut au moins 12 caractères');

  const changed = await here.post('/dashboard/account/password', { present: PASSWORD, wanted });
  expect(changed.location).toBe('/dashboard/account');
  expect(textOf((await here.get('/dashboard/account')).html)).toContain(
    'Votre mot de passe est changé',
  );
  expect((await there.get('/dashboard/account')).status).toBe(303);
  const copy = stranger(pages.url);
  copy.jar.set('comptappart_session', stolen);
  expect((await copy.get('/dashboard/account')).status).toBe(303);
  expect(here.jar.get('comptappart_session')).not.toBe(stolen);
});

test('a sign-in that was judged by the old password opens no session after the new one', async () => {
  const email = await add('karim@example.fr');
  const { db } = pages.books;
  const { password_hash: old } = await db
    .selectFrom('account')
    .select('password_hash')
    .where('email', '=', email)
    .executeTakeFirstOrThrow();
  await setPassword(db, { email, passwordHash: cheapHash('autre chose encore') }, by, now());
  const of = { email, passwordHash: old, userAgent: null };
  expect(await openSessionIfStill(db, of, now())).toBeNull();
});

test('one sees one’s own open sessions, and closes them one by one, and nobody else’s', async () => {
  const email = await add('karim@example.fr');
  const [here, there] = [await signedIn(email), await signedIn(email)];
  const { html } = await here.get('/dashboard/account');
  expect(textOf(html)).toContain('Firefox, Linux – celle-ci');
  const [id = ''] = [...html.matchAll(/name="id" value="([0-9a-f]{32})"/g)].map(([, it]) => it);

  const stranger2 = await signedIn(await add('lea@example.fr'));
  await stranger2.post('/dashboard/account/sessions/close', { id });
  expect((await there.get('/dashboard/account')).status).toBe(200);
  for (const guess of ['', '%', '_'.repeat(32)]) {
    await here.post('/dashboard/account/sessions/close', { id: guess });
  }
  expect((await there.get('/dashboard/account')).status).toBe(200);

  await here.post('/dashboard/account/sessions/close', { id });
  expect((await there.get('/dashboard/account')).status).toBe(303);
  expect((await here.get('/dashboard/account')).status).toBe(200);
});

test('a theme and the keys’ off switch are kept with the account', async () => {
  const email = await add('karim@example.fr');
  const here = await signedIn(email);
  expect((await here.get('/dashboard')).html).not.toContain('data-no-shortcuts');
  await here.post('/dashboard/account/preferences', { theme: 'dark' });
  const { html } = await here.get('/dashboard');
  expect(html).toContain('data-theme="dark"');
  expect(html).toContain('data-no-shortcuts');
  await here.post('/dashboard/account/preferences', { theme: 'x"><script>', shortcuts: 'on' });
  expect((await here.get('/dashboard')).html).toContain('data-theme="auto"');
});

test('somebody invited chooses a password by a link that is shown once and serves once', async () => {
  const added = await admin.post('/dashboard/people/add', {
    ...{ email: 'Lea@Example.fr', name: 'Léa Martin', role: 'operator' },
  });
  const page = await added.text();
  const link = /id="link">([^<]+)</.exec(page)?.[1]?.replaceAll('&#x3D;', '=') ?? '';
  expect(link).toMatch(/^http.*\/dashboard\/welcome\?token=[\w-]{43}$/);
  expect(await (await admin.get(pathOf('lea@example.fr'))).text()).not.toContain(link.slice(-43));
  expect(await (await admin.get('/dashboard/people')).text()).toContain('Invité');

  const path = link.slice(pages.url.length);
  const token = link.slice(-43);
  const lea = stranger(pages.url);
  // Mail programs look at links: that spends nothing.
  await lea.get(path);
  expect(textOf((await lea.get(path)).html)).toContain('Bienvenue, Léa Martin');
  const short = await lea.post('/dashboard/welcome', { token, password: 'onze lettre' });
  expect(short.status).toBe(422);
  const obvious = await lea.post('/dashboard/welcome', { token, password: 'aaaaaaaaaaaaaaaa' });
  expect(textOf(obvious.html)).toContain('Il se devine trop vite');
  const set = await lea.post('/dashboard/welcome', { token, password: PASSWORD });
  expect(set.location).toBe('/dashboard/sign-in?set&email=lea%40example.fr');
  expect(textOf((await lea.get(set.location)).html)).toContain('Votre mot de passe est enregistré');

  expect((await lea.get(path)).status).toBe(410);
  const again = await lea.post('/dashboard/welcome', { token, password: 'un autre mot de passe' });
  expect(again.status).toBe(410);
  const entered = await lea.post('/dashboard/sign-in', {
    ...{ email: 'lea@example.fr', password: PASSWORD },
  });
  expect(entered.location).toBe('/dashboard');
});

test('a link dies after a day, when a newer one is made, and when its account is disabled', async () => {
  const email = await add('lea@example.fr');
  const make = async () => {
    const page = await (await admin.post(`${pathOf(email)}/link`, {})).text();
    return /token(?:=|&#x3D;)([\w-]{43})/.exec(page)?.[1] ?? '';
  };
  const statusOf = async (token: string) =>
    (await stranger(pages.url).get(`/dashboard/welcome?token=${token}`)).status;
  const first = await make();
  expect(await statusOf(first)).toBe(200);
  const second = await make();
  expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200]);
  await admin.post(`${pathOf(email)}/disable`, {});
  expect(await statusOf(second)).toBe(410);
  await admin.post(`${pathOf(email)}/enable`, {});
  const third = await make();
  const before = now();
  pages.books.clock.set(new Date(before.getTime() + 24 * 3_600_000 + 1));
  expect(await statusOf(third)).toBe(410);
  pages.books.clock.set(before);
});

test('a disabled account is out at its next request, and in again when it is enabled', async () => {
  const email = await add('karim@example.fr');
  const karim = await signedIn(email);
  await admin.post(`${pathOf(email)}/disable`, {});
  expect((await karim.get('/dashboard/account')).status).toBe(303);
  const refused = await karim.post('/dashboard/sign-in', { email, password: PASSWORD });
  expect(refused.status).toBe(422);
  await admin.post(`${pathOf(email)}/enable`, {});
  expect((await karim.get('/dashboard/account')).status).toBe(303);
  expect((await (await signedIn(email)).get('/dashboard/account')).status).toBe(200);
});

test('a role changes what its bearer may do at the next request', async () => {
  const email = await add('karim@example.fr', 'reader');
  const karim = await signedIn(email);
  expect((await karim.get('/dashboard/people')).status).toBe(403);
  await admin.post(`${pathOf(email)}/role`, { role: 'admin' });
  expect((await karim.get('/dashboard/people')).status).toBe(200);
  await admin.post(`${pathOf(email)}/role`, { role: 'chief' });
  expect((await karim.get('/dashboard/people')).status).toBe(200);
});

test('the last administrator stays, and nobody changes their own role', async () => {
  const { db } = pages.books;
  await add('chef@example.fr', 'admin');
  // The one of the test was invited and has no password: it does not count.
  const [chief, role] = ['chef@example.fr', 'reader' as const];
  expect(await changeRole(db, { email: chief, role }, by, now())).toBe('last-admin');
  expect(await disableAccount(db, chief, by, now())).toBe('last-admin');
  const answer = await admin.post(`${pathOf(chief)}/disable`, {});
  const shown = await (await admin.get(answer.headers.get('location') ?? '')).text();
  expect(textOf(shown)).toContain('C’est le dernier compte d’administration');
  await admin.post(`${pathOf('admin@example.fr')}/role`, { role: 'reader' });
  expect((await admin.get('/dashboard/people')).status).toBe(200);
});

test('administrators who take each other away at once leave one', async () => {
  const { db } = pages.books;
  for (let round = 0; round < 10; round += 1) {
    await db.deleteFrom('account_session').execute();
    await db.deleteFrom('account').execute();
    const emails = ['a@example.fr', 'b@example.fr', 'c@example.fr'];
    for (const email of emails) await add(email, 'admin');
    const outcomes = await Promise.all(
      emails.map((email, index) =>
        (index + round) % 2 === 0
          ? changeRole(db, { email, role: 'reader' }, by, now())
          : disableAccount(db, email, by, now()),
      ),
    );
    expect(outcomes.sort()).toEqual(['changed', 'changed', 'last-admin']);
    const left = (await listAccounts(db)).filter((it) => it.role === 'admin' && !it.disabledAt);
    expect(left).toHaveLength(1);
  }
});

test('the journal tells every change of an account, by person and by subject', async () => {
  const email = await add('karim@example.fr', 'reader', 'Karim');
  const karim = await signedIn(email);
  await karim.post('/dashboard/account/name', { name: 'Karim <b>Haddad</b>' });
  await admin.post(`${pathOf(email)}/role`, { role: 'operator' });
  await admin.post(`${pathOf(email)}/disable`, {});
  await admin.post(`${pathOf(email)}/enable`, {});
  await admin.post(`${pathOf(email)}/link`, {});

  const about = await (await admin.get(`/dashboard/actions?about=${email}`)).text();
  for (const words of [
    ...['Lien de mot de passe fait', 'Compte réactivé', 'Compte désactivé'],
    ...['Rôle changé', 'Nom changé', 'Compte ajouté'],
  ]) {
    expect(about).toContain(`>${words}</td>`);
  }
  expect(about).toContain('de lecture à exploitation');
  const own = await (await admin.get(`/dashboard/actions?who=${email}`)).text();
  expect(own).toContain('Nom changé');
  expect(own).not.toContain('Rôle changé');
  // A name is text wherever it is shown.
  const people = await (await admin.get('/dashboard/people')).text();
  expect(people).toContain('Karim &lt;b&gt;Haddad&lt;/b&gt;');
});

test('the journal is read fifty rows at a time, back and forth, without loss', async () => {
  const { db } = pages.books;
  const subject = 'suite';
  for (let index = 0; index < 120; index += 1) {
    const row = { at: now(), actor: 'nadia', action: 'replay-paused', subject, why: `n${index}.` };
    await db.insertInto('operator_action').values(row).execute();
  }
  const read = async (path: string) => {
    const html = (await (await admin.get(path)).text())
      .replaceAll('&amp;', '&')
      .replaceAll('&#x3D;', '=');
    const link = (rel: string) => new RegExp(`href="([^"]+)" rel="${rel}"`).exec(html)?.[1] ?? '';
    return {
      rows: [...html.matchAll(/<td>n(\d+)\.<\/td>/g)].map(([, it]) => Number(it)),
      newer: link('prev'),
      older: link('next'),
    };
  };
  const down = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, index) => from - index);
  const first = await read(`/dashboard/actions?about=${subject}`);
  const second = await read(first.older);
  const third = await read(second.older);
  expect([first.rows, second.rows, third.rows]).toEqual([
    ...[down(119, 70), down(69, 20), down(19, 0)],
  ]);
  expect([first.newer, third.older]).toEqual(['', '']);
  expect((await read(third.newer)).rows).toEqual(second.rows);
});
