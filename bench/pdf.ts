// How much of bare Chromium's rate is left when each page becomes a finished Factur-X file. Both
// sides print the same page in the same run, in turn, round after round, so the machine's mood
// falls on both; the ratio is the figure, the rates are only its parts.
//
//   node bench/pdf.ts [--json] [--quick] [--rounds 5] [--seconds 1.5] [--lines 1,5,60] [--pages 1,2]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import { warmPage } from '#adapters/pdf/warm-page.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { manyLines, sampleInvoice } from '#test/support/invoices.ts';
import { type Figure, figure, figureTable, note, tellReport } from './figures.ts';

/** Rates in PDFs a second, one a round. */
type Row = {
  readonly lines: number;
  readonly pages: number;
  readonly bare: readonly number[];
  readonly facturX: readonly number[];
};

/** Of bare Chromium's rate at least so much must be left. */
const LIMIT = 0.9;

/** Something that prints one PDF at a time for each of its callers. */
type Printer = { print(): Promise<Uint8Array>; close(): Promise<void> };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    lines: { type: 'string' },
    pages: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
const milliseconds = Number(values.seconds ?? (values.quick ? 1 : 1.5)) * 1000;
const allLines = numbers(values.lines ?? (values.quick ? '1,60' : '1,5,60'));
const allPages = numbers(values.pages ?? (values.quick ? '1' : '1,2'));

const folder = await mkdtemp(join(tmpdir(), 'bench-pdf-'));
try {
  const cacheDir = await chromiumCacheDir(folder);
  const rows: Row[] = [];
  for (const pages of allPages) {
    for (const lines of allLines) rows.push(await compare(cacheDir, pages, lines));
  }
  tellReport({ figures: rows.flatMap(figuresOf), details: rows }, values);
} finally {
  await rm(folder, { recursive: true });
}

async function compare(cacheDir: string, pages: number, lines: number): Promise<Row> {
  const document = sampleInvoice({ lines: manyLines(lines) });
  const bare = await barePrinter(cacheDir, pages, document);
  const facturX = await finishedPrinter(cacheDir, pages, document);
  const measured: { readonly bare: number; readonly facturX: number }[] = [];
  // The first round warms both up and does not count.
  for (let round = 0; round <= rounds; round++) {
    const both = { bare: await rate(bare, pages), facturX: await rate(facturX, pages) };
    if (round > 0) measured.push(both);
  }
  await Promise.all([bare.close(), facturX.close()]);
  const row = {
    ...{ lines, pages },
    bare: measured.map((it) => it.bare),
    facturX: measured.map((it) => it.facturX),
  };
  note(figureTable(figuresOf(row)));
  return row;
}

function figuresOf({ lines, pages, bare, facturX }: Row): readonly Figure[] {
  const of = `${lines} line${lines === 1 ? '' : 's'}, ${pages} at a time`;
  const ratios = facturX.map((rate, at) => rate / (bare[at] ?? Number.NaN));
  const rate = { unit: '/s', better: 'more' as const };
  return [
    figure(`Factur-X ÷ bare Chromium, ${of}`, {
      ...{ unit: '×', better: 'more', limit: LIMIT, rounds: ratios },
    }),
    figure(`Factur-X, ${of}`, { ...rate, rounds: facturX }),
    figure(`bare Chromium, ${of}`, { ...rate, rounds: bare }),
  ];
}

/** Fills the page and prints it, nothing more. */
async function barePrinter(
  cacheDir: string,
  count: number,
  document: LegalDocument,
): Promise<Printer> {
  const template = invoicePage();
  const filled = template.fill(document, null);
  const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
  const browser = await browsers.get();
  const idle = await Promise.all(
    Array.from({ length: count }, () => warmPage(browser, template.shell)),
  );
  const waiting: (() => void)[] = [];
  return {
    async print() {
      while (idle.length === 0) await new Promise<void>((freed) => waiting.push(freed));
      const page = idle.pop() as (typeof idle)[number];
      try {
        const pdf = await page.print(filled);
        if (pdf === 'broken-picture') throw new Error('the sample has no picture');
        return pdf;
      } finally {
        idle.push(page);
        waiting.shift()?.();
      }
    },
    close: () => browsers.close(),
  };
}

/** The program's own printer. */
async function finishedPrinter(
  cacheDir: string,
  pages: number,
  document: LegalDocument,
): Promise<Printer> {
  const printer = chromiumPrinter({ cacheDir, pages });
  await printer.warm();
  return {
    print: async () => (await printer.print(document, null)).bytes,
    close: () => printer.close(),
  };
}

/** PDFs a second with two callers a page, so that no page waits for its next order. */
async function rate(printer: Printer, pages: number): Promise<number> {
  const startedAt = performance.now();
  const until = startedAt + milliseconds;
  let printed = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await printer.print();
      printed += 1;
    }
  };
  await Promise.all(Array.from({ length: 2 * pages }, caller));
  return (printed * 1000) / (performance.now() - startedAt);
}

function numbers(list: string): number[] {
  return list.split(',').map(Number);
}
