// What a scenario is: something that happens at Stripe, told in one French sentence, with what our
// books must show when all of its events have arrived. Each plays on the sandbox's Stripe, makes
// consistent objects there and lets the signed webhooks go, in an order of chance. The flows that
// several of them share are here; the scenarios themselves are rows of data.

import type { IgnoredReason, QuarantineReason, WaitReason } from '#domain/payment.ts';
import { DEMO_PARTNER } from './catalogue.ts';
import type { SandboxBuyer } from './stripe-buyer.ts';
import type { Happening } from './stripe-events.ts';
import type { SandboxPurchase } from './stripe-purchase.ts';
import { purchase } from './stripe-purchase.ts';
import type { SandboxStripe } from './stripe-server.ts';
import type { StripeStore } from './stripe-store.ts';

export type Scenario = {
  /** Its row in the table of what Stripe can report, `A` to `N`; null for what is no row of it. */
  readonly letter: string | null;
  /** English, for the command line: `one-time`. */
  readonly slug: string;
  /** A few French words, for lists. */
  readonly title: string;
  /** What happens and what comes of it, in French. */
  readonly sentence: string;
  readonly books: ScenarioBooks;
  /** How many credit notes are on the books in the end, too. */
  readonly creditNotes: number;
  /** The partners without whom it would end in quarantine. */
  readonly partners: readonly string[];
  /** A part of it happens after `delayMs`. */
  readonly isDelayed: boolean;
  /** Resolves when its first part has happened and its webhooks are under way. */
  run(stripe: ScenarioStripe, options?: ScenarioOptions): Promise<ScenarioRun>;
};

/** What the books show in the end. */
export type ScenarioBooks = {
  readonly orders: number;
  /** The payment's state, or `none` when no payment is on the books at all. */
  readonly state: 'recorded' | 'quarantined' | 'waiting' | 'none';
  /** Why there is no order. */
  readonly reason: QuarantineReason | IgnoredReason | WaitReason | null;
};

export type ScenarioStripe = Pick<SandboxStripe, 'store' | 'happen' | 'happenLater'>;

export type ScenarioOptions = {
  /** Repeats the order of the webhooks; by chance without it. */
  readonly seed?: number;
  /** How long banks and other slow things take: 3 s when left out, at once for 0. */
  readonly delayMs?: number;
  /** Who buys, where the scenario does not need somebody of its own. */
  readonly buyer?: Partial<SandboxBuyer>;
};

export type ScenarioRun = {
  readonly sessionId: string | null;
  /** Of all webhooks, those too that come after `delayMs`. */
  readonly eventIds: readonly string[];
  /** What is sold, in minor units; 0 where nothing is. */
  readonly amountCents: number;
  /** Lower case. */
  readonly currency: string;
};

/** What a flow plays on. */
export type Stage = {
  readonly stripe: ScenarioStripe;
  readonly seed: { readonly seed?: number };
  readonly delayMs: number;
  readonly buyer: Partial<SandboxBuyer>;
};

type Played = {
  readonly sessionId?: string | null;
  readonly invoiceId?: string | null;
  readonly eventIds: readonly string[];
};
export type Flow = (stage: Stage) => Played;

export type ScenarioRow = Pick<Scenario, 'slug' | 'title' | 'sentence'> & {
  readonly letter?: string;
  /** One order of one partner where it is left out. */
  readonly books?: ScenarioBooks;
  /** None where it is left out. */
  readonly creditNotes?: number;
  readonly partners?: readonly string[];
  readonly isDelayed?: boolean;
  readonly flow: Flow;
};

const DELAY_MS = 3_000;
const ONE_ORDER: ScenarioBooks = { orders: 1, state: 'recorded', reason: null };

export function scenarioFrom(row: ScenarioRow): Scenario {
  const { flow, letter = null, books = ONE_ORDER, partners = [DEMO_PARTNER], ...rest } = row;
  const { creditNotes = 0 } = row;
  return {
    ...rest,
    ...{ letter, books, creditNotes, partners, isDelayed: row.isDelayed === true },
    async run(stripe, { seed, delayMs = DELAY_MS, buyer = {} } = {}) {
      const seeded = seed === undefined ? {} : { seed };
      const {
        sessionId = null,
        invoiceId = null,
        eventIds,
      } = flow({
        ...{ stripe, seed: seeded, delayMs, buyer },
      });
      return { sessionId, eventIds, ...amountOf(stripe.store, invoiceId ?? sessionId) };
    },
  };
}

function amountOf(
  store: StripeStore,
  id: string | null,
): Pick<ScenarioRun, 'amountCents' | 'currency'> {
  const document = id === null ? null : store.find(id);
  const amount = document?.total ?? document?.amount_total ?? 0;
  const currency = document?.currency ?? 'eur';
  return { amountCents: Math.max(0, Number(amount)), currency: String(currency) };
}

/** Somebody goes through Checkout. */
export function checkout(wanted: SandboxPurchase): Flow {
  return ({ stripe, seed, buyer }) =>
    stripe.happen(
      (store, now) => purchase(store, { ...wanted, buyer: { ...buyer, ...wanted.buyer } }, now),
      seed,
    );
}

/** Something that has no checkout session; `make` may tell of an invoice. */
export function beside(
  make: (
    store: StripeStore,
    now: Date,
    buyer: Partial<SandboxBuyer>,
  ) => Happening & { readonly invoiceId?: string; readonly sessionId?: string },
): Flow {
  return ({ stripe, seed, buyer }) => stripe.happen((store, now) => make(store, now, buyer), seed);
}

/** A subscription that began so many months ago, before anybody listened. Returns its id. */
export function begunBefore(
  store: StripeStore,
  productId: string,
  { months, now }: { readonly months: number; readonly now: Date },
  buyer: Partial<SandboxBuyer>,
): { readonly subscriptionId: string; readonly customerId: string } {
  const begun = new Date(now);
  begun.setUTCMonth(begun.getUTCMonth() - months);
  const items = [{ productId, quantity: 1 }];
  const { subscriptionId } = purchase(store, { mode: 'subscription', items, buyer }, begun);
  const subscription = store.findKind('subscription', subscriptionId ?? '');
  if (subscription === null) throw new Error(`${productId} began no subscription`);
  return { subscriptionId: subscription.id, customerId: String(subscription.customer) };
}
