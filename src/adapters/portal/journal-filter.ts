// What stands in the journal's address: which notifications, and from where on. The address is the state,
// so that a search can be kept, sent to a colleague and exported as it is. What cannot be read counts as
// not given.

import type { Turn } from '#adapters/postgres/dashboard/keyset-list.ts';
import type { JournalFilter } from '#adapters/postgres/portal/journal.ts';
import { isUuid } from '#adapters/postgres/portal/journal.ts';
import { fr } from '#adapters/typeset.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { ownStates, PARTNER_STATES, type PartnerState, partnerView } from './partner-words.ts';

type Ask = (name: string) => string;

export type JournalSearch = {
  readonly filter: JournalFilter;
  readonly turn: Turn;
  /** The filter as address fields; empty for no filter. */
  readonly fields: Readonly<Record<string, string>>;
};

const PERIODS = ['today', '7d', '30d', 'days'] as const;
type Period = (typeof PERIODS)[number];

const PERIOD_WORDS: Readonly<Record<Period, string>> = {
  today: fr`Aujourd’hui`,
  '7d': fr`7 derniers jours`,
  '30d': fr`30 derniers jours`,
  days: fr`Du … au …`,
};

const DAY_MS = 24 * 3_600_000;

/** The search in the fields; periods are days in Paris. */
export function journalSearch(ask: Ask, now: Date): JournalSearch {
  const state = PARTNER_STATES.find((it) => it === ask('state')) ?? null;
  const period = periodOf(ask);
  const order = /^\d{1,15}$/.test(ask('order')) ? Number(ask('order')) : null;
  const [from, to] = [dayIn(ask('from')), dayIn(ask('to'))];
  const fields = {
    ...(state !== null && { state }),
    ...(period !== null && { period }),
    ...(period === 'days' && from !== null && { from }),
    ...(period === 'days' && to !== null && { to }),
    ...(order !== null && { order: String(order) }),
  };
  const filter = {
    states: state && ownStates(state),
    order,
    ...rangeOf(period, { from, to }, now),
  };
  return { filter, turn: turnOf(ask), fields };
}

/** For the form's two lists. */
export function filterChoices(fields: JournalSearch['fields']) {
  return {
    states: PARTNER_STATES.map((value) => ({
      value,
      label: partnerView(value).word,
      isChosen: fields.state === value,
    })),
    periods: PERIODS.map((value) => ({
      value,
      label: PERIOD_WORDS[value],
      isChosen: fields.period === value,
    })),
  };
}

/** The address of the journal with these fields. */
export function journalUrl(fields: Readonly<Record<string, string>>, path = '/portal'): string {
  const query = new URLSearchParams(fields).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** « aucune notification livrée », for an empty page with a filter. */
export function stateWord(fields: JournalSearch['fields']): string | null {
  const state = PARTNER_STATES.find((it): it is PartnerState => it === fields.state);
  return state ? partnerView(state).word.toLowerCase() : null;
}

// Two days without a period mean the days.
function periodOf(ask: Ask): Period | null {
  const said = PERIODS.find((it) => it === ask('period')) ?? null;
  return said === null && (dayIn(ask('from')) || dayIn(ask('to'))) ? 'days' : said;
}

function rangeOf(
  period: Period | null,
  { from, to }: { readonly from: string | null; readonly to: string | null },
  now: Date,
): { readonly since: Date | null; readonly until: Date | null } {
  switch (period) {
    case 'today':
      return { since: parisMidnight(parisDay(now)), until: null };
    case '7d':
      return { since: new Date(now.getTime() - 7 * DAY_MS), until: null };
    case '30d':
      return { since: new Date(now.getTime() - 30 * DAY_MS), until: null };
    case 'days':
      return {
        since: from === null ? null : parisMidnight(from),
        until: to === null ? null : parisMidnight(dayAfter(to)),
      };
    default:
      return { since: null, until: null };
  }
}

function dayIn(text: string): string | null {
  if (!/^20\d\d-\d\d-\d\d$/.test(text)) return null;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) ? text : null;
}

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}

/** The first instant of the day in Paris, on either side of a clock change. */
function parisMidnight(day: string): Date {
  for (const offset of ['+02:00', '+01:00']) {
    const at = new Date(`${day}T00:00:00${offset}`);
    if (parisDay(at) === day) return at;
  }
  throw new RangeError(`${day} has no midnight in Paris`);
}

function turnOf(ask: Ask): Turn {
  for (const [name, way] of [
    ['before', 'older'],
    ['after', 'newer'],
  ] as const) {
    const [at = '', id = ''] = ask(name).split('_');
    if (/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(at) && isUuid(id)) {
      return { way, from: { at, id } };
    }
  }
  return { way: 'older', from: null };
}
