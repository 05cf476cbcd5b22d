// The mail that brings a credit note: what came back, why, and on which invoice. Then all model
// documents, invoices and credit notes, through the same mail: whatever the books can hold must be
// sent in a form that any reader shows.

import { describe, expect, test } from 'vitest';
import { composeMail } from '#adapters/email/compose-mail.ts';
import { invoiceMessage, type MailMessage } from '#adapters/email/invoice-message.ts';
import { creditNoteMail, invoiceMail, pricedLines } from '#test/support/mail-orders.ts';
import { modelDocuments } from '#test/support/model-documents.ts';
import { shownText } from '#test/support/shown-mail.ts';

const FROM = 'factures@comptappart.example';

function messageOf(given: Parameters<typeof creditNoteMail>[0] = {}): MailMessage {
  return invoiceMessage(creditNoteMail(given), FROM, null);
}

function bodiesOf(message: MailMessage): string[] {
  return [message.text.replace(/\n/g, ' '), shownText(message)];
}

describe('the mail of a credit note', () => {
  test('names it in subject, words and file, and the invoice it credits', () => {
    const message = messageOf();
    expect(message.subject).toBe('Votre avoir Fiscalia n°\u00A0AQCA-2026-000003 – 99,99\u00A0€');
    expect(message.parts.map((part) => part.filename)).toEqual(['Avoir-AQCA-2026-000003.pdf']);
    for (const body of bodiesOf(message)) {
      expect(body).toMatch(/L’avoir +AQCA-2026-000003 +est joint à ce message, au format PDF/);
      expect(body).toMatch(/sur la facture +FQCA-2026-000156 +du 22\u00A0novembre 2026/);
      expect(body).toContain('Total de l’avoir TTC');
      expect(body).not.toMatch(/Merci pour votre achat|rien à régler|Facture/);
    }
    expect(message.date).toEqual(new Date('2026-11-24T08:15:00Z'));
  });

  test.each([
    ['card', 'Remboursé le 24\u00A0novembre 2026 sur votre carte'],
    ['sepa_debit', 'Remboursé le 24\u00A0novembre 2026 sur votre compte bancaire'],
    ['a method we know nothing of', 'Remboursé le 24\u00A0novembre 2026. L’avoir'],
  ])('of a refund says when and where to: %s', (paymentMethod, sentence) => {
    const message = messageOf({ paymentMethod });
    expect(shownText(message).trim().startsWith(sentence)).toBe(true);
    for (const body of bodiesOf(message)) {
      expect(body).toContain('Nous vous avons remboursé 99,99\u00A0€');
      expect(body).toContain('sous cinq à dix jours ouvrés');
    }
  });

  test('of a dispute says that the bank gave it back, and promises no delay', () => {
    for (const body of bodiesOf(messageOf({ cause: 'dispute' }))) {
      expect(body).toContain('votre banque vous a restitué 99,99\u00A0€');
      expect(body).not.toMatch(/remboursé|jours ouvrés/);
    }
  });

  test('of Stripe’s credit note does not say that money went back', () => {
    for (const body of bodiesOf(messageOf({ cause: 'credit-note' }))) {
      expect(body).toContain('Nous avons porté 99,99\u00A0€ à votre crédit.');
      expect(body).not.toMatch(/[Rr]emboursé|remboursement|banque/);
    }
  });

  test('in test mode says that no refund was real', () => {
    const message = messageOf({ test: true });
    expect(message.subject).toMatch(/^\[TEST\] Votre avoir /);
    for (const body of bodiesOf(message)) {
      expect(body).toContain('aucun remboursement réel n’a eu lieu');
    }
  });

  test('counts the lines it does not show as those of the credit note', () => {
    for (const body of bodiesOf(messageOf({ lines: pricedLines(14) }))) {
      expect(body).toContain('et 4\u00A0autres lignes sur l’avoir');
    }
  });
});

describe('the mail of any model document', () => {
  test.each(modelDocuments)('$name', async ({ document }) => {
    const mail = { ...invoiceMail(), document };
    const message = invoiceMessage(mail, FROM, null);
    for (const body of [message.subject, message.text, shownText(message)]) {
      expect(body).toContain(document.number);
      expect(body).not.toMatch(/\b(?:undefined|null|NaN)\b|\[object/);
    }
    for (const line of message.text.split('\n')) {
      if (!/https:|@/.test(line)) expect(Array.from(line).length).toBeLessThanOrEqual(78);
    }
    expect(Buffer.byteLength(message.html)).toBeLessThan(20_000);
    const raw = (await composeMail(message)).toString('latin1');
    const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
    for (const line of raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    expect(head).toMatch(/^[\t\r\n\x20-\x7e]*$/);
    expect(head).not.toMatch(/list-unsubscribe|precedence|bcc/i);
  });
});
