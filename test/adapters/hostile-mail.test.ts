// Names, products and contacts that mean harm, in the customer's mail. Stripe lets any text
// through, so whatever a stranger typed at a checkout must come out as harmless words: no header,
// no markup, no template, no link, and no mail too large to be shown.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invoiceMessage, type MailMessage } from '#adapters/email/invoice-message.ts';
import { invoiceMail, type MailGiven, pricedLine, pricedLines } from '#test/support/mail-orders.ts';

function messageOf(given: MailGiven): MailMessage {
  return invoiceMessage(invoiceMail(given), 'factures@comptappart.example');
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
    const baseline = tags(messageOf({ buyer: { businessName: 'SARL' } }).html);
    fc.assert(
      fc.property(fc.oneof(words, nasty), (text) => {
        const visible = `v${text}`;
        const message = messageOf({
          buyer: { name: visible, businessName: visible },
          partner: { name: visible, contactPhone: visible, color: visible },
          lines: [pricedLine({ productName: visible })],
        });
        const oneLine = [message.subject, message.from.name, message.to.name, message.replyTo.name];
        for (const line of oneLine) {
          expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u);
          expect(Array.from(line).length).toBeLessThanOrEqual(160);
        }
        expect(tags(message.html)).toBe(baseline);
        expect(message.html).not.toMatch(/[\p{Cc}--\n]/v);
        expect(message.text).not.toMatch(/[\p{Cc}--\n]/v);
        expect(Buffer.byteLength(message.html)).toBeLessThan(20_000);
      }),
      { numRuns: 200 },
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
    expect(links).toEqual(['mailto:a%3Fbcc%3Dspy%26subject%3Dx@fiscalia.example']);
  });
});
