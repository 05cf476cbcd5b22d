// What an invoice and a credit note say differently: title, reference, the row under the total.
// They share one page and one template, because a credit note changes an invoice and must carry all
// that it carries; everything that is theirs alone stands here side by side. Amounts of a credit
// note are printed as they are, positive: the title says which way they go.

import { euros, longDate, paidBy, refundedTo, shortDate } from '#adapters/french.ts';
import type { CreditNote, Invoice, LegalDocument } from '#domain/invoice.ts';
import type { InvoiceNumber } from '#domain/invoice-number.ts';
import { cents, ZERO } from '#domain/money.ts';

/** A label and what it labels, both finished French. */
export type Fact = { readonly label: string; readonly value: string };

export type DocumentWords = {
  readonly title: 'Facture' | 'Avoir';
  /** The invoice that a credit note changes, and the day it was issued in words. */
  readonly reference: { readonly number: InvoiceNumber; readonly day: string } | null;
  /** What the band of a test document says after « SPÉCIMEN ». */
  readonly specimen: string;
  /** How the money came or went, among the facts of the head. */
  readonly money: Fact;
  readonly totalLabel: string;
  /** Under the total. */
  readonly settled: readonly Fact[];
};

export function documentWords(document: LegalDocument): DocumentWords {
  return document.kind === 'invoice' ? invoiceWords(document) : creditNoteWords(document);
}

/** « Facture » or « Avoir ». */
export function titleOf({ kind }: LegalDocument): DocumentWords['title'] {
  return kind === 'invoice' ? 'Facture' : 'Avoir';
}

function invoiceWords(invoice: Invoice): DocumentWords {
  const { totals, paidDay, currency } = invoice;
  const due = { label: 'Net à payer', value: euros(ZERO, currency) };
  const paid = {
    label: `Payé le ${shortDate(paidDay)}`,
    value: euros(cents(-totals.gross), currency),
  };
  return {
    title: titleOf(invoice),
    reference: null,
    specimen: 'Facture de test, sans valeur\u00A0: aucun paiement réel n’a eu lieu.',
    money: { label: 'Paiement', value: paymentWords(invoice) },
    totalLabel: 'Total TTC',
    settled: totals.gross === 0 ? [due] : [paid, due],
  };
}

/** « Carte bancaire », from « par carte bancaire ». */
function paymentWords({ paymentMethod, totals }: Invoice): string {
  if (totals.gross === 0) return 'Sans paiement';
  const by = paidBy(paymentMethod);
  return by === null ? 'Reçu' : capital(by.replace(/^(?:par|avec) /, ''));
}

function creditNoteWords(note: CreditNote): DocumentWords {
  const { totals, refundedDay, currency, creditedInvoice } = note;
  const value = euros(totals.gross, currency);
  const { money, verb } = CAUSES[note.cause](note);
  return {
    title: titleOf(note),
    reference: { number: creditedInvoice.number, day: longDate(creditedInvoice.issueDay) },
    specimen: 'Avoir de test, sans valeur\u00A0: aucun remboursement réel n’a eu lieu.',
    money,
    totalLabel: 'Total de l’avoir TTC',
    settled: [{ label: `${verb} le ${shortDate(refundedDay)}`, value }],
  };
}

const CAUSES: {
  readonly [C in CreditNote['cause']]: (note: CreditNote) => {
    readonly money: Fact;
    readonly verb: string;
  };
} = {
  refund: ({ paymentMethod }) => ({
    money: { label: 'Remboursement', value: capital(refundedTo(paymentMethod) ?? 'effectué') },
    verb: 'Remboursé',
  }),
  dispute: () => ({
    money: { label: 'Motif', value: 'Contestation bancaire' },
    verb: 'Restitué',
  }),
  'credit-note': () => ({
    money: { label: 'Règlement', value: 'À votre crédit' },
    verb: 'Porté à votre crédit',
  }),
};

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
