// Money that went back, and the credit notes (avoirs) that it makes: a pure decision on the facts,
// and the document. A correction is one thing that Stripe did; it makes one credit note for each
// order of the payment that something falls to. Invoices never change, and neither do credit notes:
// what turns out otherwise afterwards is for a person.

import type { LineCredit, OrderCredit } from './credit-split.ts';
import {
  type CreditableOrder,
  creditableGross,
  type NamedAmount,
  splitCredit,
} from './credit-split.ts';
import type { CreditCause, CreditNote, Invoice } from './invoice.ts';
import type { InvoiceNumber, ParisDay } from './invoice-number.ts';
import { type Cents, type Currency, cents, subtract, ZERO } from './money.ts';
import { type Order, type OrderLine, totalsOf } from './order.ts';
import type { Branding } from './partner.ts';
import type { PaymentKey } from './payment-key.ts';
import type { Seller } from './seller.ts';
import { plainLine } from './text.ts';

export type CorrectionFacts = {
  /** Stripe's id of what it did: `re_…`, `du_…` or `dp_…`, `cn_…`. */
  readonly key: PaymentKey;
  readonly cause: CreditCause;
  /**
   * `pending`: not yet, an event will tell. `undone`: it failed, or was taken back. Another word of
   * Stripe's is `unknown`.
   */
  readonly state: 'done' | 'pending' | 'undone' | { readonly unknown: string };
  /** Tax in; null when Stripe gives none that we can read. */
  readonly amount: Cents | null;
  readonly currency: Currency | null;
  readonly at: Date;
  /** The products that Stripe's own credit note names. */
  readonly named: readonly NamedAmount[];
};

export type CreditIgnored = 'correction-pending' | 'correction-undone' | 'nothing-to-credit';
/** All are woken when the payment's orders are recorded; `awaiting-order` also looks by itself. */
export type CreditWait = 'awaiting-order' | 'invoice-open' | 'payment-dismissed';
export type CreditDoubt =
  | 'order-missing'
  | 'exceeds-invoice'
  | 'undone-after-credit'
  | 'other-currency'
  | 'credit-does-not-split'
  | 'unknown-status'
  | 'no-amount';

export type CorrectionDecision =
  | { readonly kind: 'already-recorded' }
  | { readonly kind: 'ignored'; readonly reason: CreditIgnored }
  | { readonly kind: 'quarantine'; readonly reason: CreditDoubt; readonly detail: string }
  | {
      readonly kind: 'credit';
      readonly credits: readonly OrderCredit[];
      /** The sum of the credits. */
      readonly amount: Cents;
      readonly currency: Currency;
      /** What went back beyond all that was invoiced; a person must look at it. */
      readonly excess: Cents;
    };

/** Whether deciding needs the orders: nothing else is asked of Stripe or the books then. */
export function needsOrders({ state }: CorrectionFacts, isRecorded: boolean): boolean {
  return state === 'done' && !isRecorded;
}

/**
 * What a correction comes to. `orders` are all those of its payment, with what earlier corrections
 * took; `isRecorded` says whether this one is on the books. Never throws on facts, however odd.
 */
export function decideCorrection(
  facts: CorrectionFacts,
  isRecorded: boolean,
  orders: readonly CreditableOrder[],
): CorrectionDecision {
  const { state, amount, currency } = facts;
  if (typeof state === 'object') return quarantine('unknown-status', state.unknown);
  if (state === 'undone') {
    return isRecorded
      ? quarantine('undone-after-credit', '')
      : { kind: 'ignored', reason: 'correction-undone' };
  }
  if (isRecorded) return { kind: 'already-recorded' };
  if (state === 'pending') return { kind: 'ignored', reason: 'correction-pending' };
  if (amount === null || currency === null || amount < 0) return quarantine('no-amount', '');
  if (amount === 0) return { kind: 'ignored', reason: 'nothing-to-credit' };
  const other = orders.find(({ order }) => order.currency !== currency);
  if (other) return quarantine('other-currency', `${currency} ≠ ${other.order.currency}`);
  return decideCredit(facts, { amount, currency }, orders);
}

function decideCredit(
  { named }: CorrectionFacts,
  wanted: { readonly amount: Cents; readonly currency: Currency },
  orders: readonly CreditableOrder[],
): CorrectionDecision {
  const amount = cents(Math.min(wanted.amount, creditableGross(orders)));
  const excess = subtract(wanted.amount, amount);
  if (amount <= 0) return quarantine('exceeds-invoice', exceeding(excess, wanted.amount));
  const credits = splitCredit(orders, amount, named);
  // Only prorations of several rates could do that: a positive amount with a negative tax.
  const odd = credits.find(({ net, vat, gross }) => net < 0 || vat < 0 || gross < 0);
  if (odd) return quarantine('credit-does-not-split', `${odd.net} + ${odd.vat}`);
  return { kind: 'credit', credits, amount, currency: wanted.currency, excess };
}

function quarantine(reason: CreditDoubt, detail: string): CorrectionDecision {
  return { kind: 'quarantine', reason, detail: plainLine(detail, 200) };
}

/** How a person reads an excess: `4000 / 10000`, minor units of the correction. */
export function exceeding(excess: number, whole: number): string {
  return `${excess} / ${whole}`;
}

/** The credit note of one order. Copies; what is credited was decided before. */
export function issueCreditNote(
  order: Order,
  given: {
    readonly number: InvoiceNumber;
    readonly issuedAt: Date;
    readonly issueDay: ParisDay;
    readonly creditNoteId: number;
    readonly cause: CreditCause;
    readonly refundedDay: ParisDay;
    readonly invoice: Pick<Invoice, 'number' | 'issueDay' | 'serviceDay' | 'test'>;
    readonly lines: readonly LineCredit[];
    readonly seller: Seller;
    readonly branding: Branding;
  },
): CreditNote {
  const { invoice } = given;
  const lines = given.lines.map((credit) => creditNoteLine(order, credit));
  return {
    kind: 'credit-note',
    number: given.number,
    issuedAt: given.issuedAt.toISOString(),
    issueDay: given.issueDay,
    serviceDay: invoice.serviceDay,
    test: invoice.test,
    seller: given.seller,
    buyer: order.customer,
    partner: { slug: order.partner, ...given.branding },
    orderId: order.id,
    paymentKey: order.paymentKey,
    currency: order.currency,
    lines,
    totals: totalsOf(lines),
    paymentMethod: order.paymentMethod,
    creditNoteId: given.creditNoteId,
    cause: given.cause,
    creditedInvoice: { number: invoice.number, issueDay: invoice.issueDay },
    refundedDay: given.refundedDay,
  };
}

// A line that is taken back whole in one go reads as it did on the invoice; of a part, nobody can
// say how many pieces it is, nor what was its discount.
function creditNoteLine(order: Order, { position, net, vat, gross }: LineCredit): OrderLine {
  const sold = order.lines[position - 1];
  if (!sold) throw new RangeError(`order ${order.id} has no line ${position}`);
  const isWhole = gross === sold.gross && vat === sold.vat;
  return isWhole ? sold : { ...sold, net, vat, gross, quantity: null, discount: ZERO };
}

/**
 * The PDF's key in the file store, from the correction's UTC time:
 * `partner_invoices/avoir_12_20261122_133218.pdf`.
 */
export function creditNotePdfKey(creditNoteId: number, correctedAt: Date): string {
  const [day, time] = correctedAt.toISOString().split('T') as [string, string];
  const stamp = `${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`;
  return `partner_invoices/avoir_${creditNoteId}_${stamp}.pdf`;
}
