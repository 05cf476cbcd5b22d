// Keys and secrets replaced while the program works: SECRETS_KEY, under which everything is sealed and
// links are signed, and the secret by which a partner knows our calls. Nothing that was valid before
// stops being valid before its time.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directoryFiles } from '#adapters/files/directory-files.ts';
import { resealAll, sealedSecrets } from '#adapters/postgres/sealed-secrets.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { commandLine } from '#test/support/command-line.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { sampleSeller } from '#test/support/seller.ts';
import { type ToldBooks, toldBooks } from '#test/support/told-books.ts';

const keyOf = (fill: number) => Buffer.alloc(32, fill).toString('base64');
/** What the books of the tests are sealed with, and its successor. */
const [OLD, NEW] = [keyOf(7), keyOf(8)];

let books: ToldBooks;
let run: ReturnType<typeof commandInProcess>;
beforeAll(async () => {
  books = await toldBooks();
  run = commandInProcess({ DATABASE_URL: books.url, DATA_DIR: '/nowhere', SECRETS_KEY: OLD });
});
afterAll(() => books.close());

const actions = () => books.db.selectFrom('operator_action').selectAll().orderBy('id').execute();
const deliveredWith = async () => {
  const { transact } = books;
  return transact(async ({ notifications }) => {
    const { id } = await books.db
      .selectFrom('notification')
      .select('id')
      .where('channel', '=', 'webhook')
      .limit(1)
      .executeTakeFirstOrThrow();
    const found = await notifications.lock(id);
    const deliveries = await notifications.deliveries(found ? [found] : []);
    return deliveries.get(id)?.signingSecret.split(' ') ?? [];
  });
};

test('a partner’s new signing secret signs beside the old one, for a day', async () => {
  const [first] = await deliveredWith();
  const rotated = await run(['partner', 'rotate-secret', 'acme', '--why', 'ancien employé']);
  expect(rotated).toMatchObject({ code: 0, json: { slug: 'acme' } });
  const { signingSecret: second } = rotated.json;
  expect(rotated.text).toContain(second);
  expect(await deliveredWith()).toEqual([second, first]);

  const { json, text } = await run(['partner', 'show', 'acme']);
  expect(json.partner).toMatchObject({
    apiKeyEnd: 'kkkk',
    signingSecretEnd: second.slice(-4),
    previous: { end: first?.slice(-4) },
  });
  expect(text).not.toContain(second);
  expect((await actions()).at(-1)).toMatchObject({
    action: 'partner-secret-rotated',
    subject: 'acme',
    why: 'ancien employé',
    actor: expect.stringMatching(/./),
  });

  const start = systemClock.now();
  books.clock.set(new Date(start.getTime() + 23 * 3_600_000));
  expect(await deliveredWith()).toHaveLength(2);
  books.clock.set(new Date(start.getTime() + 25 * 3_600_000));
  expect(await deliveredWith()).toEqual([second]);
});

test('the old signing secret ends when it is told to, at once, or at the next rotation', async () => {
  const next = await run(['partner', 'rotate-secret', 'acme', '--keep', 'next']);
  expect(next.json.oldUntil).toBeNull();
  expect(await deliveredWith()).toHaveLength(2);
  const again = await run(['partner', 'rotate-secret', 'acme', '--keep', 'next']);
  expect(await deliveredWith()).toEqual([again.json.signingSecret, next.json.signingSecret]);
  expect((await run(['partner', 'rotate-secret', 'acme', '--drop-old'])).code).toBe(0);
  expect(await deliveredWith()).toEqual([again.json.signingSecret]);
  const none = await run(['partner', 'rotate-secret', 'acme', '--drop-old']);
  expect([none.code, none.text]).toEqual([1, expect.stringContaining('pas d’ancien secret')]);
  const stolen = await run(['partner', 'rotate-secret', 'acme', '--keep', '0']);
  expect(await deliveredWith()).toEqual([stolen.json.signingSecret]);
  expect((await run(['partner', 'rotate-secret', 'nobody'])).code).toBe(1);
  expect((await run(['partner', 'rotate-secret', 'acme', '--keep', 'long'])).code).toBe(2);
});

