// What the sandbox sells: invented products of an invented partner, enough to see an invoice with
// one line, with several, and a subscription. The sandbox's page and `sandbox buy` list them from
// here; what only the scenarios sell (odd currencies, other partners) is apart, so that the shop
// stays a shop. Ids are fixed, so that an order of yesterday still names a product of today.

export type SandboxProduct = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Tax in, in the currency's minor unit. */
  readonly unitAmountCents: number;
  /** Lower case, as Stripe writes it. */
  readonly currency: string;
  /** Null for what is sold once. */
  readonly interval: 'month' | 'year' | null;
  /** The product's `metadata.partner`; null leaves the key out. */
  readonly partner: string | null;
  /** The buyer names the price, and `unitAmountCents` is the one that Stripe proposes. */
  readonly priceIsFree?: true;
};

/** The slug of the sandbox's partner. */
export const DEMO_PARTNER = 'demo';

/** The slug of a second one, for payments that two of them share. */
export const SECOND_PARTNER = 'demo-2';

const sold = { currency: 'eur', interval: null, partner: DEMO_PARTNER } as const;

/** In the order in which a page should show them. */
export const CATALOGUE: readonly SandboxProduct[] = [
  {
    ...sold,
    id: 'prod_SbxDeclComplet',
    name: 'Déclaration de revenus – Formule complète',
    description: 'Votre déclaration préparée, relue et envoyée par un conseiller.',
    unitAmountCents: 99_99,
  },
  {
    ...sold,
    id: 'prod_SbxDeclEssenti',
    name: 'Déclaration de revenus – Formule essentielle',
    description: 'Votre déclaration relue par un conseiller avant l’envoi.',
    unitAmountCents: 49_00,
  },
  {
    ...sold,
    id: 'prod_SbxRevFonciers',
    name: 'Option revenus fonciers',
    description: 'Le formulaire 2044 ou 2042, pour un bien.',
    unitAmountCents: 19_90,
  },
  {
    ...sold,
    id: 'prod_SbxRdvConseil1',
    name: 'Rendez-vous avec un conseiller (30 min)',
    description: null,
    unitAmountCents: 35_00,
  },
  {
    ...sold,
    id: 'prod_SbxAccompagnem',
    name: 'Accompagnement mensuel',
    description: 'Un conseiller à l’écoute, toute l’année.',
    unitAmountCents: 29_00,
    interval: 'month',
  },
  {
    ...sold,
    id: 'prod_SbxSerenAnnuel',
    name: 'Accompagnement annuel – Sérénité',
    description: null,
    unitAmountCents: 290_00,
    interval: 'year',
  },
];

/** For the scenarios only: at the sandbox's Stripe from its start, but in no shop. */
export const SCENARIO_PRODUCTS: readonly SandboxProduct[] = [
  {
    ...sold,
    id: 'prod_SbxGuideLivre1',
    name: 'Guide de la déclaration (livre)',
    description: 'Broché, 240 pages.',
    unitAmountCents: 19_00,
  },
  {
    ...sold,
    id: 'prod_SbxPourboire01',
    name: 'Pourboire',
    description: null,
    unitAmountCents: 5_00,
    priceIsFree: true,
  },
  {
    ...sold,
    id: 'prod_SbxPremiumAnnu',
    name: 'Accompagnement annuel – Premium',
    description: null,
    unitAmountCents: 490_00,
    interval: 'year',
  },
  {
    ...sold,
    id: 'prod_SbxTraduction1',
    name: 'Traduction d’un avis d’impôt',
    description: null,
    unitAmountCents: 12_000, // yen have no decimals
    currency: 'jpy',
  },
  {
    ...sold,
    id: 'prod_SbxAttestation',
    name: 'Attestation de résidence fiscale',
    description: null,
    unitAmountCents: 25_000, // dinars of Kuwait have three
    currency: 'kwd',
  },
  {
    ...sold,
    id: 'prod_SbxPatrimoine1',
    name: 'Bilan patrimonial',
    description: null,
    unitAmountCents: 120_00,
    partner: SECOND_PARTNER,
  },
  {
    ...sold,
    id: 'prod_SbxRetraite001',
    name: 'Simulation de retraite',
    description: null,
    unitAmountCents: 60_00,
    partner: 'cabinet-inconnu',
  },
  {
    ...sold,
    id: 'prod_SbxSansPartena',
    name: 'Consultation',
    description: null,
    unitAmountCents: 45_00,
    partner: null,
  },
];
