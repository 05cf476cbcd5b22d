// The mail that brings a customer an invoice or a credit note, complete but not yet encoded:
// addresses, headers, words, parts. A pure function of the document, its logo and our sender
// address, so that the same notification gives the same mail; only `copyUrl`, signed anew at each
// attempt, makes two attempts differ. How a mail is encoded and sent is its neighbours' business.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { FIXED, NARROW } from '#adapters/french.ts';
import type { InvoiceMail } from '#application/ports.ts';
import { plainLine } from '#domain/text.ts';
import { foldText } from './fold-text.ts';
import {
  contactEmailOf,
  type InvoiceMailView,
  invoiceMailView,
  recipientName,
} from './invoice-mail-view.ts';
import { DARK_CARD } from './mail-colors.ts';
import type { MailLogo } from './mail-logo.ts';

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
  /** The document's instant, not the attempt's. */
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly parts: readonly MailPart[];
};

type HtmlView = InvoiceMailView & {
  readonly subject: string;
  readonly darkCard: string;
  readonly logo: (MailLogo & { readonly cid: string }) | null;
};

const templates = Handlebars.create();
// The numbers of documents never end a line half way.
templates.registerHelper(
  'withNumbers',
  (text: string) =>
    new Handlebars.SafeString(
      Handlebars.escapeExpression(text).replace(
        /\b[A-Z]{4}-\d{4}-\d{6,}\b/g,
        '<b style="font-weight:600;white-space:nowrap">$&</b>',
      ),
    ),
);

// Strict: a template that names what the view lacks fails in its first test, not in a mailbox.
const html = template<HtmlView>('invoice-mail.html.hbs', { strict: true });
const text = template<InvoiceMailView>('invoice-mail.text.hbs', { strict: true, noEscape: true });

/**
 * `sender` is the bare address that mail is sent from, such as `factures@comptappart.example`;
 * `logo` is the partner's as a mail can show it, null for its name in letters.
 */
export function invoiceMessage(
  mail: InvoiceMail,
  sender: string,
  logo: MailLogo | null,
): MailMessage {
  const { document, order, copyUrl } = mail;
  const id = idInHeader(mail.notificationId);
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const cid = `logo.${id}@${domain}`;
  const contactEmail = contactEmailOf(document);
  const view = invoiceMailView(document, { contactEmail, copyUrl, pdfBytes: mail.pdf.length });
  const subject = subjectOf(view);
  return {
    messageId: `<${id}@${domain}>`,
    from: { name: senderName(view), address: sender },
    replyTo: { name: view.partnerName, address: contactEmail },
    to: { name: recipientName(document), address: order.customer.email },
    subject,
    date: new Date(document.issuedAt),
    headers: {
      'X-Notification-Id': id,
      // RFC 3834 §5, and Exchange's own word for the same: no holiday replies to an invoice.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': 'fr',
    },
    text: foldText(text(view)),
    html: html({ ...view, subject, darkCard: DARK_CARD, logo: logo && { ...logo, cid } }),
    parts: [
      ...(logo ? [logoPart(logo, cid)] : []),
      {
        filename: `${view.words.title}-${document.number}.pdf`,
        contentType: 'application/pdf',
        bytes: mail.pdf,
        cid: null,
      },
    ],
  };
}

// Mail readers draw the narrow no-break space of prose badly in a list of subjects: wide ones only.
function subjectOf({ words, partnerName, number, gross, test }: InvoiceMailView): string {
  const subject = `Votre ${words.noun} ${partnerName} n°${FIXED}${number} – ${gross}`;
  return (test ? '[TEST] ' : '') + subject.replaceAll(NARROW, FIXED);
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

function template<T>(file: string, options: CompileOptions): Handlebars.TemplateDelegate<T> {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  return templates.compile<T>(source, options);
}
