// What may stand in the XML: texts as they came, amounts as plain decimals. A PDF needs its texts
// cleaned and transliterated, for a font must draw them; XML carries every script, so here only the
// few code points go that XML 1.0 forbids, and the accountant's program sees the name as typed.

import type { ParisDay } from '#domain/invoice-number.ts';
import { type Cents, type Currency, minorUnitDecimals, toDecimalText } from '#domain/money.ts';
import type { VatRate } from '#domain/vat.ts';

/** An element's content: a text, children by name in the schema's order, null for "left out". */
export type XmlNode = string | null | readonly XmlNode[] | { readonly [name: string]: XmlNode };

// XML 1.0, production 2: tab, line feed, carriage return, and all but the rest of C0, the lone
// surrogates, U+FFFE and U+FFFF.
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** The text without the code points that XML 1.0 forbids; null when only white space is left. */
export function xmlText(text: string | null): string | null {
  const allowed = (text ?? '').replace(FORBIDDEN, '');
  return /^[\t\n\r ]*$/.test(allowed) ? null : allowed;
}

/** `2026-11-23` as an element of `udt` in format 102, `20261123`. */
export function dateTime(day: ParisDay): XmlNode {
  return { 'udt:DateTimeString': { '@format': '102', '#': day.replaceAll('-', '') } };
}

/**
 * The amount with at most two decimals (BR-DEC-*, BR-FR-DEC-01): `99.99`, `-5.00`, `500` for yen.
 * Throws RangeError for a third decimal that is not zero; `documentFaults` finds those first.
 */
export function decimalAmount(amount: Cents, currency: Currency): string {
  const text = toDecimalText(amount, currency);
  if (minorUnitDecimals(currency) < 3) return text;
  if (!fitsTwoDecimals(amount, currency)) throw new RangeError(`${text} has three decimals`);
  return text.slice(0, -1);
}

/** False for an amount like 1.667 dinars, which the norm cannot express. */
export function fitsTwoDecimals(amount: Cents, currency: Currency): boolean {
  return minorUnitDecimals(currency) < 3 || amount % 10 === 0;
}

/** Basis points as a percentage with two decimals: `20.00`, `5.50`. */
export function percent(rate: VatRate): string {
  return `${Math.trunc(rate / 100)}.${String(rate % 100).padStart(2, '0')}`;
}
