// Who buys what: one-time purchases and subscriptions, of one partner or of two at once. The
// objects come into being at our own Stripe; which of its events are sent, and how often they are
// repeated on the way, is told by stripe-sender.ts.

import { ENABLED_EVENTS } from '#adapters/sandbox/stripe-account-objects.ts';
import { purchase, type SandboxPurchase } from '#adapters/sandbox/stripe-purchase.ts';
import type { SandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import type { StripeObject } from '#adapters/sandbox/stripe-store.ts';
import type { Chance } from './chance.ts';

/** A purchase that was paid, and what the books must know of it in the end. */
export type Sold = {
  /** The payment key: the invoice's id, else the payment intent's. */
  readonly key: string;
  /** One order each. */
  readonly partners: readonly string[];
  readonly amountCents: number;
  /** Those that Stripe sends to us. */
  readonly events: readonly StripeObject[];
};

export type Shop = {
  /** A purchase by chance. */
  sell(chance: Chance): Sold;
  /** One declaration of this partner's, paid once: a payment of a single event and order. */
  sellOne(partner: string, lines?: number): Sold;
};

const ONCE_CENTS = 99_99;
const MONTHLY_CENTS = 29_00;

/** Puts each partner's two products on sale. */
export function openShop(stripe: SandboxStripe, partners: readonly string[]): Shop {
  const once = (partner: string) => `prod_Once${idPart(partner)}`;
  const monthly = (partner: string) => `prod_Month${idPart(partner)}`;
  for (const partner of partners) {
    const common = { description: null, currency: 'eur', partner };
    const declaration = { id: once(partner), name: `Déclaration ${partner}` };
    const advice = { id: monthly(partner), name: `Conseil mensuel ${partner}` };
    stripe.putProduct({ ...common, ...declaration, unitAmountCents: ONCE_CENTS, interval: null });
    stripe.putProduct({ ...common, ...advice, unitAmountCents: MONTHLY_CENTS, interval: 'month' });
  }

  function sold(wanted: SandboxPurchase, of: readonly string[], amountCents: number): Sold {
    const { sessionId, invoiceId, events } = purchase(stripe.store, wanted, new Date());
    const session = stripe.store.findKind('checkout.session', sessionId);
    const sent = events.filter(({ type }) => ENABLED_EVENTS.includes(String(type)));
    return {
      key: invoiceId ?? String(session?.payment_intent),
      partners: of,
      amountCents,
      events: sent,
    };
  }

  return {
    sell(chance) {
      const partner = chance.pick(partners);
      const quantity = chance.whole(1, 3);
      if (chance.happens(0.3)) {
        const items = [{ productId: monthly(partner), quantity }];
        return sold({ mode: 'subscription', items }, [partner], quantity * MONTHLY_CENTS);
      }
      const other = chance.pick(partners);
      const sellers = chance.happens(0.2) && other !== partner ? [partner, other] : [partner];
      const items = sellers.map((it) => ({ productId: once(it), quantity }));
      const invoiceCreation = chance.happens(0.2);
      const amountCents = sellers.length * quantity * ONCE_CENTS;
      return sold({ mode: 'payment', items, invoiceCreation }, sellers, amountCents);
    },
    sellOne(partner, lines = 1) {
      const items = Array.from({ length: lines }, () => ({
        productId: once(partner),
        quantity: 1,
      }));
      return sold({ mode: 'payment', items }, [partner], lines * ONCE_CENTS);
    },
  };
}

function idPart(partner: string): string {
  return partner.replace(/[^a-z0-9]/g, '').padEnd(8, 'x');
}
