// Scenarios beyond the table: payments whose end comes later, or otherwise than they began.

import { begunBefore, beside, type Flow, type ScenarioRow } from './scenario.ts';
import { debited } from './scenario-table.ts';
import { disputePayment } from './stripe-corrections.ts';
import { purchase } from './stripe-purchase.ts';
import { attachInvoice, settleSession } from './stripe-sessions.ts';
import { planChange } from './stripe-subscriptions.ts';

const DECLARATION = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const MONTHLY = { productId: 'prod_SbxAccompagnem', quantity: 1 };
const YEARLY = 'prod_SbxSerenAnnuel';
const PREMIUM = 'prod_SbxPremiumAnnu';

const subscriptionByDebit: Flow = ({ stripe, seed, delayMs, buyer }) => {
  const wanted = { mode: 'subscription', method: 'sepa_debit', pending: true } as const;
  const bought = stripe.happen(
    (store, now) => purchase(store, { ...wanted, items: [MONTHLY], buyer }, now),
    seed,
  );
  const { sessionId, invoiceId } = bought;
  const later = stripe.happenLater(
    delayMs,
    ['checkout.session.async_payment_succeeded', 'invoice.paid', 'invoice.payment_succeeded'],
    (store, now, promised) => settleSession(store, sessionId, 'succeeded', { now, promised }),
  );
  return { sessionId, invoiceId, eventIds: [...bought.eventIds, ...later] };
};

const invoiceAfterwards: Flow = ({ stripe, seed, delayMs, buyer }) => {
  const wanted = { mode: 'payment', invoiceCreation: true, invoiceIsLate: true } as const;
  const bought = stripe.happen(
    (store, now) => purchase(store, { ...wanted, items: [DECLARATION], buyer }, now),
    seed,
  );
  const { sessionId, invoiceId } = bought;
  const types = ['invoice.paid', 'invoice.payment_succeeded'];
  const later = stripe.happenLater(delayMs, types, (store, now, promised) =>
    attachInvoice(store, { sessionId, invoiceId: String(invoiceId) }, { now, promised }),
  );
  return { sessionId, invoiceId, eventIds: [...bought.eventIds, ...later] };
};

const disputed: Flow = ({ stripe, seed, delayMs, buyer }) => {
  const bought = stripe.happen(
    (store, now) => purchase(store, { mode: 'payment', items: [DECLARATION], buyer }, now),
    seed,
  );
  const { sessionId } = bought;
  const types = ['charge.dispute.created'];
  const later = stripe.happenLater(delayMs, types, (store, now, promised) => {
    const intent = store.findKind('checkout.session', sessionId)?.payment_intent;
    return disputePayment(store, String(intent), { now, promised });
  });
  return { sessionId, eventIds: [...bought.eventIds, ...later] };
};

export const PAYMENT_SCENARIOS: readonly ScenarioRow[] = [
  {
    slug: 'sepa-failed',
    title: 'Prélèvement SEPA refusé',
    sentence: 'Un prélèvement SEPA que la banque refuse. Il n’y a ni commande ni facture.',
    books: { orders: 0, state: 'waiting', reason: 'payment-failed' },
    isDelayed: true,
    flow: debited('failed'),
  },
  {
    slug: 'sepa-subscription',
    title: 'Abonnement par prélèvement',
    sentence: 'Un abonnement payé par prélèvement SEPA. La commande attend la banque.',
    isDelayed: true,
    flow: subscriptionByDebit,
  },
  {
    slug: 'downgrade',
    title: 'Formule moins chère',
    sentence:
      'Un abonné passe à une formule moins chère. Il ne paie rien, la différence devient un avoir ' +
      'chez Stripe.',
    books: { orders: 0, state: 'none', reason: 'free-subscription' },
    flow: beside((store, now, buyer) => {
      const { subscriptionId } = begunBefore(store, PREMIUM, { months: 6, now }, buyer);
      return planChange(store, subscriptionId, YEARLY, now);
    }),
  },
  {
    slug: 'late-invoice',
    title: 'Facture Stripe en retard',
    sentence:
      'Stripe annonce le paiement avant d’avoir fait la facture qu’il doit avoir. Le programme ' +
      'l’attend au lieu de faire deux commandes.',
    isDelayed: true,
    flow: invoiceAfterwards,
  },
  {
    slug: 'dispute',
    title: 'Paiement contesté',
    sentence:
      'Un paiement que la banque du client conteste peu après. Rien n’est perdu tant qu’elle n’a ' +
      'pas tranché, la facture ne change pas.',
    isDelayed: true,
    flow: disputed,
  },
];
