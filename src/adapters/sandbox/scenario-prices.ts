// Scenarios beyond the table: what is taxed, discounted, shipped or priced in a way of its own.

import { NARROW } from '#adapters/french.ts';
import { beside, checkout, type ScenarioRow } from './scenario.ts';
import { payByCard, sentInvoice } from './stripe-dashboard.ts';

const DECLARATION = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const BOOK = { productId: 'prod_SbxGuideLivre1', quantity: 2, taxPercent: 5.5 };
const TIP = { productId: 'prod_SbxPourboire01', quantity: 1 };
const MONTHLY = { productId: 'prod_SbxAccompagnem', quantity: 1 };
const TRANSLATION = { productId: 'prod_SbxTraduction1', quantity: 1 };
const CERTIFICATE = { productId: 'prod_SbxAttestation', quantity: 1 };

const GERMAN_COMPANY = {
  email: 'buchhaltung@vogt-immobilien.example',
  name: 'Klara Vogt',
  individualName: 'Klara Vogt',
  businessName: 'Vogt Immobilien GmbH',
  vatNumber: 'DE123456789',
  address: {
    line1: 'Lindenallee 8',
    line2: null,
    postal_code: '50968',
    city: 'Köln',
    state: null,
    country: 'DE',
  },
};
const FRENCH_COMPANY = {
  email: 'compta@menuiserie-besson.example',
  name: 'Nadia Besson',
  individualName: 'Nadia Besson',
  businessName: 'Menuiserie Besson SARL',
  phone: '+33 1 99 00 22 11',
  vatNumber: 'FR61123456782',
};
const IN_TOKYO = {
  email: 'haruka.mori@example.com',
  name: 'Haruka Mori',
  address: {
    line1: '2-14-3 Kagurazaka',
    line2: null,
    postal_code: '162-0825',
    city: 'Shinjuku',
    state: 'Tokyo',
    country: 'JP',
  },
};

export const PRICE_SCENARIOS: readonly ScenarioRow[] = [
  {
    slug: 'vat-inclusive',
    title: 'Deux taux de TVA, prix TTC',
    sentence: `Deux taux, 20${NARROW}% et 5,5${NARROW}%, que Stripe Tax trouve dans des prix TTC.`,
    flow: checkout({ mode: 'payment', items: [DECLARATION, BOOK], tax: 'inclusive' }),
  },
  {
    slug: 'vat-exclusive',
    title: 'Deux taux de TVA, prix HT',
    sentence: `Deux taux, 20${NARROW}% et 5,5${NARROW}%, que Stripe Tax ajoute à des prix HT.`,
    flow: checkout({ mode: 'payment', items: [DECLARATION, BOOK], tax: 'exclusive' }),
  },
  {
    slug: 'vat-on-invoice',
    title: 'Facture Stripe, taxe, remise et port',
    sentence: `La TVA de deux taux ajoutée à des prix HT, après 10${NARROW}% de remise et avec des frais de port, sur une facture de Stripe.`,
    flow: checkout({
      mode: 'payment',
      items: [DECLARATION, BOOK],
      tax: 'exclusive',
      couponPercent: 10,
      shippingCents: 6_00,
      invoiceCreation: true,
    }),
  },
  {
    slug: 'reverse-charge',
    title: 'Entreprise allemande',
    sentence:
      'Une entreprise allemande avec un numéro de TVA. Pas de TVA, la mention de l’autoliquidation.',
    flow: checkout({
      mode: 'payment',
      items: [DECLARATION],
      tax: 'reverse-charge',
      buyer: GERMAN_COMPANY,
    }),
  },
  {
    slug: 'company',
    title: 'Abonnement d’une entreprise',
    sentence: 'Une entreprise s’abonne. La facture est à son nom, l’e-mail va à qui s’en occupe.',
    flow: checkout({ mode: 'subscription', items: [MONTHLY], buyer: FRENCH_COMPANY }),
  },
  {
    slug: 'shipping',
    title: 'Frais de port',
    sentence: 'Un livre envoyé par la poste. Les frais de port ont leur propre ligne.',
    flow: checkout({ mode: 'payment', items: [BOOK], shippingCents: 6_90 }),
  },
  {
    slug: 'discount',
    title: 'Code promotionnel',
    sentence: `Un code promotionnel de 10${NARROW}% sur deux produits.`,
    flow: checkout({ mode: 'payment', items: [DECLARATION, BOOK], couponPercent: 10 }),
  },
  {
    slug: 'tip',
    title: 'Pourboire',
    sentence: `Le client ajoute un pourboire de 7,50${NARROW}€, un prix qu’il choisit lui-même.`,
    flow: checkout({ mode: 'payment', items: [DECLARATION, { ...TIP, amountCents: 7_50 }] }),
  },
  {
    slug: 'yen',
    title: 'Paiement en yens',
    sentence: `Un paiement de 12${NARROW}000 yens, une monnaie sans centimes.`,
    flow: checkout({ mode: 'payment', items: [TRANSLATION], buyer: IN_TOKYO }),
  },
  {
    slug: 'dinar',
    title: 'Paiement en dinars',
    sentence: 'Un paiement de 25 dinars koweïtiens, une monnaie à trois décimales.',
    flow: checkout({ mode: 'payment', items: [CERTIFICATE] }),
  },
  {
    slug: 'adaptive-pricing',
    title: 'Payé en francs suisses',
    sentence: 'Le client paie en francs suisses. Stripe nous verse des euros, comme la facture.',
    flow: checkout({
      mode: 'payment',
      items: [DECLARATION],
      presentment: { presentment_amount: 95_80, presentment_currency: 'chf' },
    }),
  },
  {
    slug: 'many-lines',
    title: 'Facture de 120 lignes',
    sentence: 'Une facture de 120 lignes, que Stripe ne donne que par pages.',
    flow: beside((store, now, buyer) => {
      const sold = ['prod_SbxDeclComplet', 'prod_SbxDeclEssenti', 'prod_SbxRevFonciers'];
      const items = Array.from({ length: 120 }, (_, index) => ({
        productId: sold[index % sold.length] ?? '',
        quantity: 1 + (index % 4),
      }));
      const { invoiceId, events } = sentInvoice(store, { items, buyer }, now);
      return { invoiceId, events: [...events, ...payByCard(store, invoiceId, now).events] };
    }),
  },
];
