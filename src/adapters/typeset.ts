// French sentences of ours with values in them: the spaces that must not break stand where French wants
// them, in our own words and never in the values, which stay as they came.

import { FIXED, NARROW } from './french.ts';

/**
 * A French sentence: the literal parts get their no-break spaces (before `:` `;` `!` `?` `%` `€`,
 * inside « »), the values stay as they are.
 */
export function fr(parts: TemplateStringsArray, ...values: unknown[]): string {
  return parts
    .map((part, index) => typeset(part) + (index in values ? `${values[index]}` : ''))
    .join('');
}

/** No-break spaces where French wants them, in a text of ours without foreign values. */
export function typeset(text: string): string {
  return text
    .replace(/ (?=[:%€»])/g, FIXED)
    .replace(/ (?=[;!?])/g, NARROW)
    .replace(/« /g, `«${FIXED}`);
}
