import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkLogo } from '#adapters/logo.ts';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { type ChromiumPrinter, chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import { printVersion } from '#adapters/pdf/print-version.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import { warmPage } from '#adapters/pdf/warm-page.ts';
import type { Invoice } from '#domain/invoice.ts';
import { formatInvoiceNumber } from '#domain/invoice-number.ts';
import { taxLines } from '#domain/order.ts';
import type { Logo } from '#domain/partner.ts';
import {
  manyLines,
  pngChunk,
  pngLogo,
  pricedLine,
  sampleInvoice,
  svgLogo,
} from '../support/invoices.ts';
import { type ReadPdf, readPdf } from '../support/pdf.ts';

let folder: string;
let cacheDir: string;
let printer: ChromiumPrinter;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'printer-'));
  cacheDir = await chromiumCacheDir(folder);
  printer = chromiumPrinter({ cacheDir });
  await printer.warm();
});

afterAll(async () => {
  await printer.close();
  await rm(folder, { recursive: true });
});

/** The printed invoice, read back; no-break spaces as spaces, the narrow ones as they are. */
async function printed(invoice: Invoice, logo: Logo | null = null): Promise<ReadPdf> {
  const pdf = readPdf((await printer.print(invoice, logo)).bytes);
  return { ...pdf, pages: pdf.pages.map((page) => page.replaceAll('\u00A0', ' ')) };
}

/** The browsers this process has started, without their helpers. */
function browserPids(): number[] {
  return processes()
    .filter((it) => it.parent === process.pid && it.program.endsWith('/chromium'))
    .map((it) => it.pid);
}

/** Processes under that one, at any depth, whose command line holds the flag. */
function childrenOf(pid: number, flag: string): number[] {
  const all = processes();
  const under = (it: { parent: number }): boolean =>
    it.parent === pid || all.some((other) => other.pid === it.parent && under(other));
  return all.filter((it) => it.command.includes(flag) && under(it)).map((it) => it.pid);
}

function processes() {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return [{ pid: Number(name), parent, command, program: readlinkSync(`/proc/${name}/exe`) }];
    } catch {
      return []; // it has just ended
    }
  });
}

