// The version that is stored with each PDF: it names the program that shaped the bytes. A digest of
// every source file that the printer reaches, so that nobody has to raise a number or keep a list,
// and nobody can forget to; that a changed comment changes it too is the small price.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { InvoicePage } from './invoice-page.ts';

const PRINTER = new URL('chromium-printer.ts', import.meta.url).href;
const OUR_PACKAGE = new URL('../../../package.json', import.meta.url);
/** What a file takes from other files of ours, or from packages; types leave no trace in a PDF. */
const IMPORT = /^import (?!type )(?:[^;']*? from )?'([^']+)';/gm;

/** Twelve hex digits. Reads the sources, once; throws when one is missing. */
export function printVersion(page: InvoicePage): string {
  const sources = new Map<string, string>();
  const packages = new Set<string>();
  const follow = (file: string): void => {
    if (sources.has(file)) return;
    const text = readFileSync(new URL(file), 'utf8');
    sources.set(file, text);
    for (const [, target = ''] of text.matchAll(IMPORT)) {
      if (target.startsWith('./')) follow(new URL(target, file).href);
      else if (target.startsWith('#')) follow(import.meta.resolve(target));
      else if (!target.startsWith('node:')) packages.add(target);
    }
  };
  follow(PRINTER);

  // Template, style and typeface are no modules: the page has counted them. What is compressed here
  // is compressed by Node's zlib.
  const digest = createHash('sha256').update(`${page.templateVersion} ${process.versions.zlib}`);
  const { dependencies } = JSON.parse(readFileSync(OUR_PACKAGE, 'utf8'));
  for (const name of [...packages].sort()) digest.update(`\0${name} ${dependencies[name]}`);
  const texts = [...sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  for (const text of texts) digest.update(`\0${text}`);
  return digest.digest('hex').slice(0, 12);
}
