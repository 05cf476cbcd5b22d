// What every `Mailer` must hold, whether the mail travels or becomes a file: the message that comes
// out is the one the customer should read, part by part, and a repeated mail is the same mail. The
// messages are read back with a parser of other people's mail, as a customer's reader would.

import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InvoiceMail, Mailer } from '#application/ports.ts';
import { creditNoteMail, invoiceMail, pngLogo } from '#test/support/mail-orders.ts';

export type StagedMailer = {
  readonly mailer: Mailer;
  /** The bare address the mailer was told to send from. */
  readonly from: string;
  /** The messages that arrived, as bytes, in order. */
  arrived(): Promise<readonly Buffer[]>;
  close(): Promise<void>;
};

const HOSTILE =
  'Zoé\r\nBcc: spy@evil.example\r\n\r\n<script>alert(1)</script> {{number}} \u202E\u0000😀';

/** Runs the claims. `stage` is called before each. */
export function mailerContract(name: string, stage: () => Promise<StagedMailer>): void {
  describe(`${name}, as a mailer`, () => {
    let staged: StagedMailer;
    beforeEach(async () => {
      staged = await stage();
    });
    afterEach(() => staged.close());

    async function arrivedAfter(mail: InvoiceMail): Promise<ParsedMail> {
      const answer = await staged.mailer.send(mail);
      expect(answer.result).toBe('accepted');
      const [source, ...others] = await staged.arrived();
      expect(others).toEqual([]);
      return simpleParser(source ?? Buffer.alloc(0), { keepCidLinks: true });
    }

    test('a mail that was taken has an id in its report, and nothing of the customer', async () => {
      const { result, report } = await staged.mailer.send(invoiceMail());
      expect(result).toBe('accepted');
      expect(report).toMatchObject({ outcome: 'accepted', request: null, response: null });
      expect(report.messageId).toBeTruthy();
      expect(report.durationMs).toBeGreaterThanOrEqual(0);
      expect(JSON.stringify(report)).not.toContain('marie');
    });

    test('the customer gets it from the partner via us, and answers the partner', async () => {
      const mail = await arrivedAfter(invoiceMail());
      expect(mail.from?.value).toEqual([
        { name: 'Fiscalia via ComptAppart', address: staged.from },
      ]);
      expect(mail.replyTo?.value).toEqual([
        { name: 'Fiscalia', address: 'support@fiscalia.example' },
      ]);
      expect((mail.to as AddressObject).value).toEqual([
        { name: 'Marie Martin', address: 'marie.martin@client.example' },
      ]);
      expect(mail.subject).toBe('Votre facture Fiscalia n°\u00A0FQCA-2026-000156 – 99,99\u00A0€');
    });

    test('it names its notification, and asks machines not to answer', async () => {
      const mail = await arrivedAfter(invoiceMail({ notificationId: 'a-notification' }));
      const domain = staged.from.split('@')[1];
      expect(mail.messageId).toBe(`<a-notification@${domain}>`);
      expect(mail.headers.get('x-notification-id')).toBe('a-notification');
      expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
      expect(mail.headers.get('x-auto-response-suppress')).toBe('All');
      expect(mail.headers.get('content-language')).toBe('fr');
      expect(mail.date).toEqual(new Date('2026-11-22T13:32:20Z'));
      for (const absent of ['list-unsubscribe', 'precedence', 'bcc', 'x-mailer']) {
        expect(mail.headers.has(absent)).toBe(false);
      }
    });

    test('the invoice is attached as it was stored, byte for byte', async () => {
      const pdf = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7 + 13) % 256);
      const mail = await arrivedAfter(invoiceMail({ pdf }));
      expect(mail.attachments).toHaveLength(1);
      expect(mail.attachments[0]).toMatchObject({
        filename: 'Facture-FQCA-2026-000156.pdf',
        contentType: 'application/pdf',
        contentDisposition: 'attachment',
      });
      expect(mail.attachments[0]?.content.equals(pdf)).toBe(true);
    });

    test('text and HTML both say what was paid, and the text is text', async () => {
      const mail = await arrivedAfter(invoiceMail());
      for (const body of [mail.text ?? '', mail.html || '']) {
        expect(body).toContain('Bonjour Marie,');
        expect(body).toContain('FQCA-2026-000156');
        expect(body).toContain('83,32\u00A0€');
        expect(body).toContain('16,67\u00A0€');
        expect(body).toContain('99,99\u00A0€');
        expect(body).toContain('support@fiscalia.example');
      }
      expect(mail.text).toContain('Déclaration d’impôts – Formule Complète');
      expect(mail.text).not.toMatch(/&\w+;|<[a-z]/);
    });

    test('a PNG logo travels inside the mail and is shown from there', async () => {
      const logo = pngLogo(264, 64);
      const mail = await arrivedAfter(invoiceMail({ logo }));
      const [picture, invoice] = mail.attachments;
      expect(picture).toMatchObject({ contentType: 'image/png', related: true });
      expect(picture?.content.equals(logo.bytes)).toBe(true);
      expect(mail.html).toContain(`src="cid:${picture?.cid}"`);
      expect(invoice?.contentType).toBe('application/pdf');
    });

    test('its parts nest as readers expect: text, HTML and logo together, the PDF beside', async () => {
      await staged.mailer.send(invoiceMail({ logo: pngLogo(264, 64) }));
      const [source] = await staged.arrived();
      const types = source?.toString('latin1').match(/^Content-Type: [a-z]+\/[a-z]+/gm);
      expect(types?.map((type) => type.slice('Content-Type: '.length))).toEqual([
        'multipart/mixed',
        'multipart/related',
        'multipart/alternative',
        'text/plain',
        'text/html',
        'image/png',
        'application/pdf',
      ]);
    });

    test('a credit note travels as one, under its own number', async () => {
      const mail = await arrivedAfter(creditNoteMail());
      expect(mail.subject).toBe('Votre avoir Fiscalia n°\u00A0AQCA-2026-000003 – 99,99\u00A0€');
      expect(mail.attachments.map((part) => part.filename)).toEqual(['Avoir-AQCA-2026-000003.pdf']);
      expect(mail.date).toEqual(new Date('2026-11-24T08:15:00Z'));
    });

    test('a copy link as long as a link can be arrives whole', async () => {
      const copyUrl = `https://pdf.example/${'long/'.repeat(300)}?expires=1&signature=a=b`;
      const mail = await arrivedAfter(invoiceMail({ copyUrl }));
      expect(mail.text).toContain(`\n${copyUrl}\n`);
      expect(mail.html).toContain(copyUrl.replaceAll('=', '&#x3D;').replace('&s', '&amp;s'));
    });

    test('a repeated mail differs in its copy link and in nothing else', async () => {
      const sources: string[] = [];
      for (const day of ['1', '2']) {
        await staged.mailer.send(invoiceMail({ copyUrl: `https://pdf.example/${day}` }));
        sources.push((await staged.arrived()).at(-1)?.toString('latin1') ?? '');
      }
      expect(sources[0]).not.toBe(sources[1]);
      expect(sources[0]?.replaceAll('pdf.example/1', 'pdf.example/2')).toBe(sources[1]);
    });

    test('a repeated mail with the same link has the same bytes', async () => {
      const mail = invoiceMail({ logo: pngLogo(120, 60) });
      await staged.mailer.send(mail);
      await staged.mailer.send(structuredClone(mail));
      const [first, second] = await staged.arrived();
      expect(first?.length).toBeGreaterThan(1_000);
      expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
    });

    test('a hostile name adds no header, no recipient and no markup', async () => {
      const mail = await arrivedAfter(
        invoiceMail({ buyer: { name: HOSTILE }, partner: { name: HOSTILE } }),
      );
      expect(mail.headers.has('bcc')).toBe(false);
      expect((mail.to as AddressObject).value).toHaveLength(1);
      expect(mail.from?.value[0]?.address).toBe(staged.from);
      expect(mail.html).not.toContain('<script>');
      expect(mail.html).toContain('&lt;script&gt;');
      expect(mail.text).toContain('<script>alert(1)</script>');
    });

    test('mails sent at once all arrive, each once', async () => {
      const ids = Array.from({ length: 12 }, (_, index) => `n-${index}`);
      const answers = await Promise.all(
        ids.map((notificationId) => staged.mailer.send(invoiceMail({ notificationId }))),
      );
      expect(answers.map((it) => it.result)).toEqual(ids.map(() => 'accepted'));
      const sources = await staged.arrived();
      const mails = await Promise.all(sources.map((source) => simpleParser(source)));
      const seen = mails.map((mail) => mail.headers.get('x-notification-id'));
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });
  });
}
