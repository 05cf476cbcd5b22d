// How each quarantine is mended, step by step, and where the program looked: the dashboard's cards.
// It stands beside `quarantine-words.ts`, which says the same in a sentence for the command line
// and alerts. Steps that lead somewhere name the place; whoever shows them knows its address.

import type { CreditDoubt } from '#domain/credit-note.ts';
import type { QuarantineReason } from '#domain/payment.ts';
import { typeset } from './typeset.ts';

export type RepairPlace = 'product' | 'customer' | 'payment' | 'event' | 'new-partner' | 'webhooks';

export type RepairStep = { readonly text: string; readonly place: RepairPlace | null };

export type Repair = {
  /** The heading of the card. */
  readonly title: string;
  /** The detail names the cause (a slug, a product): payments that share it are mended at once. */
  readonly isKeyed: boolean;
  /** Stripe's object and field that were looked at. */
  readonly object: string;
  readonly field: string;
  /** What the field must say. */
  readonly needed: string;
  /** Before « Relancer », which is always the last one. */
  readonly steps: readonly RepairStep[];
};

type Row = readonly [
  title: string,
  seen: readonly [object: string, field: string, needed: string],
  steps: readonly (string | readonly [string, RepairPlace])[],
  isKeyed?: 'keyed',
];

const SESSION = 'Session de paiement';
const CUSTOMER = 'Client';
const OUR_UPDATE = 'Mettez le programme à jour : il ne connaît pas encore ce mot de Stripe.';
const SEE_PAYMENT = ['Ouvrez le paiement dans Stripe.', 'payment'] as const;
const SET_ASIDE = 'Écartez ensuite ce paiement, avec la raison.';
const SEE_CUSTOMER = ['Ouvrez la fiche du client dans Stripe.', 'customer'] as const;
const ACCOUNTANT = 'Faites l’avoir avec votre comptable, puis écartez ce remboursement.';

