// What happened to an order and what to do about it, in a sentence or two, no fault laid on the reader: the
// gravest thing first. What can be done from here comes with it, as acts.

import { duration, FIXED, parisTime, plural } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import type {
  OrderStory,
  StoryAttempt,
  StoryDocument,
  StoryNotification,
} from '#adapters/postgres/dashboard/order-story.ts';
import { fr } from '#adapters/typeset.ts';

export type Act =
  | {
      readonly kind: 'retry';
      readonly notification: string;
      readonly round: number;
      readonly label: string;
    }
  | { readonly kind: 'print'; readonly number: string; readonly label: string };

const ENDED: readonly string[] = ['failed', 'exhausted', 'quarantined'];

/** All that a person may set going again, the most urgent first. */
export function actsOf({ documents, notifications, order }: OrderStory): readonly Act[] {
  const prints = documents
    .filter(({ printing }) => printing === 'failed')
    .map(({ number }) => ({ kind: 'print', number, label: `Refaire le PDF ${number}` }) as const);
  const ended = notifications
    .filter(
      ({ state, creditNoteId }) =>
        ENDED.includes(state) && (creditNoteId !== null || !order.purgedAt),
    )
    .map((it) => ({
      kind: 'retry' as const,
      notification: it.id,
      round: it.round,
      label: retryLabel(it, documents),
    }));
  return [...prints, ...ended];
}

function retryLabel(it: StoryNotification, documents: readonly StoryDocument[]): string {
  if (it.channel === 'webhook') return 'Relancer le webhook';
  if (it.creditNoteId === null) return 'Relancer l’e-mail';
  const note = documents.find(({ creditNoteId }) => creditNoteId === it.creditNoteId);
  return `Relancer l’e-mail de l’avoir ${note?.number ?? ''}`.trim();
}

/** What happened and what to do. */
export function situation(story: OrderStory, now: Date): string {
  const { documents, notifications, order } = story;
  if (order.purgedAt) {
    const { text } = shownTime(order.purgedAt, now);
    return fr`Les données personnelles de cette commande ont été effacées (${text}) : rien n’en repart. Ses documents gardent leur propre texte.`;
  }
  const unprinted = documents.find(({ printing }) => printing === 'failed');
  if (unprinted) return printSentence(unprinted);
  const inTrouble = notifications.find(({ state }) => ENDED.includes(state));
  if (inTrouble) return endedSentence(story, inTrouble);
  const returned = story.mailEvents.find(({ kind }) => kind === 'bounced' || kind === 'rejected');
  if (returned) {
    return fr`L’e-mail est parti, puis a été rejeté par la boîte du client. Vérifiez son adresse avec lui, et transmettez-lui le PDF.`;
  }
  const waiting = notifications.find(({ state }) => state === 'queued' || state === 'sending');
  return waiting ? waitingSentence(story, waiting, now) : arrivedSentence(story);
}

function printSentence({ number, creditNoteId }: StoryDocument): string {
  const what = creditNoteId === null ? 'de la facture' : 'de l’avoir';
  const nothing =
    creditNoteId === null ? 'Ni e-mail ni webhook ne sont partis' : 'Son e-mail n’est pas parti';
  return fr`Le PDF ${what} ${number} n’a pas pu être fabriqué. ${nothing} ; le numéro est conservé. Relancez ; si l’échec se répète, transmettez ce numéro au support technique.`;
}

function endedSentence(story: OrderStory, it: StoryNotification): string {
  const last = lastAttempt(story, it);
  const code = last?.statusCode ? fr` (${last.statusCode})` : '';
  if (it.state === 'quarantined') {
    return fr`${interruptions(it)} de suite ont coupé l’envoi, toutes de notre côté. Voyez le journal du programme, puis relancez.`;
  }
  if (it.channel === 'email') return mailSentence(story, it, last, code);
  const partner = story.order.partnerName;
  if (it.state === 'exhausted') {
    const at = last?.startedAt ? fr`, la dernière à ${parisTime(last.startedAt).slice(0, 5)}` : '';
    const tries = it.roundAttempts === 3 ? 'Trois' : `${it.roundAttempts}`;
    return fr`${tries} tentatives ont échoué${at}${code || cause(last)}. Prévenez le partenaire ; quand son service répond, relancez.`;
  }
  switch (last?.outcome) {
    case 'redirect':
      return fr`${partner} redirige${code}, et les redirections ne sont pas suivies. Demandez-lui l’adresse finale, corrigez-la sur sa page, puis relancez.`;
    case 'blocked-address':
    case 'not-configured':
      return fr`${last.detail ?? 'L’adresse du partenaire ne peut pas être appelée.'} Corrigez-la sur la page du partenaire, puis relancez.`;
    default:
      return fr`${partner} a refusé la commande n° ${story.order.id}${code}. Nous n’insisterons pas : voyez la cause avec le partenaire, puis relancez.`;
  }
}

