// The invoice: a frozen copy of everything it prints. Nothing in it is looked up again later, for
// the seller may move and the partner may change its colours, but the document of that day stays.
// Its canonical text is what the hash chain covers: hash(n) = sha256(hash(n − 1) ‖ text(n)).

import type { Customer } from './customer.ts';
import type { InvoiceNumber, ParisDay } from './invoice-number.ts';
import type { Currency } from './money.ts';
import type { NewOrder, Order, OrderLine, OrderTotals } from './order.ts';
import type { Branding, PartnerSlug } from './partner.ts';
import type { PaymentKey } from './payment-key.ts';
import type { Seller } from './seller.ts';

/** What invoices and credit notes have in common. Amounts are never negative. */
type LegalText = {
  readonly number: InvoiceNumber;
  /** ISO 8601 UTC, taken while the number's counter was locked. */
  readonly issuedAt: string;
  readonly issueDay: ParisDay;
  /** The day the service was sold: the payment's day in Paris. */
  readonly serviceDay: ParisDay;
  /** A payment in Stripe's test mode: the document says TEST on every page. */
  readonly test: boolean;
  readonly seller: Seller;
  readonly buyer: Customer;
  readonly partner: Branding & { readonly slug: PartnerSlug };
  readonly orderId: number;
  readonly paymentKey: PaymentKey;
  readonly currency: Currency;
  readonly lines: readonly OrderLine[];
  readonly totals: OrderTotals;
  readonly paymentMethod: string | null;
};

export type Invoice = LegalText & {
  readonly kind: 'invoice';
  readonly paidDay: ParisDay;
};

/** An avoir: takes back part or all of one invoice, which it names. Series AQCA. */
export type CreditNote = LegalText & {
  readonly kind: 'credit-note';
  /** The integer under which the books know what went back. */
  readonly creditNoteId: number;
  readonly cause: CreditCause;
  readonly creditedInvoice: { readonly number: InvoiceNumber; readonly issueDay: ParisDay };
  /** The Paris day on which the money went back. */
  readonly refundedDay: ParisDay;
};

/** `refund`: by us; `dispute`: by the customer's bank, lost; `credit-note`: Stripe's, without a refund. */
export type CreditCause = 'refund' | 'dispute' | 'credit-note';

export type LegalDocument = Invoice | CreditNote;

/** A document from its canonical text. Texts from before there were credit notes name no kind. */
export function documentOf(canonical: string): LegalDocument {
  return { kind: 'invoice', ...JSON.parse(canonical) };
}

/** The invoice of an order. Copies; decides nothing but the layout of the copy. */
export function issueInvoice(
  order: Order,
  given: {
    readonly number: InvoiceNumber;
    readonly issuedAt: Date;
    readonly issueDay: ParisDay;
    readonly paidDay: ParisDay;
    readonly test: boolean;
    readonly seller: Seller;
    readonly branding: Branding;
  },
): Invoice {
  return {
    kind: 'invoice',
    number: given.number,
    issuedAt: given.issuedAt.toISOString(),
    issueDay: given.issueDay,
    serviceDay: given.paidDay,
    test: given.test,
    seller: given.seller,
    buyer: order.customer,
    partner: { slug: order.partner, ...given.branding },
    orderId: order.id,
    paymentKey: order.paymentKey,
    currency: order.currency,
    lines: order.lines,
    totals: order.totals,
    paidDay: given.paidDay,
    paymentMethod: order.paymentMethod,
  };
}

/**
 * The document as one JSON text with the keys of every object in code point order: the same data
 * give the same text on any machine and after any round trip.
 */
export function canonicalText(document: LegalDocument): string {
  return JSON.stringify(document, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/**
 * The PDF's key in the file store, from the payment's UTC time:
 * `partner_invoices/invoice_156_20251205_143218.pdf`.
 */
export function pdfKey(order: Pick<Order, 'id'> & Pick<NewOrder, 'paidAt'>): string {
  const [day, time] = order.paidAt.toISOString().split('T') as [string, string];
  const stamp = `${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`;
  return `partner_invoices/invoice_${order.id}_${stamp}.pdf`;
}
