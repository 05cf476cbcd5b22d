// /dashboard/notifications: every message to a customer or a partner, newest first, by state. What ended
// without success can be retried from here, one by one on its order or a whole filter at a time.

import type Router from '@koa/router';
import { cell } from '#adapters/exports/csv.ts';
import { duration } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { attemptView, notificationView } from '#adapters/pages/state-view.ts';
import {
  type NotificationCounts,
  type NotificationFilter,
  type NotificationRow,
  type NotificationTab,
  notificationCounts,
  notificationRows,
  notificationSheet,
} from '#adapters/postgres/dashboard/notification-list.ts';
import { partnerChoices } from '#adapters/postgres/dashboard/search-books.ts';
import { attemptCount, CHANNEL_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import type { Page } from './frame.ts';
import {
  addressOf,
  countText,
  noneOf,
  oneOf,
  type Params,
  type Period,
  periodOf,
  turnOf,
  UUID_ID,
} from './list-address.ts';
import { csvTime, sendCsv } from './list-csv.ts';
import { choicesOf, pagerOf, tabsOf } from './list-view.ts';
import type { DashboardNeeds } from './needs.ts';
import { page, type Visit } from './visit.ts';

export const NOTIFICATIONS = '/dashboard/notifications';
const WORDS = { many: 'notifications', older: 'Plus anciennes', newer: 'Plus récentes' };

const TABS = [
  ['attention', 'À traiter'],
  ['queued', 'En attente'],
  ['sending', 'En cours'],
  ['failed', 'Refusées'],
  ['exhausted', 'Échecs définitifs'],
  ['quarantined', 'En quarantaine'],
  ['completed', 'Arrivées'],
] as const satisfies readonly (readonly [NotificationTab, string])[];

export function notificationListRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    NOTIFICATIONS,
    page(needs, 'reader', (visit) => listPage(needs, visit)),
  );
  router.get(
    `${NOTIFICATIONS}.csv`,
    page(needs, 'reader', async (visit) => {
      const query = await notificationRows(needs.db, notificationsAsked(visit).filter);
      const file = { name: 'notifications', columns: COLUMNS, query, row: csvRow };
      return sendCsv(needs, visit, file);
    }),
  );
}

export type NotificationsAsked = {
  readonly filter: NotificationFilter;
  readonly params: Params;
  readonly period: Period;
};

/** The filter that the address asks for. */
export function notificationsAsked(visit: Visit): NotificationsAsked {
  const period = periodOf(visit);
  const of = visit.query('of').slice(0, 254);
  const isNumber = /^\d{1,15}$/.test(of);
  const filter: NotificationFilter = {
    state: oneOf(
      visit.query('state'),
      TABS.map(([state]) => state),
    ),
    partner: visit.query('partner') || null,
    channel: oneOf(visit.query('channel'), ['webhook', 'email'] as const),
    ...{ since: period.since, until: period.until },
    of: of === '' ? null : isNumber ? { order: Number(of) } : { email: of },
  };
  const { state, partner, channel } = filter;
  return { filter, period, params: { state, partner, channel, ...period.params, of } };
}

async function listPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { filter, params, period } = notificationsAsked(visit);
  const turn = turnOf(visit, UUID_ID);
  const [sheet, counts, partners] = await Promise.all([
    notificationSheet(needs.db, filter, turn),
    notificationCounts(needs.db, filter),
    partnerChoices(needs.db),
  ]);
  const { state: _state, ...rest } = params;
  const isFiltered = Object.values(rest).some((it) => it !== null && it !== '');
  const attention = counts.attention ?? 0;
  const retried = retriedCount(filter, counts);
  return {
    view: 'notifications',
    title: 'Notifications',
    place: 'notifications',
    live: ['order:*'],
    model: {
      heading:
        attention > 0 && !isFiltered
          ? fr`Notifications : ${countText(attention, 10_000)} à traiter`
          : 'Notifications',
      tabs: tabsOf(PATH, params, [
        { state: '', word: 'Toutes', count: counts.all },
        ...TABS.map(([state, word]) => ({ state, word, count: counts[state] })),
      ]),
      filter: {
        ...{ state: filter.state ?? '', of: params.of, period },
        channels: choicesOf(
          [
            ['', 'Tous'],
            ['webhook', 'Webhook'],
            ['email', 'E-mail'],
          ],
          filter.channel,
        ),
        partners: choicesOf(
          [['', 'Tous'], ...partners.map((it) => [it.slug, it.name] as const)],
          filter.partner,
        ),
      },
      clear: isFiltered ? addressOf(PATH, { state: filter.state }) : null,
      csv: addressOf(`${PATH}.csv`, params),
      retry:
        retried > 0 && visit.may('operator')
          ? {
              href: addressOf(`${PATH}/retry`, params),
              text: retryText(retried),
            }
          : null,
      rows: sheet.rows.map((row) => rowView(row, visit.now)),
      pager: pagerOf(sheet, turn, { path: PATH, params, words: WORDS, now: visit.now }),
      empty: {
        isNarrowed: isFiltered || filter.state !== null,
        text: emptyText(filter, period, partners),
        clear: PATH,
      },
    },
  };
}

