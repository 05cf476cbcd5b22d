// The states of things in French, as the dashboard words them: the payment is masculine, invoices,
// notifications and attempts are feminine. Typed by the domain's own states, so that a new one does
// not compile without its word.

import { FIXED, plural } from '#adapters/french.ts';
import type { AttemptOutcome, MailEvent, PaymentState } from '#application/ports.ts';
import type { CreditCause } from '#domain/invoice.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';

export const CHANNEL_WORDS: Readonly<Record<Channel, string>> = {
  email: 'e-mail',
  webhook: 'webhook',
};

/** What made a credit note. */
export const CAUSE_WORDS: Readonly<Record<CreditCause, string>> = {
  refund: 'remboursement',
  dispute: 'contestation perdue',
  'credit-note': 'avoir de Stripe',
};

export const PAYMENT_WORDS: Readonly<Record<PaymentState, string>> = {
  waiting: 'En attente',
  quarantined: 'En quarantaine',
  recorded: 'Enregistré',
  dismissed: 'Écarté',
};

export const NOTIFICATION_STATES: readonly NotificationState[] = [
  'queued',
  'sending',
  'completed',
  'failed',
  'exhausted',
  'quarantined',
];

/** A mail that its server took is « envoyée »: nobody has seen the mailbox. */
export function notificationWord(channel: Channel, state: NotificationState): string {
  switch (state) {
    case 'queued':
      return 'En attente';
    case 'sending':
      return 'Envoi en cours';
    case 'completed':
      return channel === 'email' ? 'Envoyée' : 'Livrée';
    case 'failed':
      return 'Refusée';
    case 'exhausted':
      return 'Échec définitif';
    case 'quarantined':
      return 'En quarantaine';
    default:
      return state satisfies never;
  }
}

/** What became of a mail that its server had taken. */
export const MAIL_EVENT_WORDS: Readonly<Record<MailEvent['kind'], string>> = {
  delivered: 'Remise à la boîte du destinataire',
  delayed: 'Retardée par le serveur du destinataire',
  bounced: 'Rejetée par la boîte du destinataire',
  'bounced-for-now': 'Rejetée pour l’instant par la boîte du destinataire',
  complained: 'Signalée comme indésirable par le destinataire',
  rejected: 'Écartée par SES avant l’envoi',
};

const OUTCOMES: Readonly<Record<AttemptOutcome, string>> = {
  accepted: 'Succès',
  refused: 'Refusée',
  redirect: 'Redirection non suivie',
  'server-error': 'Erreur du serveur',
  timeout: 'Délai dépassé',
  dns: 'Nom introuvable (DNS)',
  'connection-refused': 'Connexion refusée',
  'connection-lost': 'Connexion coupée',
  tls: 'Liaison TLS impossible',
  'blocked-address': 'Adresse interdite',
  'bad-answer': 'Réponse illisible',
  deferred: 'Report demandé',
  'not-configured': 'Adresse non configurée',
  interrupted: 'Interrompue, non comptée',
  unreachable: 'Injoignable',
};

/** « 503 Erreur du serveur », « Délai dépassé »; « En cours » while there is no outcome. */
export function attemptWords(attempt: {
  readonly outcome: string | null;
  readonly statusCode: number | null;
}): string {
  const { outcome, statusCode } = attempt;
  if (outcome === null) return 'En cours';
  const word = Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome as AttemptOutcome] : outcome;
  return statusCode === null ? word : `${statusCode} ${word}`;
}

/** « 3 tentatives ». */
export function attemptCount(n: number): string {
  return `${n}${FIXED}${plural(n, 'tentative', 'tentatives')}`;
}
