// What the mail of an invoice or a credit note shows, as plain values for its two templates: every
// amount formatted, every text from outside made one visible line and cut. Nothing is computed here
// that the document does not say; the mail shows ten lines at most, since the document is attached.

import { count, euros, FIXED, percent, plural } from '#adapters/french.ts';
import { isSingleEmail, splitName } from '#domain/customer.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { type OrderLine, unitNet } from '#domain/order.ts';
import type { Seller } from '#domain/seller.ts';
import { plainLine, plainLineOrNull } from '#domain/text.ts';
import type { VatSummary } from '#domain/vat.ts';
import { type MailColors, mailColors } from './mail-colors.ts';
import { type MailWords, mailWords } from './mail-words.ts';

/** All that the templates may name. Links are null where there is nothing safe to point at. */
export type InvoiceMailView = {
  readonly number: string;
  /** « n° 156 ». */
  readonly orderNumber: string;
  readonly words: MailWords;
  readonly test: boolean;
  readonly firstName: string | null;
  readonly partnerName: string;
  readonly colors: MailColors;
  readonly lines: readonly LineView[];
  /** « et 50 autres lignes sur la facture », or null when all are shown. */
  readonly moreLines: string | null;
  readonly net: string;
  readonly vatRows: readonly { readonly label: string; readonly amount: string }[];
  readonly vat: string;
  readonly gross: string;
  /** « 48 ko ». */
  readonly pdfSize: string;
  /** Signed anew at each attempt: the one thing in which a repeated mail differs. */
  readonly copyUrl: string;
  readonly contactEmail: string;
  readonly contactEmailHref: string;
  readonly contactPhone: string | null;
  readonly website: { readonly text: string; readonly href: string | null } | null;
  readonly sellerName: string;
  readonly legalLines: readonly string[];
  readonly terms: { readonly text: string; readonly href: string | null } | null;
};

type LineView = { readonly name: string; readonly detail: string | null; readonly net: string };

const LINES_SHOWN = 10;
const NAME_CHARACTERS_MAX = 120;

/** The values of both templates. `contactEmail` is where an answer to the mail goes. */
export function invoiceMailView(
  document: LegalDocument,
  given: {
    readonly contactEmail: string;
    readonly copyUrl: string;
    readonly pdfBytes: number;
  },
): InvoiceMailView {
  const { partner, seller, totals, currency } = document;
  const { contactEmail, copyUrl } = given;
  const words = mailWords(document, businessName(document));
  const hidden = document.lines.length - LINES_SHOWN;
  return {
    number: document.number,
    orderNumber: `n°${FIXED}${document.orderId}`,
    words,
    test: document.test,
    firstName: greetedName(document),
    partnerName: plainLineOrNull(partner.name, 60) ?? plainLine(seller.name, 60),
    colors: mailColors(partner.color),
    lines: document.lines.slice(0, LINES_SHOWN).map((line) => lineView(line, document)),
    moreLines:
      hidden > 0
        ? `et ${hidden}${FIXED}${plural(hidden, 'autre ligne', 'autres lignes')} ${words.onDocument}`
        : null,
    net: euros(totals.net, currency),
    vatRows: totals.byRate.map((row) => ({
      label: vatLabel(row, document),
      amount: euros(row.vat, currency),
    })),
    vat: euros(totals.vat, currency),
    gross: euros(totals.gross, currency),
    pdfSize: `${count(Math.max(1, Math.round(given.pdfBytes / 1_000)))}${FIXED}ko`,
    copyUrl,
    contactEmail,
    contactEmailHref: `mailto:${encodeURIComponent(contactEmail).replaceAll('%40', '@')}`,
    contactPhone: plainLineOrNull(partner.contactPhone, 40)?.replaceAll(' ', FIXED) ?? null,
    website: webLink(partner.website),
    sellerName: plainLine(seller.name, NAME_CHARACTERS_MAX),
    legalLines: legalLines(seller),
    terms: webLink(seller.termsUrl),
  };
}

