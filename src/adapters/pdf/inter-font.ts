// The invoice's one typeface, Inter in two weights, inlined in the page under a name of our own so
// that no installed font can stand in for it. Every subset is carried, for a customer's name may be
// Greek, Cyrillic or Vietnamese; each character belongs to exactly one file, the first that has it.
// What no file has never reaches the page: `printable` spells it in Latin letters or drops it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { transliterate } from './transliterate.ts';
import { charactersOf, withoutCharacter } from './woff2-characters.ts';

export type InterFont = {
  /** `@font-face` rules with the files as data URIs. */
  readonly css: string;
  /** The family name those rules define. */
  readonly family: string;
  /** Changes when any of the files does. */
  readonly version: string;
  /** The text with every character that Inter lacks spelt in letters it has. May grow. */
  printable(text: string): string;
};

const FAMILY = 'Facture';
const WEIGHTS = [400, 600] as const;
const SUBSETS = [
  'latin',
  'latin-ext',
  'vietnamese',
  'greek',
  'greek-ext',
  'cyrillic',
  'cyrillic-ext',
] as const;

/** Drawn like ’ (U+2019) by the same glyph, so that « l’été » copied from the PDF held this one. */
const MODIFIER_APOSTROPHE = 0x02bc;

/** Spaces of French typography that the shaper makes from the plain space, at half its width. */
const MADE_BY_THE_SHAPER = [0x202f];

/** Reads the font files of the npm package `@fontsource/inter`, once. Throws when one is missing. */
export function interFont(): InterFont {
  const folder = new URL('files/', import.meta.resolve('@fontsource/inter/package.json'));
  const known = new Set<number>();
  const hash = createHash('sha256');
  const rules: string[] = [];
  for (const subset of SUBSETS) {
    const files = WEIGHTS.map((weight) => {
      const file = readFileSync(new URL(`inter-${subset}-${weight}-normal.woff2`, folder));
      return subset === 'latin' ? withoutCharacter(file, MODIFIER_APOSTROPHE) : file;
    });
    const drawn = files.map(charactersOf).reduce((one, other) => one.intersection(other));
    const own = [...drawn, ...(subset === 'latin' ? MADE_BY_THE_SHAPER : [])]
      .filter((code) => code >= 0x20 && !known.has(code))
      .sort((a, b) => a - b);
    for (const code of own) known.add(code);
    files.forEach((file, index) => {
      hash.update(file);
      rules.push(fontFace(WEIGHTS[index] as number, file, own));
    });
  }
  return {
    css: rules.join('\n'),
    family: FAMILY,
    version: hash.digest('hex').slice(0, 12),
    printable: (text) => transliterate(text, known),
  };
}

function fontFace(weight: number, file: Buffer, codes: readonly number[]): string {
  const source = `url(data:font/woff2;base64,${file.toString('base64')}) format("woff2")`;
  return (
    `@font-face{font-family:${FAMILY};font-weight:${weight};font-display:block;` +
    `src:${source};unicode-range:${ranges(codes)}}`
  );
}

/** `U+20-7E,U+A0-FF` for sorted code points. */
function ranges(codes: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const code of codes) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === code - 1) last[1] = code;
    else runs.push([code, code]);
  }
  return runs.map(([from, to]) => `U+${from.toString(16)}-${to.toString(16)}`).join(',');
}
