// The words and parties of the mail that brings an invoice, before anything is encoded. The French
// must be set as a printer would, and every sum must be the invoice's: these are read by every
// customer. Credit notes, looks and hostile names have files of their own; the headers are claims of
// the mailers' contract.

import { describe, expect, test } from 'vitest';
import { invoiceMessage, type MailMessage } from '#adapters/email/invoice-message.ts';
import { cents } from '#domain/money.ts';
import { vatRate, ZERO_RATE } from '#domain/vat.ts';
import { invoiceMail, type MailGiven, pricedLine, pricedLines } from '#test/support/mail-orders.ts';
import { shownText } from '#test/support/shown-mail.ts';

const FROM = 'factures@comptappart.example';

function messageOf(given: MailGiven = {}): MailMessage {
  return invoiceMessage(invoiceMail(given), FROM, null);
}

describe('the words', () => {
  test('greet a person by the first name', () => {
    expect(messageOf().text).toContain('Bonjour Marie,\n');
    expect(shownText(messageOf())).toContain('Bonjour Marie,');
  });

  test.each([
    ['nobody', { name: null }],
    ['a person of one word', { name: 'Madonna' }],
    ['a business', { name: 'Marie Martin', businessName: 'SARL Les Jardins' }],
  ])('greet %s without a name', (_whom, buyer) => {
    expect(messageOf({ buyer }).text).toContain('Bonjour,\n');
    expect(shownText(messageOf({ buyer }))).toContain('Bonjour,');
  });

  test('name the business that the invoice is made out to', () => {
    const message = messageOf({ buyer: { businessName: 'SARL Les Jardins' } });
    expect(message.text).toContain('Client\u00A0: SARL Les Jardins');
    expect(shownText(message)).toContain('au nom de SARL Les Jardins,');
    expect(message.to.name).toBe('SARL Les Jardins');
  });

  test('say what was paid, when and how, before everything else', () => {
    const preheader = 'Payée le 22\u00A0novembre 2026 par carte bancaire\u00A0: rien à régler.';
    const body = shownText(messageOf());
    expect(body.trim().startsWith(preheader)).toBe(true);
    expect(body).toContain('Payé le 22\u00A0novembre 2026 par carte bancaire ');
    expect(messageOf({ paymentMethod: null }).text).toContain(
      'Payé le\u00A0: 22\u00A0novembre 2026\n',
    );
  });

  test('ask nothing for an order of 0.00', () => {
    const lines = [pricedLine({ gross: cents(0), discount: cents(9_999) })];
    const message = messageOf({ lines, paymentMethod: null });
    expect(message.subject).toContain('– 0,00\u00A0€');
    for (const body of [message.text, shownText(message)]) {
      expect(body).toContain('Merci pour votre commande.');
      expect(body).toContain('Rien ne vous a été débité.');
      expect(body).toContain('après remise de 99,99\u00A0€\u00A0TTC');
      expect(body).not.toMatch(/Payé|achat\. Votre/);
    }
  });

  test('show ten lines and count the others', () => {
    const sixty = messageOf({ lines: pricedLines(60) });
    for (const body of [sixty.text, shownText(sixty)]) {
      expect(body).toMatch(/Prestation n° 10\b/);
      expect(body).not.toContain('Prestation n° 11');
      expect(body).toContain('et 50\u00A0autres lignes sur la facture');
      expect(body).toContain('600,00\u00A0€');
    }
    expect(messageOf({ lines: pricedLines(11) }).text).toContain('et 1\u00A0autre ligne sur');
    expect(messageOf({ lines: pricedLines(10) }).text).not.toContain('autre ligne');
  });

  test('show each rate of VAT, with its base when there are several', () => {
    const lines = [
      pricedLine({ gross: cents(12_000) }),
      pricedLine({ gross: cents(1_055), rate: vatRate(550) }),
      pricedLine({ gross: cents(5_000), rate: ZERO_RATE, treatment: 'exempt' }),
      pricedLine({ gross: cents(2_000), rate: ZERO_RATE, treatment: 'reverse-charge' }),
    ];
    const message = messageOf({ lines });
    expect(message.text).toContain('TVA 20\u00A0% sur 100,00\u00A0€\u00A0: 20,00\u00A0€');
    expect(message.text).toContain('TVA 5,5\u00A0% sur 10,00\u00A0€\u00A0: 0,55\u00A0€');
    expect(message.text).toContain('TVA (exonération) sur 50,00\u00A0€\u00A0: 0,00\u00A0€');
    expect(message.text).toContain('TVA (autoliquidation) sur 20,00\u00A0€\u00A0: 0,00\u00A0€');
    expect(shownText(message)).toContain('TVA 5,5\u00A0% sur 10,00\u00A0€');
    expect(messageOf().text).toContain('TVA 20\u00A0%\u00A0: 16,67\u00A0€');
  });

  test('show quantity and discount where there are any', () => {
    const lines = [pricedLine({ quantity: 3, gross: cents(36_000), discount: cents(1_000) })];
    const detail = '3\u00A0×\u00A0100,00\u00A0€\u00A0HT, après remise de 10,00\u00A0€\u00A0TTC';
    expect(messageOf({ lines }).text.replaceAll('\n  ', ' ')).toContain(`(${detail})`);
    expect(shownText(messageOf({ lines }))).toContain(detail);
    expect(messageOf({ lines: [pricedLine({ quantity: null })] }).text).not.toContain('×');
  });

  test.each([
    ['JPY', '9\u202F999\u00A0'],
    ['USD', '99,99\u00A0'],
    ['KWD', '9,999\u00A0'],
  ])('count in %s as Stripe does', (currency, amount) => {
    expect(messageOf({ currency }).text).toContain(`Total TTC\u00A0: ${amount}`);
  });

  test('say outside production that nothing was paid', () => {
    const message = messageOf({ test: true });
    expect(message.subject).toMatch(/^\[TEST\] Votre facture Fiscalia/);
    expect(message.text).toContain('aucun paiement réel n’a eu lieu');
    expect(shownText(message)).toContain('aucun paiement réel n’a eu lieu');
    expect(messageOf().subject).not.toContain('TEST');
    expect(shownText(messageOf())).not.toContain('aucun paiement');
  });

  test('give the partner’s contact, and the seller’s identity', () => {
    for (const body of [messageOf().text, shownText(messageOf())]) {
      expect(body).toContain('support@fiscalia.example');
      expect(body).toContain('04\u00A072\u00A000\u00A000\u00A000');
      expect(body).toContain('www.fiscalia.example');
      expect(body).toContain('ComptAppart, SAS au capital de 10 000 €');
      expect(body).toContain('RCS Lyon\u00A0123\u00A0456\u00A0782 – TVA\u00A0FR61123456782');
    }
    expect(messageOf().html).toContain('href="https://comptappart.example/cgv"');
  });

  test('are set as French is: no plain space before a sign, no ASCII apostrophe', () => {
    const everything: MailGiven = {
      lines: [pricedLine({ quantity: 2, discount: cents(100) }), ...pricedLines(12)],
      buyer: { businessName: 'SARL' },
      test: true,
    };
    for (const given of [{}, everything, { paymentMethod: null, lines: pricedLines(1) }]) {
      const message = messageOf(given);
      for (const body of [message.subject, message.text, shownText(message)]) {
        expect(body).not.toMatch(/ [;:!?%]|\u0027|undefined|null|NaN|\[object/);
      }
      expect(message.subject).not.toContain('\u202F');
    }
  });

  test('stay within 78 columns in the text part', () => {
    const productName = 'Un accompagnement très complet '.repeat(4);
    const { text } = messageOf({ lines: [pricedLine({ productName })] });
    for (const line of text.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(78);
    expect(text).toContain('\n-- \n');
  });

  test('offer a copy for a day, in both texts', () => {
    const copyUrl = 'https://pdf.example/files/a.pdf?expires=1&signature=b';
    const message = messageOf({ copyUrl, pdf: new Uint8Array(48_400) });
    expect(message.text).toContain(
      `Télécharger une copie (lien valable 24 heures)\u00A0:\n${copyUrl}\n`,
    );
    expect(shownText(message)).toContain('Télécharger une copie (lien valable 24 heures)');
    expect(message.html).toContain('href="https://pdf.example/files/a.pdf?expires&#x3D;1&amp;');
    expect(shownText(message)).toContain('Jointe à ce message, 48\u00A0ko');
  });

  test('differ from attempt to attempt in the copy link alone', () => {
    const [first, second] = ['https://pdf.example/1', 'https://pdf.example/2'];
    const { text, html, ...rest } = messageOf({ copyUrl: first });
    const later = messageOf({ copyUrl: second });
    expect(later).toEqual({
      ...rest,
      text: text.replaceAll(first, second),
      html: html.replaceAll(first, second),
    });
    expect(html.split(first)).toHaveLength(2);
    expect(text.split(first)).toHaveLength(2);
  });
});

describe('the parties', () => {
  test('without a partner’s contact, answers come to us', () => {
    for (const contactEmail of [null, 'not an address', 'two@a.example, three@b.example']) {
      const message = messageOf({ partner: { contactEmail } });
      expect(message.replyTo.address).toBe('factures@comptappart.example');
      expect(message.text).toContain('écrivez à\nfactures@comptappart.example');
    }
  });

  test('our own products are sold by us, not via us', () => {
    expect(messageOf({ partner: { name: 'ComptAppart' } }).from.name).toBe('ComptAppart');
    expect(messageOf().from).toEqual({ name: 'Fiscalia via ComptAppart', address: FROM });
  });

  test('the id is the notification’s, whatever it is made of', () => {
    expect(messageOf({ notificationId: 'abc-1' }).messageId).toBe('<abc-1@comptappart.example>');
    const odd = messageOf({ notificationId: 'a>\r\nBcc: x@y.example' });
    expect(odd.messageId).toMatch(/^<[0-9a-f]{32}@comptappart\.example>$/);
    expect(odd.headers['X-Notification-Id']).toMatch(/^[0-9a-f]{32}$/);
    expect(messageOf({ notificationId: 'a>\r\nBcc: x@y.example' })).toEqual(odd);
  });
});
