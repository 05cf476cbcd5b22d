// The journal: what we told this partner, newest first, and each notification with the very requests that
// were sent and the answers that came. A partner's engineer asks first « have you called, and with what? ».

import type Router from '@koa/router';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { count, duration, plural } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import {
  type JournalAttempt,
  type JournalRow,
  journalAttempts,
  journalEntry,
  journalSheet,
} from '#adapters/postgres/portal/journal.ts';
import { fr } from '#adapters/typeset.ts';
import { sendJournal } from './journal-export.ts';
import { filterChoices, journalSearch, journalUrl, stateWord } from './journal-filter.ts';
import { attemptSentence, partnerAttemptView, partnerState, partnerView } from './partner-words.ts';
import type { PortalPage } from './portal-frame.ts';
import { notFound, type PortalVisit, portalPage } from './portal-visit.ts';

export function journalRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/portal',
    portalPage(needs, (visit) => list(needs, visit)),
  );
  router.get(
    '/portal/notifications/:id',
    portalPage(needs, (visit) => entry(needs, visit)),
  );
  for (const format of ['csv', 'json'] as const) {
    router.get(
      `/portal/journal.${format}`,
      portalPage(needs, async ({ guest, ctx, query, now }) => {
        const { filter } = journalSearch(query, now);
        sendJournal(ctx, needs.db, { slug: guest.slug, filter, format, now });
        return null;
      }),
    );
  }
}

async function list(needs: DashboardNeeds, visit: PortalVisit): Promise<PortalPage> {
  const { guest, now, query } = visit;
  const { filter, turn, fields } = journalSearch(query, now);
  const sheet = await journalSheet(needs.db, guest.slug, filter, turn);
  const [first, last] = [sheet.rows.at(0), sheet.rows.at(-1)];
  const older = sheet.lookedTo ?? (last ? { at: last.keyAt, id: last.keyId } : null);
  const isFiltered = Object.keys(fields).length > 0;
  const rows = sheet.rows.map((row) => rowView(row, now));
  return {
    view: 'journal',
    title: 'Journal',
    tab: 'journal',
    model: {
      heading: headingOf(rows.length, isFiltered || turn.from !== null),
      keptDays: count(needs.personalDataDays),
      rows,
      isFiltered,
      stateWord: stateWord(fields),
      lookedTo: sheet.lookedTo && shownTime(new Date(sheet.lookedTo.at), now),
      fields: { state: '', period: '', from: '', to: '', order: '', ...fields },
      ...filterChoices(fields),
      csv: journalUrl(fields, '/portal/journal.csv'),
      json: journalUrl(fields, '/portal/journal.json'),
      older: sheet.hasOlder && older && journalUrl({ ...fields, before: placeText(older) }),
      newer:
        sheet.hasNewer &&
        first &&
        journalUrl({ ...fields, after: placeText({ at: first.keyAt, id: first.keyId }) }),
      newest: turn.from !== null && journalUrl(fields),
    },
  };
}

function headingOf(shown: number, isPart: boolean): string {
  if (shown === 0) return isPart ? 'Aucune notification ainsi' : 'Aucune notification encore';
  if (isPart) return `${count(shown)} ${plural(shown, 'notification', 'notifications')}`;
  return shown === 1
    ? 'Votre première notification'
    : `Vos ${count(shown)} dernières notifications`;
}

function rowView(row: JournalRow, now: Date) {
  const state = partnerState(row.state);
  const isWaiting = state === 'pending';
  return {
    id: row.id,
    orderId: row.orderId,
    created: shownTime(row.createdAt, now),
    state: partnerView(state),
    attempts: row.attempts,
    last:
      row.lastOutcome === null
        ? null
        : partnerAttemptView({ outcome: row.lastOutcome, statusCode: row.lastStatusCode }),
    took: row.lastDurationMs === null ? null : duration(row.lastDurationMs),
    next: isWaiting && row.isReleased && row.nextAttemptAt ? nextOf(row.nextAttemptAt, now) : null,
    isPreparing: isWaiting && !row.isReleased,
  };
}

/** A try that is due is made at once. */
function nextOf(at: Date, now: Date) {
  return { ...shownTime(at, now), isDue: at <= now };
}

async function entry(needs: DashboardNeeds, visit: PortalVisit): Promise<PortalPage> {
  const { guest, now, param } = visit;
  const row = await journalEntry(needs.db, guest.slug, param('id'));
  if (!row) return notFound();
  const attempts = await journalAttempts(needs.db, guest.slug, [row.id]);
  const shown = rowView(row, now);
  const views = attempts.map((attempt) => attemptModel(attempt, now)).toReversed();
  return {
    view: 'notification',
    title: fr`Commande n° ${row.orderId}`,
    tab: 'journal',
    model: {
      ...shown,
      heading: fr`Commande n° ${row.orderId}`,
      sentence: sentenceOf(row),
      keptDays: count(needs.personalDataDays),
      attemptCount: `${count(views.length)} ${plural(views.length, 'tentative', 'tentatives')}`,
      views: views.map((view, at) => ({ ...view, isOpen: at === 0 })),
    },
  };
}

function sentenceOf({ state, isReleased, attempts }: JournalRow): string {
  switch (partnerState(state)) {
    case 'delivered':
      return fr`Votre serveur a accepté cette commande ; nous n’y reviendrons pas.`;
    case 'refused':
      return fr`Votre serveur a refusé cette commande ; nous n’insisterons pas. Corrigez la cause, puis demandez une relance à votre contact.`;
    case 'given-up':
      return fr`Toutes les tentatives ont échoué. Quand votre serveur répond à nouveau, demandez une relance à votre contact, ou relevez cette commande par l’API.`;
    default:
      if (!isReleased)
        return fr`La facture est en préparation ; l’appel part dès qu’elle est prête.`;
      return state === 'quarantined'
        ? fr`Un incident de notre côté retient cet appel ; nous nous en occupons.`
        : attempts === 0
          ? fr`L’appel part dans un instant.`
          : fr`Nous réessaierons ; il n’y a rien à faire de votre côté si votre serveur répond à nouveau.`;
  }
}

function attemptModel(attempt: JournalAttempt, now: Date) {
  const { number, round, outcome, durationMs, isPurged } = attempt;
  return {
    id: `a${number}`,
    number,
    round,
    state: partnerAttemptView(attempt),
    sentence: attemptSentence(attempt),
    started: shownTime(attempt.startedAt, now),
    took: durationMs === null ? null : duration(durationMs),
    isUnderWay: outcome === null,
    isPurged,
    url: attempt.requestUrl,
    headers: headerText(attempt.requestHeaders),
    body: attempt.requestBody,
    answerHeaders: headerText(attempt.responseHeaders),
    answerBody: attempt.responseBody,
    isAnswered: attempt.responseHeaders !== null || attempt.responseBody !== null,
    isCut: attempt.responseTruncated === true,
  };
}

/** One header a line. */
export function headerText(headers: Readonly<Record<string, string>> | null): string | null {
  if (headers === null) return null;
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

function placeText({ at, id }: { readonly at: string; readonly id: string }): string {
  return `${at}_${id}`;
}
