// What the template prints: a document turned into finished French strings, nothing computed after.
// Every text of outside origin goes through `print` (one line, visible, drawable, of bounded
// length), so the template needs no care and a page cannot be broken by a name.

import { count, euros, longDate, percent } from '#adapters/french.ts';
import type { Address } from '#domain/customer.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { cents, sum } from '#domain/money.ts';
import { type OrderLine, unitNet } from '#domain/order.ts';
import type { VatSummary } from '#domain/vat.ts';
import { type DocumentWords, documentWords, type Fact } from './document-words.ts';
import { mentions, sirenOf } from './mentions.ts';

/** Makes a text printable in at most so many characters; empty when nothing visible is left. */
export type Print = (text: string, charactersMax: number) => string;

export type InvoiceView = DocumentWords & {
  readonly test: boolean;
  readonly number: string;
  readonly partnerName: string;
  /** Set smaller, to keep within the head. */
  readonly longPartnerName: boolean;
  readonly seller: readonly string[];
  readonly sellerName: string;
  readonly buyerName: string;
  readonly buyer: readonly string[];
  readonly facts: readonly Fact[];
  /** More than a handful of lines: rows move closer together. */
  readonly dense: boolean;
  /** Quantities or amounts too long for the usual columns. */
  readonly wide: boolean;
  /** All but the last two. */
  readonly lines: readonly LineView[];
  /** The last two, which never part from the sums. */
  readonly lastLines: readonly LineView[];
  readonly mentions: readonly string[];
  readonly contact: ContactView | null;
  readonly terms: { readonly text: string; readonly href: string | null };
  /** Above the total: discount, subtotal, one row of tax a rate. */
  readonly sums: readonly Fact[];
  readonly total: string;
};

export type LineView = {
  readonly name: string;
  readonly note: string | null;
  readonly quantity: string;
  readonly unit: string;
  readonly rate: string;
  readonly net: string;
};
export type ContactView = {
  readonly name: string;
  readonly ways: readonly { readonly text: string; readonly href: string | null }[];
};

const NAME_MAX = 300;
const ADDRESS_LINE_MAX = 120;
const PARTNER_NAME_MAX = 80;
const LONG_PARTNER_NAME = 40;
const DENSE_FROM_LINES = 7;

/** The view of a document; `print` must return text that the page's font can draw. */
export function invoiceView(document: LegalDocument, print: Print): InvoiceView {
  const { seller, partner, totals, currency } = document;
  const short = (text: string) => print(text, ADDRESS_LINE_MAX);
  const partnerName = print(partner.name, PARTNER_NAME_MAX) || short(seller.name);
  const lines = document.lines.map((line) => lineView(line, document, print));
  const words = documentWords(document);
  return {
    ...words,
    test: document.test,
    number: document.number,
    partnerName,
    longPartnerName: partnerName.length > LONG_PARTNER_NAME,
    sellerName: short(seller.tradeName),
    seller: [
      ...seller.addressLines.map(short),
      print(seller.email, 254),
      // Also in the foot of each page, but a margin box is not read out to those who listen.
      print(identifiers(seller.vatNumber), 80),
    ],
    ...buyerView(document, print),
    facts: [
      { label: 'Date d’émission', value: longDate(document.issueDay) },
      { label: 'Date de la prestation', value: longDate(document.serviceDay) },
      words.money,
      { label: 'Commande', value: `n°\u00A0${document.orderId}` },
    ],
    dense: document.lines.length >= DENSE_FROM_LINES,
    wide: lines.some(({ quantity, unit, net }) => {
      return quantity.length > 5 || unit.length > 13 || net.length > 16;
    }),
    lines: lines.slice(0, -2),
    lastLines: lines.slice(-2),
    mentions: [...mentions(document), ...roundingNote(document.lines)],
    contact: contactView(document, print),
    terms: { text: print(withoutScheme(seller.termsUrl), 200), href: webLink(seller.termsUrl) },
    sums: [
      ...discountRow(document),
      { label: 'Sous-total HT', value: euros(totals.net, currency) },
      ...totals.byRate.map((summary) => vatRow(summary, document)),
    ],
    total: euros(totals.gross, currency),
  };
}

function buyerView(
  { buyer }: LegalDocument,
  print: Print,
): Pick<InvoiceView, 'buyerName' | 'buyer'> {
  const email = print(buyer.email, 254);
  const person = print(buyer.name ?? '', NAME_MAX);
  const business = print(buyer.businessName ?? '', NAME_MAX);
  const name = business || person || email;
  return {
    buyerName: name,
    buyer: [
      business !== '' && person !== business ? person : '',
      ...addressLines(buyer.address, print),
      name === email ? '' : email,
      print(identifiers(buyer.vatNumber), 80),
    ].filter((line) => line !== ''),
  };
}

