// Scenarios beyond the table: money that goes back in other ways than one refund of everything. The
// payment and its corrections are told of in an order of chance, each correction a while later.

import { NARROW } from '#adapters/french.ts';
import type { Flow, ScenarioRow, Stage } from './scenario.ts';
import { closeDispute, creditLine, disputePayment, refundPayment } from './stripe-corrections.ts';
import { purchase, type SandboxPurchase } from './stripe-purchase.ts';
import type { StripeStore } from './stripe-store.ts';

const DECLARATION = { productId: 'prod_SbxDeclComplet', quantity: 1 };
const APPOINTMENT = { productId: 'prod_SbxRdvConseil1', quantity: 1 };

function bought(
  { stripe, seed, buyer }: Stage,
  wanted: Pick<SandboxPurchase, 'items'> & Partial<SandboxPurchase>,
) {
  return stripe.happen(
    (store, now) => purchase(store, { mode: 'payment', ...wanted, buyer }, now),
    seed,
  );
}

function intentOf(store: StripeStore, sessionId: string): string {
  return String(store.findKind('checkout.session', sessionId)?.payment_intent);
}

const refundedTwice: Flow = (stage) => {
  const { sessionId, eventIds } = bought(stage, { items: [DECLARATION] });
  const types = ['refund.created', 'charge.refunded'];
  const later = [30_00, 20_00].flatMap((amount, index) =>
    stage.stripe.happenLater(stage.delayMs * (index + 1), types, (store, now, promised) =>
      refundPayment(store, intentOf(store, sessionId), { now, promised, amount }),
    ),
  );
  return { sessionId, eventIds: [...eventIds, ...later] };
};

const lostDispute: Flow = (stage) => {
  const { sessionId, eventIds } = bought(stage, { items: [DECLARATION] });
  const types = ['charge.dispute.created', 'charge.dispute.closed'];
  const later = stage.stripe.happenLater(stage.delayMs, types, (store, now, promised) => {
    const when = { now, promised };
    const disputed = disputePayment(store, intentOf(store, sessionId), when);
    const closed = closeDispute(store, disputed.disputeId, 'lost', when);
    return { events: [...disputed.events, ...closed.events] };
  });
  return { sessionId, eventIds: [...eventIds, ...later] };
};

const lineCredited: Flow = (stage) => {
  const items = [DECLARATION, APPOINTMENT];
  const { sessionId, invoiceId, eventIds } = bought(stage, { items, invoiceCreation: true });
  const types = ['credit_note.created'];
  const later = stage.stripe.happenLater(stage.delayMs, types, (store, now, promised) =>
    creditLine(store, String(invoiceId), 1, { now, promised }),
  );
  return { sessionId, invoiceId, eventIds: [...eventIds, ...later] };
};

export const CORRECTION_SCENARIOS: readonly ScenarioRow[] = [
  {
    slug: 'refund-partial',
    title: 'Deux remboursements partiels',
    sentence: `Un paiement de 99,99${NARROW}€ dont 30${NARROW}€ puis 20${NARROW}€ sont rendus. Chaque remboursement a son avoir, et la TVA des deux ne dépasse jamais celle de la facture.`,
    creditNotes: 2,
    isDelayed: true,
    flow: refundedTwice,
  },
  {
    slug: 'dispute-lost',
    title: 'Contestation perdue',
    sentence:
      'La banque du client conteste un paiement et lui donne raison. L’argent est reparti, un avoir ' +
      'corrige la facture.',
    creditNotes: 1,
    isDelayed: true,
    flow: lostDispute,
  },
  {
    slug: 'credit-note',
    title: 'Avoir Stripe sur une ligne',
    sentence:
      'Un avoir de Stripe rend l’une des deux prestations, en crédit sur la prochaine facture du ' +
      'client. Notre avoir reprend cette ligne, et elle seule.',
    creditNotes: 1,
    isDelayed: true,
    flow: lineCredited,
  },
];