describe('the document', () => {
  test('is tagged, in French, titled, and set in Inter alone', async () => {
    const pdf = await printed(sampleInvoice(), svgLogo);
    expect(pdf).toMatchObject({
      tagged: true,
      language: 'fr',
      title: 'Facture FQCA-2026-000318 – ComptAppart',
      fonts: ['Inter-Regular', 'Inter-SemiBold'],
    });
  });

  test('names the Chromium and the template that made it', async () => {
    const { chromiumVersion, templateVersion } = await printer.print(sampleInvoice(), null);
    expect(chromiumVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(templateVersion).toBe(printVersion(invoicePage()));
  });

  test('its words can be copied, apostrophes and narrow spaces included', async () => {
    const [page = ''] = (await printed(sampleInvoice({ lines: manyLines(11) }))).pages;
    expect(page).toContain('Catégorie de l’opération : prestation de services.');
    expect(page).toContain('1\u202F217,90 €');
    expect(page).toContain('FQCA-2026-000318');
  });

  test.each([1, 5, 11, 12, 13])('%i lines fit one page', async (lines) => {
    expect((await printed(sampleInvoice({ lines: manyLines(lines) }))).pages).toHaveLength(1);
  });

  test('eleven lines of a test invoice fit one page too', async () => {
    const invoice = sampleInvoice({ lines: manyLines(11), test: true });
    expect((await printed(invoice, pngLogo())).pages).toHaveLength(1);
  });

  test('whatever the length, two rows at least stand above the totals', async () => {
    for (const count of [14, 18, 19, 43, 45, 47, 48]) {
      const last = (await printed(sampleInvoice({ lines: manyLines(count) }))).pages.at(-1) ?? '';
      expect(last.split('\n').filter((line) => line === '20 %').length).toBeGreaterThanOrEqual(2);
      expect(last).toContain('Total TTC');
    }
  });

  test('sixty lines: three numbered pages, each with head, foot and running title', async () => {
    const { pages } = await printed(sampleInvoice({ lines: manyLines(60) }));
    expect(pages).toHaveLength(3);
    pages.forEach((page, index) => {
      expect(page).toContain('Désignation');
      expect(page.replaceAll('\n', '')).toContain(`Page ${index + 1} / 3`);
      expect(page).toContain('RCS Tours 841 206 378');
      expect(page.includes('Facture n° FQCA-2026-000318 (suite)')).toBe(index > 0);
      expect(page.includes('Total TTC')).toBe(index === 2);
    });
  });

  test('TEST stands on each page of a test invoice, and on none of a real one', async () => {
    const lines = manyLines(30);
    const test = await printed(sampleInvoice({ lines, test: true }));
    expect(test.pages.every((page) => page.includes('TEST – SPÉCIMEN'))).toBe(true);
    const real = await printed(sampleInvoice({ lines }));
    expect(real.pages.join('')).not.toMatch(/TEST|SPÉCIMEN/);
  });
});

describe('names and logos', () => {
  test('Greek, Cyrillic and Vietnamese names are set in Inter; others do not borrow a font', async () => {
    const name = 'Ελένη Иван Nguyễn 王';
    const buyer = { ...sampleInvoice().buyer, name };
    const pdf = await printed(sampleInvoice({ buyer }));
    expect(pdf.pages[0]?.replaceAll('\n', '')).toContain('Ελένη Иван Nguyễn Wang');
    expect(pdf.fonts).toEqual(['Inter-Regular', 'Inter-SemiBold']);
  });

  test('an SVG’s own words are set in the same font on every machine', async () => {
    const bytes = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30">' +
        '<text y="20" font-family="Arial">Cap</text></svg>',
    );
    const pdf = await printed(sampleInvoice(), { mediaType: 'image/svg+xml', bytes });
    expect(pdf.fonts).toContain('OpenSans-Regular');
  });

  test('a logo that does not decode gives way to the name, and the invoice goes out', async () => {
    const whole = Buffer.from(pngLogo(12, 4).bytes);
    const header = Buffer.from(whole.subarray(16, 29));
    header.writeUInt8(5, 8); // a bit depth that PNG does not have
    const bytes = Buffer.concat([
      whole.subarray(0, 8),
      pngChunk('IHDR', header),
      whole.subarray(33),
    ]);
    expect(checkLogo(bytes).mediaType).toBe('image/png');
    const pdf = await printed(sampleInvoice(), { mediaType: 'image/png', bytes });
    expect(pdf.pages[0]).toContain('Cap Fisc');
  });
});

describe('nothing leaves the page', () => {
  test('of hostile markup put into the page itself, no request arrives', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('x');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
    try {
      const page = await warmPage(await browsers.get(), invoicePage().shell);
      const hostile = `
        <img src="${url}/img"><iframe src="${url}/frame"></iframe><object data="${url}/object"></object>
        <link rel="stylesheet" href="${url}/css"><link rel="prefetch" href="${url}/prefetch">
        <video src="${url}/video"></video><script src="${url}/script"></script>
        <svg><image href="${url}/svg"/></svg><p style="background:url(${url}/style)">x</p>
        <style>@font-face{font-family:n;src:url(${url}/font)}p{font-family:n}</style>`;
      await page.print({ title: 'x', style: `@import "${url}/import";`, body: hostile });
      // This one moves the page away for good, sooner or later: then it prints nothing any more.
      const moved = `<meta http-equiv="refresh" content="0;url=${url}/refresh">`;
      await vi.waitFor(() =>
        expect(page.print({ title: 'x', style: '', body: moved })).rejects.toThrow(),
      );
    } finally {
      await browsers.close();
      server.close();
    }
    expect(asked).toEqual([]);
  });

  test('a meta refresh as a name is a name, and the next print is well', async () => {
    const name = '<meta http-equiv=refresh content="0;url=http://127.0.0.1:9/">';
    const buyer = { ...sampleInvoice().buyer, name };
    const pdf = await printed(sampleInvoice({ buyer }));
    expect(pdf.pages[0]?.replaceAll('\n', '')).toContain('<meta http-equiv=refresh');
    expect((await printed(sampleInvoice())).pages).toHaveLength(1);
  });
});

