// The credit note as a page: it names the invoice it changes, says where the money went, and
// carries every mention that the invoice carried.

import { describe, expect, test } from 'vitest';
import { refundedTo } from '#adapters/french.ts';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import type { CreditCause, CreditNote } from '#domain/invoice.ts';
import { cents } from '#domain/money.ts';
import { taxLines } from '#domain/order.ts';
import { pricedLine, sampleInvoice, sampleSeller } from '../support/invoices.ts';
import { businessInvoice, creditNoteOf } from '../support/model-documents.ts';
import { printedText } from '../support/page-text.ts';

const page = invoicePage();

function credited(overrides: Partial<CreditNote> = {}, cause: CreditCause = 'refund'): CreditNote {
  const invoice = sampleInvoice();
  const note = creditNoteOf(3, invoice, { cause, gross: invoice.totals.gross });
  return { ...note, ...overrides };
}

test('its title, number and the invoice it changes', () => {
  expect(printedText(credited())).toContain(
    'Avoir n° AQCA-2026-000003 Avoir sur la facture n° FQCA-2026-000318 du 20 novembre 2026',
  );
  expect(page.fill(credited(), null).title).toBe('Avoir AQCA-2026-000003 – ComptAppart');
  expect(printedText(credited())).toContain('Avoir n° AQCA-2026-000003 (suite)');
});

test('amounts are positive, and the total is the credit note’s', () => {
  const text = printedText(credited());
  expect(text).toContain('Sous-total HT 41,58 € TVA (20 %) 8,32 € Total de l’avoir TTC 49,90 €');
  expect(text).not.toMatch(/\u2212|Net à payer|Payé le|acquittée|Total TTC/);
});

describe('where the money went', () => {
  test('a refund: back to the card', () => {
    const text = printedText(credited());
    expect(text).toContain('Montant remboursé le 2 décembre 2026 sur votre carte.');
    expect(text).toContain('Remboursé le 02/12/2026 49,90 €');
    expect(text).toContain('Remboursement Sur votre carte Commande');
  });

  test.each([
    ['sepa_debit', 'sur votre compte bancaire'],
    ['paypal', 'sur votre compte PayPal'],
    ['klarna', 'par Klarna'],
    ['customer_balance', null],
    ['a_method_of_tomorrow', null],
    ['constructor', null],
    [null, null],
  ])('a refund of what was paid with %s', (paymentMethod, where) => {
    const text = printedText(credited({ paymentMethod }));
    expect(refundedTo(paymentMethod)).toBe(where);
    expect(text).toContain(
      `Montant remboursé le 2 décembre 2026${where === null ? '' : ` ${where}`}.`,
    );
    if (where === null) expect(text).toContain('Remboursement Effectué');
  });

  test('a lost dispute: the bank gave it back', () => {
    const text = printedText(credited({}, 'dispute'));
    expect(text).toContain('restitué le 2 décembre 2026 à la suite d’une contestation bancaire.');
    expect(text).toContain('Restitué le 02/12/2026 49,90 €');
    expect(text).toContain('Motif Contestation bancaire');
    expect(text).not.toMatch(/rembours/i);
  });

  test('Stripe’s credit note without a refund: to the customer’s credit', () => {
    const text = printedText(credited({ paymentMethod: null }, 'credit-note'));
    expect(text).toContain('Montant porté à votre crédit le 2 décembre 2026.');
    expect(text).toContain('Porté à votre crédit le 02/12/2026 49,90 €');
    expect(text).not.toMatch(/rembours/i);
  });
});

test('all mentions of a business again', () => {
  const { gross } = businessInvoice.totals;
  const note = creditNoteOf(4, businessInvoice, { cause: 'refund', gross });
  const text = printedText({ ...note, seller: { ...sampleSeller, vatOnDebits: true } });
  for (const mention of [
    'Atelier du Phare SARL',
    'SIREN 973 501 182',
    'Catégorie de l’opération : prestation de services.',
    'Option pour le paiement de la taxe d’après les débits.',
    'Pas d’escompte',
    'trois fois le taux d’intérêt légal.',
    ': 40 €.',
    'SIREN 841 206 378 · RCS Tours 841 206 378 · TVA intracommunautaire : FR22841206378',
  ]) {
    expect(text).toContain(mention);
  }
});

test('a part of a line has no quantity; a discount of long ago says nothing any more', () => {
  const invoice = sampleInvoice({
    lines: taxLines([pricedLine({ quantity: 2, discount: cents(500) }), pricedLine()]),
  });
  const part = printedText(creditNoteOf(5, invoice, { cause: 'refund', gross: cents(2000) }));
  expect(part).toMatch(/Formule Sérénité \d+,\d\d € 20 % /);
  const whole = creditNoteOf(6, invoice, { cause: 'refund', gross: invoice.totals.gross });
  expect(printedText(whole)).not.toContain('Remise');
});

test('a test credit note says what did not happen', () => {
  const text = printedText(credited({ test: true }));
  expect(text).toContain(
    'TEST – SPÉCIMEN – Avoir de test, sans valeur : aucun remboursement réel n’a eu lieu.',
  );
  expect(text).toContain('TEST – SPÉCIMEN – Avoir n° AQCA-2026-000003 (suite)');
});