/** Where an answer to the mail goes: the partner's contact, else the seller. */
export function contactEmailOf({ partner, seller }: LegalDocument): string {
  return partner.contactEmail !== null && isSingleEmail(partner.contactEmail)
    ? partner.contactEmail
    : seller.email;
}

/** The name beside the customer's address; empty when there is none that may be shown. */
export function recipientName(document: LegalDocument): string {
  const { buyer } = document;
  if (buyer.businessName !== null) return businessName(document) ?? '';
  return unlessLink(plainLineOrNull(buyer.name, NAME_CHARACTERS_MAX), ANY_ADDRESS) ?? '';
}

function businessName({ buyer }: LegalDocument): string | null {
  return unlessLink(plainLineOrNull(buyer.businessName, NAME_CHARACTERS_MAX), PLAIN_ADDRESS);
}

// A business is not called by the first word of its name, nor is a person known by one word only.
function greetedName({ buyer }: LegalDocument): string | null {
  if (buyer.businessName !== null) return null;
  const { firstName } = splitName(plainLineOrNull(buyer.name, 200));
  return unlessLink(plainLineOrNull(firstName, 40), ANY_ADDRESS);
}

// Anyone can type a stranger's address at a checkout, and for a name what every mail reader turns
// into a link: an order of 0,00 € would carry an advertisement under our signature. Businesses may
// be called « Machin.com », people are not.
const PLAIN_ADDRESS = /:\/\/|www\.|@|\p{L}\.\p{L}[^\s]*[/?#]/iu;
const ANY_ADDRESS = /:\/\/|www\.|@|[/?#]|[\p{L}\p{N}]\.\p{L}{2,}/iu;

function unlessLink(name: string | null, address: RegExp): string | null {
  return name === null || address.test(name) ? null : name;
}

function lineView(line: OrderLine, { currency }: LegalDocument): LineView {
  const quantity = line.quantity ?? 1;
  const details = [
    quantity === 1
      ? null
      : `${count(quantity)}${FIXED}×${FIXED}${euros(unitNet(line), currency)}${FIXED}HT`,
    line.discount > 0 ? `après remise de ${euros(line.discount, currency)}${FIXED}TTC` : null,
  ].filter((detail) => detail !== null);
  return {
    name: plainLineOrNull(line.productName, NAME_CHARACTERS_MAX) ?? 'Article',
    detail: details.length === 0 ? null : details.join(', '),
    net: euros(line.net, currency),
  };
}

function vatLabel(row: VatSummary, { totals, currency }: LegalDocument): string {
  const rate = {
    standard: `TVA ${percent(row.rate)}`,
    'reverse-charge': 'TVA (autoliquidation)',
    exempt: 'TVA (exonération)',
  }[row.treatment];
  return totals.byRate.length > 1 ? `${rate} sur ${euros(row.net, currency)}` : rate;
}

function legalLines(seller: Seller): string[] {
  const siren = seller.siren.replace(/\D/g, '').replace(/(\d{3})(?=\d)/g, `$1${FIXED}`);
  const capital = seller.capital === null ? '' : ` au capital de ${seller.capital}`;
  return [
    `${seller.name}, ${seller.legalForm}${capital}`,
    seller.addressLines.join(', '),
    `RCS ${seller.rcsCity}${FIXED}${siren} – TVA${FIXED}${seller.vatNumber}`,
  ].map((line) => plainLine(line, 200));
}

// Only the web is linked to: `javascript:` or `data:` stay text, whoever typed them.
function webLink(url: string | null): { text: string; href: string | null } | null {
  const text = plainLineOrNull(url, 200);
  if (text === null) return null;
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  const parsed = URL.parse(absolute);
  const web = parsed?.protocol === 'https:' || parsed?.protocol === 'http:';
  return {
    text: text.replace(/^https?:\/\//i, '').replace(/\/$/, ''),
    href: web && parsed ? parsed.href : null,
  };
}
