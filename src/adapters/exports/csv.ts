// CSV that a French spreadsheet opens with a double click: semicolons, a byte order mark, CRLF, commas
// in numbers. A cell that came from outside and begins like a formula gets an apostrophe before it,
// so that no customer's name is ever run as one (OWASP, CSV injection).

import { stringify } from 'csv-stringify/sync';
import { type Cents, type Currency, toDecimalText } from '#domain/money.ts';

export const CSV_START = '\uFEFF';

/** What some spreadsheet takes for a formula, behind anything that it passes over. */
const FORMULA = /^[\s\p{Cc}\p{Cf}"]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20|]/u;

/** Rows as CSV text. Cells are texts as they are to stand there; null is empty. */
export function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return stringify(rows as (string | number | null)[][], {
    delimiter: ';',
    record_delimiter: '\r\n',
  });
}

/** A foreign text made harmless, on one line. */
export function cell(text: string | null): string | null {
  if (text === null) return null;
  const line = text.replace(/[\r\n\t]+/g, ' ');
  return FORMULA.test(line) ? `'${line}` : line;
}

/** « -1234,50 »: an ASCII minus and no space, for a program to read. */
export function decimalCell(amount: Cents, currency: Currency): string {
  return toDecimalText(amount, currency).replace('.', ',');
}
