// What must hold for one legal document by itself: its content hashes to what is recorded, its columns
// repeat the content, the content adds up, and the order, the lines and the credit note behind it say
// the same. Pure; the chain between documents is in audit-books.ts.

import { documentOf, type LegalDocument } from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, type Series } from '#domain/invoice-number.ts';
import { totalsOf } from '#domain/order.ts';
import type { AuditedDocument, AuditedPdf, Finding, FindingKind } from './audited-books.ts';

export type Seals = {
  /** sha256 of the previous hash followed by the content, lower-case hex. */
  readonly chainHash: (previousHash: string, content: string) => string;
  /** sha256 of the text in UTF-8, lower-case hex. */
  readonly textHash: (text: string) => string;
};

/** Everything that is wrong with the document, in the order in which a person would look. */
export function documentFindings(audited: AuditedDocument, seals: Seals): Finding[] {
  const report = findingsOf(audited.number);
  if (seals.chainHash(audited.previousHash, audited.content) !== audited.hash) {
    report.add('content-changed', null, audited.hash, 'another');
  }
  const document = readable(audited.content);
  if (document === null) {
    report.add('content-unreadable', 'content', 'a legal document', 'something else');
    return report.findings;
  }
  try {
    compareColumns(report, audited, document);
    compareTotals(report, document);
    if (document.kind === 'credit-note') compareCreditNote(report, audited, document);
    compareOrder(report, audited, document);
  } catch {
    // A tampered content may lack any part that the comparisons look into.
    report.add('content-unreadable', 'content', 'a legal document', 'something else');
  }
  comparePrinting(report, audited, seals);
  return report.findings;
}

type Report = {
  readonly findings: Finding[];
  add(kind: FindingKind, field: string | null, expected: unknown, found: unknown): void;
  /** Adds a finding unless both are the same. */
  same(kind: FindingKind, field: string, expected: unknown, found: unknown): void;
};

function findingsOf(subject: string): Report {
  const findings: Finding[] = [];
  const add: Report['add'] = (kind, field, expected, found) => {
    findings.push({ kind, subject, field, expected: shown(expected), found: shown(found) });
  };
  return {
    findings,
    add,
    same(kind, field, expected, found) {
      if (!isSame(expected, found)) add(kind, field, expected, found);
    },
  };
}

const SHOWN_MAX = 200;

function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** Deep, whatever the order of an object's keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ofA, ofB] = [a, b] as Record<string, unknown>[];
  const keys = Object.keys(ofA as object);
  return (
    keys.length === Object.keys(ofB as object).length &&
    keys.every((key) => Object.hasOwn(ofB as object, key) && isSame(ofA?.[key], ofB?.[key]))
  );
}

function readable(content: string): LegalDocument | null {
  try {
    const document = documentOf(content);
    return document.kind === 'invoice' || document.kind === 'credit-note' ? document : null;
  } catch {
    return null;
  }
}

function compareColumns(report: Report, row: AuditedDocument, document: LegalDocument): void {
  const column = (field: string, expected: unknown, found: unknown) =>
    report.same('column-differs', field, expected, found);
  const instant = new Date(document.issuedAt);
  const number = formatInvoiceNumber(row.series as Series, row.year, row.ordinal);
  column('number', document.number, row.number);
  column('number', number, row.number);
  column('series', document.kind === 'invoice' ? 'FQCA' : 'AQCA', row.series);
  column('order_id', document.orderId, row.orderId);
  column(
    'credit_note_id',
    document.kind === 'credit-note' ? document.creditNoteId : null,
    row.creditNoteId,
  );
  column('issued_at', document.issuedAt.replace(/Z$/, '000Z'), row.issuedAt);
  column('issue_day', document.issueDay, row.issueDay);
  column('issue_day', parisDay(instant), row.issueDay);
  column('year', Number(document.issueDay.slice(0, 4)), row.year);
}

