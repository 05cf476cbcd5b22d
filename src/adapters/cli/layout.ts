// How answers are set for a terminal: French spacing, aligned tables that fit in 80 columns, and
// nothing invisible. Whatever comes from outside (a product's name, a partner's answer) passes
// through `printable`, since a terminal obeys control characters.

import { parisTime } from '#adapters/french.ts';
import { fr, typeset } from '#adapters/typeset.ts';

// Where every command looks for it; pages take it from its own file.
export { fr, typeset };

// C0 but the line feed, C1, bidirectional marks and isolates.
const UNPRINTABLE = /(?!\n)[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** The text without what a terminal would obey instead of showing. Line feeds stay. */
export function printable(text: string): string {
  return text.replace(/\t/g, '  ').replace(UNPRINTABLE, '\uFFFD');
}

export type Column = {
  readonly head: string;
  readonly align?: 'right';
  /** May be cut with `…`, down to this many characters, when the table is too wide. */
  readonly shrinkTo?: number;
};

const GAP = '  ';
const WIDTH = 80;

/** The rows under their heads, each on one line without blanks at its end. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.head), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => length(line[at] ?? ''))));
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - screenWidth();
  for (const [at, { shrinkTo }] of columns.entries()) {
    const width = widths[at] ?? 0;
    if (shrinkTo === undefined || excess <= 0) continue;
    widths[at] = Math.max(Math.min(shrinkTo, width), width - excess);
    excess -= width - widths[at];
  }
  return lines
    .map((line) =>
      columns
        .map(({ align }, at) => cell(line[at] ?? '', widths[at] ?? 0, align))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, two by two; null values are left out. */
export function facts(pairs: readonly (readonly [string, string | null])[], indent = ''): string {
  const shown = pairs.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => length(name)));
  return shown
    .map(([name, value]) => `${indent}${name.padEnd(width)}${GAP}${printable(value ?? '')}`)
    .join('\n');
}

/** The text broken at its spaces so that no line is longer than the screen, each line indented. */
export function wrapped(text: string, indent: string): string {
  const room = screenWidth() - indent.length;
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(/[ \n]+/)) {
    if (line !== '' && length(line) + 1 + length(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((it) => indent + it).join('\n');
}

/** Every line of the text indented, nothing cut: for bodies shown as they were sent. */
export function indented(text: string, indent: string): string {
  return printable(text)
    .split('\n')
    .map((line) => (indent + line).trimEnd())
    .join('\n');
}

const DAY = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'Europe/Paris',
  day: 'numeric',
  month: 'short',
});
const YEAR = new Intl.DateTimeFormat('fr-FR', { timeZone: 'Europe/Paris', year: 'numeric' });

/** « 22 nov. 14:32 », in Paris; the year comes along when it is not `now`'s. */
export function moment(instant: Date, now: Date): string {
  return momentToTheSecond(instant, now).slice(0, -':18'.length);
}

/** « 22 nov. 14:32:18 ». */
export function momentToTheSecond(instant: Date, now: Date): string {
  const year = YEAR.format(instant);
  const day = DAY.format(instant) + (year === YEAR.format(now) ? '' : ` ${year}`);
  return `${day} ${parisTime(instant)}`;
}

function screenWidth(): number {
  return Math.max(WIDTH, process.stdout.columns ?? 0);
}

function cell(text: string, width: number, align: 'right' | undefined): string {
  const shown = length(text) > width ? `${[...text].slice(0, width - 1).join('')}…` : text;
  const blanks = ' '.repeat(width - length(shown));
  return align === 'right' ? blanks + shown : shown + blanks;
}

function oneLine(text: string): string {
  return printable(text).replaceAll('\n', ' ');
}

function length(text: string): number {
  return [...text].length;
}
