// What the audit reads: the books of one instant, in pages, every legal document beside the rows that
// repeat a part of it. The reader only fetches; what must agree with what is said in audit-books.ts
// and audit-document.ts. Instants come as text with microseconds, because a Date would round away the
// smallest tampering.

import type { Series } from '#domain/invoice-number.ts';

/** One legal document as stored, and what the rest of the books says of it. */
export type AuditedDocument = {
  readonly number: string;
  readonly series: string;
  readonly year: number;
  readonly ordinal: number;
  readonly orderId: number;
  readonly creditNoteId: number | null;
  /** `2026-11-22T13:32:20.000000Z`. */
  readonly issuedAt: string;
  readonly issueDay: string;
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly pdf: AuditedPdf | null;
  /** The state of its printing; null when it has none. */
  readonly printing: string | null;
  /** Whether a message that brings it may be sent; null when it has none. */
  readonly released: boolean | null;
  readonly order: AuditedOrder | null;
  readonly creditNote: AuditedCreditNote | null;
  /** Of the order's invoice, for a credit note. */
  readonly creditedInvoice: { readonly number: string; readonly issueDay: string } | null;
};

export type AuditedPdf = {
  readonly key: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly templateVersion: string;
  readonly chromiumVersion: string;
  /** Microseconds since 1970. */
  readonly storedAtMicros: string;
  readonly seal: string;
};

/** Amounts in minor units. */
type Amounts = { readonly net: number; readonly vat: number; readonly gross: number };

export type AuditedLine = Amounts & {
  readonly position: number;
  readonly productId: string | null;
  readonly productName: string;
  readonly quantity: number | null;
  readonly discount: number;
  readonly rate: number;
  readonly treatment: string;
};

export type AuditedOrder = Amounts & {
  readonly paymentKey: string;
  readonly partner: string;
  readonly currency: string;
  /** The payment's day in Paris. */
  readonly paidDay: string;
  readonly paymentMethod: string | null;
  /** Null once personal data was purged. */
  readonly customer: unknown;
  readonly customerEmail: string | null;
  readonly isPurged: boolean;
  readonly lines: readonly AuditedLine[];
};

export type AuditedCreditNote = Amounts & {
  readonly orderId: number;
  readonly cause: string | null;
  readonly paymentKey: string | null;
  /** The day in Paris on which the money went back. */
  readonly correctedDay: string | null;
  readonly currency: string | null;
  readonly lines: readonly (Amounts & { readonly position: number })[];
};

export type AuditedCounter = {
  readonly series: string;
  readonly year: number;
  readonly lastOrdinal: number;
  readonly lastIssuedAt: string;
  readonly lastHash: string;
};

/** The last document of a series when an earlier audit found everything in order. */
export type Head = { readonly number: string; readonly hash: string };

/** Rows that contradict each other wherever they stand, found by the database. */
export type Contradiction = {
  readonly kind:
    | 'payment-without-order'
    | 'order-without-payment'
    | 'order-without-invoice'
    | 'credit-note-without-document'
    | 'credited-too-much'
    | 'record-without-document';
  readonly subject: string;
  readonly expected: string | null;
  readonly found: string | null;
};

/** The books as they were at one instant. */
export type AuditedBooks = {
  count(): Promise<number>;
  /** In the order of the chain: by series, year and ordinal. A page holds a few hundred. */
  documents(): AsyncIterable<readonly AuditedDocument[]>;
  counters(): Promise<readonly AuditedCounter[]>;
  contradictions(): AsyncIterable<readonly Contradiction[]>;
  /** What clean audits before this instant saw last. One a run and series. */
  heads(): Promise<readonly Head[]>;
};

/** Lends the books of one instant for the length of `work`. */
export type AtOneInstant = <T>(work: (books: AuditedBooks) => Promise<T>) => Promise<T>;

export type AuditRun = {
  readonly automatic: boolean;
  readonly withFiles: boolean;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly documents: number;
  readonly findings: number;
  readonly firstFindings: readonly Finding[];
  readonly heads: readonly Head[];
};

export type AuditRuns = {
  add(run: AuditRun): Promise<void>;
  /** The newest; null before the first. */
  last(): Promise<AuditRun | null>;
};

export type FindingKind =
  | Contradiction['kind']
  | 'gap'
  | 'counter'
  | 'date-backwards'
  | 'chain-broken'
  | 'content-changed'
  | 'content-unreadable'
  | 'column-differs'
  | 'totals-wrong'
  | 'order-differs'
  | 'line-differs'
  | 'credit-note-differs'
  | 'pdf-record-changed'
  | 'printing-differs'
  | 'file-missing'
  | 'file-changed'
  | 'head-changed';

/** One thing that does not hold. */
export type Finding = {
  readonly kind: FindingKind;
  /** A document's number, a payment's key, an order: what it was found at. */
  readonly subject: string;
  /** The field or column, where there is one. */
  readonly field: string | null;
  readonly expected: string | null;
  readonly found: string | null;
};

export type SeriesHead = Head & { readonly series: Series };
