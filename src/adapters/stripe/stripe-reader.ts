// From an event to its facts, by what Stripe says now. The event's own content is never used: it is
// a snapshot in the version of its endpoint, cut to ten lines, and perhaps days old. Requests per
// payment: a one-time session takes one; a renewal one, plus one while its products are not cached;
// the first payment of a subscription two, since its session and its invoice know half each.

import type Stripe from 'stripe';
import type { StripeReader } from '#application/ports.ts';
import { invoiceLinePriceId, invoiceLineProductId, type LineNeighbours } from './line-facts.ts';
import { taxRateIds } from './line-tax.ts';
import {
  type LiveObjects,
  type LiveObjectsOptions,
  liveObjects,
  type SessionsBy,
} from './live-objects.ts';
import { chargeToRead } from './payment-method.ts';
import {
  type InvoiceLineShape,
  type InvoiceShape,
  idOf,
  rowsOf,
  type SessionShape,
} from './shapes.ts';
import { billedFacts, checkoutFacts } from './stripe-facts.ts';
import { PAYMENT_EVENT_TYPES } from './subscribed-events.ts';

type Answer = Awaited<ReturnType<StripeReader['read']>>;

/** Reads with the given client. Any other type of event is `unrelated`, without a request. */
export function stripeReader(stripe: Stripe, options: LiveObjectsOptions = {}): StripeReader {
  const live = liveObjects(stripe, options);
  return {
    async read({ type, objectId }) {
      const ofPayment = PAYMENT_EVENT_TYPES.some((known) => known === type);
      if (!ofPayment || objectId === null) return { facts: { kind: 'unrelated' } };
      return type.startsWith('invoice.')
        ? readInvoice(live, objectId, null)
        : readSession(live, objectId);
    },
  };
}

async function readSession(live: LiveObjects, id: string): Promise<Answer> {
  const session = await live.session(id);
  if (session === null) return { missing: id };
  const invoiceId = idOf(session.invoice);
  if (invoiceId !== null) return readInvoice(live, invoiceId, session);
  return { facts: checkoutFacts(session, await live.sessionLines(session)) };
}

async function readInvoice(
  live: LiveObjects,
  id: string,
  known: SessionShape | null,
): Promise<Answer> {
  const invoice = await live.invoice(id);
  if (invoice === null) return { missing: id };
  const [session, lines] = await Promise.all([
    known ?? sessionBehind(live, invoice, id),
    live.invoiceLines(invoice),
  ]);
  const chargeId = chargeToRead(invoice, session);
  const [sold, taxRates, charge] = await Promise.all([
    readProducts(live, lines),
    live.taxRates(taxRateIds(lines)),
    chargeId === null ? null : live.charge(chargeId),
  ]);
  return { facts: billedFacts({ invoice, lines, session, ...sold, taxRates, charge }) };
}

// A deleted product has lost its metadata; only then is the price asked, which keeps its own.
async function readProducts(
  live: LiveObjects,
  lines: readonly InvoiceLineShape[],
): Promise<Pick<LineNeighbours, 'products' | 'prices'>> {
  const products = await live.products(idsOf(lines, invoiceLineProductId));
  const orphans = lines.filter((line) => products.get(invoiceLineProductId(line) ?? '') === null);
  return { products, prices: await live.prices(idsOf(orphans, invoiceLinePriceId)) };
}

function idsOf(
  lines: readonly InvoiceLineShape[],
  idOfLine: (line: InvoiceLineShape) => string | null,
): readonly string[] {
  return [...new Set(lines.map(idOfLine).filter((id) => id !== null))];
}

// Only two reasons to bill can have a checkout session behind them. Without this look the facts
// would depend on which of the payment's events came first.
async function sessionBehind(
  live: LiveObjects,
  invoice: InvoiceShape,
  id: string,
): Promise<SessionShape | null> {
  const by = invoice.billing_reason === 'manual' ? intentOf(invoice) : subscriptionOf(invoice);
  return by === null ? null : live.sessionOf(by, id);
}

function subscriptionOf(invoice: InvoiceShape): SessionsBy | null {
  if (invoice.billing_reason !== 'subscription_create') return null;
  const subscription =
    idOf(invoice.parent?.subscription_details?.subscription) ?? idOf(invoice.subscription);
  return subscription === null ? null : { subscription };
}

function intentOf(invoice: InvoiceShape): SessionsBy | null {
  const paid = rowsOf(invoice.payments?.data).map((row) => idOf(row.payment?.payment_intent));
  const intent = paid.find((it) => it !== null) ?? idOf(invoice.payment_intent);
  return intent === null ? null : { payment_intent: intent };
}
