// /dashboard/invoices: invoices and credit notes, newest first, with where their printing stands. A number
// opens its PDF, a row its order.

import type Router from '@koa/router';
import { cell, decimalCell } from '#adapters/exports/csv.ts';
import { euros } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { documentView } from '#adapters/pages/state-view.ts';
import {
  type DocumentCounts,
  type DocumentFilter,
  type DocumentRow,
  type DocumentTab,
  documentCounts,
  documentRows,
  documentSheet,
} from '#adapters/postgres/dashboard/document-list.ts';
import { partnerChoices } from '#adapters/postgres/dashboard/search-books.ts';
import { fr } from '#adapters/typeset.ts';
import { cents, currency } from '#domain/money.ts';
import { documentNumbersIn } from './document-number-text.ts';
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

const PATH = '/dashboard/invoices';
const WORDS = { many: 'documents', older: 'Plus anciens', newer: 'Plus récents' };
const STATES = ['preparing', 'failed', 'printed'] as const satisfies readonly DocumentTab[];
const KINDS = ['invoice', 'credit-note'] as const;

export function invoiceListRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    PATH,
    page(needs, 'reader', (visit) => listPage(needs, visit)),
  );
  router.get(
    `${PATH}.csv`,
    page(needs, 'reader', async (visit) => {
      const query = await documentRows(needs.db, askedOf(visit).filter);
      return sendCsv(needs, visit, { name: 'documents', columns: COLUMNS, query, row: csvRow });
    }),
  );
}

type Asked = { readonly filter: DocumentFilter; readonly params: Params; readonly period: Period };

function askedOf(visit: Visit): Asked {
  const period = periodOf(visit);
  const text = visit.query('number').slice(0, 100);
  const filter: DocumentFilter = {
    state: oneOf(visit.query('state'), STATES),
    kind: oneOf(visit.query('kind'), KINDS),
    partner: visit.query('partner') || null,
    ...{ since: period.since, until: period.until },
    numbers: text === '' ? null : documentNumbersIn(text, visit.now),
  };
  const { state, kind, partner } = filter;
  return { filter, period, params: { state, kind, partner, ...period.params, number: text } };
}

async function listPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { filter, params, period } = askedOf(visit);
  const turn = turnOf(visit, TEXT_ID);
  const [sheet, counts, partners] = await Promise.all([
    documentSheet(needs.db, filter, turn),
    documentCounts(needs.db, filter),
    partnerChoices(needs.db),
  ]);
  const { state: _state, ...rest } = params;
  const isFiltered = Object.values(rest).some((it) => it !== null && it !== '');
  const name = partners.find(({ slug }) => slug === filter.partner)?.name ?? filter.partner;
  const failed = counts.failed ?? 0;
  return {
    view: 'invoices',
    title: 'Factures et avoirs',
    place: 'orders',
    live: ['order:*'],
    model: {
      heading:
        failed > 0 && !isFiltered
          ? fr`Factures et avoirs : ${countText(failed, 10_000)} PDF en échec`
          : 'Factures et avoirs',
      tabs: tabsOf(PATH, params, tabs(counts)),
      filter: {
        ...{ state: filter.state ?? '', number: params.number, period },
        kinds: choicesOf(
          [
            ['', 'Tous'],
            ['invoice', 'Factures'],
            ['credit-note', 'Avoirs'],
          ],
          filter.kind,
        ),
        partners: choicesOf(
          [['', 'Tous'], ...partners.map((it) => [it.slug, it.name] as const)],
          filter.partner,
        ),
      },
      clear: isFiltered ? addressOf(PATH, { state: filter.state }) : null,
      csv: addressOf(`${PATH}.csv`, params),
      rows: sheet.rows.map((row) => rowView(row, visit.now)),
      pager: pagerOf(sheet, turn, { path: PATH, params, words: WORDS, now: visit.now }),
      empty: {
        isNarrowed: isFiltered || filter.state !== null,
        text: noneOf(
          filter.kind === null ? 'Aucun document' : KIND_WORDS[filter.kind],
          filter.state === null ? '' : STATE_WORDS[filter.state],
          name === null ? '' : `chez ${name}`,
          period.words,
          params.number === '' ? '' : fr`sous le n° ${params.number}`,
        ),
        clear: PATH,
      },
    },
  };
}

const KIND_WORDS = { invoice: 'Aucune facture', 'credit-note': 'Aucun avoir' } as const;
const STATE_WORDS: Readonly<Record<DocumentTab, string>> = {
  preparing: 'en préparation',
  failed: 'dont le PDF est en échec',
  printed: 'dont le PDF est fait',
};

function tabs({ all, preparing, failed }: DocumentCounts) {
  return [
    { state: '', word: 'Tous', count: all },
    { state: 'preparing', word: 'PDF en préparation', count: preparing },
    { state: 'failed', word: 'PDF en échec', count: failed },
    { state: 'printed', word: 'Émis', count: null },
  ];
}

function rowView(row: DocumentRow, now: Date) {
  const money = (value: number) => euros(cents(value), currency(row.currency));
  const sign = row.kind === 'invoice' ? 1 : -1;
  return {
    number: row.number,
    kind: row.kind === 'invoice' ? 'Facture' : 'Avoir',
    issued: shownTime(row.issuedAt, now),
    orderId: row.orderId,
    customer: row.customerName ?? row.customerEmail ?? 'Données effacées',
    partner: row.partnerName,
    gross: money(sign * row.gross),
    state: documentView(row.printing, row.kind),
    pdf: row.sizeBytes === null ? null : `/dashboard/documents/${row.number}.pdf`,
    error: row.printing === 'printed' ? '' : (row.lastError ?? ''),
  };
}

const COLUMNS = [
  ...['Numéro', 'Type', 'Émis le (heure de Paris)', 'Commande', 'Client', 'E-mail', 'Partenaire'],
  ...['Devise', 'Montant HT', 'TVA', 'Montant TTC', 'PDF'],
];

function csvRow(row: DocumentRow): (string | number | null)[] {
  const sign = row.kind === 'invoice' ? 1 : -1;
  const money = (value: number) => decimalCell(cents(sign * value), currency(row.currency));
  return [
    ...[row.number, row.kind === 'invoice' ? 'facture' : 'avoir', csvTime(row.issuedAt)],
    ...[row.orderId, cell(row.customerName), cell(row.customerEmail), cell(row.partnerName)],
    ...[row.currency, money(row.net), money(row.vat), money(row.gross)],
    documentView(row.printing, row.kind).word,
  ];
}
