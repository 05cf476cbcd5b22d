// The command line against real books: what it prints, what it never prints, and its exit codes.
// Every command runs as a process of its own, as operators and scripts run it.

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyPassword } from '#adapters/password.ts';
import { type CommandLine, commandLine } from '#test/support/command-line.ts';
import { emptyDatabase, makeDataFolder } from '#test/support/database.ts';
import { EVIL, type ToldBooks, toldBooks, UNKNOWN_SLUG } from '#test/support/told-books.ts';

const API_KEY = 'k3y-0123456789-abcdefghij-0123456789';
const URLS = [
  '--staging-url',
  'https://staging.x.example',
  '--production-url',
  'https://x.example',
];

let books: ToldBooks;
let dataDir: string;
let cli: CommandLine;
beforeAll(async () => {
  [books, dataDir] = await Promise.all([toldBooks(), makeDataFolder()]);
  cli = commandLine({
    DATA_DIR: dataDir,
    DATABASE_URL: books.url,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
});
afterAll(async () => {
  await books.close();
  await rm(dataDir, { recursive: true });
});

const widest = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

describe.concurrent('a command line that asks for nothing sensible', () => {
  test.each([
    { args: ['ordres'], says: /^Commande inconnue.*orders/ },
    { args: ['notifications', 'list', '--state', 'lost'], says: /--state.*queued, sending/ },
    { args: ['partner', 'show', 'Not a slug!'], says: /n’est pas un slug/ },
  ])('is refused with one French sentence: $args', async ({ args, says }) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(says)]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test.each([
    { args: ['export', 'bilan'], says: /^Commande inconnue/ },
    { args: ['orders', 'list', '--limit', '0'], says: /--limit.*de 1 à 1000/ },
    { args: ['partner', 'add', 'x', '--name', 'X'], says: /--staging-url.*obligatoire/ },
  ])('is refused with one JSON document: $args', async ({ args, says }) => {
    const { code, stderr, document } = await cli.json<{ error: string }>(args);
    expect([code, stderr]).toEqual([2, '']);
    expect(document.error).toMatch(says);
  });

  test('prints the help when a command is missing', async () => {
    const [half, help] = await Promise.all([cli.run(['partner']), cli.run(['--help'])]);
    expect([half.code, help.code]).toEqual([2, 0]);
    expect(half.stderr).toMatch(/remove <slug> +retire un partenaire/);
    expect(help.stdout).toContain('Commandes');
    expect(help.stdout).not.toMatch(/display|Usage:|Options:/);
  });
});

test('all faults of a configuration are told at once, and no secret with them', async () => {
  const env = {
    STRIPE_SECRET_KEY: 'sk_nonsense_51abc',
    SECRETS_KEY: 'tooshortsecret',
    PORT: 'no',
    DATABASE_URL: 'mysql://root:hunter2@db',
  };
  type Faults = { error: string; faults: string[] };
  const { code, stdout, stderr, document } = await cli.json<Faults>(['orders', 'list'], { env });
  expect([code, stderr]).toEqual([2, '']);
  for (const name of Object.keys(env)) {
    expect(document.error).toContain(name);
    expect(document.faults).toContainEqual(expect.stringContaining(name));
  }
  expect(stdout).not.toMatch(/51abc|tooshort|hunter2|at .*\.ts/);
});

test('a database that is away is told in a sentence, without its password', async () => {
  const env = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' };
  const { code, stdout, stderr } = await cli.run(['orders', 'list'], { env });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^La base de données ne répond pas \(ECONNREFUSED 127\.0\.0\.1:1\).*\n$/);
});

test('a database without tables asks for migrate, which makes them', async () => {
  const empty = await emptyDatabase();
  const env = { DATABASE_URL: empty.url };
  const list = await cli.run(['orders', 'list'], { env });
  expect(list.code).toBe(1);
  expect(list.stderr).toContain('comptappart migrate');
  const check = await cli.json<{ pending: string[] }>(['migrate', '--check'], { env });
  expect(check.code).toBe(1);
  const ran = await cli.json<{ ran: string[] }>(['migrate'], { env });
  expect(ran).toMatchObject({ code: 0, document: { ran: check.document.pending } });
  await empty.drop();
});

test('a partner is added, shown without its secrets, changed and removed', async () => {
  const added = await cli.json<{ partner: object; signingSecret: string; warnings: string[] }>([
    ...['partner', 'add', 'Fiscalia', '--name', 'Fiscalia', ...URLS, '--api-key', API_KEY],
    ...['--color', '#FFD400'],
  ]);
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.document.partner).toMatchObject({ slug: 'fiscalia', color: '#ffd400' });
  expect(added.document.signingSecret).toMatch(/^whsec_/);
  expect(added.document.warnings[0]).toMatch(/#ffd400 se voit mal.*#a68a00/);

  const shows = await Promise.all([
    cli.run(['partner', 'show', 'fiscalia']),
    cli.run(['partner', 'list', '--json']),
  ]);
  for (const { code, stdout } of shows) {
    expect(code).toBe(0);
    expect(stdout).toContain('fiscalia');
    expect(stdout).not.toMatch(/whsec_|k3y-/);
  }
  const add = ['partner', 'add', 'fiscalia', '--name', 'F', ...URLS];
  expect((await cli.run(add)).code).toBe(1);
  const set = ['partner', 'set', 'fiscalia', '--website', 'https://f.example', '--api-key', '-'];
  const changed = await cli.json<{ partner: object }>(set, { stdin: '\n' });
  expect(changed.document.partner).toMatchObject({
    website: 'https://f.example',
    hasApiKey: false,
    name: 'Fiscalia',
  });
  const [removed, inUse] = await Promise.all([
    cli.run(['partner', 'remove', 'fiscalia']),
    cli.run(['partner', 'remove', 'acme']),
  ]);
  expect([removed.code, inUse.code]).toEqual([0, 1]);
  expect(inUse.stderr).toContain('a des commandes');
});

describe.concurrent('the books', () => {
  test('are listed newest first and page by page', async () => {
    type Orders = { orders: { id: number; invoiceNumber: string }[]; nextBefore: number | null };
    const [page, rest] = await Promise.all([
      cli.json<Orders>(['orders', 'list', '--limit', '1', '--partner', 'acme']),
      cli.json<Orders>(['orders', 'list', '--before', String(books.refused)]),
    ]);
    expect(page.document.orders.map(({ id }) => id)).toEqual([books.refused]);
    expect(page.document.nextBefore).toBe(books.refused);
    expect(rest.document.orders.map(({ id }) => id)).toEqual([books.told]);
  });

  test('fit a screen of 80 columns, and say what needs a person', async () => {
    const nouns = ['orders', 'payments', 'notifications'];
    const lists = await Promise.all(nouns.map((noun) => cli.run([noun, 'list'])));
    for (const { code, stdout } of lists) {
      expect(code).toBe(0);
      expect(widest(stdout)).toBeLessThanOrEqual(80);
    }
    const [orders = '', payments = '', notifications = ''] = lists.map(({ stdout }) => stdout);
    expect(orders).toMatch(/99,99\u00A0€ +FQCA-\d{4}-00000\d +Refusée/);
    expect(orders).toMatch(/Livrée/);
    expect(payments.replace(/\s+/g, ' ')).toMatch(
      new RegExp(`${books.quarantinedKey}.*inconnu.*${UNKNOWN_SLUG}.*→ Créez ce partenaire`),
    );
    expect(notifications).toMatch(/Refusée le .* dernière\u00A0: 422/);
  });

  test('show an order with every attempt, and nothing a terminal would obey', async () => {
    const shown = await cli.run(['orders', 'show', String(books.refused)]);
    expect(shown.stdout).toMatch(/Webhook au partenaire.*Refusée/);
    expect(shown.stdout).toContain('422');
    expect(shown.stdout).toContain('"order_id": 2');
    expect(shown.stdout).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    type Shown = { order: { notifications: { attempts: { responseBody: string }[] }[] } };
    const { document } = await cli.json<Shown>(['orders', 'show', String(books.refused)]);
    expect(document.order.notifications.at(-1)?.attempts[0]?.responseBody).toBe(EVIL);
  });

  test('say of a payment in quarantine why, and what to do', async () => {
    type Payments = { payments: { key: string; explanation: { action: string } }[] };
    const { document } = await cli.json<Payments>(['payments', 'list', '--state', 'quarantined']);
    expect(document.payments).toMatchObject([
      { key: books.quarantinedKey, explanation: { action: expect.stringContaining('relancez') } },
    ]);
  });
});

test('a notification is retried once; each refusal says why', async () => {
  type List = { notifications: { id: string; lastStatusCode: number }[] };
  const failed = await cli.json<List>(['notifications', 'list', '--state', 'failed']);
  expect(failed.document.notifications).toMatchObject([{ lastStatusCode: 422 }]);
  const [id = ''] = failed.document.notifications.map((it) => it.id);
  expect(await cli.run(['notifications', 'retry', id])).toMatchObject({ code: 0 });
  type Results = { results: { kind: string; state?: string }[] };
  const unknown = '00000000-0000-4000-8000-000000000000';
  const { code, document } = await cli.json<Results>([
    ...['notifications', 'retry', id, unknown, 'nonsense'],
  ]);
  expect(code).toBe(1);
  expect(document.results).toMatchObject([
    { kind: 'not-ended', state: 'queued' },
    { kind: 'not-found' },
    { kind: 'not-found' },
  ]);
});

test('an account’s password comes from stdin, is long enough and kept as a hash', async () => {
  const add = ['user', 'add', 'Nadia@Example.fr', '--name', 'Nadia', '--role', 'operator'];
  const password = 'un mot de passe';
  const short = await cli.run(add, { stdin: 'onze lettre\n' });
  expect([short.code, short.stderr]).toEqual([2, expect.stringContaining('au moins 12')]);
  const added = await cli.run([...add, '--password-stdin'], { stdin: `${password}\n` });
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.stdout).not.toContain(password);
  const account = await books.db.selectFrom('account').selectAll().executeTakeFirstOrThrow();
  expect(account).toMatchObject({ email: 'nadia@example.fr', role: 'operator' });
  expect(account.password_hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$/);
  expect(await verifyPassword(password, account.password_hash)).toBe(true);
  expect(await verifyPassword(`${password} `, account.password_hash)).toBe(false);
});
