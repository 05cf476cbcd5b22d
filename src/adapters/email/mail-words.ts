// What the mail says, sentence by sentence: for an invoice, that it is paid; for a credit note, what
// came back, why, and on which invoice. One function a kind, finished French in both, so that the
// two templates hold layout only and cannot disagree.

import { euros, FIXED, longDate, paidBy, refundedTo } from '#adapters/french.ts';
import type { CreditNote, Invoice, LegalDocument } from '#domain/invoice.ts';

export type MailWords = {
  /** « facture » or « avoir », as the subject names it. */
  readonly noun: string;
  /** « Facture » or « Avoir »: label of the number and head of the file's name. */
  readonly title: string;
  /** What a list of mails shows after the subject. */
  readonly preheader: string;
  /** Under the amount: what happened to the money, and when. */
  readonly status: string;
  /** Paragraphs after the greeting. */
  readonly intro: readonly string[];
  /** Label and value, for readers of the text alone. */
  readonly facts: readonly MailFact[];
  readonly attached: string;
  readonly totalLabel: string;
  readonly onDocument: string;
  readonly testNote: string;
  readonly reason: string;
};

export type MailFact = { readonly label: string; readonly value: string };

/** `businessName` is null for a person. */
export function mailWords(document: LegalDocument, businessName: string | null): MailWords {
  return document.kind === 'invoice'
    ? invoiceWords(document, businessName)
    : creditNoteWords(document, businessName);
}

function invoiceWords(invoice: Invoice, businessName: string | null): MailWords {
  const free = invoice.totals.gross === 0;
  const by = free ? null : paidBy(invoice.paymentMethod);
  const day = longDate(invoice.paidDay);
  const how = by === null ? '' : ` ${by}`;
  const whose = businessName === null ? '' : `, au nom de ${businessName},`;
  return {
    noun: 'facture',
    title: 'Facture',
    preheader: free
      ? `Commande du ${day}${FIXED}: rien à payer. La facture PDF est jointe.`
      : `Payée le ${day}${how}${FIXED}: rien à régler. La facture PDF est jointe.`,
    status: free ? `Rien à payer, commande du ${day}` : `Payé le ${day}${how}`,
    intro: [
      `${free ? 'Merci pour votre commande.' : 'Merci pour votre achat.'} ` +
        `Votre facture ${invoice.number}${whose} est jointe à ce message, au format PDF. ` +
        (free ? 'Rien ne vous a été débité.' : 'Vous n’avez rien à régler.'),
    ],
    facts: [
      { label: 'Facture', value: invoice.number },
      ...clientFact(businessName),
      free
        ? { label: 'Date', value: day }
        : { label: 'Payé le', value: by === null ? day : `${day}, ${by}` },
    ],
    attached: 'Jointe à ce message',
    totalLabel: 'Total TTC',
    onDocument: 'sur la facture',
    testNote: 'aucun paiement réel n’a eu lieu',
    reason: 'Ce message accompagne votre achat.',
  };
}

// What the bank does is told as the bank's; how Stripe's credit note is settled, it leaves open.
function creditNoteWords(note: CreditNote, businessName: string | null): MailWords {
  const { cause, status, happened } = returnedMoney(note);
  const { number, issueDay } = note.creditedInvoice;
  const whose = businessName === null ? '' : `, au nom de ${businessName},`;
  const credited = `${number} du ${longDate(issueDay)}`;
  return {
    noun: 'avoir',
    title: 'Avoir',
    preheader: `${status}. L’avoir PDF est joint.`,
    status,
    intro: [
      `${cause} L’avoir ${note.number}${whose} est joint à ce message, au format PDF. ` +
        `Il porte sur la facture ${credited}.`,
      note.cause === 'refund'
        ? 'Selon votre banque, la somme paraît sur votre compte sous cinq à dix jours ouvrés. ' +
          'Vous n’avez rien à faire.'
        : 'Vous n’avez rien à faire.',
    ],
    facts: [
      { label: 'Avoir', value: note.number },
      { label: 'Sur la facture', value: credited },
      ...clientFact(businessName),
      happened,
    ],
    attached: 'Joint à ce message',
    totalLabel: 'Total de l’avoir TTC',
    onDocument: 'sur l’avoir',
    testNote: 'aucun remboursement réel n’a eu lieu',
    reason:
      note.cause === 'credit-note'
        ? 'Ce message accompagne votre avoir.'
        : 'Ce message accompagne votre remboursement.',
  };
}

function returnedMoney(note: CreditNote): {
  /** Why the credit note exists. */
  readonly cause: string;
  readonly status: string;
  readonly happened: MailFact;
} {
  const amount = euros(note.totals.gross, note.currency);
  const day = longDate(note.refundedDay);
  switch (note.cause) {
    case 'refund': {
      const where = refundedTo(note.paymentMethod);
      const there = where === null ? '' : ` ${where}`;
      return {
        cause: `Nous vous avons remboursé ${amount}${there}.`,
        status: `Remboursé le ${day}${there}`,
        happened: { label: 'Remboursé le', value: where === null ? day : `${day}, ${where}` },
      };
    }
    case 'dispute':
      return {
        cause: `À la suite de votre contestation, votre banque vous a restitué ${amount}.`,
        status: `Restitué par votre banque le ${day}`,
        happened: { label: 'Restitué le', value: `${day}, par votre banque` },
      };
    case 'credit-note':
      return {
        cause: `Nous avons porté ${amount} à votre crédit.`,
        status: `Porté à votre crédit le ${day}`,
        happened: { label: 'Porté à votre crédit le', value: day },
      };
    default:
      return note.cause satisfies never;
  }
}

function clientFact(businessName: string | null): MailFact[] {
  return businessName === null ? [] : [{ label: 'Client', value: businessName }];
}
