// The mail that brings a customer the invoice, complete but not yet encoded: addresses, headers,
// words, parts. A pure function of the invoice and our sender address, so that the same
// notification always gives the same mail; how it is encoded and sent is the business of its
// neighbours.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { FIXED, NARROW } from '#adapters/french.ts';
import type { InvoiceMail } from '#application/ports.ts';
import { plainLine, plainLineOrNull } from '#domain/text.ts';
import { contactEmailOf, type InvoiceMailView, invoiceMailView } from './invoice-mail-view.ts';
import { type MailLogo, mailLogo } from './mail-logo.ts';

/** A display name and an address; the name is one visible line, not yet encoded. */
export type MailAddress = { readonly name: string; readonly address: string };

export type MailPart = {
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Without angle brackets; null for a part that is attached instead of shown. */
  readonly cid: string | null;
};

export type MailMessage = {
  /** With angle brackets; the same for every attempt of a notification. */
  readonly messageId: string;
  readonly from: MailAddress;
  readonly replyTo: MailAddress;
  readonly to: MailAddress;
  readonly subject: string;
  /** The invoice's instant, not the attempt's: a repeated mail has the same bytes. */
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly parts: readonly MailPart[];
};

type HtmlView = InvoiceMailView & {
  readonly subject: string;
  readonly logo: (MailLogo & { readonly cid: string }) | null;
};

// Strict: a template that names what the view lacks fails in its first test, not in a mailbox.
const html = template<HtmlView>('invoice-mail.html.hbs', { strict: true });
const text = template<InvoiceMailView>('invoice-mail.text.hbs', { strict: true, noEscape: true });

/** `sender` is the bare address that mail is sent from, such as `factures@comptappart.example`. */
export function invoiceMessage(mail: InvoiceMail, sender: string): MailMessage {
  const { invoice, order } = mail;
  const id = idInHeader(mail.notificationId);
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const logo = mailLogo(mail.logo);
  const cid = `logo.${id}@${domain}`;
  const contact = contactEmailOf(invoice);
  const view = invoiceMailView(invoice, contact);
  const subject = subjectOf(view);
  return {
    messageId: `<${id}@${domain}>`,
    from: { name: senderName(view), address: sender },
    replyTo: { name: view.partnerName, address: contact },
    to: {
      name: plainLineOrNull(invoice.buyer.businessName ?? invoice.buyer.name, 120) ?? '',
      address: order.customer.email,
    },
    subject,
    date: new Date(invoice.issuedAt),
    headers: {
      'X-Notification-Id': id,
      // RFC 3834 §5, and Exchange's own word for the same: no holiday replies to an invoice.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': 'fr',
    },
    text: folded(text(view)),
    html: html({ ...view, subject, logo: logo && { ...logo, cid } }),
    parts: [
      ...(logo ? [logoPart(logo, cid)] : []),
      {
        filename: `Facture-${invoice.number}.pdf`,
        contentType: 'application/pdf',
        bytes: mail.pdf,
        cid: null,
      },
    ],
  };
}

// Mail readers draw the narrow no-break space of prose badly in a list of subjects: wide ones only.
function subjectOf(view: InvoiceMailView): string {
  const subject = `Votre facture ${view.partnerName} n°${FIXED}${view.number} – ${view.gross}`;
  return (view.test ? '[TEST] ' : '') + subject.replaceAll(NARROW, FIXED);
}

function senderName(view: InvoiceMailView): string {
  return view.partnerName === view.sellerName
    ? view.sellerName
    : plainLine(`${view.partnerName} via ${view.sellerName}`, 120);
}

function logoPart(logo: MailLogo, cid: string): MailPart {
  return { filename: 'logo.png', contentType: 'image/png', bytes: logo.bytes, cid };
}

// Our ids are UUIDs. Whatever else comes is digested: a header field is no place to be creative.
function idInHeader(notificationId: string): string {
  return /^[A-Za-z0-9-]{1,64}$/.test(notificationId)
    ? notificationId
    : createHash('sha256').update(notificationId).digest('hex').slice(0, 32);
}

const COLUMNS_MAX = 78;

// RFC 5322 §2.1.1 asks for 78 columns. Lines break at ordinary spaces only, so that no-break spaces
// keep an amount beside its sign; a list item goes on under its own first letter.
function folded(body: string): string {
  return body
    .split('\n')
    .flatMap((line) => (line === '-- ' ? [line] : foldedLine(line.trimEnd())))
    .join('\n');
}

function foldedLine(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (Array.from(longer).length > COLUMNS_MAX && current.trim() !== '') {
      lines.push(current);
      current = indent + word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}

function template<T>(file: string, options: CompileOptions): Handlebars.TemplateDelegate<T> {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  return Handlebars.compile<T>(source, options);
}
