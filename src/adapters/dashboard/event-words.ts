// What was decided on one of Stripe's events, as a state and as a sentence that says what it means.

import { plural } from '#adapters/french.ts';
import type { StateView } from '#adapters/pages/state-view.ts';
import type { EventKind } from '#adapters/postgres/dashboard/event-list.ts';
import { noOrderSentence, quarantineSentences } from '#adapters/sandbox/no-order-words.ts';
import { fr } from '#adapters/typeset.ts';

export type Decided = {
  readonly kind: EventKind;
  readonly reason: string | null;
  readonly paymentState: 'waiting' | 'quarantined' | 'recorded' | 'dismissed' | null;
};

const LOOKS: Readonly<Record<EventKind, StateView>> = {
  pending: { word: 'À lire', family: 'active', fill: 'tint', icon: 'loader-circle' },
  wait: { word: 'En attente', family: 'wait', fill: 'tint', icon: 'hourglass' },
  quarantine: { word: 'En quarantaine', family: 'held', fill: 'solid', icon: 'shield-alert' },
  recorded: { word: 'Enregistré', family: 'good', fill: 'bare', icon: 'circle-check' },
  'already-recorded': { word: 'Déjà connu', family: 'neutral', fill: 'bare', icon: 'check' },
  ignored: { word: 'Ignoré', family: 'neutral', fill: 'bare', icon: 'circle-slash' },
};

const OVER: StateView = {
  word: 'Quarantaine levée',
  family: 'neutral',
  fill: 'bare',
  icon: 'shield-alert',
};

/** A quarantine that somebody ended asks for nobody any more. */
export function decisionView({ kind, paymentState }: Decided): StateView {
  return kind === 'quarantine' && paymentState !== 'quarantined' ? OVER : LOOKS[kind];
}

/** What the decision means, and what to do where something is to be done. */
export function decisionSentence(
  { kind, reason }: Decided,
  facts: { readonly detail: string | null; readonly orders: number },
): string {
  switch (kind) {
    case 'pending':
      return 'Lecture des détails chez Stripe.';
    case 'wait':
    case 'ignored':
      return noOrderSentence(reason);
    case 'quarantine':
      return quarantineSentences(reason, facts.detail);
    case 'recorded':
      return facts.orders === 0
        ? 'Il est inscrit aux livres.'
        : fr`${facts.orders} ${plural(facts.orders, 'commande', 'commandes')} pour ce paiement.`;
    case 'already-recorded':
      return 'Le paiement était déjà enregistré : rien de plus n’a été fait.';
    default:
      return kind satisfies never;
  }
}
