// Stripe's live objects made into the facts that the domain decides on: pure, and total, for what
// is odd must end in quarantine with its reason and not in a stack trace. A checkout session speaks
// for itself only while it has no invoice; with one, the invoice is the payment (amounts, lines,
// tax) and the session only knows the buyer better. Both events of a payment thus give the same
// facts.

import { type Cents, type Currency, currency, ZERO } from '#domain/money.ts';
import type { BilledFacts, CheckoutFacts, LineFacts } from '#domain/payment.ts';
import { buyerFacts, taxSituation } from './buyer-facts.ts';
import { invoiceLineFacts, type LineNeighbours, sessionLineFacts } from './line-facts.ts';
import { unclear } from './line-tax.ts';
import { billedMethod, checkoutMethod } from './payment-method.ts';
import { otherSells, taxFailureOf } from './seller-facts.ts';
import {
  amountOf,
  type ChargeShape,
  expanded,
  type InvoiceLineShape,
  type InvoiceShape,
  idOf,
  instantOf,
  rowsOf,
  type SessionLineShape,
  type SessionShape,
  textOf,
} from './shapes.ts';
import { shippingTax } from './shipping-tax.ts';

/** For a session without an invoice. `lines` are all of them, the first page and the rest. */
/** How Stripe says that a delayed payment came to nothing: the intent waits for another method. */
const FAILED_INTENTS = new Set(['requires_payment_method', 'canceled']);

export function checkoutFacts(
  session: SessionShape,
  lines: readonly SessionLineShape[],
): CheckoutFacts {
  const buyer = buyerFacts({ session, invoice: null });
  const situation = taxSituation({ session, invoice: null }, buyer);
  const shipping = amountOf(session.shipping_cost?.amount_total) ?? ZERO;
  const facts = lines.map((line) => sessionLineFacts(line, situation));
  const intent = expanded(session.payment_intent);
  const paidAt = instantOf(expanded(intent?.latest_charge)?.created) ?? instantOf(session.created);
  const mode = textOf(session.mode) ?? '';
  return {
    kind: 'checkout',
    sessionId: textOf(session.id) ?? '',
    mode,
    status: textOf(session.status),
    paymentStatus: textOf(session.payment_status) ?? '',
    paymentFailed: FAILED_INTENTS.has(textOf(intent?.status) ?? ''),
    invoiceExpected: mode === 'subscription' || session.invoice_creation?.enabled === true,
    paymentIntentId: idOf(session.payment_intent),
    ...pricedAt(paidAt, session.amount_total, session.currency),
    lines: facts,
    shipping,
    shippingTax: shippingTax(facts, shipping, session.shipping_cost),
    taxFailure: taxFailureOf(session.automatic_tax),
    buyer,
    paymentMethod: checkoutMethod(session),
    otherSeller: otherSells({ session, invoice: null }),
    livemode: modeOf(session),
  };
}

export type BilledObjects = LineNeighbours & {
  readonly invoice: InvoiceShape;
  readonly lines: readonly InvoiceLineShape[];
  /** The checkout session that made the invoice, if there was one. */
  readonly session: SessionShape | null;
  /** The charge that `chargeToRead` asked for. */
  readonly charge: ChargeShape | null;
};

/** `lines` are all of them; products and rates are those that the lines name. */
export function billedFacts(objects: BilledObjects): BilledFacts {
  const { invoice, session, charge } = objects;
  const buyer = buyerFacts({ session, invoice });
  const situation = taxSituation({ session, invoice }, buyer);
  const shipping =
    amountOf(invoice.shipping_cost?.amount_total) ?? amountOf(invoice.amount_shipping) ?? ZERO;
  const facts = objects.lines.map((line) => invoiceLineFacts(line, objects, situation));
  const lines = doubtHiddenTax(facts, objects);
  const paidAt =
    instantOf(invoice.status_transitions?.paid_at) ??
    instantOf(charge?.created) ??
    instantOf(session?.created) ??
    instantOf(invoice.created);
  return {
    kind: 'billed',
    invoiceId: textOf(invoice.id) ?? '',
    status: textOf(invoice.status),
    billingReason: textOf(invoice.billing_reason),
    ...pricedAt(paidAt, invoice.total, invoice.currency),
    lines,
    shipping,
    shippingTax: shippingTax(lines, shipping, invoice.shipping_cost),
    // Stripe switches it off by itself when it cannot finalise the invoice with it.
    taxFailure:
      taxFailureOf(invoice.automatic_tax) ?? textOf(invoice.automatic_tax?.disabled_reason),
    buyer,
    paymentMethod: billedMethod(invoice, session, charge),
    otherSeller: otherSells({ session, invoice }),
    livemode: modeOf(invoice),
  };
}

// Every session and invoice has a date in the pinned version. What has none is something else, and
// its amount is not believed either: quarantine, instead of an invoice paid in 1970.
function pricedAt(
  paidAt: Date | null,
  total: unknown,
  code: unknown,
): { total: Cents | null; currency: Currency | null; paidAt: Date } {
  return {
    total: paidAt === null ? null : amountOf(total),
    currency: currencyOf(code),
    paidAt: paidAt ?? new Date(0),
  };
}

/** Null unless it is a code of three letters. */
export function currencyOf(code: unknown): Currency | null {
  return typeof code === 'string' && /^[a-z]{3}$/i.test(code) ? currency(code) : null;
}

function modeOf({ livemode }: { readonly livemode?: unknown }): boolean | null {
  return typeof livemode === 'boolean' ? livemode : null;
}

// Tax that only the invoice's total knows of, and no line.
function doubtHiddenTax(
  facts: readonly LineFacts[],
  { invoice, lines }: BilledObjects,
): readonly LineFacts[] {
  const totals = [...rowsOf(invoice.total_taxes), ...rowsOf(invoice.total_tax_amounts)];
  const [stated] = totals.filter((tax) => (amountOf(tax.amount) ?? ZERO) !== 0);
  const shown = lines.some((line) => rowsOf(line.taxes).length + rowsOf(line.tax_amounts).length);
  if (stated === undefined || shown) return facts;
  const tax = unclear('total_taxes', amountOf(stated.amount));
  return facts.map((line) => ({ ...line, tax }));
}
