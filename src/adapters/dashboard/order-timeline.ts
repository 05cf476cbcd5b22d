// The story of an order as one list, newest first: events, decision, documents and their printing, every
// attempt, what a mail's server told, what people did. Steps of one instant stand in the order in
// which a payment flows.

import { duration } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import type { StateView } from '#adapters/pages/state-view.ts';
import type { StoryAction } from '#adapters/postgres/dashboard/order-actions.ts';
import type {
  OrderStory,
  StoryDocument,
  StoryEvent,
  StoryMailEvent,
  StoryNotification,
} from '#adapters/postgres/dashboard/order-story.ts';
import { CAUSE_WORDS, MAIL_EVENT_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { decisionSentence, decisionView } from './event-words.ts';
import { attemptDetails, attemptName, bytesText } from './order-attempt.ts';

type Step = {
  readonly at: Date;
  /** Among those of one instant: later ones happened later. */
  readonly rank: number;
  readonly id: string;
  readonly title: string;
  readonly state: StateView | null;
  readonly text: string;
  readonly icon: string;
  readonly link?: { readonly href: string; readonly word: string };
  readonly attempt?: ReturnType<typeof attemptDetails>;
};

export type TimelineStep = Omit<Step, 'at' | 'rank'> & {
  readonly time: ReturnType<typeof shownTime>;
};

/** Newest first. `partnerTries`: attempts of one round of calls. */
export function timelineOf(story: OrderStory, now: Date, partnerTries: number): TimelineStep[] {
  const steps = [
    ...story.events.flatMap((event) => eventSteps(event, story)),
    recordedStep(story),
    ...story.documents.flatMap((document) => documentSteps(document)),
    ...attemptSteps(story, now, partnerTries),
    ...story.mailEvents.map((event, index) => mailEventStep(event, index)),
    ...story.actions.map((action, index) => actionStep(action, index, story)),
  ];
  return steps
    .toSorted((a, b) => b.at.getTime() - a.at.getTime() || b.rank - a.rank)
    .map(({ at, rank: _rank, ...step }) => ({ ...step, time: shownTime(at, now) }));
}

const MADE: StateView = { word: 'Enregistrée', family: 'good', fill: 'bare', icon: 'circle-check' };

function eventSteps(event: StoryEvent, { order }: OrderStory): readonly Step[] {
  const { id, type, receivedAt, kind, reason, concludedAt } = event;
  const received: Step = {
    ...{ at: receivedAt, rank: 0, id: `e-${id}`, icon: 'credit-card', state: null },
    title: 'Événement reçu de Stripe',
    text: type,
    link: { href: `/dashboard/events/${id}`, word: id },
  };
  if (kind === 'pending') return [received];
  const decided = { kind, reason, paymentState: order.paymentState };
  // Stripe tells most things twice: the second time is no step of its own.
  if (kind === 'already-recorded') return [{ ...received, state: decisionView(decided) }];
  const orders = 1 + order.siblings.length;
  return [
    received,
    {
      ...{ at: concludedAt, rank: 1, id: `x-${id}`, icon: 'check' },
      title: 'Décision',
      state: decisionView(decided),
      text:
        isCorrection(type) && kind === 'recorded'
          ? 'Le remboursement est inscrit aux livres.'
          : decisionSentence(decided, { detail: null, orders }),
    },
  ];
}

function isCorrection(type: string): boolean {
  return /^(charge\.(refunded|dispute)|refund\.|credit_note\.)/.test(type);
}

function recordedStep({ order }: OrderStory): Step {
  return {
    ...{ at: order.recordedAt, rank: 2, id: 'recorded', icon: 'check', state: MADE },
    title: fr`Commande n° ${order.id}`,
    text: fr`Inscrite aux livres pour ${order.partnerName}.`,
  };
}

function documentSteps(it: StoryDocument): readonly Step[] {
  const isInvoice = it.creditNoteId === null;
  const numbered: Step = {
    ...{ at: it.issuedAt, rank: 3, id: it.number, icon: isInvoice ? 'file-text' : 'file-minus' },
    title: isInvoice ? 'Facture numérotée' : 'Avoir numéroté',
    state: null,
    text: it.cause === null ? it.number : `${it.number}, ${CAUSE_WORDS[it.cause]}`,
  };
  return [numbered, ...printSteps(it)];
}

const PRINTED: StateView = { word: 'Fait', family: 'good', fill: 'bare', icon: 'file-check' };
const UNPRINTED: StateView = {
  word: 'En échec',
  family: 'bad',
  fill: 'tint',
  icon: 'file-warning',
};

function printSteps(it: StoryDocument): readonly Step[] {
  const title = fr`PDF ${it.number}`;
  if (it.storedAt && it.sizeBytes !== null) {
    const { pdfKey: key, templateVersion, chromiumVersion } = it;
    const made = fr`modèle ${templateVersion}, Chromium ${chromiumVersion}`;
    return [
      {
        ...{ at: it.storedAt, rank: 4, id: `p-${it.number}`, icon: 'file-check', state: PRINTED },
        title,
        text: `${key} · ${bytesText(it.sizeBytes)} · ${made}`,
        link: { href: pdfHref(it.number), word: 'Ouvrir le PDF' },
      },
    ];
  }
  if (it.failures === 0 || it.lastError === null) return [];
  const at = it.printEndedAt ?? it.nextPrintAt ?? it.issuedAt;
  const text = fr`${it.failures} essais ont échoué. Dernière cause : ${it.lastError}`;
  return [
    { at, rank: 4, id: `p-${it.number}`, icon: 'file-warning', state: UNPRINTED, title, text },
  ];
}

export function pdfHref(number: string): string {
  return `/dashboard/documents/${number}.pdf`;
}

function attemptSteps(story: OrderStory, now: Date, partnerTries: number): readonly Step[] {
  const { notifications, attempts } = story;
  return attempts.flatMap((attempt) => {
    const notification = notifications.find(({ id }) => id === attempt.notificationId);
    if (!notification) return [];
    const details = attemptDetails(attempt, now);
    const name = attemptName(attempt, attempts, notification, partnerTries);
    return {
      ...{ at: attempt.startedAt, rank: 5, id: `s-${details.id}`, state: details.state },
      title: `${addressee(notification, story)}, ${name}`,
      text: attempt.outcome === 'interrupted' ? INTERRUPTED : details.detail,
      icon: notification.channel === 'email' ? 'mail' : 'webhook',
      attempt: details,
    };
  });
}

const INTERRUPTED = 'Arrêt de notre côté : elle ne compte pas, une autre la remplace.'.replace(
  ' :',
  '\u00A0:',
);

/** « Webhook à Fiscalia », « E-mail au client ». */
export function addressee(
  { channel, creditNoteId }: Pick<StoryNotification, 'channel' | 'creditNoteId'>,
  { order, documents }: Pick<OrderStory, 'order' | 'documents'>,
): string {
  if (channel === 'webhook') return `Webhook à ${order.partnerName}`;
  const document = documents.find((it) => it.creditNoteId === creditNoteId);
  return creditNoteId === null ? 'E-mail au client' : `E-mail de l’avoir ${document?.number ?? ''}`;
}

const MAIL_LOOKS: Readonly<Record<StoryMailEvent['kind'], Omit<StateView, 'word'>>> = {
  delivered: { family: 'good', fill: 'bare', icon: 'mail-check' },
  delayed: { family: 'wait', fill: 'tint', icon: 'clock' },
  bounced: { family: 'bad', fill: 'tint', icon: 'circle-x' },
  'bounced-for-now': { family: 'wait', fill: 'tint', icon: 'corner-up-left' },
  complained: { family: 'bad', fill: 'tint', icon: 'triangle-alert' },
  rejected: { family: 'bad', fill: 'tint', icon: 'ban' },
};

function mailEventStep({ kind, detail, at, notificationId }: StoryMailEvent, index: number): Step {
  return {
    ...{ at, rank: 6, id: `m-${notificationId}-${index}`, icon: 'mail' },
    title: 'Suite de l’e-mail',
    state: { word: MAIL_EVENT_WORDS[kind], ...MAIL_LOOKS[kind] },
    text: detail ?? '',
  };
}

const ACTION_WORDS: Readonly<Record<string, string>> = {
  'notification-retried': 'a relancé',
  'printing-retried': 'a relancé l’impression de',
  'payment-retried': 'a relancé le paiement',
  'payment-dismissed': 'a écarté le paiement',
};

function actionStep(action: StoryAction, index: number, story: OrderStory): Step {
  const notification = story.notifications.find(({ id }) => id === action.subject);
  const what = notification ? objectOf(notification, story) : action.subject;
  const verb = ACTION_WORDS[action.action] ?? action.action;
  return {
    ...{ at: action.at, rank: 7, id: `o-${index}`, icon: 'users', state: null },
    title: `${action.actorName} ${verb} ${what}`,
    text: action.why === null ? '' : fr`Motif : ${action.why}`,
  };
}

function objectOf(it: StoryNotification, story: OrderStory): string {
  if (it.channel === 'webhook') return 'le webhook';
  return it.creditNoteId === null ? 'l’e-mail' : addressee(it, story).replace(/^E/, 'l’e');
}

export type NextStep = {
  readonly id: string;
  readonly icon: string;
  readonly title: string;
  readonly text: string;
  readonly time: ReturnType<typeof shownTime> | null;
  readonly countdown: string;
};

/** What is to come by itself, the soonest last, as the list reads upwards. */
export function comingSteps(story: OrderStory, now: Date): readonly NextStep[] {
  const prints = story.documents.flatMap(({ number, printing, nextPrintAt }) =>
    printing === 'queued' || printing === 'printing'
      ? [coming(`w-${number}`, 'file-clock', fr`PDF ${number}`, nextPrintAt, now)]
      : [],
  );
  const messages = story.notifications.flatMap((it) => {
    if (it.releasedAt === null) return [];
    const icon = it.channel === 'email' ? 'mail' : 'webhook';
    const who = addressee(it, story);
    if (it.state === 'queued') return [coming(`w-${it.id}`, icon, who, it.nextAttemptAt, now)];
    return it.state === 'sending' ? [underWay(it, who, icon, story, now)] : [];
  });
  return [...prints, ...messages];
}

function coming(id: string, icon: string, title: string, at: Date | null, now: Date): NextStep {
  const isLater = at !== null && at > now;
  return {
    ...{ id, icon, title },
    text: isLater ? 'Prochaine tentative à' : 'En cours ou sur le point de l’être.',
    time: isLater ? shownTime(at, now) : null,
    countdown: isLater ? at.toISOString() : '',
  };
}

function underWay(
  { id }: StoryNotification,
  title: string,
  icon: string,
  { attempts }: OrderStory,
  now: Date,
): NextStep {
  const startedAt = attempts.findLast((it) => it.notificationId === id)?.startedAt;
  const since = startedAt ? fr`, depuis ${duration(now.getTime() - startedAt.getTime())}` : '';
  return {
    ...{ id: `w-${id}`, icon, title, time: null, countdown: '' },
    text: `Envoi en cours${since}.`,
  };
}