/** « SIREN 841 206 378 · TVA FR22841206378 »; only the latter for a number of another country. */
function identifiers(vatNumber: string | null): string {
  if (vatNumber === null) return '';
  const siren = sirenOf(vatNumber);
  return `${siren === null ? '' : `SIREN\u00A0${siren} · `}TVA\u00A0${vatNumber}`;
}

const COUNTRIES = new Intl.DisplayNames('fr-FR', { type: 'region', fallback: 'code' });

function addressLines(address: Address | null, print: Print): string[] {
  if (address === null) return [];
  const { line1, line2, postalCode, city, state, country } = address;
  const town = [postalCode, city].filter((it) => it !== null).join(' ');
  // France is where we write from: the post does without it, and without a region.
  const abroad = country !== null && country.toUpperCase() !== 'FR';
  const land =
    abroad && /^[A-Za-z]{2}$/.test(country) ? COUNTRIES.of(country.toUpperCase()) : country;
  return [line1, line2, town, ...(abroad ? [state, land] : [])].map((line) =>
    print(line ?? '', ADDRESS_LINE_MAX),
  );
}

function lineView(line: OrderLine, document: LegalDocument, print: Print): LineView {
  const { currency } = document;
  return {
    name: print(line.productName, 500) || '(sans désignation)',
    note: lineNote(line, document),
    quantity: line.quantity === null ? '' : count(line.quantity),
    unit: euros(unitNet(line), currency),
    rate: percent(line.rate),
    net: euros(line.net, currency),
  };
}

// A change of plan sells the same name twice, once the other way round: that one is told apart. A
// single line has its discount in the totals, right below; a credit note takes back what was paid,
// so that what had been taken off before says nothing any more.
function lineNote(line: OrderLine, { kind, currency, lines }: LegalDocument): string | null {
  if (line.gross < 0) return 'Déduction';
  if (kind === 'credit-note' || line.discount === 0 || lines.length === 1) return null;
  return `Remise de ${euros(line.discount, currency)} TTC déduite`;
}

// Prices include tax, so a unit price without it need not multiply back: 3 × 83,32 is 249,96 where
// the line is 249,97. The invoice says so instead of leaving the reader to wonder.
function roundingNote(lines: readonly OrderLine[]): string[] {
  const uneven = lines.some((line) => unitNet(line) * (line.quantity || 1) !== line.net);
  return uneven ? ['Les prix unitaires HT sont arrondis\u00A0; les montants font foi.'] : [];
}

// Lines and subtotal are after discount; this row only tells what was taken off, tax included as
// the customer was promised it, and its words keep the reader from taking it off again.
function discountRow({ kind, lines, currency }: LegalDocument): Fact[] {
  const discount = sum(lines.map((line) => line.discount));
  if (kind === 'credit-note' || discount === 0) return [];
  return [{ label: 'Remise TTC, déjà déduite', value: euros(cents(-discount), currency) }];
}

function vatRow(summary: VatSummary, { totals, currency }: LegalDocument): Fact {
  const base = totals.byRate.length > 1 ? ` sur ${euros(summary.net, currency)}` : '';
  const reason = { standard: '', 'reverse-charge': ' autoliquidée', exempt: ' exonérée' };
  return {
    label: `TVA${reason[summary.treatment]} (${percent(summary.rate)})${base}`,
    value: euros(summary.vat, currency),
  };
}

function contactView({ partner }: LegalDocument, print: Print): ContactView | null {
  const { contactEmail, contactPhone, website } = partner;
  const ways = [
    { text: contactEmail, href: contactEmail === null ? null : `mailto:${contactEmail}` },
    { text: contactPhone, href: null },
    { text: website === null ? null : withoutScheme(website), href: webLink(website) },
  ]
    .map(({ text, href }) => ({ text: print(text ?? '', 254), href }))
    .filter(({ text }) => text !== '');
  return ways.length === 0 ? null : { name: print(partner.name, 80), ways };
}

function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//i, '').replace(/\/$/, '');
}

function webLink(url: string | null): string | null {
  const parsed = URL.parse(url ?? '');
  return parsed !== null && /^https?:$/.test(parsed.protocol) ? parsed.href : null;
}