function compareTotals(report: Report, { lines, totals }: LegalDocument): void {
  report.same('totals-wrong', 'totals', totalsOf(lines), totals);
  for (const [at, amounts] of [...lines, totals, ...totals.byRate].entries()) {
    const { net, vat, gross } = amounts;
    if (net + vat !== gross) report.add('totals-wrong', `amounts ${at + 1}`, gross, net + vat);
  }
  for (const { treatment, rate, vat } of lines) {
    const untaxed = treatment !== 'standard' || rate === 0;
    if (untaxed && vat !== 0) report.add('totals-wrong', treatment, 0, vat);
  }
}

function compareOrder(report: Report, row: AuditedDocument, document: LegalDocument): void {
  const { order } = row;
  if (order === null) {
    report.add('order-differs', 'id', document.orderId, null);
    return;
  }
  const field = (name: string, expected: unknown, found: unknown) =>
    report.same('order-differs', name, expected, found);
  field('payment_key', document.paymentKey, order.paymentKey);
  field('partner_slug', document.partner.slug, order.partner);
  field('currency', document.currency, order.currency);
  field('paid_at', document.serviceDay, order.paidDay);
  if (order.isPurged) {
    field('customer', null, order.customer);
    field('customer_email', null, order.customerEmail);
  } else {
    field('customer', document.buyer, order.customer);
    field('customer_email', document.buyer.email, order.customerEmail);
  }
  if (document.kind === 'credit-note') return;
  field('paid_at', document.paidDay, order.paidDay);
  field('payment_method', document.paymentMethod, order.paymentMethod);
  field('net', document.totals.net, order.net);
  field('vat', document.totals.vat, order.vat);
  field('gross', document.totals.gross, order.gross);
  report.same('line-differs', 'lines', document.lines.length, order.lines.length);
  for (const [at, line] of document.lines.entries()) {
    const { position, ...stored } = order.lines[at] ?? { position: null };
    report.same('line-differs', `line ${at + 1}`, line, stored);
    report.same('line-differs', `line ${at + 1}`, at + 1, position);
  }
}

function compareCreditNote(
  report: Report,
  row: AuditedDocument,
  document: Extract<LegalDocument, { kind: 'credit-note' }>,
): void {
  const { creditNote, creditedInvoice } = row;
  report.same('credit-note-differs', 'invoice', document.creditedInvoice, creditedInvoice);
  if (creditNote === null) {
    report.add('credit-note-differs', 'id', document.creditNoteId, null);
    return;
  }
  const field = (name: string, expected: unknown, found: unknown) =>
    report.same('credit-note-differs', name, expected, found);
  field('order_id', document.orderId, creditNote.orderId);
  field('cause', document.cause, creditNote.cause);
  field('payment_key', document.paymentKey, creditNote.paymentKey);
  field('corrected_at', document.refundedDay, creditNote.correctedDay);
  field('currency', document.currency, creditNote.currency);
  field('net', document.totals.net, creditNote.net);
  field('vat', document.totals.vat, creditNote.vat);
  field('gross', document.totals.gross, creditNote.gross);
  const printed = document.lines.map(({ net, vat, gross }) => ({ net, vat, gross }));
  const stored = creditNote.lines.map(({ net, vat, gross }) => ({ net, vat, gross }));
  field('lines', printed, stored);
}

function comparePrinting(report: Report, row: AuditedDocument, { textHash }: Seals): void {
  const { pdf, printing, released } = row;
  if (printing === null || (printing === 'printed') !== (pdf !== null)) {
    report.add('printing-differs', 'state', pdf ? 'printed' : 'not printed', printing);
  }
  // A document stored before its messages were released is in the middle of one transaction at most.
  if (released !== null && released !== (pdf !== null)) {
    report.add('printing-differs', 'released', pdf !== null, released);
  }
  if (pdf !== null && textHash(sealText(row, pdf)) !== pdf.seal) {
    report.add('pdf-record-changed', 'seal', pdf.seal, 'another');
  }
}

// The text that migration 0009 seals; a test holds the two together.
function sealText({ hash, number }: AuditedDocument, pdf: AuditedPdf): string {
  return [
    hash,
    number,
    pdf.key,
    pdf.sha256,
    pdf.sizeBytes,
    pdf.templateVersion,
    pdf.chromiumVersion,
    pdf.storedAtMicros,
  ].join('\n');
}
