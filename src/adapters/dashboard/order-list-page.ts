// /dashboard/orders: what was sold, newest payment first, with what became of document, mail and call. The
// same filter as a file for a spreadsheet.

import type Router from '@koa/router';
import { cell, decimalCell } from '#adapters/exports/csv.ts';
import { euros } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { documentView, notificationView } from '#adapters/pages/state-view.ts';
import {
  type OrderCounts,
  type OrderFilter,
  type OrderRow,
  type OrderState,
  orderCounts,
  orderRows,
  orderSheet,
} from '#adapters/postgres/dashboard/order-list.ts';
import { partnerChoices } from '#adapters/postgres/dashboard/search-books.ts';
import { fr } from '#adapters/typeset.ts';
import { cents, currency } from '#domain/money.ts';
import type { Page } from './frame.ts';
import {
  addressOf,
  amountOf,
  countText,
  NUMBER_ID,
  noneOf,
  oneOf,
  type Params,
  type Period,
  periodOf,
  turnOf,
} from './list-address.ts';
import { csvTime, sendCsv } from './list-csv.ts';
import { choicesOf, pagerOf, tabsOf } from './list-view.ts';
import type { DashboardNeeds } from './needs.ts';
import { page, type Visit } from './visit.ts';

const PATH = '/dashboard/orders';
const WORDS = { many: 'commandes', older: 'Plus anciennes', newer: 'Plus récentes' };
const STATES = ['attention', 'open', 'delivered'] as const satisfies readonly OrderState[];

export function orderListRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    PATH,
    page(needs, 'reader', (visit) => listPage(needs, visit)),
  );
  router.get(
    `${PATH}.csv`,
    page(needs, 'reader', async (visit) => {
      const { filter } = askedOf(visit);
      const query = orderRows(filter);
      return sendCsv(needs, visit, { name: 'commandes', columns: COLUMNS, query, row: csvRow });
    }),
  );
}

type Asked = { readonly filter: OrderFilter; readonly params: Params; readonly period: Period };

function askedOf(visit: Visit): Asked {
  const period = periodOf(visit);
  const [min, max] = [visit.query('min'), visit.query('max')];
  const filter: OrderFilter = {
    state: oneOf(visit.query('state'), STATES),
    partner: visit.query('partner') || null,
    ...{ since: period.since, until: period.until },
    ...{ least: amountOf(min), most: amountOf(max) },
    text: visit.query('text').slice(0, 200),
  };
  const { state, partner, text } = filter;
  return { filter, period, params: { state, partner, ...period.params, min, max, text } };
}

async function listPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { filter, params, period } = askedOf(visit);
  const turn = turnOf(visit, NUMBER_ID);
  const [sheet, counts, partners] = await Promise.all([
    orderSheet(needs.db, filter, turn),
    orderCounts(needs.db, filter),
    partnerChoices(needs.db),
  ]);
  const { state: _state, ...rest } = params;
  const isFiltered = Object.values(rest).some((it) => it !== null && it !== '');
  const isNarrowed = isFiltered || filter.state !== null;
  const partner = partners.find(({ slug }) => slug === filter.partner)?.name ?? filter.partner;
  const { attention } = counts;
  const waiting = attention ? fr` : ${countText(attention, 10_000)} à traiter` : '';
  return {
    view: 'orders',
    title: 'Commandes',
    place: 'orders',
    live: ['order:*'],
    model: {
      heading: isFiltered ? 'Commandes' : `Commandes${waiting}`,
      tabs: tabsOf(PATH, params, tabs(counts)),
      filter: {
        ...{ state: filter.state ?? '', text: filter.text, period },
        ...{ min: params.min, max: params.max },
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
        isNarrowed,
        text: noneOf(
          'Aucune commande',
          filter.state === null ? '' : STATE_WORDS[filter.state],
          partner === null ? '' : `chez ${partner}`,
          period.words,
          filter.least === null && filter.most === null ? '' : 'de ce montant',
          filter.text === '' ? '' : fr`pour « ${filter.text} »`,
        ),
        clear: PATH,
      },
    },
  };
}

const STATE_WORDS: Readonly<Record<OrderState, string>> = {
  attention: 'à traiter',
  open: 'en cours',
  delivered: 'livrée',
};

function tabs({ all, attention, open }: OrderCounts) {
  return [
    { state: '', word: 'Toutes', count: all },
    { state: 'attention', word: 'À traiter', count: attention },
    { state: 'open', word: 'En cours', count: open },
    { state: 'delivered', word: 'Livrées', count: null },
  ];
}

function rowView(row: OrderRow, now: Date) {
  const money = (value: number) => euros(cents(value), currency(row.currency));
  const { email, emailInterruptions, webhook, webhookInterruptions } = row;
  return {
    id: row.id,
    paid: shownTime(row.paidAt, now),
    customer: row.isPurged ? 'Données effacées' : (row.customerName ?? ''),
    email: row.customerEmail ?? '',
    partner: row.partnerName,
    gross: money(row.gross),
    credited: row.credited > 0 ? fr`avoir : ${money(-row.credited)}` : '',
    invoice: row.invoiceNumber,
    printing: row.printing === 'printed' ? null : documentView(row.printing, 'invoice'),
    webhook: notificationView('webhook', webhook, webhookInterruptions),
    mail: notificationView('email', email, emailInterruptions),
  };
}

const COLUMNS = [
  ...['Commande', 'Payée le (heure de Paris)', 'Client', 'E-mail', 'Partenaire', 'Devise'],
  ...[
    'Montant HT',
    'TVA',
    'Montant TTC',
    'Avoirs TTC',
    'Facture',
    'PDF',
    'Webhook',
    'E-mail envoyé',
  ],
];

function csvRow(row: OrderRow): (string | number | null)[] {
  const money = (value: number) => decimalCell(cents(value), currency(row.currency));
  return [
    ...[row.id, csvTime(row.paidAt), cell(row.customerName), cell(row.customerEmail)],
    ...[cell(row.partnerName), row.currency, money(row.net), money(row.vat), money(row.gross)],
    ...[row.credited > 0 ? money(-row.credited) : null, row.invoiceNumber],
    documentView(row.printing, 'invoice').word,
    notificationView('webhook', row.webhook, row.webhookInterruptions).word,
    notificationView('email', row.email, row.emailInterruptions).word,
  ];
}
