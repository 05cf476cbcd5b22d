// A partner's logo and colour on their way in: what is refused while the file is still at hand, and
// what is taken with a word of warning. Real files, no database.

import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPartnerOptions } from '#adapters/cli/partner-options.ts';
import { pngLogo, svgLogo } from '../support/invoices.ts';

const ALLOW = { allowInsecure: true };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logos-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function saved(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function svg(inside: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3">${inside}</svg>`;
}

test('a logo as designers export it is taken without a word', async () => {
  for (const logo of [svgLogo, pngLogo()]) {
    const path = await saved('logo', logo.bytes);
    const { changes, warnings } = await checkPartnerOptions({ logo: path }, ALLOW);
    expect(changes.logo?.mediaType).toBe(logo.mediaType);
    expect(warnings).toEqual([]);
  }
});

test('white on white is taken, with a warning', async () => {
  const path = await saved('white.svg', svg('<path fill="#fff" d="M0 0h9v3z"/>'));
  const { changes, warnings } = await checkPartnerOptions({ logo: path, color: '#fff176' }, ALLOW);
  expect(changes.logo?.mediaType).toBe('image/svg+xml');
  expect(warnings).toEqual([
    expect.stringMatching(/^#fff176 se voit mal sur du blanc .*les factures prendront #\w{6}\.$/),
    'Ce logo est presque invisible sur fond blanc.',
  ]);
});

test('too few pixels are taken, with a warning', async () => {
  const path = await saved('small.png', pngLogo(160, 50).bytes);
  const { warnings } = await checkPartnerOptions({ logo: path }, ALLOW);
  expect(warnings).toEqual([expect.stringContaining('au moins 650 de large')]);
});

test('a file of ten megabytes is refused without being read', async () => {
  const path = await saved('huge.png', '');
  await truncate(path, 10_000_000);
  const started = performance.now();
  await expect(checkPartnerOptions({ logo: path }, ALLOW)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^Le logo pèse 9766\sko\s: 512 au plus\.$/),
  });
  expect(performance.now() - started).toBeLessThan(500);
});

test.each([
  ['a script', '<script>alert(1)</script>', 'interdit ici'],
  ['an event', '<path onload="x()"/>', 'réagit à un événement'],
  ['a picture from elsewhere', '<image href="https://x.example/p.png"/>', 'extérieur'],
])('an SVG with %s is refused', async (_, inside, words) => {
  const path = await saved('bad.svg', svg(inside));
  await expect(checkPartnerOptions({ logo: path }, ALLOW)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(words),
  });
});
