// Invoices and credit notes as an accountant looks at them: one row a document, so that columns can
// be added up, with the net and the tax of each French rate in columns of their own. Credit notes
// count negative.

import { sirenOf } from '#adapters/pdf/mentions.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { type Cents, cents } from '#domain/money.ts';
import { cell, decimalCell } from './csv.ts';

const RATES = [2000, 1000, 550, 210] as const;

export const INVOICE_COLUMNS: readonly string[] = [
  'Numéro',
  'Type',
  'Date d’émission',
  'Date de prestation',
  'Date de paiement',
  'Facture d’origine',
  'Motif',
  'Client',
  'Contact',
  'E-mail',
  'Adresse',
  'Code postal',
  'Ville',
  'Pays',
  'N° de TVA',
  'SIREN',
  'Partenaire',
  'Commande',
  'Paiement Stripe',
  'Moyen de paiement',
  'Devise',
  ...RATES.flatMap((rate) => [`HT ${percent(rate)}`, `TVA ${percent(rate)}`]),
  'HT autres taux',
  'TVA autres taux',
  'HT autoliquidé',
  'HT exonéré',
  'Total HT',
  'Total TVA',
  'Total TTC',
  'Test',
];

const CAUSES = {
  refund: 'remboursement',
  dispute: 'litige perdu',
  'credit-note': 'avoir',
} as const;

/** The cells of one document, in the order of INVOICE_COLUMNS. */
export function invoiceRow(document: LegalDocument): (string | number | null)[] {
  const { buyer, totals, currency, partner } = document;
  const isInvoice = document.kind === 'invoice';
  const sign = isInvoice ? 1 : -1;
  const amount = (value: Cents) => decimalCell(cents(sign * value), currency);
  const { name, businessName, address } = buyer;
  return [
    document.number,
    isInvoice ? 'facture' : 'avoir',
    document.issueDay,
    document.serviceDay,
    isInvoice ? document.paidDay : document.refundedDay,
    isInvoice ? null : document.creditedInvoice.number,
    isInvoice ? null : CAUSES[document.cause],
    cell(businessName ?? name),
    cell(businessName === null ? null : name),
    cell(buyer.email),
    cell([address?.line1, address?.line2].filter(Boolean).join(', ') || null),
    cell(address?.postalCode ?? null),
    cell(address?.city ?? null),
    cell(address?.country ?? null),
    cell(buyer.vatNumber),
    sirenOf(buyer.vatNumber)?.replace(/\D/g, '') ?? null,
    partner.slug,
    document.orderId,
    document.paymentKey,
    document.paymentMethod,
    currency,
    ...amountsByRate(document).map((value) => (value === null ? null : amount(value))),
    amount(totals.net),
    amount(totals.vat),
    amount(totals.gross),
    document.test ? 'oui' : null,
  ];
}

/** Net and tax of each rate, of other rates, the net under reverse charge, the net exempt. */
function amountsByRate({ totals }: LegalDocument): (Cents | null)[] {
  const standard = totals.byRate.filter(({ treatment }) => treatment === 'standard');
  const other = standard.filter(({ rate }) => !RATES.some((known) => known === rate));
  const both = (rows: typeof standard) => [sumOf(rows, 'net'), sumOf(rows, 'vat')];
  const of = (treatment: string) =>
    sumOf(
      totals.byRate.filter((it) => it.treatment === treatment),
      'net',
    );
  return [
    ...RATES.flatMap((rate) => both(standard.filter((it) => it.rate === rate))),
    ...both(other),
    of('reverse-charge'),
    of('exempt'),
  ];
}

function sumOf(rows: LegalDocument['totals']['byRate'], what: 'net' | 'vat'): Cents | null {
  return rows.length === 0 ? null : cents(rows.reduce((sum, it) => sum + it[what], 0));
}

function percent(rate: number): string {
  return `${String(rate / 100).replace('.', ',')} %`;
}