const ROWS: Readonly<Record<QuarantineReason | CreditDoubt, Row>> = {
  'unknown-partner': [
    'Partenaire inconnu',
    ['Produit', 'metadata.partner', 'l’identifiant d’un partenaire d’ici'],
    [
      ['S’il doit exister : créez ce partenaire.', 'new-partner'],
      ['Sinon : corrigez metadata.partner du produit dans Stripe.', 'payment'],
    ],
    'keyed',
  ],
  'no-partner': [
    'Produit sans partenaire',
    ['Produit', 'metadata.partner', 'l’identifiant d’un partenaire'],
    [
      ['Ouvrez le produit dans Stripe, « Métadonnées ».', 'product'],
      'Ajoutez la clé « partner » ; sa valeur est l’identifiant du partenaire.',
    ],
    'keyed',
  ],
  'deleted-product': [
    'Produit supprimé',
    ['Produit', 'deleted', 'un produit qui existe, ou metadata.partner sur son tarif'],
    [
      ['Ouvrez le produit dans Stripe, et son tarif (price).', 'product'],
      'Ajoutez-y la métadonnée « partner ». Si c’est impossible, écartez et facturez à la main.',
    ],
    'keyed',
  ],
  'no-email': [
    'Client sans adresse e-mail',
    [CUSTOMER, 'email', 'une adresse'],
    [SEE_CUSTOMER, 'Ajoutez son adresse e-mail : la facture partira aussitôt.'],
  ],
  'bad-email': [
    'Adresse e-mail mal formée',
    [CUSTOMER, 'email', 'une seule adresse, bien formée'],
    [SEE_CUSTOMER, 'Corrigez son adresse e-mail.'],
  ],
  'business-without-name': [
    'Entreprise sans nom',
    [CUSTOMER, 'business_name', 'le nom de l’entreprise'],
    [SEE_CUSTOMER, 'Ajoutez le nom de l’entreprise.'],
  ],
  'business-without-address': [
    'Entreprise sans adresse',
    [CUSTOMER, 'address', 'une adresse postale, avec la rue'],
    [SEE_CUSTOMER, 'Ajoutez son adresse de facturation.'],
  ],
  'missing-at-stripe': [
    'Objet introuvable chez Stripe',
    ['Objet de l’événement', 'id', 'un objet du compte de notre clé'],
    [
      ['Ouvrez l’événement dans Stripe : s’il y est un essai, écartez-le sans risque.', 'event'],
      'Sinon, vérifiez que la clé est celle du compte qui a encaissé.',
    ],
  ],
  'invoice-missing': [
    'Facture Stripe absente',
    [SESSION, 'invoice', 'la facture que Stripe doit y joindre'],
    [['Voyez dans Stripe si la facture existe maintenant.', 'payment']],
  ],
  'invoice-not-paid': [
    'Facture Stripe annulée',
    ['Facture', 'status', '« paid »'],
    [['Ouvrez la facture dans Stripe.', 'payment'], 'Voyez avec le client ce qui a été encaissé.'],
  ],
  'lines-do-not-add-up': [
    'Lignes et total différents',
    [SESSION, 'line_items, amount_total', 'une somme des lignes égale au total'],
    [SEE_PAYMENT, 'Comparez lignes, remises et port. Si tout est juste, prévenez le support.'],
  ],
  'negative-total': [
    'Montant négatif',
    [SESSION, 'amount_total', 'un montant de 0 ou plus'],
    [['C’est sans doute un avoir : traitez-le dans Stripe.', 'payment'], SET_ASIDE],
  ],
  'no-amount': [
    'Montant absent',
    [SESSION, 'amount_total, currency', 'un montant et sa devise'],
    [SEE_PAYMENT, 'S’il y est complet, relancez.'],
  ],
  'no-lines': [
    'Paiement sans ligne',
    [SESSION, 'line_items', 'une ligne au moins'],
    [SEE_PAYMENT, 'S’il y est complet, relancez.'],
  ],
  'unclear-tax': [
    'TVA inexpliquée',
    ['Ligne', 'taxes', 'des taxes que l’on peut imprimer'],
    [['Vérifiez le taux de ce produit dans Stripe.', 'product']],
    'keyed',
  ],
  'tax-not-computed': [
    'TVA non calculée',
    [SESSION, 'automatic_tax.status', '« complete »'],
    [['Complétez dans Stripe ce qui manquait au calcul.', 'payment']],
  ],
  'other-seller': [
    'Autre vendeur',
    [SESSION, 'on_behalf_of', 'notre compte'],
    [SEE_PAYMENT, 'Si c’est bien un autre vendeur, écartez : la facture n’est pas à nous.'],
  ],
  'other-mode': [
    'Mode réel et mode test mêlés',
    [SESSION, 'livemode', 'le mode de notre clé'],
    [['Vérifiez STRIPE_SECRET_KEY et l’adresse donnée à Stripe.', 'webhooks'], SET_ASIDE],
  ],
  'too-old': [
    'Paiement ancien',
    [SESSION, 'created', 'moins de 30 jours à sa réception'],
    ['Cherchez s’il a déjà sa facture ailleurs.', 'Si oui, écartez ; sinon, relancez.'],
  ],
  'keeps-failing': [
    'Échec répété du programme',
    ['Programme', 'dernière erreur', 'aucune'],
    ['Voyez la cause dans le journal du programme.', 'Mettez le programme à jour.'],
    'keyed',
  ],
  'session-not-complete': [
    'Session inachevée',
    [SESSION, 'status', '« complete »'],
    [['Ouvrez la session dans Stripe, et attendez qu’elle soit « complete ».', 'payment']],
  ],
  'unknown-status': [
    'État inconnu',
    [SESSION, 'status, payment_status', 'un état connu d’ici'],
    [OUR_UPDATE],
    'keyed',
  ],
  'not-invoiceable': [
    'Facture impossible',
    [SESSION, 'taxes, tax_ids', 'ce qu’une facture électronique peut dire'],
    [
      ['Corrigez la taxe ou le numéro de TVA du client dans Stripe.', 'customer'],
      'Sinon, écartez et facturez avec votre comptable.',
    ],
  ],
  'unknown-mode': [
    'Genre de session inconnu',
    [SESSION, 'mode', '« payment » ou « subscription »'],
    [OUR_UPDATE],
    'keyed',
  ],
  'order-missing': [
    'Remboursement sans facture',
    ['Remboursement', 'payment_intent', 'un paiement facturé ici'],
    [
      ['Facturé ailleurs : faites-y l’avoir, puis écartez ce remboursement.', 'payment'],
      'Sinon, retrouvez le paiement (stripe reconcile).',
    ],
  ],
  'exceeds-invoice': [
    'Rendu plus que facturé',
    ['Remboursement', 'amount', 'au plus ce qui restait de la facture'],
    [['Voyez dans Stripe si la même somme est partie deux fois.', 'payment'], SET_ASIDE],
  ],
  'undone-after-credit': [
    'Remboursement défait après l’avoir',
    ['Remboursement', 'status', '« succeeded »'],
    ['Rendez l’argent autrement, ou refaites une facture à la main.', SET_ASIDE],
  ],
  'other-currency': [
    'Rendu dans une autre devise',
    ['Remboursement', 'currency', 'la devise de la facture'],
    [ACCOUNTANT],
  ],
  'credit-does-not-split': [
    'Avoir qui ne tombe pas juste',
    ['Remboursement', 'amount', 'un montant dont la TVA tombe juste'],
    [ACCOUNTANT],
  ],
};

/** The repair of a recorded reason; one that a newer program wrote has a title and no steps. */
export function repairOf(reason: string): Repair {
  const row = Object.hasOwn(ROWS, reason) ? ROWS[reason as keyof typeof ROWS] : null;
  if (!row) {
    const steps = [{ text: 'Mettez le programme à jour.', place: null }];
    return { title: reason, isKeyed: true, object: '—', field: '—', needed: '—', steps };
  }
  const [title, [object, field, needed], steps, keyed] = row;
  return {
    title: typeset(title),
    isKeyed: keyed === 'keyed',
    ...{ object: typeset(object), field, needed: typeset(needed) },
    steps: steps.map((step) => {
      const [text, place] = typeof step === 'string' ? [step, null] : step;
      return { text: typeset(text), place };
    }),
  };
}

/** What payments of one card have in common: the reason, and its detail where that is the cause. */
export function causeOf(reason: string, detail: string | null): string {
  return repairOf(reason).isKeyed && detail ? `${reason} ${detail}` : reason;
}
