// The document's notes (BG-1), each a French sentence behind a code of UNTDID 4451. Three of them
// are wanted on every document that goes through a platform, even one to a consumer and long paid
// (BR-FR-05, read 2026-11-23); one says what kind of sale it was, and a test says that it is one.

import { longDate } from '#adapters/french.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { saleScope } from './parties.ts';
import type { XmlNode } from './xml-text.ts';

/** General information. */
const GENERAL = 'AAI';

/** `ram:IncludedNote`, in a fixed order. */
export function notes(document: LegalDocument): readonly XmlNode[] {
  const scope = saleScope(document.buyer);
  return [
    ...(document.test ? [note(GENERAL, TEST_NOTE)] : []),
    ...(document.kind === 'credit-note' ? [note(GENERAL, creditReason(document))] : []),
    note(GENERAL, 'Catégorie de l’opération\u00A0: prestation de services'),
    ...(document.seller.vatOnDebits ? [note(GENERAL, DEBITS_NOTE)] : []),
    ...(scope === null ? [] : [note('BAR', scope)]),
    note(
      'PMT',
      'Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement\u00A0: 40\u00A0€',
    ),
    note('PMD', 'Pénalités de retard\u00A0: trois fois le taux d’intérêt légal'),
    note('AAB', 'Pas d’escompte pour paiement anticipé'),
  ];
}

const TEST_NOTE = 'TEST – Document de test sans valeur\u00A0: aucun paiement réel, aucune taxe due';
const DEBITS_NOTE = 'Option pour le paiement de la taxe d’après les débits';

function creditReason(document: Extract<LegalDocument, { kind: 'credit-note' }>): string {
  const { number, issueDay } = document.creditedInvoice;
  const cause = {
    refund: 'remboursement',
    dispute: 'paiement contesté auprès de la banque',
    'credit-note': 'réduction accordée',
  }[document.cause];
  return `Avoir sur la facture ${number} du ${longDate(issueDay)}\u00A0: ${cause}`;
}

function note(code: string, content: string): XmlNode {
  return { 'ram:Content': content, 'ram:SubjectCode': code };
}
