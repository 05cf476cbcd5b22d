// Instants and spans as pages show them: the hour in Paris first, since that is what two people on the
// telephone compare; the exact instant in UTC stays in the markup, where programs and the title find
// it. Distances (« il y a 4 min ») are only ever beside an hour.

import { FIXED, parisTime } from '#adapters/french.ts';
import { parisDay } from '#domain/invoice-number.ts';

export type ShownTime = { readonly iso: string; readonly text: string };

const MONTHS = [
  ...['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin'],
  ...['juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.'],
];

/** « 14:32:18 » of today in Paris, « 22 nov. 14:32 » of this year, « 22 nov. 2025 » of another. */
export function shownTime(at: Date, now: Date): ShownTime {
  const iso = at.toISOString();
  const [day, today] = [parisDay(at), parisDay(now)];
  if (day === today) return { iso, text: parisTime(at) };
  const [year, month, date] = day.split('-');
  const dayText = `${Number(date)}${FIXED}${MONTHS[Number(month) - 1]}`;
  if (year !== today.slice(0, 4)) return { iso, text: `${dayText} ${year}` };
  return { iso, text: `${dayText} ${parisTime(at).slice(0, 5)}` };
}

/** The same with the day, also of today: « 23 nov. 14:32 », to follow « le », « du », « au ». */
export function shownMoment(at: Date, now: Date): ShownTime {
  const { iso } = shownTime(at, now);
  const [year, month, date] = parisDay(at).split('-');
  const ofYear = year === parisDay(now).slice(0, 4) ? '' : ` ${year}`;
  const day = `${Number(date)}${FIXED}${MONTHS[Number(month) - 1]}${ofYear}`;
  return { iso, text: `${day} ${parisTime(at).slice(0, 5)}` };
}

/** « il y a 4 min », « dans 12 s », « à l’instant »; to be read beside an hour. */
export function shownDistance(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  if (Math.abs(ms) < 500) return 'à l’instant';
  const span = roughly(Math.abs(ms));
  return ms < 0 ? `il y a ${span}` : `dans ${span}`;
}

function roughly(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s}${FIXED}s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min}${FIXED}min`;
  const h = Math.round(min / 60);
  if (h < 48) return `${h}${FIXED}h`;
  return `${Math.round(h / 24)}${FIXED}jours`;
}
