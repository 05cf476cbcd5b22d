// What people read about a payment in quarantine: why the program refused to guess, and what to do
// about it. One row a reason, as data, so that the command line, the dashboard and alerts say the
// same and a new reason does not compile without its words.

import type { CreditDoubt } from '#domain/credit-note.ts';
import type { QuarantineReason } from '#domain/payment.ts';
import { FIXED, NARROW } from './french.ts';

type Reason = QuarantineReason | CreditDoubt;

export type QuarantineWords = {
  /** What was seen. */
  readonly sentence: string;
  /** What the payment's detail is, such as « Produit »; null when there is none. */
  readonly detailName: string | null;
  /** What the operator does before retrying the payment. */
  readonly action: string;
};

export const QUARANTINE_WORDS: Readonly<Record<Reason, QuarantineWords>> = {
  'unknown-partner': {
    sentence: 'Un produit désigne un partenaire inconnu ici.',
    detailName: 'Partenaire',
    action:
      'Créez ce partenaire (partner add), ou corrigez metadata.partner du produit dans Stripe, ' +
      'puis relancez le paiement.',
  },
  'no-partner': {
    sentence: 'Un produit ne désigne aucun partenaire, et il n’y a pas de partenaire par défaut.',
    detailName: 'Produit',
    action:
      'Ajoutez metadata.partner au produit dans Stripe, ou donnez HOUSE_PARTNER au programme, ' +
      'puis relancez le paiement.',
  },
  'deleted-product': {
    sentence:
      'Un produit de ce paiement a été supprimé dans Stripe : on ne sait plus de qui il est.',
    detailName: 'Produit',
    action:
      'Ajoutez metadata.partner au tarif (price) de ce produit dans Stripe, puis relancez le ' +
      'paiement ; sinon, écartez-le et facturez-le à la main.',
  },
  'no-email': {
    sentence: 'Ce client n’a pas d’adresse e-mail dans Stripe.',
    detailName: null,
    action: 'Ajoutez-la à sa fiche dans Stripe, puis relancez le paiement.',
  },
  'bad-email': {
    sentence: 'L’adresse e-mail du client dans Stripe n’en est pas une.',
    detailName: null,
    action: 'Corrigez-la sur sa fiche dans Stripe, puis relancez le paiement.',
  },
  'business-without-name': {
    sentence: 'Ce client est une entreprise, mais Stripe ne donne pas son nom.',
    detailName: null,
    action: 'Ajoutez-le à sa fiche dans Stripe, puis relancez le paiement.',
  },
  'business-without-address': {
    sentence: 'Ce client est une entreprise, mais Stripe ne donne pas son adresse postale.',
    detailName: null,
    action: 'Ajoutez-la à sa fiche dans Stripe, puis relancez le paiement.',
  },
  'missing-at-stripe': {
    sentence: 'Stripe ne connaît pas l’objet que l’événement annonce.',
    detailName: 'Objet',
    action:
      'Un événement d’essai de Stripe s’écarte sans risque. Sinon, vérifiez que la clé est celle ' +
      'du compte qui a encaissé, puis relancez le paiement.',
  },
  'invoice-missing': {
    sentence: 'Stripe n’a toujours pas joint la facture que ce paiement doit avoir.',
    detailName: null,
    action: 'Vérifiez la facture dans Stripe ; dès qu’elle existe, relancez le paiement.',
  },
  'invoice-not-paid': {
    sentence: 'La facture Stripe a été annulée ou passée en perte après son paiement.',
    detailName: 'État',
    action: 'Voyez avec le client ce qui a été encaissé, puis relancez ou écartez le paiement.',
  },
  'lines-do-not-add-up': {
    sentence: 'La somme des lignes n’est pas le montant payé.',
    detailName: 'Lignes et total, en centimes',
    action:
      'Comparez lignes, remises et frais de port dans Stripe. Si tout y est juste, transmettez ce ' +
      'paiement au support technique.',
  },
  'negative-total': {
    sentence: 'Le montant payé est négatif.',
    detailName: 'Total, en centimes',
    action: 'C’est sans doute un avoir : traitez-le dans Stripe, puis écartez le paiement.',
  },
  'no-amount': {
    sentence: 'Stripe ne donne ni montant ni devise pour ce paiement.',
    detailName: null,
    action: 'Ouvrez le paiement dans Stripe ; s’il y est complet, relancez-le.',
  },
  'no-lines': {
    sentence: 'Ce paiement n’a aucune ligne : on ne sait pas ce qui a été vendu.',
    detailName: null,
    action: 'Ouvrez le paiement dans Stripe ; s’il y est complet, relancez-le.',
  },
  'unclear-tax': {
    sentence: 'La TVA que Stripe a calculée ne s’explique pas.',
    detailName: 'Produit et champ de Stripe',
    action: 'Vérifiez le taux de ce produit dans Stripe, puis relancez le paiement.',
  },
  'tax-not-computed': {
    sentence: 'Stripe devait calculer la TVA et n’y est pas parvenu.',
    detailName: 'Cause',
    action: 'Complétez dans Stripe ce qui manquait au calcul, puis relancez le paiement.',
  },
  'other-seller': {
    sentence: 'Le vendeur de ce paiement n’est pas ComptAppart : la facture n’est pas à nous.',
    detailName: null,
    action:
      'Écartez le paiement ; si c’est une erreur, corrigez dans Stripe le compte qui encaisse.',
  },
  'other-mode': {
    sentence: 'Ce paiement n’est pas du mode de notre clé Stripe : l’un est réel, l’autre de test.',
    detailName: null,
    action: 'Vérifiez STRIPE_SECRET_KEY et l’adresse donnée à Stripe, puis écartez le paiement.',
  },
  'too-old': {
    sentence: 'Ce paiement est antérieur à ce que ce programme doit facturer.',
    detailName: 'Payé le',
    action: 'S’il a déjà sa facture ailleurs, écartez-le ; sinon, relancez-le.',
  },
  'keeps-failing': {
    sentence: 'Le programme échoue sans cesse sur ce paiement.',
    detailName: 'Cause',
    action:
      'Voyez la cause dans le journal, mettez le programme à jour, puis relancez le paiement.',
  },
  'session-not-complete': {
    sentence: 'La session de paiement n’est pas terminée, alors que Stripe l’annonce payée.',
    detailName: 'État',
    action: 'Ouvrez la session dans Stripe ; quand elle est « complete », relancez le paiement.',
  },
  'unknown-status': {
    sentence: 'Stripe donne à ce paiement un état que ce programme ne connaît pas.',
    detailName: 'État',
    action: 'Mettez le programme à jour, puis relancez le paiement.',
  },
  'not-invoiceable': {
    sentence: 'Une facture électronique ne peut pas dire ce que Stripe a compté.',
    detailName: 'Ce qui s’y oppose',
    action:
      'Corrigez la taxe ou le numéro de TVA du client dans Stripe, puis relancez ; sinon, ' +
      'écartez-le et facturez-le avec votre comptable.',
  },
  'order-missing': {
    sentence: 'De l’argent a été rendu pour un paiement qui n’a pas de facture ici.',
    detailName: 'Paiement',
    action:
      'S’il a été facturé ailleurs, faites-y l’avoir, puis écartez ce remboursement ; sinon, ' +
      'retrouvez le paiement (stripe reconcile), puis relancez.',
  },
  'exceeds-invoice': {
    sentence:
      'Il a été rendu plus que ce qui restait de la facture : les avoirs s’arrêtent à elle.',
    detailName: 'En trop, sur le montant rendu, en centimes',
    action:
      'Voyez dans Stripe si la même somme est partie deux fois, puis écartez ce remboursement.',
  },
  'undone-after-credit': {
    sentence:
      'Le remboursement a échoué après l’avoir, ou l’avoir de Stripe a été annulé après le nôtre.',
    detailName: null,
    action:
      'Un avoir émis ne se retire pas : rendez l’argent autrement, ou refaites une facture à la ' +
      'main, puis écartez ce remboursement.',
  },
  'other-currency': {
    sentence: 'L’argent n’a pas été rendu dans la devise de la facture.',
    detailName: 'Devises',
    action: 'Faites l’avoir avec votre comptable, puis écartez ce remboursement.',
  },
  'credit-does-not-split': {
    sentence: 'Le montant rendu ne fait pas un avoir conforme : sa TVA ne tombe pas juste.',
    detailName: 'Ce qui s’y oppose',
    action: 'Faites l’avoir avec votre comptable, puis écartez ce remboursement.',
  },
  'unknown-mode': {
    sentence: 'Cette session de paiement est d’un genre que ce programme ne connaît pas.',
    detailName: 'Genre',
    action: 'Mettez le programme à jour, puis relancez le paiement.',
  },
};

/**
 * The words for a payment's recorded reason, with its detail, set with no-break spaces. A reason
 * from a newer version of the program is named as it is.
 */
export function explainQuarantine(
  reason: string | null,
  detail: string | null,
): { readonly sentence: string; readonly detail: string | null; readonly action: string } {
  const words = Object.hasOwn(QUARANTINE_WORDS, reason ?? '')
    ? QUARANTINE_WORDS[reason as Reason]
    : { sentence: `Motif inconnu ici : ${reason}.`, detailName: 'Détail', action: UPDATE };
  const named = words.detailName !== null && detail ? `${words.detailName} : ${detail}` : null;
  return {
    sentence: typeset(words.sentence),
    detail: named === null ? null : typeset(named),
    action: typeset(words.action),
  };
}

const UPDATE = 'Mettez le programme à jour, puis relancez le paiement.';

function typeset(text: string): string {
  return text
    .replace(/ (?=[:»])/g, FIXED)
    .replace(/ (?=[;!?])/g, NARROW)
    .replace(/« /g, `«${FIXED}`);
}
