// Accounts changed from the server itself: the way back in when nobody has one any more. The rules and the
// journal are those of the page.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyPassword } from '#adapters/password.ts';
import { addAccount } from '#adapters/postgres/accounts.ts';
import { openSession } from '#adapters/postgres/dashboard/account-sessions.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { commandLine } from '#test/support/command-line.ts';
import { addPerson } from '#test/support/stranger.ts';

let books: TestBooks;
let env: Record<string, string>;
let run: ReturnType<typeof commandInProcess>;
const [CHIEF, KARIM] = ['chef@example.fr', 'karim@example.fr'];
beforeAll(async () => {
  books = await testBooks();
  env = { DATABASE_URL: books.url, DATA_DIR: '/nowhere' };
  run = commandInProcess(env);
  const now = systemClock.now();
  await addPerson(books.db, { email: CHIEF, role: 'admin' }, now);
  await addPerson(books.db, { email: KARIM, role: 'reader', name: 'Karim Haddad' }, now);
});
afterAll(() => books?.close());

const journal = () =>
  books.db
    .selectFrom('operator_action')
    .select(['action', 'subject', 'why'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
const sessions = () => books.db.selectFrom('account_session').select('account_email').execute();
const open = (email: string) =>
  openSession(books.db, { email, userAgent: null }, systemClock.now());

test('accounts are listed with what they may do', async () => {
  const { code, text, json } = await run(['user', 'list']);
  expect(code).toBe(0);
  expect(json.accounts).toMatchObject([{ email: KARIM, role: 'reader' }, { email: CHIEF }]);
  expect(text).toContain('administration');
  expect(JSON.stringify(json)).not.toContain('scrypt');
});

test('a role is changed, with the reason in the journal', async () => {
  const changed = await run(['user', 'role', 'Karim@example.fr', 'operator', '--why', 'congés']);
  expect(changed).toMatchObject({ code: 0, json: { email: KARIM, outcome: 'changed' } });
  expect(await journal()).toEqual({
    ...{ action: 'account-role-changed', subject: KARIM, why: 'de lecture à exploitation, congés' },
  });
  expect(await run(['user', 'role', KARIM, 'chef'])).toMatchObject({ code: 2 });
});

test('the last administrator stays, from here, too', async () => {
  for (const command of [
    ['role', CHIEF, 'reader'],
    ['disable', CHIEF],
  ]) {
    const refused = await run(['user', ...command]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.text).toContain('dernier compte d’administration');
  }
});

test('a disabled account has no session, and comes back', async () => {
  await open(KARIM);
  expect((await run(['user', 'disable', KARIM])).code).toBe(0);
  expect(await sessions()).toEqual([]);
  expect((await run(['user', 'disable', KARIM])).json.outcome).toBe('same');
  expect((await run(['user', 'list'])).text).toContain('désactivé');
  expect((await run(['user', 'enable', KARIM])).json.outcome).toBe('changed');
  expect(await run(['user', 'enable', 'personne@example.fr'])).toMatchObject({ code: 1 });
});

test('a lost second factor is removed', async () => {
  const factor = { totp_secret: Buffer.from('sealed'), totp_confirmed_at: systemClock.now() };
  await books.db.updateTable('account').set(factor).where('email', '=', KARIM).execute();
  expect((await run(['user', 'remove-second-factor', KARIM])).json.outcome).toBe('changed');
  expect((await journal())?.action).toBe('second-factor-removed');
  expect((await run(['user', 'remove-second-factor', KARIM])).json.outcome).toBe('same');
});

test('a new password comes from stdin and closes the sessions', async () => {
  await open(KARIM);
  const cli = commandLine(env);
  const password = 'un autre mot de passe';
  const command = ['user', 'password', KARIM, '--password-stdin'];
  const changed = await cli.run(command, { stdin: `${password}\n` });
  expect(changed).toMatchObject({ code: 0, stderr: '' });
  expect(changed.stdout).not.toContain(password);
  expect(await sessions()).toEqual([]);
  const { password_hash } = await books.db
    .selectFrom('account')
    .select('password_hash')
    .where('email', '=', KARIM)
    .executeTakeFirstOrThrow();
  expect(await verifyPassword(password, password_hash)).toBe(true);
});

test('the same address twice is one account', async () => {
  const account = {
    email: KARIM.toUpperCase(),
    name: 'X',
    role: 'admin',
    passwordHash: '!',
  } as const;
  expect(await addAccount(books.db, account, systemClock.now())).toBe('exists');
});
