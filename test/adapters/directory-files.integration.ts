// The folder store: written once, and links that die after a day and cannot be forged. The claims of
// the port itself stand in contracts/file-store.ts.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DirectoryFiles, directoryFiles } from '#adapters/files/directory-files.ts';
import { fileStoreContract } from '#test/contracts/file-store.ts';
import { memoryFiles, testClock } from '#test/support/books.ts';

let dir: string;
let files: DirectoryFiles;
const clock = testClock();
const KEY = 'partner_invoices/invoice_1_20261122_133218.pdf';
const BYTES = Buffer.from('%PDF-1.4 hello');
const DAY_MS = 24 * 3_600_000;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'comptappart-files-'));
  files = directoryFiles({
    dir,
    publicUrl: 'https://pay.example',
    secretsKey: Buffer.alloc(32, 5),
    clock,
  });
  await files.put(KEY, BYTES, 'application/pdf');
});
afterAll(() => rm(dir, { recursive: true }));

describe('the folder store keeps the port’s promises', () => fileStoreContract(() => files));
describe('the fake of the tests keeps them too', () => fileStoreContract(() => memoryFiles()));

async function partsOf(expiresAt: Date) {
  const url = new URL(await files.signedUrl(KEY, expiresAt));
  expect(url.origin + url.pathname).toBe(`https://pay.example/files/${KEY}`);
  const { expires, signature } = Object.fromEntries(url.searchParams);
  return { expires, signature };
}

test('a link opens its file until its last second, and then no more', async () => {
  const start = clock.now();
  const query = await partsOf(new Date(start.getTime() + DAY_MS));
  clock.advance(DAY_MS - 1000);
  expect(await files.openLink(KEY, query)).toEqual(BYTES);
  clock.advance(1000);
  expect(await files.openLink(KEY, query)).toBe('expired');
  clock.set(start);
});

test('a link for another file, a later date, or made up, is forged', async () => {
  const { expires = '', signature = '' } = await partsOf(new Date(clock.now().getTime() + DAY_MS));
  const forged: [string, unknown, unknown][] = [
    ['partner_invoices/invoice_2_20261122_133218.pdf', expires, signature],
    [KEY, String(Number(expires) + 1), signature],
    [KEY, expires, signature.slice(0, -2)],
    [KEY, expires, ''],
    [KEY, expires, undefined],
    [KEY, undefined, signature],
    [KEY, [expires, expires], signature],
    [KEY, `${expires}0000000000`, signature],
    ['../../etc/passwd', expires, signature],
    ['partner_invoices/../../../etc/passwd', expires, signature],
    ['partner_invoices%2f..%2fx', expires, signature],
    ['', expires, signature],
  ];
  for (const [key, e, s] of forged) {
    expect(await files.openLink(key, { expires: e, signature: s }), key).toBe('forged');
  }
});

test('keys that could leave the folder are refused when written and when signed', async () => {
  for (const key of ['../x', '/etc/x', 'a/../b', 'a//b', '.hidden', 'a/.b', 'a\\b', 'a b', '']) {
    await expect(files.put(key, BYTES, 'application/pdf'), key).rejects.toThrow('not a file key');
    await expect(files.signedUrl(key, clock.now()), key).rejects.toThrow('not a file key');
  }
});
