// The legal side of grown books: each order's invoice and some credit notes, numbered without a gap and
// chained as the program chains them, by the domain's own functions, as rows to copy. The hashes are
// why this half is not SQL.

import { chainHash, GENESIS_HASH } from '#adapters/postgres/invoices.ts';
import {
  type CreditNote,
  canonicalText,
  type Invoice,
  issueInvoice,
  type LegalDocument,
} from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, type Series, yearOf } from '#domain/invoice-number.ts';
import { type Cents, cents } from '#domain/money.ts';
import { type Order, type OrderLine, totalsOf } from '#domain/order.ts';
import { sampleSeller } from '#test/support/invoices.ts';
import type { Cell } from './copy-rows.ts';
import { chanceOf, PARTNERS } from './sold-orders.ts';

export const INVOICE_COLUMNS = [
  ...['number', 'series', 'year', 'ordinal', 'order_id', 'credit_note_id', 'issued_at'],
  ...['issue_day', 'content', 'previous_hash', 'hash'],
];

export type Counter = {
  readonly series: Series;
  readonly year: number;
  readonly ordinal: number;
  readonly issuedAt: Date;
  readonly hash: string;
};

export type LegalBook = {
  /** The document under the next number of its series, dated no earlier than the one before. */
  row<D extends LegalDocument>(
    series: Series,
    at: Date,
    build: (given: Pick<D, 'number' | 'issuedAt' | 'issueDay'>) => D,
  ): { readonly document: D; readonly cells: readonly Cell[] };
  /** As they must stand when everything is written. */
  counters(): readonly Counter[];
};

export function legalBook(): LegalBook {
  const heads = new Map<Series, Counter>();
  const counters = new Map<string, Counter>();
  return {
    row(series, at, build) {
      const head = heads.get(series);
      const issuedAt = head && head.issuedAt > at ? head.issuedAt : at;
      const issueDay = parisDay(issuedAt);
      const year = yearOf(issueDay);
      const ordinal = head?.year === year ? head.ordinal + 1 : 1;
      const number = formatInvoiceNumber(series, year, ordinal);
      const document = build({ number, issuedAt: issuedAt.toISOString(), issueDay } as never);
      const content = canonicalText(document);
      const previous = head?.hash ?? GENESIS_HASH;
      const hash = chainHash(previous, content);
      const counter = { series, year, ordinal, issuedAt, hash };
      heads.set(series, counter);
      counters.set(`${series}-${year}`, counter);
      const noteId = document.kind === 'credit-note' ? document.creditNoteId : null;
      const start = [number, series, year, ordinal, document.orderId, noteId, issuedAt];
      return { document, cells: [...start, issueDay, content, previous, hash] };
    },
    counters: () => [...counters.values()],
  };
}

const BRANDINGS = new Map(PARTNERS.map(({ slug, branding }) => [slug, branding]));
const NO_BRANDING = {
  name: '',
  color: null,
  contactEmail: null,
  contactPhone: null,
  website: null,
};

/** The invoice of an order, a second or two after its payment. */
export function invoiceRow(
  book: LegalBook,
  order: Order,
): { readonly document: Invoice; readonly cells: readonly Cell[] } {
  const at = new Date(order.paidAt.getTime() + 900 + (order.id % 7) * 150);
  const paidDay = parisDay(order.paidAt);
  const branding = BRANDINGS.get(order.partner) ?? NO_BRANDING;
  return book.row<Invoice>('FQCA', at, (given) =>
    issueInvoice(order, {
      ...given,
      issuedAt: new Date(given.issuedAt),
      ...{ paidDay, test: false, seller: sampleSeller, branding },
    }),
  );
}

export type Refund = {
  readonly invoice: Invoice;
  readonly eventId: string;
  /** When the money goes back. */
  readonly at: Date;
  /** Half of each line, or all of it. */
  readonly isHalf: boolean;
};

const DAY_MS = 86_400_000;

/** One order in fifty is refunded within a month; null for the others. */
export function refundOf(order: Order, invoice: Invoice): Refund | null {
  if (order.id % 50 !== 7) return null;
  const chance = chanceOf(order.id + 0x20000000);
  const at = new Date(order.paidAt.getTime() + Math.floor((0.1 + chance() * 29) * DAY_MS));
  return { invoice, eventId: order.eventId, at, isHalf: chance() < 0.3 };
}

export type CreditRows = {
  readonly invoice: readonly Cell[];
  readonly correction: readonly Cell[];
  readonly creditNote: readonly Cell[];
  readonly lines: readonly (readonly Cell[])[];
};

export const CORRECTION_COLUMNS = [
  ...['key', 'payment_key', 'cause', 'event_id', 'currency', 'amount', 'corrected_at'],
  'recorded_at',
];
export const CREDIT_NOTE_COLUMNS = ['id', 'correction_key', 'order_id', 'net', 'vat', 'gross'];
export const CREDIT_LINE_COLUMNS = ['credit_note_id', 'position', 'net', 'vat', 'gross'];

/** The rows of one refund, whose credit note has the id given. */
export function creditRows(book: LegalBook, refund: Refund, id: number): CreditRows {
  const { invoice, at, isHalf } = refund;
  const lines = invoice.lines.map((line) => (isHalf ? halved(line) : { ...line, ...NO_DISCOUNT }));
  const totals = totalsOf(lines);
  const { net, vat, gross } = totals;
  const { kind: _kind, paidDay: _paid, ...copied } = invoice;
  const refundedDay = parisDay(at);
  const row = book.row<CreditNote>('AQCA', new Date(at.getTime() + 1200), (given) => ({
    ...copied,
    ...given,
    ...{ kind: 'credit-note', creditNoteId: id, cause: 'refund', refundedDay, lines, totals },
    creditedInvoice: { number: invoice.number, issueDay: invoice.issueDay },
  }));
  const key = `re_3${at.getTime().toString(36)}${String(id).padStart(10, '0')}`;
  const money = [invoice.paymentKey, 'refund', refund.eventId, invoice.currency, gross];
  return {
    invoice: row.cells,
    correction: [key, ...money, at, new Date(at.getTime() + 1000)],
    creditNote: [id, key, invoice.orderId, net, vat, gross],
    lines: lines.map((line, index) => [id, index + 1, line.net, line.vat, line.gross]),
  };
}

const NO_DISCOUNT = { discount: cents(0) };

function halved(line: OrderLine): OrderLine {
  const half = (amount: Cents) => Math.floor(amount / 2);
  const [gross, vat] = [half(line.gross), half(line.vat)];
  const amounts = { net: cents(gross - vat), vat: cents(vat), gross: cents(gross) };
  return { ...line, ...amounts, ...NO_DISCOUNT };
}
