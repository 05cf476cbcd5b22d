// A document's number as people say it on the telephone: with or without dashes and zeros, in small
// letters, or only its year and its end. Each reading is a whole number to be looked up; nothing is
// searched by a part.

import { parisDay, parseInvoiceNumber, yearOf } from '#domain/invoice-number.ts';

const SERIES = ['FQCA', 'AQCA'] as const;

/**
 * The numbers that `text` may mean, the likeliest first: `FQCA-2026-000156` for itself and for
 * « fqca2026156 »; both series for « 2026-156 ». Empty when it is no number. `now` gives the year to
 * « FQCA 156 ».
 */
export function documentNumbersIn(text: string, now: Date): readonly string[] {
  const plain = text.toUpperCase().replace(/[\s\u00A0\u202F._/‐‑–—-]+/g, '-');
  const match = /^(?:(FQCA|AQCA)-?)?(?:(2\d{3})-?)?0*(\d{1,7})$/.exec(plain);
  if (!match) return [];
  const [, series, year, digits = ''] = match;
  // « 156 » alone is an order.
  if (series === undefined && (year === undefined || !plain.includes('-'))) return [];
  const ofYear = year ?? String(yearOf(parisDay(now)));
  return (series === undefined ? SERIES : [series])
    .map((it) => `${it}-${ofYear}-${digits.padStart(6, '0')}`)
    .filter((it) => parseInvoiceNumber(it) !== null);
}