describe('many at once, and trouble', () => {
  const numbered = (ordinal: number) =>
    sampleInvoice({
      number: formatInvoiceNumber('FQCA', 2026, ordinal),
      lines: taxLines([pricedLine({ productName: `Prestation ${ordinal}` })]),
    });

  test.each([1, 3])(
    '24 prints at once over %i pages come back each with its own',
    async (pages) => {
      const many = chromiumPrinter({ cacheDir, pages, printsPerPage: 5 });
      try {
        const prints = Array.from({ length: 24 }, async (_, index) => {
          const pdf = readPdf((await many.print(numbered(index + 1), null)).bytes);
          expect(pdf.title).toContain(formatInvoiceNumber('FQCA', 2026, index + 1));
          expect(pdf.pages.join()).toContain(`Prestation ${index + 1}\n`);
        });
        await Promise.all(prints);
      } finally {
        await many.close();
      }
    },
  );

  test('a browser killed between two prints is replaced', async () => {
    const before = browserPids();
    expect(before).toHaveLength(1);
    process.kill(before[0] as number, 'SIGKILL');
    expect((await printed(numbered(7))).pages).toHaveLength(1);
    expect(browserPids()).not.toContain(before[0]);
  });

  test('a browser killed under a print costs nobody a document', async () => {
    const prints = Array.from({ length: 8 }, (_, index) => printed(numbered(index + 1)));
    await prints[0];
    for (const pid of browserPids()) process.kill(pid, 'SIGKILL');
    const pdfs = await Promise.all(prints);
    pdfs.forEach((pdf, index) => {
      expect(pdf.title).toContain(formatInvoiceNumber('FQCA', 2026, index + 1));
    });
  });

  test('a dead renderer costs nobody a document', async () => {
    await printed(numbered(1));
    const renderers = childrenOf(browserPids()[0] as number, '--type=renderer');
    expect(renderers.length).toBeGreaterThan(0);
    for (const pid of renderers) process.kill(pid, 'SIGKILL');
    expect((await printed(numbered(2))).title).toContain('000002');
  });

  test('a browser that falls silent is given up after the time limit', async () => {
    const others = browserPids();
    const impatient = chromiumPrinter({ cacheDir, timeoutMs: 1500 });
    await impatient.warm();
    const [pid = 0] = browserPids().filter((it) => !others.includes(it));
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(impatient.print(numbered(8), null)).rejects.toThrow(
        'FQCA-2026-000008 could not be printed',
      );
      const { bytes } = await impatient.print(numbered(9), null);
      expect(readPdf(bytes).title).toContain('000009');
    } finally {
      process.kill(pid, 'SIGCONT');
      await impatient.close();
    }
  });

  test('a closed printer refuses, and leaves no process', async () => {
    const short = chromiumPrinter({ cacheDir });
    const others = browserPids();
    await short.print(numbered(10), null);
    await short.close();
    expect(browserPids().filter((it) => !others.includes(it))).toEqual([]);
    await expect(short.print(numbered(11), null)).rejects.toThrow('could not be printed');
  });
});

describe('the browser’s program', () => {
  test('two first starts at once end with one whole folder, leftovers swept', async () => {
    const fresh = join(folder, 'fresh');
    const halfWritten = join(fresh, 'chromium-153.0.0.4711.x');
    await mkdir(halfWritten, { recursive: true });
    await writeFile(join(halfWritten, 'chromium'), 'half');
    await utimes(halfWritten, 0, 0);
    const [one, other] = await Promise.all([
      chromiumBinary({ cacheDir: fresh }),
      chromiumBinary({ cacheDir: fresh }),
    ]);
    expect(one).toEqual(other);
    expect(await readdir(fresh)).toHaveLength(1);
    expect(one.executablePath).toMatch(/\/chromium-[\d.]+\/chromium$/);
    expect(Object.keys(one.env).sort()).toEqual([
      'FONTCONFIG_FILE',
      'HOME',
      'LD_LIBRARY_PATH',
      'PATH',
    ]);
  });

  test('CHROMIUM_PATH must be a program', async () => {
    const given = (executablePath: string) => chromiumBinary({ executablePath, cacheDir });
    await expect(given('/nowhere/chromium')).rejects.toThrow('CHROMIUM_PATH names /nowhere');
    await expect(given(folder)).rejects.toThrow('there is no program');
    await writeFile(join(folder, 'plain'), '', { mode: 0o644 });
    await expect(given(join(folder, 'plain'))).rejects.toThrow('may not execute');
    const { executablePath } = await chromiumBinary({ cacheDir });
    expect((await given(executablePath)).executablePath).toBe(executablePath);
  });
});
