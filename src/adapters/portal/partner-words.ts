// What a partner is told of its notifications, in words of its own side: four states instead of six, since
// whether we are about to send or are sending, or paused because of a fault of ours, is our business. For
// the API the same in English.

import { attemptView, type StateView } from '#adapters/pages/state-view.ts';
import { fr } from '#adapters/typeset.ts';
import type { NotificationState } from '#domain/notification.ts';

export type PartnerState = 'delivered' | 'pending' | 'refused' | 'given-up';

const STATES: Readonly<Record<NotificationState, PartnerState>> = {
  queued: 'pending',
  sending: 'pending',
  completed: 'delivered',
  failed: 'refused',
  exhausted: 'given-up',
  quarantined: 'pending',
};

const VIEWS: Readonly<Record<PartnerState, StateView>> = {
  delivered: { word: 'Livrée', family: 'good', fill: 'bare', icon: 'circle-check' },
  pending: { word: 'En attente', family: 'wait', fill: 'tint', icon: 'clock' },
  refused: { word: 'Refusée', family: 'bad', fill: 'solid', icon: 'circle-x' },
  'given-up': { word: 'Échec définitif', family: 'bad', fill: 'solid', icon: 'octagon-x' },
};

/** In the order of the filter. */
export const PARTNER_STATES: readonly PartnerState[] = [
  'delivered',
  'pending',
  'refused',
  'given-up',
];

export function partnerState(state: NotificationState): PartnerState {
  return STATES[state];
}

/** Ours that a partner knows by this word. */
export function ownStates(wanted: PartnerState): NotificationState[] {
  const all = Object.entries(STATES) as [NotificationState, PartnerState][];
  return all.filter(([, told]) => told === wanted).map(([state]) => state);
}

export function partnerView(state: PartnerState): StateView {
  return VIEWS[state];
}

/** One attempt; what was cut short on our side counts for nothing on theirs. */
export function partnerAttemptView(attempt: {
  readonly outcome: string | null;
  readonly statusCode: number | null;
}): StateView {
  return attemptView(attempt);
}

/** Outcomes whose sentence in the log is for us alone. */
const OURS: Readonly<Record<string, string>> = {
  interrupted: fr`Interrompue de notre côté : elle ne compte pas et sera refaite.`,
  'not-configured': fr`Nous n’avons pas d’adresse où vous appeler : communiquez-la-nous.`,
};

/** One French sentence; null when code and word say it all. */
export function attemptSentence(attempt: {
  readonly outcome: string | null;
  readonly detail: string | null;
}): string | null {
  const { outcome, detail } = attempt;
  return (outcome !== null && OURS[outcome]) || detail;
}
