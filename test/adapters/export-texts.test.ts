// Foreign text in files that programs read: no name becomes a formula, another column or another line,
// and every letter has its byte.

import anyAscii from 'any-ascii';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cell, csv } from '#adapters/exports/csv.ts';
import { fecBytes, fecLines } from '#adapters/exports/fec-file.ts';
import { DEFAULT_PLAN } from '#domain/account-plan.ts';
import { type ExchangeRates, parseRates } from '#domain/exchange-rates.ts';
import { type Entry, saleEntry } from '#domain/ledger.ts';
import { sampleInvoice } from '#test/support/invoices.ts';

test.each([
  '=1+1',
  '+33612345678',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  ' =1',
  '\uFF1D1+1',
  '\u200B=1',
  '|calc',
])('a cell that begins like a formula is text: %j', (text) => {
  expect(cell(text)).toMatch(/^'/);
});

test.each(['Marthe Le Goff', '3 rue des Lices', 'a=b', 'l’été', ''])(
  '%j stays as it is',
  (text) => {
    expect(cell(text)).toBe(text);
  },
);

test('a quoted cell keeps its semicolons, quotes and nothing that ends a line', () => {
  expect(csv([['a;b', 'c"d', cell('e\r\nf'), null, 7]])).toBe('"a;b";"c""d";e f;;7\r\n');
});

test('whatever a customer is called, an entry’s lines have eighteen columns', () => {
  const { buyer } = sampleInvoice();
  const rates = parseRates('') as ExchangeRates;
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const invoice = sampleInvoice({ buyer: { ...buyer, name } });
      const text = fecLines(saleEntry(invoice, DEFAULT_PLAN, rates) as Entry, 1);
      const lines = text.split(/\r\n|[\r\n\u0085\u2028\u2029]/);
      expect(lines.pop()).toBe('');
      expect(lines.map((line) => line.split('\t').length)).toEqual([18, 18, 18]);
    }),
    { numRuns: 100 },
  );
});

test('ISO 8859-15 has the euro and the œ; what it has not is written plainly', () => {
  const latin9 = (text: string) =>
    Buffer.from(fecBytes(text, 'iso-8859-15', anyAscii)).toString('hex');
  expect(latin9('é€œŸ')).toBe('e9a4bdbe');
  // The currency sign gave its place to the euro.
  expect(latin9('Ł¤東')).toMatch(/^4c/);
});
