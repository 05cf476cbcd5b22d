// Every request that we make to Stripe to understand a payment, and what each asks to have
// expanded. Stripe refuses paths of more than four properties and charges by the request, not by
// the byte (100 a second is the first wall of scale), so one request brings along all that it can.

import Stripe from 'stripe';
import {
  type ChargeShape,
  expanded,
  type InvoiceLineShape,
  type InvoiceShape,
  idOf,
  type PriceShape,
  type ProductShape,
  type Rows,
  rowsOf,
  type SessionLineShape,
  type SessionShape,
  type TaxRateShape,
  textOf,
} from './shapes.ts';
import { shortCache } from './short-cache.ts';

/** A one-time payment of ten items or fewer needs nothing beyond this one request. */
const SESSION_EXPAND = [
  'line_items.data.price.product',
  'line_items.data.taxes',
  'payment_intent.latest_charge',
  'customer',
];
const SESSION_LINES_EXPAND = ['data.price.product', 'data.taxes'];
const SESSIONS_EXPAND = ['data.payment_intent.latest_charge', 'data.customer'];
const INVOICE_EXPAND = [
  'payments.data.payment.payment_intent',
  'parent.subscription_details.subscription.default_payment_method',
  'default_payment_method',
  'customer',
];

const PAGE_ROWS = 100;
/** Stripe allows 100 items in a session and 250 in an invoice. */
export const ROWS_MAX = 1000;

export type LiveObjects = {
  /** Null when Stripe has no such object. The same holds for all below. */
  session(id: string): Promise<SessionShape | null>;
  /** All lines of the session, in its order. */
  sessionLines(session: SessionShape): Promise<readonly SessionLineShape[]>;
  /** The session that made the invoice, by what the two have in common. */
  sessionOf(by: SessionsBy, invoiceId: string): Promise<SessionShape | null>;
  invoice(id: string): Promise<InvoiceShape | null>;
  /** All lines of the invoice, in its order. */
  invoiceLines(invoice: InvoiceShape): Promise<readonly InvoiceLineShape[]>;
  /** By id, seconds old at most; null for a product that was deleted. */
  products(ids: readonly string[]): Promise<ReadonlyMap<string, ProductShape | null>>;
  prices(ids: readonly string[]): Promise<ReadonlyMap<string, PriceShape | null>>;
  taxRates(ids: readonly string[]): Promise<ReadonlyMap<string, TaxRateShape | null>>;
  charge(id: string): Promise<ChargeShape | null>;
};

export type SessionsBy = { readonly subscription: string } | { readonly payment_intent: string };

export type LiveObjectsOptions = { readonly productLifeMs?: number; readonly now?: () => number };

/** Every method throws when Stripe is away, limits us, or answers with something else. */
export function liveObjects(stripe: Stripe, options: LiveObjectsOptions = {}): LiveObjects {
  const products = productCache(stripe, options);
  const taxRates = taxRateCache(stripe, options);

  return {
    async session(id) {
      const session = await found(`checkout session ${id}`, 'checkout.session', () =>
        stripe.checkout.sessions.retrieve(id, { expand: SESSION_EXPAND }),
      );
      // The first invoice of a subscription names the same products, by id only.
      for (const line of rowsOf<SessionLineShape>(session?.line_items?.data)) {
        const product = expanded(line.price?.product);
        const productId = idOf(product);
        if (product !== null && productId !== null) products.put(productId, product);
      }
      return session;
    },
    sessionLines(session) {
      const id = textOf(session.id) ?? '';
      return allRows<SessionLineShape>(session.line_items, (startingAfter) =>
        asked(`lines of checkout session ${id}`, () =>
          stripe.checkout.sessions
            .listLineItems(id, { ...after(startingAfter), expand: SESSION_LINES_EXPAND })
            .autoPagingToArray({ limit: ROWS_MAX }),
        ),
      );
    },
    async sessionOf(by, invoiceId) {
      const { data } = (await found(`checkout session of invoice ${invoiceId}`, 'list', () =>
        stripe.checkout.sessions.list({ ...by, expand: SESSIONS_EXPAND }),
      )) ?? { data: [] };
      return data.find((it) => idOf(it.invoice) === invoiceId) ?? data[0] ?? null;
    },
    invoice: (id) =>
      found(`invoice ${id}`, 'invoice', () =>
        stripe.invoices.retrieve(id, { expand: INVOICE_EXPAND }),
      ),
    invoiceLines(invoice) {
      const id = textOf(invoice.id) ?? '';
      return allRows<InvoiceLineShape>(invoice.lines, (startingAfter) =>
        asked(`lines of invoice ${id}`, () =>
          stripe.invoices
            .listLineItems(id, after(startingAfter))
            .autoPagingToArray({ limit: ROWS_MAX }),
        ),
      );
    },
    products: products.get,
    // Asked for so rarely that nothing is remembered.
    async prices(ids) {
      const prices = await Promise.all(
        ids.map((id) => found(`price ${id}`, 'price', () => stripe.prices.retrieve(id))),
      );
      return new Map(prices.filter((it) => it !== null).map((it) => [it.id, it] as const));
    },
    taxRates: taxRates.get,
    charge: (id) => found(`charge ${id}`, 'charge', () => stripe.charges.retrieve(id)),
  };
}