const PATH = NOTIFICATIONS;
const ENDED: readonly string[] = ['failed', 'exhausted', 'quarantined'];

/** How many a retry of this filter would touch. */
function retriedCount({ state }: NotificationFilter, counts: NotificationCounts): number {
  if (state === null || state === 'attention') return counts.attention ?? 0;
  return ENDED.includes(state) ? (counts[state] ?? 0) : 0;
}

function retryText(n: number): string {
  return n === 1
    ? 'Relancer la notification de ce filtre…'
    : `Relancer les ${countText(n, 10_000)} notifications de ce filtre…`;
}

function emptyText(
  { state, partner, channel, of }: NotificationFilter,
  period: Period,
  partners: Awaited<ReturnType<typeof partnerChoices>>,
): string {
  const name = partners.find(({ slug }) => slug === partner)?.name ?? partner;
  return noneOf(
    'Aucune notification',
    state === null ? '' : EMPTY_WORDS[state],
    channel === null ? '' : `par ${CHANNEL_WORDS[channel]}`,
    name === null ? '' : `chez ${name}`,
    period.words,
    of === null ? '' : 'order' in of ? fr`de la commande n° ${of.order}` : fr`pour ${of.email}`,
  );
}

const EMPTY_WORDS: Readonly<Record<NotificationTab, string>> = {
  attention: 'à traiter',
  queued: 'en attente',
  sending: 'en cours d’envoi',
  failed: 'refusée',
  exhausted: 'en échec définitif',
  quarantined: 'en quarantaine',
  completed: 'arrivée',
};

function rowView(row: NotificationRow, now: Date) {
  const { channel, state, attempts, lastOutcome, lastStatusCode, lastDurationMs } = row;
  const last = { outcome: lastOutcome, statusCode: lastStatusCode };
  return {
    id: row.id,
    orderId: row.orderId,
    made: shownTime(row.createdAt, now),
    channel: channel === 'email' ? 'E-mail' : 'Webhook',
    icon: channel === 'email' ? 'mail' : 'webhook',
    document: row.documentNumber,
    partner: row.partnerName,
    state: notificationView(channel, state, row.interruptions),
    attempts: attempts === 0 ? '' : attemptCount(attempts),
    last: lastOutcome === null ? null : attemptView(last),
    took: lastDurationMs === null ? '' : duration(lastDurationMs),
    next: nextView(row, now),
  };
}

function nextView(row: NotificationRow, now: Date) {
  const { nextAttemptAt } = row;
  if (row.state !== 'queued' || nextAttemptAt === null) return null;
  if (!row.isReleased) return { text: 'Attend son PDF', time: null, countdown: '' };
  const isDue = nextAttemptAt <= now;
  const time = isDue ? null : shownTime(nextAttemptAt, now);
  return {
    text: isDue ? 'Part maintenant' : 'Prochaine à',
    time,
    countdown: time ? time.iso : '',
  };
}

const COLUMNS = [
  ...['Notification', 'Créée le (heure de Paris)', 'Canal', 'Commande', 'Document', 'Partenaire'],
  ...['État', 'Tentatives', 'Série', 'Dernière issue', 'Code', 'Durée (ms)', 'Détail'],
  ...['Prochaine tentative', 'Arrivée le', 'Arrêtée le'],
];

function csvRow(row: NotificationRow): (string | number | null)[] {
  return [
    ...[row.id, csvTime(row.createdAt), CHANNEL_WORDS[row.channel], row.orderId],
    ...[row.documentNumber, cell(row.partnerName)],
    notificationView(row.channel, row.state, row.interruptions).word,
    ...[row.attempts, row.round, row.lastOutcome, row.lastStatusCode, row.lastDurationMs],
    ...[cell(row.lastDetail), csvTime(row.nextAttemptAt)],
    ...[csvTime(row.completedAt), csvTime(row.endedAt)],
  ];
}
