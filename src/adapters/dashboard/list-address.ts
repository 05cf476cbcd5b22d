// A list's filter as its address says it, so that a filtered page can be kept, sent and opened again.
// What cannot be read is left out and never an error; amounts and days are as people type them in France.

import { longDate, parisTime } from '#adapters/french.ts';
import type { Place, Turn } from '#adapters/postgres/dashboard/keyset-list.ts';
import { typeset } from '#adapters/typeset.ts';
import { type ParisDay, parisDay } from '#domain/invoice-number.ts';
import type { Visit } from './visit.ts';

export type Params = Readonly<Record<string, string | number | null>>;

/** The path with those of the parameters that say something. */
export function addressOf(path: string, params: Params): string {
  const said = Object.entries(params).filter(([, value]) => value !== null && value !== '');
  const query = new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  return said.length === 0 ? path : `${path}?${query}`;
}

/** `value` when it is one of `known`, else null. */
export function oneOf<T extends string>(value: string, known: readonly T[]): T | null {
  return known.find((it) => it === value) ?? null;
}

const PLACE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z)~(.{1,100})$/;

/** Which sheet is asked for; an id must look like `isId` to reach the database. */
export function turnOf(visit: Visit, isId: RegExp): Turn {
  const place = (name: string): Place | null => {
    const [, at = '', id = ''] = PLACE.exec(visit.query(name)) ?? [];
    const isInstant = at !== '' && !Number.isNaN(Date.parse(at));
    return isInstant && isId.test(id) ? { at, id } : null;
  };
  const newer = place('newer');
  return newer ? { way: 'newer', from: newer } : { way: 'older', from: place('older') };
}

export const NUMBER_ID = /^\d{1,15}$/;
export const UUID_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const TEXT_ID = /^[\w-]{1,100}$/;

export function placeText({ at, id }: Place): string {
  return `${at}~${id}`;
}

/**
 * Minor units of two decimals: « 1 234,50 » and « 1234.5 » are 123450. Null when it is no amount;
 * Stripe's largest has twelve digits.
 */
export function amountOf(text: string): number | null {
  const plain = text.replace(/[\s€\u00A0\u202F]/g, '').replace(',', '.');
  const match = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(plain);
  return match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : null;
}

export type Period = {
  readonly since: Date | null;
  readonly until: Date | null;
  /** To follow a noun: « ces 7 jours », « du … au … »; empty for any time. */
  readonly words: string;
  /** As the address says it. */
  readonly params: { readonly period: string; readonly from: string; readonly to: string };
  readonly choices: readonly {
    readonly value: string;
    readonly word: string;
    readonly isHere: boolean;
  }[];
};

const PERIODS = {
  '': 'Toujours',
  today: 'Aujourd’hui',
  '7': '7 jours',
  '30': '30 jours',
  dates: 'Du… au…',
} as const;

/** Civil days in Paris; « 7 jours » are today and the six before. */
export function periodOf(visit: Visit): Period {
  const [from, to] = [dayOf(visit.query('from')), dayOf(visit.query('to'))];
  const asked = oneOf(visit.query('period'), ['today', '7', '30', 'dates'] as const);
  const period = asked ?? (from || to ? 'dates' : '');
  const today = parisDay(visit.now);
  const span = (first: ParisDay | null, last: ParisDay | null, words: string): Period => ({
    since: first && parisMidnight(first),
    until: last && parisMidnight(dayAfter(last, 1)),
    words,
    params: {
      period,
      from: period === 'dates' ? (from ?? '') : '',
      to: period === 'dates' ? (to ?? '') : '',
    },
    choices: Object.entries(PERIODS).map(([value, word]) => ({
      ...{ value, word: word.replace(' ', '\u00A0'), isHere: value === period },
    })),
  });
  switch (period) {
    case 'today':
      return span(today, null, 'aujourd’hui');
    case '7':
    case '30':
      return span(dayAfter(today, 1 - Number(period)), null, `ces ${period}\u00A0jours`);
    case 'dates':
      return span(from, to, datesWords(from, to));
    default:
      return span(null, null, '');
  }
}

function datesWords(from: ParisDay | null, to: ParisDay | null): string {
  if (from && to)
    return from === to ? `le ${longDate(from)}` : `du ${longDate(from)} au ${longDate(to)}`;
  if (from) return `depuis le ${longDate(from)}`;
  return to ? `jusqu’au ${longDate(to)}` : '';
}

function dayOf(text: string): ParisDay | null {
  const at = new Date(`${text}T00:00:00Z`);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at.getTime());
  return isDay && at.toISOString().startsWith(text) ? (text as ParisDay) : null;
}

function dayAfter(day: ParisDay, days: number): ParisDay {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10) as ParisDay;
}

/** The instant at which a civil day begins in Paris; the clocks change later in the night. */
export function parisMidnight(day: ParisDay): Date {
  const inSummer = new Date(`${day}T00:00:00+02:00`);
  const isMidnight = parisDay(inSummer) === day && parisTime(inSummer) === '00:00:00';
  return isMidnight ? inSummer : new Date(`${day}T00:00:00+01:00`);
}

/** « 1 240 », « 10 000+ »; empty when it was not counted. */
export function countText(n: number | null, max: number): string {
  if (n === null) return '';
  const shown = Math.min(n, max)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, '\u202F');
  return n > max ? `${shown}+` : shown;
}

/** « Aucune commande à traiter chez Fiscalia ces 7 jours. » */
export function noneOf(...words: readonly string[]): string {
  return typeset(`${words.filter((it) => it !== '').join(' ')}.`);
}
