// The fichier des écritures comptables: 18 columns, in the order and with the names of article A. 47
// A-1 of the LPF (read 2026-11-22): tab-separated, dates AAAAMMJJ, a comma for decimals and no space
// between thousands, amounts in euros. Entries come in the order of their day and are numbered so.

import type { ParisDay } from '#domain/invoice-number.ts';
import type { Entry, EntryLine } from '#domain/ledger.ts';
import { type Currency, toDecimalText } from '#domain/money.ts';

export const FEC_COLUMNS = [
  'JournalCode',
  'JournalLib',
  'EcritureNum',
  'EcritureDate',
  'CompteNum',
  'CompteLib',
  'CompAuxNum',
  'CompAuxLib',
  'PieceRef',
  'PieceDate',
  'EcritureLib',
  'Debit',
  'Credit',
  'EcritureLet',
  'DateLet',
  'ValidDate',
  'Montantdevise',
  'Idevise',
] as const;

export type FecEncoding = 'utf-8' | 'iso-8859-15';

const END = '\r\n';
const EURO = 'EUR' as Currency;

/** « 123456782FEC20261231.txt ». What is of test says so before all else. */
export function fecName(siren: string, closing: ParisDay, isTest: boolean): string {
  return `${isTest ? 'TEST-' : ''}${siren}FEC${compact(closing)}.txt`;
}

export function fecHead(): string {
  return FEC_COLUMNS.join('\t') + END;
}

/** The lines of one entry under its number. With `mark` before each label. */
export function fecLines(entry: Entry, number: number, mark = ''): string {
  const { journal, day, validDay, piece, label, lines } = entry;
  return lines
    .map((line) =>
      [
        journal.code,
        journal.label,
        String(number),
        compact(day),
        line.account.number,
        line.account.label,
        '',
        '',
        piece.reference,
        compact(piece.day),
        mark + label,
        amount(line.debit),
        amount(line.credit),
        line.letter?.code ?? '',
        line.letter ? compact(line.letter.day) : '',
        compact(validDay),
        ...foreignOf(line),
      ]
        .map(plainField)
        .join('\t'),
    )
    .map((row) => row + END)
    .join('');
}

function foreignOf({ foreign }: EntryLine): [string, string] {
  if (foreign === null) return ['', ''];
  const text = toDecimalText(foreign.amount, foreign.currency);
  return [text.replace('-', '').replace('.', ','), foreign.currency];
}

function amount(cents: EntryLine['debit']): string {
  return toDecimalText(cents, EURO).replace('.', ',');
}

function compact(day: ParisDay): string {
  return day.replaceAll('-', '');
}

const LONGEST = 200;

// A tab or a line feed inside a name would make another column or another line of it.
function plainField(text: string): string {
  return [...text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')].slice(0, LONGEST).join('');
}

// ISO 8859-15 is ISO 8859-1 but for these eight.
const LATIN_9: ReadonlyMap<string, number> = new Map([
  ['€', 0xa4],
  ['Š', 0xa6],
  ['š', 0xa8],
  ['Ž', 0xb4],
  ['ž', 0xb8],
  ['Œ', 0xbc],
  ['œ', 0xbd],
  ['Ÿ', 0xbe],
]);
const REPLACED = new Set(LATIN_9.values());

/** The text's bytes. What ISO 8859-15 has no letter for goes through `plain` (« Łódź » → « Lodz »). */
export function fecBytes(
  text: string,
  encoding: FecEncoding,
  plain: (text: string) => string,
): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  const codes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const own = LATIN_9.get(character);
    if (own !== undefined) codes.push(own);
    else if (code < 256 && !REPLACED.has(code)) codes.push(code);
    else for (const letter of plain(character)) codes.push(Math.min(letter.charCodeAt(0), 127));
  }
  return Uint8Array.from(codes);
}
