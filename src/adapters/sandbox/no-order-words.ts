// Why a payment made no order, or none yet, in one French sentence: for the step of the sandbox's
// page where the journey stops. What a quarantine means is said with the words that everyone uses.

import { FIXED, NARROW } from '#adapters/french.ts';
import { explainQuarantine } from '#adapters/quarantine-words.ts';
import type { IgnoredReason, WaitReason } from '#domain/payment.ts';

const WORDS: Readonly<Record<IgnoredReason | WaitReason, string>> = {
  'awaiting-payment': 'Le paiement n’est pas encore confirmé par la banque.',
  'payment-failed': `La banque a refusé le paiement${FIXED}: il n’y a ni commande ni facture.`,
  'awaiting-invoice': 'Stripe n’a pas encore rattaché la facture de ce paiement.',
  'unrelated-event': 'Cet événement ne parle pas d’une vente.',
  'setup-only': `Rien n’a été payé${FIXED}: une carte a seulement été enregistrée.`,
  'free-subscription': `Rien n’a été payé${NARROW}; il n’y a donc ni commande ni facture.`,
};

/** The sentence for an event that was ignored or a payment that waits. */
export function noOrderSentence(reason: string | null): string {
  return reason !== null && Object.hasOwn(WORDS, reason)
    ? WORDS[reason as keyof typeof WORDS]
    : `Raison donnée par le programme${FIXED}: ${reason ?? 'aucune'}.`;
}

/** What was seen and what to do, for a payment in quarantine. */
export function quarantineSentences(reason: string | null, detail: string | null): string {
  const words = explainQuarantine(reason, detail);
  const named = words.detail === null ? '' : `${words.detail}. `;
  return `${words.sentence} ${named}${words.action}`;
}
