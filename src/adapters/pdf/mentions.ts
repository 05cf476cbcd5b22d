// The sentences that French law wants on an invoice beside its figures, and the legal identity at
// its foot (CGI ann. II art. 242 nonies A, C. com. L441-9, décret 2022-1299; read 2026-11-22). Pure
// functions from a document, so that a test can hold them against the list; a credit note changes
// an invoice and so carries all of them again. No article of any code is printed: VAT law moved to
// the CIBS in September 2026 and a wrong number helps nobody.

import { FIXED, longDate, paidBy, refundedTo } from '#adapters/french.ts';
import type { CreditNote, Invoice, LegalDocument } from '#domain/invoice.ts';
import type { Seller } from '#domain/seller.ts';

/** A business: it gave its name as one, or a VAT number. */
export function isBusiness({ buyer }: Pick<LegalDocument, 'buyer'>): boolean {
  return buyer.businessName !== null || buyer.vatNumber !== null;
}

/** The mentions, each a sentence, in the order of print. The first says where the money is. */
export function mentions(document: LegalDocument): string[] {
  const treatments = new Set(document.totals.byRate.map((it) => it.treatment));
  const business = isBusiness(document);
  return [
    document.kind === 'invoice' ? payment(document) : restitution(document),
    'Catégorie de l’opération\u00A0: prestation de services.',
    ...when(treatments.has('reverse-charge'), 'Autoliquidation.'),
    ...when(treatments.has('exempt'), 'Opération exonérée de TVA.'),
    // The words are those of the decree, to the letter.
    ...when(document.seller.vatOnDebits, 'Option pour le paiement de la taxe d’après les débits.'),
    ...when(business, 'Pas d’escompte pour paiement anticipé.'),
    ...when(
      business,
      'En cas de retard de paiement, pénalités au taux de trois fois le taux d’intérêt légal.',
    ),
    ...when(
      business,
      'Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement\u00A0: 40\u00A0€.',
    ),
  ];
}

/** The seller's legal identity, in the lines of the foot of every page. */
export function legalLines(seller: Seller, forBusiness: boolean): string[] {
  const capital = seller.capital === null ? '' : ` au capital de ${fixed(seller.capital)}`;
  const siren = grouped(seller.siren);
  return [
    `${seller.name}, ${seller.legalForm}${capital}, ${seller.addressLines.join(', ')}`,
    joined(
      `SIREN${FIXED}${siren}`,
      `RCS ${seller.rcsCity}${FIXED}${siren}`,
      `TVA intracommunautaire${FIXED}: ${seller.vatNumber}`,
    ),
    joined(seller.email, `CGV${FIXED}: ${seller.termsUrl}`),
    ...when(
      seller.mediator !== null && !forBusiness,
      `Médiateur de la consommation${FIXED}: ${seller.mediator}`,
    ),
  ];
}

/**
 * The SIREN inside a French VAT number (`FR` + key + SIREN), in groups of three, or null for any
 * other number.
 */
export function sirenOf(vatNumber: string | null): string | null {
  const match = /^FR[0-9A-Z]{2}(\d{9})$/.exec(
    (vatNumber ?? '').replace(/[\s.]/g, '').toUpperCase(),
  );
  return match ? grouped(match[1] as string) : null;
}

function payment({ totals, paymentMethod, paidDay }: Invoice): string {
  if (totals.gross === 0) return 'Facture d’un montant nul\u00A0: aucun règlement n’est dû.';
  const by = paidBy(paymentMethod);
  return `Facture acquittée le ${longDate(paidDay)}${by === null ? '' : ` ${by}`}.`;
}

function restitution({ cause, refundedDay, paymentMethod }: CreditNote): string {
  const day = longDate(refundedDay);
  const to = refundedTo(paymentMethod);
  switch (cause) {
    case 'refund':
      return `Montant remboursé le ${day}${to === null ? '' : ` ${to}`}.`;
    case 'dispute':
      return `Montant restitué le ${day} à la suite d’une contestation bancaire.`;
    case 'credit-note':
      return `Montant porté à votre crédit le ${day}.`;
    default:
      return cause satisfies never;
  }
}

function when(condition: boolean, mention: string): string[] {
  return condition ? [mention] : [];
}

function joined(...parts: readonly string[]): string {
  return parts.join(`${FIXED}· `);
}

/** Every space made unbreakable: « 10 000 € ». The narrow one is too thin at the foot's size. */
function fixed(text: string): string {
  return text.replace(/\s/g, FIXED);
}

/** 123456782 → « 123 456 782 ». */
function grouped(siren: string): string {
  return siren.replace(/(?<=\d)(?=(?:\d{3})+$)/g, FIXED);
}
