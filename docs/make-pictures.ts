// Makes docs/pictures/: model documents printed as in production, in three brandings, and shown as
// PNG. To be run by hand after the page has changed, and its results looked at:
//
//   node docs/make-pictures.ts
//
// It needs `pdftoppm` (Debian: poppler-utils) and `convert` (imagemagick) beside Node.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLogo } from '#adapters/logo.ts';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { cents } from '#domain/money.ts';
import type { Branding, Logo } from '#domain/partner.ts';
import { manyLines, sampleInvoice, svgLogo } from '../test/support/invoices.ts';
import {
  businessInvoice,
  creditNoteOf,
  reverseChargeInvoice,
  severalRatesInvoice,
} from '../test/support/model-documents.ts';

type Brand = { readonly branding: Partial<Branding>; readonly logo: Logo | null };

/** Sharp enough to read on a screen, light enough for a repository. */
const DOTS_PER_INCH = 105;
const folder = fileURLToPath(new URL('pictures/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'pictures-'));
const cacheDir = await chromiumCacheDir(join(tmpdir(), 'pictures-chromium'));
const printer = chromiumPrinter({ cacheDir });

try {
  mkdirSync(folder, { recursive: true });
  const { blue, yellow, orange } = await brands();
  const first = sampleInvoice();
  const long = sampleInvoice({ lines: manyLines(60) });
  const test = sampleInvoice({ lines: manyLines(3), test: true });
  await show('invoice-1', first, blue);
  await show('invoice-5', sampleInvoice({ lines: manyLines(5) }), yellow);
  await show('invoice-11', sampleInvoice({ lines: manyLines(11) }), orange);
  await show('invoice-60-p1', long, orange, 1);
  await show('invoice-60-p2', long, orange, 2);
  await show('invoice-60-p3', long, orange, 3);
  await show('invoice-business', businessInvoice, yellow);
  await show('invoice-reverse-charge', reverseChargeInvoice, blue);
  await show('invoice-rates', severalRatesInvoice, orange);
  await show('invoice-test', test, blue);
  await show('avoir', creditNoteOf(12, first, { cause: 'refund', gross: cents(4990) }), blue);
  await show(
    'avoir-test',
    creditNoteOf(13, test, { cause: 'dispute', gross: cents(9000) }),
    orange,
  );
} finally {
  await printer.close();
  rmSync(scratch, { recursive: true });
}

async function show(name: string, document: LegalDocument, brand: Brand, page = 1): Promise<void> {
  const partner = { ...document.partner, ...brand.branding };
  const { bytes } = await printer.print({ ...document, partner }, brand.logo);
  const pdf = join(scratch, `${name}.pdf`);
  const raw = join(scratch, name);
  writeFileSync(pdf, bytes);
  const only = ['-f', String(page), '-l', String(page), '-singlefile'];
  execFileSync('pdftoppm', ['-r', String(DOTS_PER_INCH), '-png', ...only, pdf, raw]);
  const fewColors = ['+dither', '-colors', '64', '-strip', '-define', 'png:compression-level=9'];
  execFileSync('convert', [`${raw}.png`, ...fewColors, join(folder, `${name}.png`)]);
  console.log(`docs/pictures/${name}.png`);
}

/** A dark blue with a PNG, a yellow too pale for paper without a logo, an orange with an SVG. */
async function brands(): Promise<Record<'blue' | 'yellow' | 'orange', Brand>> {
  const sail = Buffer.from(svgLogo.bytes).toString();
  const warm = sail
    .replace('fill="#0b7a75"', 'fill="#e8590c"')
    .replace('#13b5a8', '#ff922b')
    .replaceAll('#0b3d3a', '#3b2314');
  return {
    blue: {
      branding: {
        name: 'Fiscalia',
        color: '#1b2f6b',
        contactEmail: 'bonjour@fiscalia.example',
        contactPhone: '02 40 00 00 00',
        website: 'https://fiscalia.example/',
      },
      logo: checkLogo(await fiscalia()),
    },
    yellow: {
      branding: {
        name: 'Tournesol & Associés',
        color: '#ffd400',
        contactEmail: 'contact@tournesol.example',
        contactPhone: null,
        website: null,
      },
      logo: null,
    },
    orange: { branding: { color: '#ff6a00' }, logo: checkLogo(Buffer.from(warm)) },
  };
}

/** A mark and a word, drawn by the browser on a transparent ground, 300 dots an inch on the page. */
async function fiscalia(): Promise<Buffer> {
  const font = fileURLToPath(
    import.meta.resolve('@fontsource/inter/files/inter-latin-600-normal.woff2'),
  );
  const source = readFileSync(font).toString('base64');
  const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
  const browser = await browsers.get();
  const page = await browser.newPage({ viewport: { width: 660, height: 216 } });
  await page.setContent(`<style>
    @font-face { font-family: Word; src: url(data:font/woff2;base64,${source}) }
    body { margin: 0; display: flex; align-items: center; height: 216px; gap: 40px;
      font: 118px Word; letter-spacing: -0.035em; color: #1b2f6b }
  </style>
  <svg width="150" height="150" viewBox="0 0 15 15">
    <path fill="#1b2f6b" d="M0 0H15V4H4V15H0Z"/>
    <path fill="#4c78d8" d="M6 6H12V9.4H9.4V15H6Z"/>
  </svg>Fiscalia`);
  await page.evaluate('document.fonts.ready');
  const picture = await page.screenshot({ omitBackground: true });
  await browsers.close();
  return picture;
}
