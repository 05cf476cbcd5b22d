// Logos that a mail cannot carry as they are, drawn by a real Chromium: what comes out is a small
// PNG on white, the same each time, and no logo, however broken, holds a mail back.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, inflateSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { drawnLogos } from '#adapters/email/drawn-logos.ts';
import { lightLogo, type MailLogo } from '#adapters/email/mail-logo.ts';
import { chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import type { Logo } from '#domain/partner.ts';
import { noisyLogo, pngLogo } from '#test/support/mail-orders.ts';

const dir = await mkdtemp(join(tmpdir(), 'comptappart-logo-'));
const cacheDir = await chromiumCacheDir(dir);
const failures: unknown[] = [];
const logos = drawnLogos({ cacheDir, onFailure: (error) => failures.push(error) });
afterAll(async () => {
  await logos.close();
  await rm(dir, { recursive: true, force: true });
});

function svg(inside: string, size = 'viewBox="0 0 220 60"'): Logo {
  const source = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${inside}</svg>`;
  return { mediaType: 'image/svg+xml', bytes: new TextEncoder().encode(source) };
}

const DISC = svg(
  '<circle cx="30" cy="30" r="26" fill="#0b7a75"/><text x="66" y="41">Fiscalia</text>',
);

/** Width and height in pixels of a PNG. */
function pixels({ bytes }: MailLogo): number[] {
  const file = Buffer.from(bytes);
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}

test('an SVG is drawn at twice its box, and light enough for every mail', async () => {
  const drawn = await logos.of(DISC);
  expect(drawn).toMatchObject({ width: 176, height: 48 });
  expect(drawn && pixels(drawn)).toEqual([352, 96]);
  expect(drawn?.bytes.length).toBeLessThanOrEqual(20_000);
  const wide = await logos.of(svg('<rect width="9" height="1"/>', 'width="9" height="1"'));
  expect(wide).toMatchObject({ width: 200, height: 22 });
});

test('the ground is white and opaque', async () => {
  const drawn = await logos.of(svg('<circle cx="30" cy="30" r="5"/>'));
  const file = Buffer.from(drawn?.bytes ?? []);
  const data = file.indexOf('IDAT');
  const length = file.readUInt32BE(data - 4);
  const pixels = inflateSync(file.subarray(data + 4, data + 4 + length), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  // Colours without transparency, and the first one, after its row's filter.
  expect(file[25]).toBe(2);
  expect([...pixels.subarray(1, 4)]).toEqual([255, 255, 255]);
});

test('one logo is drawn once, and by another process to the same bytes', async () => {
  const [first, again] = await Promise.all([logos.of(DISC), logos.of({ ...DISC })]);
  expect(again).toBe(first);
  const others = drawnLogos({ cacheDir, onFailure: (error) => failures.push(error) });
  const elsewhere = await others.of(DISC);
  await others.close();
  expect(Buffer.from(elsewhere?.bytes ?? []).equals(Buffer.from(first?.bytes ?? []))).toBe(true);
});

test('a PNG that is light goes as it is; a heavy one is drawn smaller', async () => {
  const light = pngLogo(200, 100);
  expect(await logos.of(light)).toEqual(lightLogo(light));
  const heavy = pngLogo(1_600, 900);
  const drawn = await logos.of(heavy);
  expect(drawn).toMatchObject({ width: 85, height: 48 });
  expect(drawn?.bytes.length).toBeLessThan(20_000);
});

test('a photograph is drawn coarser until it is light, or not sent', async () => {
  const small = await logos.of(noisyLogo(192, 96));
  expect(small).toMatchObject({ width: 96, height: 48 });
  expect(small && pixels(small)).toEqual([96, 48]);
  expect(small?.bytes.length).toBeLessThanOrEqual(20_000);
  expect(await logos.of(noisyLogo(400, 96))).toBeNull();
});

test('what no browser can draw leaves the partner’s name, and is told', async () => {
  failures.length = 0;
  const broken: Logo = { mediaType: 'image/svg+xml', bytes: new TextEncoder().encode('<svg') };
  expect(await logos.of(broken)).toBeNull();
  expect(await logos.of(broken)).toBeNull();
  expect(failures).toHaveLength(1);
  expect(await logos.of(null)).toBeNull();
});

test('a Chromium that is not there is told too, and holds no mail back', async () => {
  const told: unknown[] = [];
  const without = drawnLogos({
    executablePath: '/nowhere/chromium',
    cacheDir,
    onFailure: (error) => told.push(error),
  });
  expect(await without.of(DISC)).toBeNull();
  expect(told).toHaveLength(1);
  await without.close();
});
