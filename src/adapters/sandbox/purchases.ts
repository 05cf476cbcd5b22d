// The purchases made in the sandbox: handed to its Stripe, and remembered with the instant of
// the click, which is what a newcomer's time is counted from (Stripe's own is in whole seconds).
// What became of a purchase is never stored here; it is read from the books each time.

import type { Clock, NewId } from '#application/ports.ts';
import { boundedLog } from './bounded-log.ts';
import type { SandboxProduct } from './catalogue.ts';
import type { Scenario, ScenarioBooks, ScenarioRun } from './scenario.ts';

export type Purchase = {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly boughtAt: string;
  /** Null for what happens without a checkout: a renewal, a refund. */
  readonly sessionId: string | null;
  /** Those too whose webhooks are still to come. */
  readonly eventIds: readonly string[];
  /** As sold: names joined, the sum of the lines. */
  readonly title: string;
  readonly amountCents: number;
  /** Lower case. */
  readonly currency: string;
  /** What a scenario says the books will show; absent for a plain purchase. */
  readonly expected?: ScenarioBooks & {
    readonly isDelayed: boolean;
    readonly creditNotes?: number;
  };
};

export type Basket = {
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly buyer: { readonly name?: string; readonly email?: string };
};

/** Why a basket cannot be bought. */
export type BasketFault = 'empty' | 'unknown-product' | 'bad-quantity';

export type Purchases = {
  buy(basket: Basket): Promise<Purchase | BasketFault>;
  /** Lets a scenario happen. */
  play(scenario: Scenario, buyer: Basket['buyer']): Promise<Purchase>;
  /** Null when it is unknown or forgotten. */
  find(id: string): Purchase | null;
  /** Newest first. */
  newest(limit: number): readonly Purchase[];
};

/** The part of the sandbox's Stripe that sells. */
export type Till = {
  play(scenario: Scenario, buyer: Basket['buyer']): Promise<ScenarioRun>;
  buy(wanted: {
    readonly items: Basket['items'];
    readonly mode: 'payment' | 'subscription';
    readonly buyer: Basket['buyer'];
  }): Promise<{ readonly sessionId: string; readonly eventIds: readonly string[] }>;
};

const PURCHASES_KEPT = 200;
const QUANTITY_MAX = 1000;

export function purchases(options: {
  readonly file: string;
  readonly till: Till;
  readonly catalogue: readonly SandboxProduct[];
  readonly clock: Clock;
  readonly newId: NewId;
}): Purchases {
  const log = boundedLog<Purchase>(options.file, PURCHASES_KEPT);
  const products = new Map(options.catalogue.map((product) => [product.id, product]));
  return {
    async buy({ items, buyer }) {
      if (items.length === 0) return 'empty';
      const lines = items.map((item) => ({ ...item, product: products.get(item.productId) }));
      const sold = lines.flatMap(({ product, quantity }) =>
        product ? [{ product, quantity }] : [],
      );
      if (sold.length < lines.length) return 'unknown-product';
      if (sold.some(({ quantity }) => !isQuantity(quantity))) return 'bad-quantity';
      const recurring = sold.some(({ product }) => product.interval !== null);
      const boughtAt = options.clock.now().toISOString();
      const mode = recurring ? 'subscription' : 'payment';
      const { sessionId, eventIds } = await options.till.buy({ items, mode, buyer });
      const purchase: Purchase = {
        id: options.newId(),
        boughtAt,
        sessionId,
        eventIds,
        title: sold.map(({ product }) => product.name).join(' + '),
        amountCents: sold.reduce((sum, it) => sum + it.product.unitAmountCents * it.quantity, 0),
        currency: sold[0]?.product.currency ?? 'eur',
      };
      log.append(purchase);
      return purchase;
    },
    async play(scenario, buyer) {
      const boughtAt = options.clock.now().toISOString();
      const ran = await options.till.play(scenario, buyer);
      const { books, isDelayed, creditNotes } = scenario;
      const expected = { ...books, isDelayed, creditNotes };
      const { title } = scenario;
      const purchase: Purchase = { id: options.newId(), boughtAt, title, ...ran, expected };
      log.append(purchase);
      return purchase;
    },
    find: (id) => log.newest().find((purchase) => purchase.id === id) ?? null,
    newest: (limit) => log.newest().slice(0, limit),
  };
}

function isQuantity(quantity: number): boolean {
  return Number.isInteger(quantity) && quantity >= 1 && quantity <= QUANTITY_MAX;
}
