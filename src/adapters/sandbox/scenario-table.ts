// The table of what Stripe can report, row by row, as things that happen: the letters A to N that
// the decision on payments is written against.

import { NARROW } from '#adapters/french.ts';
import { begunBefore, beside, checkout, type Flow, type ScenarioRow } from './scenario.ts';
import { endInvoice } from './stripe-billing.ts';
import { refundPayment } from './stripe-corrections.ts';
import { failByCard, giveCredit, markPaid, payByCard, sentInvoice } from './stripe-dashboard.ts';
import { seconds } from './stripe-events.ts';
import { purchase } from './stripe-purchase.ts';
import { expiredSession, settleSession, setupSession } from './stripe-sessions.ts';
import { planChange, renewal } from './stripe-subscriptions.ts';

const DECLARATION = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const APPOINTMENT = { productId: 'prod_SbxRdvConseil1', quantity: 1 };
const MONTHLY = { productId: 'prod_SbxAccompagnem', quantity: 1 };
const YEARLY = 'prod_SbxSerenAnnuel';
const PREMIUM = 'prod_SbxPremiumAnnu';

/** The bank speaks a while after the checkout. */
export function debited(verdict: 'succeeded' | 'failed'): Flow {
  return ({ stripe, seed, delayMs, buyer }) => {
    const wanted = { mode: 'payment', method: 'sepa_debit', pending: true } as const;
    const bought = stripe.happen(
      (store, now) => purchase(store, { ...wanted, items: [DECLARATION], buyer }, now),
      seed,
    );
    const { sessionId } = bought;
    const later = stripe.happenLater(
      delayMs,
      [`checkout.session.async_payment_${verdict}`],
      (store, now, promised) => settleSession(store, sessionId, verdict, { now, promised }),
    );
    return { sessionId, eventIds: [...bought.eventIds, ...later] };
  };
}

const refunded: Flow = ({ stripe, seed, delayMs, buyer }) => {
  const bought = stripe.happen((store, now) => {
    const wanted = { mode: 'payment', items: [DECLARATION], invoiceCreation: true, buyer } as const;
    return purchase(store, wanted, now);
  }, seed);
  const { sessionId, invoiceId } = bought;
  const types = ['refund.created', 'charge.refunded', 'credit_note.created'];
  const later = stripe.happenLater(delayMs, types, (store, now, promised) => {
    const intent = store.findKind('checkout.session', sessionId)?.payment_intent;
    return refundPayment(store, String(intent), { now, promised });
  });
  return { sessionId, invoiceId, eventIds: [...bought.eventIds, ...later] };
};

