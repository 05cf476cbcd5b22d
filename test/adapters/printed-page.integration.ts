// The page as Chromium lays it out: where pages break, what each of them says, and that no text and
// no accepted logo, however odd, spoils one. Read back from the finished PDF, whose reader refuses a
// glyph for a missing character and a font that is not inside.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkLogo } from '#adapters/logo.ts';
import { chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { type ChromiumPrinter, chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { cents } from '#domain/money.ts';
import { taxLines } from '#domain/order.ts';
import type { Logo } from '#domain/partner.ts';
import { manyLines, pricedLine, sampleInvoice, sampleSeller } from '../support/invoices.ts';
import { creditNoteOf, modelDocuments } from '../support/model-documents.ts';
import { readPdf } from '../support/pdf.ts';

let folder: string;
let printer: ChromiumPrinter;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'printed-'));
  printer = chromiumPrinter({ cacheDir: await chromiumCacheDir(folder) });
  await printer.warm();
});

afterAll(async () => {
  await printer.close();
  await rm(folder, { recursive: true });
});

/** The pages' words, every space a plain one, lines as they were drawn. */
async function pagesOf(document: LegalDocument, logo: Logo | null = null): Promise<string[]> {
  const { pages, fonts } = readPdf((await printer.print(document, logo)).bytes);
  expect(fonts).toEqual(['Inter-Regular', 'Inter-SemiBold']);
  return pages.map((page) => page.replace(/[\u00A0\u202F]/g, ' '));
}

describe.each(modelDocuments)('$name', ({ name, document }) => {
  test('is a page, or three for sixty lines, with its number and its total', async () => {
    const pages = await pagesOf(document);
    expect(pages).toHaveLength(name === 'sixty lines' ? 3 : 1);
    expect(pages[0]).toContain(document.number);
    expect(pages.at(-1)).toContain('TTC');
  });
});

test('250 lines: each page numbered, named, with its head and foot; the sums on the last', async () => {
  const pages = await pagesOf(sampleInvoice({ lines: manyLines(250) }));
  expect(pages).toHaveLength(10);
  pages.forEach((page, index) => {
    const words = page.replaceAll('\n', '');
    expect(words).toContain(`Page ${index + 1} / 10`);
    expect(words).toContain('Désignation');
    expect(words).toContain('RCS Tours 841 206 378');
    expect(words.includes('(suite)')).toBe(index > 0);
    expect(words.includes('Total TTC')).toBe(index === 9);
  });
  const rows = pages.map((page) => page.split('\n').filter((line) => line === '20 %').length);
  expect(rows.reduce((sum, it) => sum + it)).toBe(250);
  expect(rows.at(-1)).toBeGreaterThanOrEqual(2);
});

test('a credit note of forty lines is named on each page', async () => {
  const invoice = sampleInvoice({ lines: manyLines(40), test: true });
  const { gross } = invoice.totals;
  const pages = await pagesOf(creditNoteOf(7, invoice, { cause: 'refund', gross }));
  expect(pages).toHaveLength(2);
  expect(pages[0]?.replaceAll('\n', '')).toContain('Avoir sur la facture n° FQCA-2026-000318');
  expect(pages[1]).toContain('TEST – SPÉCIMEN – Avoir n° AQCA-2026-000007 (suite)');
  expect(pages[1]).toContain('Total de l’avoir TTC');
  expect(pages.every((page) => page.includes('TEST\n'))).toBe(true);
});

describe('odd texts', () => {
  test('a sample of all of Unicode prints in Inter alone, no character missing', async () => {
    const codes = Array.from({ length: 4000 }, (_, index) => 0x20 + index * 48);
    const names = Array.from({ length: 40 }, (_, row) =>
      codes
        .slice(row * 100, row * 100 + 100)
        .filter((code) => code < 0xd800 || code > 0xdfff)
        .map((code) => String.fromCodePoint(code))
        .join(''),
    );
    const lines = taxLines(names.map((productName) => pricedLine({ productName })));
    const pages = await pagesOf(sampleInvoice({ lines }));
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.at(-1)).toContain('Total TTC');
  });

  test('every text at its longest: names, address, seller, partner, hundreds of letters', async () => {
    const long = (length: number) => 'Wmœ '.repeat(length).slice(0, length);
    const base = sampleInvoice();
    const line = { productName: long(10_000), gross: cents(99_999_999_999), quantity: 100_000 };
    const pages = await pagesOf({
      ...sampleInvoice({ lines: taxLines([pricedLine(line), pricedLine(line)]) }),
      seller: {
        ...sampleSeller,
        tradeName: long(200),
        addressLines: Array.from({ length: 5 }, () => long(100)),
        mediator: long(200),
        termsUrl: `https://comptappart.example/${'cgv'.repeat(50)}`,
      },
      buyer: {
        ...base.buyer,
        name: 'W'.repeat(5000),
        businessName: long(5000),
        vatNumber: `FR22${'8'.repeat(60)}`,
        address: {
          line1: long(500),
          line2: 'W'.repeat(500),
          postalCode: long(500),
          city: long(500),
          state: long(500),
          country: 'DE',
        },
      },
      partner: { ...base.partner, name: 'W'.repeat(100), website: `https://${'w'.repeat(200)}.fr` },
    });
    expect(pages.length).toBeLessThanOrEqual(4);
    expect(pages.at(-1)?.replaceAll('\n', '')).toContain('Total TTC');
    expect(pages.join('').replaceAll('\n', '')).toContain('100 000');
  });
});

describe('odd logos that are accepted', () => {
  const drawing = (inside: string, size = 'viewBox="0 0 100 30"') =>
    checkLogo(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${inside}</svg>`));

  test.each([
    ['as many shapes as may be', '<path d="M0 0h9v9z"/>'.repeat(19_000)],
    [
      'as many masks as may be',
      `<mask id="m"><path d="M0 0h90v20z" fill="#fff"/></mask>${'<path mask="url(#m)" d="M0 0h90v20z"/>'.repeat(90)}`,
    ],
    [
      'dashes finer than any printer',
      '<path d="M0 0H99999" stroke="red" stroke-dasharray="1e-4"/>',
    ],
    [
      'a gradient that repeats a million times',
      `<linearGradient id="g" spreadMethod="repeat" x2="1e-6"><stop/><stop offset="1" stop-color="red"/></linearGradient><path fill="url(#g)" d="M0 0h90v20z"/>`,
    ],
  ])('%s: the invoice still comes', async (_, inside) => {
    expect(await pagesOf(sampleInvoice(), drawing(inside))).toHaveLength(1);
  });

  test.each(['width="1e9" height="1e9"', 'width="1" height="1e6"', 'viewBox="0 0 0 0"'])(
    'an SVG of %s stays in its box',
    async (size) => {
      const pages = await pagesOf(sampleInvoice(), drawing('<path d="M0 0h9v9z"/>', size));
      expect(pages).toHaveLength(1);
    },
  );
});
