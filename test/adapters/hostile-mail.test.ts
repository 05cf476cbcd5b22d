// Names, products and contacts that mean harm, in the customer's mail. Stripe lets any text
// through, so whatever a stranger typed at a checkout must come out as harmless words: no header,
// no markup, no template, no link, and no mail too large to be shown.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invoiceMessage, type MailMessage } from '#adapters/email/invoice-message.ts';
import {
  creditNoteMail,
  invoiceMail,
  type MailGiven,
  pricedLine,
  pricedLines,
} from '#test/support/mail-orders.ts';

function messageOf(given: MailGiven): MailMessage {
  return invoiceMessage(invoiceMail(given), 'factures@comptappart.example', null);
}

/** The mail of the invoice and of the credit note. */
function messagesOf(given: MailGiven): MailMessage[] {
  return [invoiceMail(given), creditNoteMail(given)].map((mail) =>
    invoiceMessage(mail, 'factures@comptappart.example', null),
  );
}

describe('hostile text', () => {
  const tags = (html: string): number => html.match(/</g)?.length ?? 0;

  test('of any kind is one visible line wherever it lands', () => {
    const words = fc.string({ unit: 'binary', maxLength: 300 });
    const nasty = fc.constantFrom(
      '\r\nBcc: spy@evil.example',
      '"><script>alert(1)</script>',
      '{{#each lines}}{{this}}{{/each}}',
      '{{constructor.constructor "return process"}}',
      '\u202Egnirts\u202C\u2066\u0000\u0007\u2028',
      '👩‍👩‍👧‍👦🇫🇷',
      'x'.repeat(10_000),
      '&<>"\'`='.repeat(2_000),
    );
    const baselines = messagesOf({ buyer: { businessName: 'SARL' } }).map(({ html }) => tags(html));
    fc.assert(
      fc.property(fc.oneof(words, nasty), (text) => {
        const visible = `v${text}`;
        const messages = messagesOf({
          buyer: { name: visible, businessName: visible },
          partner: { name: visible, contactPhone: visible, color: visible },
          lines: [pricedLine({ productName: visible })],
        });
        for (const { subject, from, to, replyTo, html, text: plain } of messages) {
          for (const line of [subject, from.name, to.name, replyTo.name]) {
            expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u);
            expect(Array.from(line).length).toBeLessThanOrEqual(160);
          }
          expect(html).not.toMatch(/[\p{Cc}--\n]/v);
          expect(plain).not.toMatch(/[\p{Cc}--\n]/v);
          expect(Buffer.byteLength(html)).toBeLessThan(20_000);
        }
        expect(messages.map(({ html }) => tags(html))).toEqual(baselines);
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the mail under 20 kB when every line is as long and as odd as can be', () => {
    const productName = '<">&\'='.repeat(2_000);
    const lines = pricedLines(60).map((line) => ({ ...line, productName, quantity: 7 }));
    expect(Buffer.byteLength(messageOf({ lines, test: true }).html)).toBeLessThan(20_000);
  });

  test('is not run as a template', () => {
    const message = messageOf({ lines: [pricedLine({ productName: '{{number}} {{{html}}}' })] });
    expect(message.text).toContain('- {{number}} {{{html}}}');
    expect(message.html).toContain('{{number}} {{{html}}}');
  });

  test('makes no link that runs or writes elsewhere', () => {
    const { html } = messageOf({
      partner: {
        website: 'javascript:alert(1)',
        contactEmail: 'a?bcc=spy&subject=x@fiscalia.example',
      },
      seller: { termsUrl: 'data:text/html,<script>alert(1)</script>' },
    });
    const links = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(links.slice(1)).toEqual(['mailto:a%3Fbcc%3Dspy%26subject%3Dx@fiscalia.example']);
    expect(links[0]).toMatch(/^https:\/\/pdf\.example\//);
  });

  // Anyone can order for 0,00 € in a stranger's name, and mail readers make links of such words.
  test.each([
    'http://evil.example',
    'www.evil.example',
    'Gagnez-1000€.evil.example/win',
    'spy@evil.example',
    'evil.example',
  ])('of %s as a name carries no advertisement', (name) => {
    for (const buyer of [{ name: `${name} ${name}` }, { name, businessName: `Chez ${name}/` }]) {
      const { text, html, to } = messageOf({ buyer });
      expect(to.name).toBe('');
      for (const body of [text, html]) expect(body).not.toContain('evil.example');
      expect(text).toContain('Bonjour,\n');
    }
  });

  test('leaves harmless names with dots alone', () => {
    expect(messageOf({ buyer: { name: 'J.-P. Dupont' } }).text).toContain('Bonjour J.-P.,');
    expect(messageOf({ buyer: { businessName: 'Machin.com SARL' } }).text).toContain('Machin.com');
  });

  test('without a single space stays within 78 columns, and addresses stay whole', () => {
    const contactEmail = `${'a'.repeat(64)}@${'b'.repeat(60)}.example`;
    const { text } = messageOf({
      lines: [
        pricedLine({ productName: 'W'.repeat(400) }),
        pricedLine({ productName: '税'.repeat(90) }),
      ],
      partner: { contactEmail },
      copyUrl: `https://pdf.example/${'c'.repeat(300)}`,
    });
    const lines = text.split('\n');
    expect(lines).toContain(`https://pdf.example/${'c'.repeat(300)}`);
    expect(lines).toContain(contactEmail);
    for (const line of lines) {
      if (!/@|https:/.test(line)) expect(Array.from(line).length).toBeLessThanOrEqual(78);
      expect(line.match(/税/g)?.length ?? 0).toBeLessThanOrEqual(39);
    }
  });
});
