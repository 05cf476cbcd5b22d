// The three spans of the overview and the bars they are drawn in: hours for a day, days of Paris
// for a week and a month. Each bar, and each part of one, has an address: the list that explains
// it.

import { FIXED, longDate } from '#adapters/french.ts';
import type { Bar } from '#adapters/postgres/dashboard/overview-figures.ts';
import { type ParisDay, parisDay } from '#domain/invoice-number.ts';
import { addressOf, type Params, parisMidnight } from './list-address.ts';

export type Span = '24h' | '7d' | '30d';
export const SPANS: readonly Span[] = ['24h', '7d', '30d'];

export const SPAN_WORDS: Readonly<Record<Span, string>> = {
  '24h': `24${FIXED}heures`,
  '7d': `7${FIXED}jours`,
  '30d': `30${FIXED}jours`,
};

const DAYS: Readonly<Record<Span, number>> = { '24h': 1, '7d': 7, '30d': 30 };
const HOUR_MS = 3_600_000;
const HOURS = 24;
const ORDERS = '/dashboard/orders';

/** Where the bars begin, oldest first, and the end of the last one, which is under way. */
export function boundsOf(span: Span, now: Date): readonly Date[] {
  if (span === '24h') {
    const next = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS + HOUR_MS;
    return Array.from({ length: HOURS + 1 }, (_, i) => new Date(next - (HOURS - i) * HOUR_MS));
  }
  const days = DAYS[span];
  return Array.from({ length: days + 1 }, (_, i) => parisMidnight(dayFrom(now, i - days + 1)));
}

function dayFrom(now: Date, days: number): ParisDay {
  const noon = new Date(`${parisDay(now)}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + days);
  return parisDay(noon);
}

/** The orders of the whole span; for `24h` those of yesterday and today. */
export function spanAddress(span: Span, bounds: readonly Date[], more: Params = {}): string {
  if (span !== '24h') return addressOf(ORDERS, { ...more, period: DAYS[span] });
  const from = parisDay(bounds[0] ?? new Date());
  return addressOf(ORDERS, { ...more, period: 'dates', from });
}

/** The orders of one bar: its day, or the list from the end of its hour on. */
export function barAddress(span: Span, bar: Bar, more: Params = {}): string {
  if (span === '24h') {
    return addressOf(ORDERS, { ...more, older: `${bar.until.toISOString()}~0` });
  }
  const day = parisDay(bar.from);
  return addressOf(ORDERS, { ...more, period: 'dates', from: day, to: day });
}

const HOUR = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'Europe/Paris',
  hour: '2-digit',
  hourCycle: 'h23',
});

/** « 14 h » and « 22 novembre 2026 ». */
export function barWords(span: Span, { from }: Bar): string {
  if (span !== '24h') return longDate(parisDay(from));
  return `${Number(HOUR.format(from).slice(0, 2))}${FIXED}h`;
}