// The address is the order's own and stays: correcting it at Stripe would change nothing here.
function mailSentence(
  { order }: OrderStory,
  it: StoryNotification,
  last: StoryAttempt | undefined,
  code: string,
): string {
  const [, host = 'ce domaine'] = (order.customerEmail ?? '').split('@');
  if (it.state === 'exhausted') {
    return fr`Le serveur de ${host} n’a pas pris l’e-mail en ${it.roundAttempts} tentatives${code || cause(last)}. Relancez quand il répond, ou transmettez le PDF au client.`;
  }
  return fr`Le serveur de ${host} refuse l’adresse ${order.customerEmail ?? ''}${code}. Vérifiez-la avec le client : relancez si sa boîte est rétablie, sinon transmettez-lui le PDF.`;
}

function waitingSentence(story: OrderStory, it: StoryNotification, now: Date): string {
  const { documents, order } = story;
  const document = documents.find(({ creditNoteId }) => creditNoteId === it.creditNoteId);
  if (it.releasedAt === null && document) {
    return document.failures > 0
      ? fr`Le PDF ${document.number} n’a pas encore pu être fabriqué. Nouvel essai automatique ; rien à faire pour l’instant.`
      : fr`Le PDF ${document.number} se prépare ; e-mail et webhook partiront aussitôt.`;
  }
  const last = lastAttempt(story, it);
  const who = it.channel === 'webhook' ? order.partnerName : 'Le serveur de messagerie du client';
  if (it.state === 'queued' && it.nextAttemptAt && last && last.outcome !== 'interrupted') {
    const at = parisTime(it.nextAttemptAt).slice(0, 5);
    const next = it.nextAttemptAt > now ? fr`Prochaine tentative à ${at}` : 'Nouvelle tentative';
    return fr`${who} ${failureVerb(last)}. ${next} ; rien à faire pour l’instant.`;
  }
  return it.channel === 'webhook' ? 'Le webhook est en route.' : 'L’e-mail est en route.';
}

function failureVerb({ outcome, statusCode, durationMs }: StoryAttempt): string {
  if (outcome === 'timeout') {
    return durationMs === null ? 'n’a pas répondu' : `n’a pas répondu en ${duration(durationMs)}`;
  }
  if (statusCode !== null) return fr`a répondu en erreur (${statusCode})`;
  return 'n’a pas pu être joint';
}

function arrivedSentence({ order, notifications, attempts }: OrderStory): string {
  const call = notifications.find((it) => it.channel === 'webhook' && it.creditNoteId === null);
  const tries = call?.attempts ?? 0;
  const how = tries <= 1 ? 'du premier coup' : fr`en ${tries} tentatives`;
  const delivered = attempts.findLast((it) => it.notificationId === call?.id)?.endedAt;
  const tookMs = delivered ? delivered.getTime() - order.paidAt.getTime() : 0;
  const after = tookMs > 0 ? fr`, ${duration(tookMs)} après le paiement` : '';
  return fr`Tout est arrivé : facture émise, e-mail envoyé, webhook livré ${how}${after}.`;
}

function lastAttempt(
  { attempts }: OrderStory,
  { id }: StoryNotification,
): StoryAttempt | undefined {
  return attempts.findLast((it) => it.notificationId === id && it.outcome !== 'interrupted');
}

function cause(last: StoryAttempt | undefined): string {
  switch (last?.outcome) {
    case 'timeout':
      return ' (délai dépassé)';
    case 'dns':
      return ' (nom introuvable)';
    case 'tls':
      return ' (certificat ou liaison TLS)';
    case undefined:
      return '';
    default:
      return ' (sans réponse)';
  }
}

function interruptions({ interruptions: n }: StoryNotification): string {
  return `${n}${FIXED}${plural(n, 'interruption', 'interruptions')}`;
}