test('another API key is sent from then on, and who gave it is on record', async () => {
  const key = `${'z'.repeat(32)}9876`;
  const set = await run(['partner', 'set', 'acme', '--api-key', key, '--why', 'fuite']);
  expect(set.json.partner).toMatchObject({ hasApiKey: true, apiKeyEnd: '9876' });
  expect(JSON.stringify(set)).not.toContain('zzzz');
  expect((await actions()).at(-1)).toMatchObject({ action: 'partner-api-key-set', why: 'fuite' });
});

test('SECRETS_KEY is replaced: all is sealed anew, once, and the old key can go after a day', async () => {
  const env = { SECRETS_KEY: NEW, SECRETS_KEYS_OLD: OLD };
  const before = await run(['secrets', 'status'], env);
  expect(before.json).toMatchObject({ total: 2, lost: [], removableFrom: null });
  expect(before.json.keys.map((it: { secrets: number }) => it.secrets)).toEqual([0, 2]);
  expect(before.text).toContain('secrets rotate');

  // Cut short after the first.
  const [current, old] = [Buffer.alloc(32, 8), Buffer.alloc(32, 7)];
  const cut = resealAll(books.db, secretBox(current, [old]), () => {
    throw new Error('cut');
  });
  await expect(cut).rejects.toThrow('cut');
  const rotated = await run(['secrets', 'rotate', '--why', 'chaque année'], env);
  expect(rotated).toMatchObject({ code: 0, json: { resealed: 1, lost: [] } });
  const at = new Date(rotated.json.removableFrom).getTime() - 24 * 3_600_000;
  expect(Math.abs(at - Date.now())).toBeLessThan(30_000);
  expect((await run(['secrets', 'rotate'], env)).json).toMatchObject({
    resealed: 0,
    removableFrom: rotated.json.removableFrom,
  });
  expect((await actions()).filter((it) => it.action === 'secrets-rotated')).toHaveLength(1);
  expect(
    (await run(['partner', 'show', 'acme'], { SECRETS_KEY: NEW })).json.partner.apiKeyEnd,
  ).toBe('9876');
});

test('a secret whose key is gone is named, and nothing else is touched', async () => {
  const status = await run(['secrets', 'status'], { SECRETS_KEY: keyOf(9) });
  expect(status).toMatchObject({
    code: 1,
    json: { lost: ['partner/acme/api_key', 'partner/acme/signing_secret'] },
  });
  expect(status.text).toContain('SECRETS_KEYS_OLD');
  const shown = await run(['partner', 'show', 'acme'], { SECRETS_KEY: keyOf(9) });
  expect(shown.json.partner).toMatchObject({ hasApiKey: true, apiKeyEnd: null });
  expect((await run(['secrets', 'rotate'], { SECRETS_KEY: keyOf(9) })).code).toBe(1);
  const box = secretBox(Buffer.alloc(32, 8));
  expect((await sealedSecrets(books.db, box)).byKey).toEqual(new Map([[box.currentKey, 2]]));
});

test('a program does not start with a key that does not open what it will need', async () => {
  const dataDir = await makeDataFolder();
  const sellerFile = join(dataDir, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(sampleSeller()));
  const cli = commandLine({
    DATA_DIR: dataDir,
    DATABASE_URL: books.url,
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRETS: 'whsec_x',
    STRIPE_API_BASE: 'http://127.0.0.1:1',
    SELLER_FILE: sellerFile,
    SECRETS_KEY: keyOf(9),
    LOG_LEVEL: 'silent',
  });
  const { code, stderr } = await cli.run(['worker']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/partner\/acme.*SECRETS_KEYS_OLD/)]);
});

test('a link signed with the old key opens for its 24 hours', async () => {
  const dir = await makeDataFolder();
  const { clock } = books;
  const common = { dir, publicUrl: 'http://x', clock };
  const [old, current] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  const before = directoryFiles({ ...common, secretsKey: old });
  await before.put('a.pdf', Buffer.from('pdf'), 'application/pdf');
  const url = await before.signedUrl('a.pdf', new Date(clock.now().getTime() + 24 * 3_600_000));
  const query = Object.fromEntries(new URL(url).searchParams) as never;
  const after = directoryFiles({ ...common, secretsKey: current, oldSecretsKeys: [old] });
  expect(await after.openLink('a.pdf', query)).toEqual(Buffer.from('pdf'));
  const gone = directoryFiles({ ...common, secretsKey: current });
  expect(await gone.openLink('a.pdf', query)).toBe('forged');
  clock.advance(24 * 3_600_000 + 1_000);
  expect(await after.openLink('a.pdf', query)).toBe('expired');
});
