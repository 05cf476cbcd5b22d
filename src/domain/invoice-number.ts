// Invoice numbers: `FQCA-2026-000156`, one continuous sequence per series and year (CGI ann. II
// art. 242 nonies A, I 7°). "Gapless" means: for each series and year the ordinals on the books are
// exactly 1 to n, and issue dates never go backwards along them. The database's counter row keeps
// the first promise, this file the form, and the civil day in Paris decides the year.

declare const numberBrand: unique symbol;
/** `FQCA-YYYY-NNNNNN`; seven digits past 999 999 in one year. */
export type InvoiceNumber = string & { readonly [numberBrand]: true };

declare const dayBrand: unique symbol;
/** A civil date in Paris, `2026-11-22`. */
export type ParisDay = string & { readonly [dayBrand]: true };

/** FQCA: invoices. AQCA: credit notes (avoirs), a series of their own. */
export type Series = 'FQCA' | 'AQCA';

const PARIS = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The civil date in Paris at that instant. */
export function parisDay(instant: Date): ParisDay {
  return PARIS.format(instant) as ParisDay;
}

export function yearOf(day: ParisDay): number {
  return Number(day.slice(0, 4));
}

/** Throws RangeError unless the ordinal is a whole number from 1 to 9 999 999. */
export function formatInvoiceNumber(series: Series, year: number, ordinal: number): InvoiceNumber {
  if (!Number.isInteger(ordinal) || ordinal < 1 || ordinal > 9_999_999) {
    throw new RangeError(`not an invoice ordinal: ${ordinal}`);
  }
  if (!Number.isInteger(year) || year < 2000 || year > 9999) {
    throw new RangeError(`not an invoice year: ${year}`);
  }
  return `${series}-${year}-${String(ordinal).padStart(6, '0')}` as InvoiceNumber;
}

/** The parts of a number, or null when the text is not one that `formatInvoiceNumber` writes. */
export function parseInvoiceNumber(
  text: string,
): { readonly series: Series; readonly year: number; readonly ordinal: number } | null {
  const match = /^(FQCA|AQCA)-([2-9]\d{3})-(\d{6}|[1-9]\d{6})$/.exec(text);
  if (!match) return null;
  const ordinal = Number(match[3]);
  return ordinal === 0 ? null : { series: match[1] as Series, year: Number(match[2]), ordinal };
}
