// Scenarios beyond the table: several partners in one payment, and payments that a person must look
// at before anything is put on the books.

import { DEMO_PARTNER, SECOND_PARTNER } from './catalogue.ts';
import { beside, checkout, type ScenarioRow } from './scenario.ts';
import { endInvoice } from './stripe-billing.ts';
import { payByCard, sentInvoice } from './stripe-dashboard.ts';
import { seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import { priceObject, productObject } from './stripe-product-objects.ts';
import { purchase } from './stripe-purchase.ts';

const DECLARATION = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const ESTATE = { productId: 'prod_SbxPatrimoine1', quantity: 1 };
const PENSION = { productId: 'prod_SbxRetraite001', quantity: 1 };
const ADVICE = { productId: 'prod_SbxSansPartena', quantity: 1 };

const ONE_OFF = {
  name: 'Offre d’un jour',
  description: null,
  unitAmountCents: 30_00,
  currency: 'eur',
  interval: null,
  partner: DEMO_PARTNER,
};
const WITHOUT_EMAIL = { email: null, name: 'Georges Petit', phone: '+33 1 99 00 45 67' };

export const TROUBLE_SCENARIOS: readonly ScenarioRow[] = [
  {
    slug: 'two-partners',
    title: 'Deux partenaires',
    sentence:
      'Un paiement pour les produits de deux partenaires. Chacun a sa commande, sa facture et son ' +
      'webhook, sans voir ceux de l’autre.',
    books: { orders: 2, state: 'recorded', reason: null },
    partners: [DEMO_PARTNER, SECOND_PARTNER],
    flow: checkout({ mode: 'payment', items: [DECLARATION, ESTATE], shippingCents: 5_01 }),
  },
  {
    slug: 'unknown-partner',
    title: 'Partenaire inconnu',
    sentence:
      'Un produit désigne un partenaire que personne n’a encore créé. Le paiement attend en ' +
      'quarantaine, puis se relance.',
    books: { orders: 0, state: 'quarantined', reason: 'unknown-partner' },
    partners: [],
    flow: checkout({ mode: 'payment', items: [PENSION] }),
  },
  {
    slug: 'no-partner',
    title: 'Produit sans partenaire',
    sentence: 'Un produit ne désigne aucun partenaire. Le paiement attend en quarantaine.',
    books: { orders: 0, state: 'quarantined', reason: 'no-partner' },
    partners: [],
    flow: checkout({ mode: 'payment', items: [ADVICE] }),
  },
  {
    slug: 'deleted-product',
    title: 'Produit supprimé',
    sentence:
      'Un produit est supprimé chez Stripe juste après la vente, et avec lui le nom de son ' +
      'partenaire. Le paiement attend en quarantaine.',
    books: { orders: 0, state: 'quarantined', reason: 'deleted-product' },
    partners: [],
    flow: beside((store, now, buyer) => {
      const id = newStripeId('prod');
      const made = { created: seconds(now), priceId: newStripeId('price') };
      const product = { ...ONE_OFF, id };
      store.put(priceObject(product, made));
      store.put(productObject(product, made));
      const items = [{ productId: id, quantity: 1 }];
      const bought = purchase(store, { mode: 'payment', items, buyer }, now);
      store.put({ id, object: 'product', deleted: true });
      return { sessionId: bought.sessionId, events: bought.events };
    }),
  },
  {
    slug: 'no-email',
    title: 'Client sans e-mail',
    sentence:
      'Un client dont Stripe n’a pas l’adresse e-mail. Le paiement attend en quarantaine qu’on la ' +
      'lui donne.',
    books: { orders: 0, state: 'quarantined', reason: 'no-email' },
    flow: beside((store, now) => {
      const wanted = { items: [DECLARATION], buyer: WITHOUT_EMAIL };
      const { invoiceId, events } = sentInvoice(store, wanted, now);
      return { invoiceId, events: [...events, ...payByCard(store, invoiceId, now).events] };
    }),
  },
  {
    slug: 'managed',
    title: 'Vendu par Stripe',
    sentence:
      'Un paiement dont Stripe est le vendeur aux yeux de la loi. La facture n’est pas à nous, le ' +
      'paiement reste en quarantaine.',
    books: { orders: 0, state: 'quarantined', reason: 'other-seller' },
    flow: checkout({ mode: 'payment', items: [DECLARATION], managed: true }),
  },
  {
    slug: 'paid-then-voided',
    title: 'Payée, puis annulée',
    sentence:
      'Une facture est annulée chez Stripe juste après son paiement. Aucun numéro n’est pris, ' +
      'quelqu’un doit regarder.',
    books: { orders: 0, state: 'quarantined', reason: 'invoice-not-paid' },
    flow: beside((store, now, buyer) => {
      const { invoiceId, events } = sentInvoice(store, { items: [DECLARATION], buyer }, now);
      const paid = payByCard(store, invoiceId, now);
      const voided = endInvoice(store, invoiceId, 'void', seconds(now));
      return { invoiceId, events: [...events, ...paid.events, ...voided.events] };
    }),
  },
];
