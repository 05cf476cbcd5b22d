// What the invoice's mail says, as plain values for its two templates: every amount formatted,
// every text from outside made one visible line and cut. Nothing is computed here that the invoice
// does not say; the mail shows ten lines at most, since the document itself is attached.

import { count, euros, FIXED, longDate, paidBy, percent, plural } from '#adapters/french.ts';
import { isSingleEmail, splitName } from '#domain/customer.ts';
import type { Invoice } from '#domain/invoice.ts';
import { type OrderLine, unitNet } from '#domain/order.ts';
import { isColor, readableOnWhite } from '#domain/partner.ts';
import type { Seller } from '#domain/seller.ts';
import { plainLine, plainLineOrNull } from '#domain/text.ts';
import type { VatSummary } from '#domain/vat.ts';

/** All that the templates may name. Links are null where there is nothing safe to point at. */
export type InvoiceMailView = {
  readonly number: string;
  readonly test: boolean;
  readonly free: boolean;
  readonly firstName: string | null;
  readonly businessName: string | null;
  readonly partnerName: string;
  readonly ruleColor: string;
  readonly paidDate: string;
  readonly paidBy: string | null;
  readonly lines: readonly LineView[];
  /** « et 50 autres lignes sur la facture », or null when all are shown. */
  readonly moreLines: string | null;
  readonly net: string;
  readonly vatRows: readonly { readonly label: string; readonly amount: string }[];
  readonly vat: string;
  readonly gross: string;
  readonly contactEmail: string;
  readonly contactEmailHref: string;
  readonly contactPhone: string | null;
  readonly website: { readonly text: string; readonly href: string | null } | null;
  readonly sellerName: string;
  readonly legalLines: readonly string[];
  readonly terms: { readonly text: string; readonly href: string | null } | null;
};

type LineView = { readonly name: string; readonly detail: string | null; readonly net: string };

export const LINES_SHOWN = 10;

/** Our own colour, for a partner who has none: the ink of the invoice. */
const OWN_COLOR = '#1d4f91';
const NAME_CHARACTERS_MAX = 120;

/** The values of both templates. `contactEmail` is where an answer to the mail goes. */
export function invoiceMailView(invoice: Invoice, contactEmail: string): InvoiceMailView {
  const { partner, seller, totals, currency } = invoice;
  const hidden = invoice.lines.length - LINES_SHOWN;
  const color = partner.color !== null && isColor(partner.color) ? partner.color : OWN_COLOR;
  return {
    number: invoice.number,
    test: invoice.test,
    free: totals.gross === 0,
    firstName: greetedName(invoice),
    businessName: plainLineOrNull(invoice.buyer.businessName, NAME_CHARACTERS_MAX),
    partnerName: plainLineOrNull(partner.name, 60) ?? plainLine(seller.name, 60),
    ruleColor: readableOnWhite(color),
    paidDate: longDate(invoice.paidDay),
    paidBy: paidBy(invoice.paymentMethod),
    lines: invoice.lines.slice(0, LINES_SHOWN).map((line) => lineView(line, invoice)),
    moreLines:
      hidden > 0
        ? `et ${hidden}${FIXED}${plural(hidden, 'autre ligne', 'autres lignes')} sur la facture`
        : null,
    net: euros(totals.net, currency),
    vatRows: totals.byRate.map((row) => ({
      label: vatLabel(row, invoice),
      amount: euros(row.vat, currency),
    })),
    vat: euros(totals.vat, currency),
    gross: euros(totals.gross, currency),
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
export function contactEmailOf({ partner, seller }: Invoice): string {
  return partner.contactEmail !== null && isSingleEmail(partner.contactEmail)
    ? partner.contactEmail
    : seller.email;
}

// A business is not called by the first word of its name, nor is a person known by one word only.
function greetedName({ buyer }: Invoice): string | null {
  if (buyer.businessName !== null) return null;
  const { firstName } = splitName(plainLineOrNull(buyer.name, 200));
  return plainLineOrNull(firstName, 40);
}

function lineView(line: OrderLine, { currency }: Invoice): LineView {
  const details = [
    (line.quantity ?? 1) === 1
      ? null
      : `${count(line.quantity ?? 1)}${FIXED}×${FIXED}${euros(unitNet(line), currency)}${FIXED}HT`,
    line.discount > 0 ? `après remise de ${euros(line.discount, currency)} TTC` : null,
  ].filter((detail) => detail !== null);
  return {
    name: plainLineOrNull(line.productName, NAME_CHARACTERS_MAX) ?? 'Article',
    detail: details.length === 0 ? null : details.join(', '),
    net: euros(line.net, currency),
  };
}

function vatLabel(row: VatSummary, { totals, currency }: Invoice): string {
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
