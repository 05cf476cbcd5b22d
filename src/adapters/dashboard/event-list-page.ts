// /dashboard/events: what Stripe told, newest first, and what was decided on it. One event has a page of
// its own, with its body as it was received, byte for byte.

import type Router from '@koa/router';
import { cell } from '#adapters/exports/csv.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import {
  type EventCounts,
  type EventFilter,
  type EventKind,
  type EventRow,
  eventCounts,
  eventRows,
  eventSheet,
} from '#adapters/postgres/dashboard/event-list.ts';
import { OUR_EVENT_TYPES } from '#adapters/stripe/subscribed-events.ts';
import { fr } from '#adapters/typeset.ts';
import { decisionView } from './event-words.ts';
import type { Page } from './frame.ts';
import {
  addressOf,
  countText,
  noneOf,
  oneOf,
  type Params,
  type Period,
  periodOf,
  TEXT_ID,
  turnOf,
} from './list-address.ts';
import { csvTime, sendCsv } from './list-csv.ts';
import { choicesOf, pagerOf, tabsOf } from './list-view.ts';
import type { DashboardNeeds } from './needs.ts';
import { page, type Visit } from './visit.ts';

const PATH = '/dashboard/events';
const WORDS = { many: 'événements', older: 'Plus anciens', newer: 'Plus récents' };

const KINDS = [
  ['pending', 'À lire'],
  ['wait', 'En attente'],
  ['quarantine', 'En quarantaine'],
  ['recorded', 'Enregistrés'],
  ['already-recorded', 'Déjà connus'],
  ['ignored', 'Ignorés'],
] as const satisfies readonly (readonly [EventKind, string])[];

export function eventListRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    PATH,
    page(needs, 'reader', (visit) => listPage(needs, visit)),
  );
  router.get(
    `${PATH}.csv`,
    page(needs, 'reader', async (visit) => {
      const query = await eventRows(needs.db, askedOf(visit).filter);
      return sendCsv(needs, visit, { name: 'evenements', columns: COLUMNS, query, row: csvRow });
    }),
  );
}

type Asked = { readonly filter: EventFilter; readonly params: Params; readonly period: Period };

function askedOf(visit: Visit): Asked {
  const period = periodOf(visit);
  const filter: EventFilter = {
    kind: oneOf(
      visit.query('state'),
      KINDS.map(([kind]) => kind),
    ),
    type: oneOf(visit.query('type'), OUR_EVENT_TYPES),
    ...{ since: period.since, until: period.until },
    text: visit.query('text').slice(0, 200),
  };
  const { kind: state, type, text } = filter;
  return { filter, period, params: { state, type, ...period.params, text } };
}

async function listPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { filter, params, period } = askedOf(visit);
  const turn = turnOf(visit, TEXT_ID);
  const [sheet, counts] = await Promise.all([
    eventSheet(needs.db, filter, turn),
    eventCounts(needs.db, filter),
  ]);
  const { state: _state, ...rest } = params;
  const isFiltered = Object.values(rest).some((it) => it !== null && it !== '');
  const held = counts.quarantine ?? 0;
  return {
    view: 'events',
    title: 'Événements Stripe',
    place: 'orders',
    live: ['payment:*'],
    model: {
      heading:
        held > 0 && !isFiltered
          ? fr`Événements Stripe : ${countText(held, 10_000)} en quarantaine`
          : 'Événements Stripe',
      tabs: tabsOf(PATH, params, tabs(counts)),
      filter: {
        ...{ state: filter.kind ?? '', text: filter.text, period },
        types: choicesOf(
          [['', 'Tous'], ...OUR_EVENT_TYPES.map((it) => [it, it] as const)],
          filter.type,
        ),
      },
      clear: isFiltered ? addressOf(PATH, { state: filter.kind }) : null,
      csv: addressOf(`${PATH}.csv`, params),
      rows: sheet.rows.map((row) => rowView(row, visit.now)),
      pager: pagerOf(sheet, turn, { path: PATH, params, words: WORDS, now: visit.now }),
      empty: {
        isNarrowed: isFiltered || filter.kind !== null,
        text: noneOf(
          'Aucun événement',
          filter.kind === null ? '' : EMPTY_WORDS[filter.kind],
          filter.type === null ? '' : fr`de type ${filter.type}`,
          period.words,
          filter.text === '' ? '' : fr`pour « ${filter.text} »`,
        ),
        clear: PATH,
      },
    },
  };
}

const EMPTY_WORDS: Readonly<Record<EventKind, string>> = {
  pending: 'à lire',
  wait: 'en attente',
  quarantine: 'en quarantaine',
  recorded: 'enregistré',
  'already-recorded': 'déjà connu',
  ignored: 'ignoré',
};

function tabs(counts: EventCounts) {
  const counted: Readonly<Partial<Record<EventKind, number | null>>> = counts;
  return [
    { state: '', word: 'Tous', count: counts.all },
    ...KINDS.map(([kind, word]) => ({ state: kind, word, count: counted[kind] ?? null })),
  ];
}

function rowView(row: EventRow, now: Date) {
  return {
    id: row.id,
    type: row.type,
    received: shownTime(row.receivedAt, now),
    object: row.objectId ?? '',
    decision: decisionView(row),
    orders: row.orderIds,
  };
}

const COLUMNS = [
  ...['Événement', 'Type', 'Reçu le (heure de Paris)', 'Créé le', 'Objet', 'Décision', 'Motif'],
  ...['Paiement', 'Commandes'],
];

function csvRow(row: EventRow): (string | number | null)[] {
  return [
    ...[row.id, cell(row.type), csvTime(row.receivedAt), csvTime(row.createdAt)],
    ...[cell(row.objectId), decisionView(row).word, row.reason, cell(row.paymentKey)],
    row.orderIds.join(' ') || null,
  ];
}