export const SCENARIO_TABLE: readonly ScenarioRow[] = [
  {
    letter: 'A',
    slug: 'one-time',
    title: 'Paiement par carte',
    sentence: 'Un paiement par carte, sans facture de Stripe.',
    flow: checkout({ mode: 'payment', items: [DECLARATION] }),
  },
  {
    letter: 'B',
    slug: 'one-time-with-invoice',
    title: 'Paiement avec facture Stripe',
    sentence:
      'Un paiement par carte dont Stripe fait aussi une facture. Ses trois événements ne font ' +
      'qu’une commande.',
    flow: checkout({ mode: 'payment', items: [DECLARATION], invoiceCreation: true }),
  },
  {
    letter: 'C',
    slug: 'subscription',
    title: 'Premier paiement d’un abonnement',
    sentence:
      'Le premier paiement d’un abonnement mensuel. Ses trois événements ne font qu’une commande.',
    flow: checkout({ mode: 'subscription', items: [MONTHLY] }),
  },
  {
    letter: 'D',
    slug: 'renewal',
    title: 'Renouvellement',
    sentence:
      'Un abonnement pris il y a un an se renouvelle. Personne ne passe par la page de paiement, ' +
      'la facture de Stripe est tout ce qui l’annonce.',
    flow: beside((store, now, buyer) => {
      const { subscriptionId } = begunBefore(store, YEARLY, { months: 12, now }, buyer);
      return renewal(store, subscriptionId, now);
    }),
  },
  {
    letter: 'E',
    slug: 'upgrade',
    title: 'Changement de formule',
    sentence:
      'Un abonné passe à Premium au milieu de son année. Stripe rend le temps non utilisé sur une ' +
      'ligne négative et fait payer la différence.',
    flow: beside((store, now, buyer) => {
      const { subscriptionId } = begunBefore(store, YEARLY, { months: 6, now }, buyer);
      return planChange(store, subscriptionId, PREMIUM, now);
    }),
  },
  {
    letter: 'F',
    slug: 'trial',
    title: 'Essai gratuit',
    sentence: 'Un essai gratuit de 14 jours commence. Rien n’est payé, il n’y a pas de commande.',
    books: { orders: 0, state: 'none', reason: 'free-subscription' },
    flow: checkout({ mode: 'subscription', items: [MONTHLY], trialDays: 14 }),
  },
  {
    letter: 'G',
    slug: 'free-coupon',
    title: 'Achat offert',
    sentence: `Un code promotionnel de 100${NARROW}% rend l’achat gratuit. Une commande et une facture de 0,00${NARROW}€.`,
    flow: checkout({ mode: 'payment', items: [DECLARATION], couponPercent: 100 }),
  },
  {
    letter: 'H',
    slug: 'sepa',
    title: 'Prélèvement SEPA',
    sentence:
      'Un prélèvement SEPA. La commande attend que la banque confirme, ce qui prend des jours chez ' +
      'Stripe et quelques secondes ici.',
    isDelayed: true,
    flow: debited('succeeded'),
  },
  {
    letter: 'I',
    slug: 'out-of-band',
    title: 'Payé hors de Stripe',
    sentence: 'Une facture de Stripe est payée par chèque et marquée comme payée à la main.',
    flow: beside((store, now, buyer) => {
      const { invoiceId, events } = sentInvoice(store, { items: [DECLARATION], buyer }, now);
      return { invoiceId, events: [...events, ...markPaid(store, invoiceId, now).events] };
    }),
  },
  {
    letter: 'J',
    slug: 'dashboard-invoice',
    title: 'Facture du tableau de bord',
    sentence:
      'Une facture écrite à la main dans le tableau de bord de Stripe, que le client paie par carte.',
    flow: beside((store, now, buyer) => {
      const items = [DECLARATION, { ...APPOINTMENT, quantity: 2 }];
      const { invoiceId, events } = sentInvoice(store, { items, buyer }, now);
      return { invoiceId, events: [...events, ...payByCard(store, invoiceId, now).events] };
    }),
  },
  {
    letter: 'K',
    slug: 'customer-balance',
    title: 'Payé par un avoir',
    sentence:
      'Un renouvellement que l’avoir du client couvre en entier. Rien n’est débité, la vente et sa ' +
      'TVA existent tout de même.',
    flow: beside((store, now, buyer) => {
      const begun = begunBefore(store, YEARLY, { months: 12, now }, buyer);
      giveCredit(store, begun.customerId, 400_00);
      return renewal(store, begun.subscriptionId, now);
    }),
  },
  {
    letter: 'L',
    slug: 'voided',
    title: 'Ventes sans suite',
    sentence:
      'Une facture annulée, une autre passée en perte, une carte refusée, une page de paiement ' +
      'abandonnée. Rien n’est vendu.',
    books: { orders: 0, state: 'none', reason: 'unrelated-event' },
    flow: beside((store, now, buyer) => {
      const sent = () => sentInvoice(store, { items: [DECLARATION], buyer }, now).invoiceId;
      const { sessionId, events } = expiredSession(store, [DECLARATION], now);
      return {
        sessionId,
        events: [
          ...events,
          ...endInvoice(store, sent(), 'void', seconds(now)).events,
          ...endInvoice(store, sent(), 'uncollectible', seconds(now)).events,
          ...failByCard(store, sent(), now).events,
        ],
      };
    }),
  },
  {
    letter: 'M',
    slug: 'setup',
    title: 'Carte enregistrée',
    sentence: 'Un client enregistre sa carte pour plus tard. Rien n’est vendu.',
    books: { orders: 0, state: 'none', reason: 'setup-only' },
    flow: beside((store, now, buyer) => setupSession(store, { buyer }, now)),
  },
  {
    letter: 'N',
    slug: 'refund',
    title: 'Remboursement',
    sentence:
      'Un paiement est remboursé en entier peu après. La facture émise ne change pas, un avoir la ' +
      'corrige. Trois événements l’annoncent, il n’y a qu’un avoir.',
    creditNotes: 1,
    isDelayed: true,
    flow: refunded,
  },
];