function productCache(stripe: Stripe, { productLifeMs = 60_000, now }: LiveObjectsOptions) {
  return shortCache<ProductShape>({
    lifeMs: productLifeMs,
    entriesMax: 1000,
    ...(now && { now }),
    // One list by ids instead of a request each: an invoice may name 250 products. Deleted ones
    // are left out of it.
    async load(ids) {
      const pages = Array.from({ length: Math.ceil(ids.length / PAGE_ROWS) }, (_, page) =>
        ids.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS),
      );
      const lists = await Promise.all(
        pages.map((page) =>
          asked('products', () => stripe.products.list({ ids: page, limit: PAGE_ROWS })),
        ),
      );
      return new Map(lists.flatMap((list) => list.data.map((it) => [it.id, it] as const)));
    },
  });
}

// A rate's percentage can never be changed at Stripe, so a day is short.
function taxRateCache(stripe: Stripe, { now }: LiveObjectsOptions) {
  return shortCache<TaxRateShape>({
    lifeMs: 24 * 3_600_000,
    entriesMax: 1000,
    ...(now && { now }),
    async load(ids) {
      const rates = await Promise.all(
        ids.map((id) => found(`tax rate ${id}`, 'tax_rate', () => stripe.taxRates.retrieve(id))),
      );
      return new Map(rates.filter((it) => it !== null).map((it) => [it.id, it] as const));
    },
  });
}

/** The rows of the first page, and those of the rest if there is one. */
export async function allRows<Row extends { readonly id?: unknown }>(
  list: { readonly data?: Rows<Row>; readonly has_more?: unknown } | null | undefined,
  rest: (startingAfter: string) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const first = rowsOf(list?.data);
  if (list?.has_more !== true) return first;
  return [...first, ...(await rest(idOf(first.at(-1)) ?? ''))];
}

/** The parameters of the page after that row; of the first page for an empty id. */
export function after(id: string): { limit: number; starting_after?: string } {
  return id === '' ? { limit: PAGE_ROWS } : { limit: PAGE_ROWS, starting_after: id };
}

/** Null when Stripe says that there is no such thing, in those words and not just by a 404. */
export async function found<T extends { readonly object: string }>(
  what: string,
  object: T['object'],
  ask: () => Promise<T>,
): Promise<T | null> {
  const answer = await asked(what, async () => {
    try {
      return await ask();
    } catch (error) {
      const missing =
        error instanceof Stripe.errors.StripeInvalidRequestError &&
        error.code === 'resource_missing';
      if (missing) return null;
      throw error;
    }
  });
  // A proxy that answers 200 with something else must be retried, not put in quarantine.
  if (answer !== null && answer?.object !== object) {
    throw new Error(`Stripe answered with something that is no ${object} when asked for ${what}`);
  }
  return answer;
}

/** What `ask` answers; an error names what was asked for. */
export async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new Error(`Stripe could not be asked for ${what}`, { cause });
  }
}
