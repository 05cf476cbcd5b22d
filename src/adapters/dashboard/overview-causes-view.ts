// What waits for somebody, in words: one row a cause, with what to do about it, since when, how
// many, and the one place or button that leads on. The order is that of a person's morning: what
// stops everything first, then what has waited longest.

import { duration } from '#adapters/french.ts';
import { shownDistance, shownTime } from '#adapters/pages/shown-time.ts';
import { notificationView, paymentView } from '#adapters/pages/state-view.ts';
import type {
  Causes,
  NotificationCause,
  PaymentCause,
} from '#adapters/postgres/dashboard/overview-causes.ts';
import type { WorkNow } from '#adapters/postgres/dashboard/overview-work.ts';
import { causeOf, repairOf } from '#adapters/quarantine-repairs.ts';
import { explainQuarantine } from '#adapters/quarantine-words.ts';
import { attemptWords } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { addressOf } from './list-address.ts';
import {
  type CauseView,
  causeId,
  type Draft,
  howMany,
  leadTo,
  pressFor,
} from './overview-draft.ts';
import { workDrafts } from './overview-work-view.ts';

/** All of them, the gravest first. */
export function causeViews(causes: Causes, work: WorkNow, now: Date): readonly CauseView[] {
  const waiting: Draft[] = [
    ...paymentDrafts(causes.payments),
    ...causes.notifications.map(notificationDraft),
    ...printDraft(causes),
    ...bounceDraft(causes),
  ].sort((a, b) => (a.since?.getTime() ?? 0) - (b.since?.getTime() ?? 0));
  return [...workDrafts(work, now), ...waiting].map(({ key, since, ...draft }) => ({
    ...draft,
    id: causeId(key),
    since: since && { ...shownTime(since, now), ago: shownDistance(since, now) },
  }));
}

// Details that are each payment's own (two sums, a date) do not make causes of their own.
function paymentDrafts(found: readonly PaymentCause[]): Draft[] {
  const merged = new Map<string, PaymentCause>();
  for (const it of found) {
    const cause = causeOf(it.reason, it.detail);
    const known = merged.get(cause);
    if (!known) merged.set(cause, it);
    else merged.set(cause, { ...known, count: known.count + it.count });
  }
  return [...merged].map(([cause, { reason, detail, count: n, isMore, since }]) => {
    const { title, isKeyed } = repairOf(reason);
    const { sentence } = explainQuarantine(reason, detail);
    const href = `/dashboard/quarantine#${causeId(cause)}`;
    return {
      key: cause,
      badge: paymentView('quarantined'),
      sentence: isKeyed && detail ? fr`${title} : ${detail}. ${sentence}` : sentence,
      since,
      many: { text: howMany(n, 'paiement', 'paiements', isMore), href },
      way: leadTo('Voir et réparer', href),
    };
  });
}

function notificationDraft(cause: NotificationCause): Draft {
  const { channel, partner, state } = cause;
  const href = addressOf('/dashboard/notifications', { state, channel, partner });
  return {
    key: `${channel} ${partner} ${state} ${cause.outcome} ${cause.statusCode}`,
    badge: notificationView(channel, state),
    sentence: notificationSentence(cause),
    since: cause.since,
    many: { text: howMany(cause.count, 'notification', 'notifications', cause.isMore), href },
    way: leadTo('Voir et relancer', href),
  };
}

function notificationSentence(cause: NotificationCause): string {
  const { channel, partnerName: who, state } = cause;
  const seen = attemptWords(cause);
  if (state === 'quarantined') {
    const what = channel === 'webhook' ? fr`L’appel à ${who}` : 'Un e-mail';
    return (
      fr`${what} a été interrompu cinq fois de suite, de notre côté. Voyez le journal, ` +
      fr`puis relancez.`
    );
  }
  if (channel === 'email') {
    return state === 'failed'
      ? fr`Une adresse refuse la facture (${seen}). Vérifiez-la avec le client : relancez si elle ` +
          fr`est bonne, sinon transmettez-lui le PDF.`
      : fr`Le serveur d’e-mail n’a pas pris la facture (${seen}). Quand il répond de ` +
          fr`nouveau, relancez.`;
  }
  return state === 'failed'
    ? fr`${who} a refusé (${seen}). Nous n’insistons pas : voyez la cause avec le ` +
        fr`partenaire, puis relancez.`
    : fr`${who} : toutes les tentatives ont échoué (${seen}). Prévenez le partenaire ; ` +
        fr`quand son service répond, relancez.`;
}

function printDraft({ prints }: Causes): Draft[] {
  if (!prints) return [];
  return [
    {
      key: 'prints',
      badge: { word: 'PDF en échec', family: 'bad', fill: 'solid', icon: 'file-warning' },
      sentence:
        fr`Huit essais n’ont pas donné de PDF. Rien n’est parti ; les numéros sont ` +
        fr`conservés.`,
      since: prints.since,
      many: {
        text: howMany(prints.count, 'document', 'documents', prints.isMore),
        href: '/dashboard/orders?state=attention',
      },
      way: pressFor('Relancer l’impression', '/dashboard/prints/retry'),
    },
  ];
}

function bounceDraft({ bounces }: Causes): Draft[] {
  if (!bounces) return [];
  return [
    {
      key: 'bounces',
      badge: { word: 'E-mail revenu', family: 'bad', fill: 'solid', icon: 'mail' },
      sentence:
        fr`La boîte du client a rendu ou refusé l’e-mail après son envoi. Demandez-lui une ` +
        fr`autre adresse et envoyez-lui la facture.`,
      since: bounces.since,
      many: {
        text: howMany(bounces.count, 'e-mail', 'e-mails', bounces.isMore),
        href: `/dashboard/orders/${bounces.orderId}`,
      },
      way: pressFor('Marquer comme vu', '/dashboard/returned-mails/note'),
    },
  ];
}

/** « Dernier paiement il y a 4 min, livré en 1,9 s. » */
export function lastOrderSentence({ lastOrder }: WorkNow, now: Date): string {
  if (!lastOrder) return 'Aucune commande pour l’instant.';
  const told = `Dernier paiement ${shownDistance(lastOrder.at, now)}`;
  if (lastOrder.deliveredMs === null) return `${told}, en cours de livraison.`;
  return `${told}, livré en ${duration(lastOrder.deliveredMs)}.`;
}
