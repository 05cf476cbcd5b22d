// What a spreadsheet would run: a text that begins like a formula. All files for spreadsheets are written by
// one module, and none of its cells does, whatever stands in a name; a module that writes such a file by
// another way is found here.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cell } from '#adapters/exports/csv.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const sources = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative(SRC, path), text: readFileSync(path, 'utf8') }));

/** What spreadsheets pass over before they look whether a formula begins. */
const PASSED_OVER = /^[\s\p{Cc}\p{Cf}"]+/u;
const STARTS = ['=', '+', '-', '@', '|', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20'];
const LEADS = ['', ' ', '\t', '\r', '\n', '\0', '\u200B', '\uFEFF', '\u00A0', '\u202E', '\u00AD'];

test('no text becomes a cell that begins like a formula', () => {
  const hostile = fc
    .tuple(fc.array(fc.constantFrom(...LEADS), { maxLength: 3 }), fc.constantFrom(...STARTS))
    .chain(([leads, start]) => fc.string().map((rest) => leads.join('') + start + rest));
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = (cell(text) ?? '').replace(PASSED_OVER, '');
      expect(STARTS).not.toContain(shown[0]);
    }),
    { numRuns: 300 },
  );
});

test('one module writes such files, and whoever answers with one has it from there', () => {
  const writers = sources.filter(({ text }) => text.includes("'csv-stringify"));
  expect(writers.map(({ path }) => path)).toEqual(['adapters/exports/csv.ts']);
  const answering = sources.filter(({ text }) => text.includes('text/csv'));
  expect(answering.length).toBeGreaterThan(0);
  for (const { path, text } of answering) {
    expect(text, path).toContain("from '#adapters/exports/csv.ts'");
  }
});
