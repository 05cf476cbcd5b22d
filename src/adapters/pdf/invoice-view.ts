// What the template prints: an invoice turned into finished French strings, nothing computed after.
// Every text of outside origin goes through `print` (one line, visible, drawable, of bounded
// length), so the template needs no care and a page cannot be broken by a name.

import { count, euros, longDate, paidBy, percent, shortDate } from '#adapters/french.ts';
import type { Address } from '#domain/customer.ts';
import type { Invoice } from '#domain/invoice.ts';
import { cents, sum, ZERO } from '#domain/money.ts';
import { type OrderLine, unitNet } from '#domain/order.ts';
import type { VatSummary } from '#domain/vat.ts';
import { mentions, sirenOf } from './mentions.ts';

/** Makes a text printable in at most so many characters; empty when nothing visible is left. */
export type Print = (text: string, charactersMax: number) => string;

export type InvoiceView = {
  readonly test: boolean;
  readonly number: string;
  readonly partnerName: string;
  readonly seller: readonly string[];
  readonly sellerName: string;
  readonly buyerName: string;
  readonly buyer: readonly string[];
  readonly facts: readonly Fact[];
  /** More than a handful of lines: rows move closer together. */
  readonly dense: boolean;
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
  /** Under the total: paid, still due. */
  readonly settled: readonly Fact[];
};

export type Fact = { readonly label: string; readonly value: string };
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
const DENSE_FROM_LINES = 7;

/** The view of an invoice; `print` must return text that the page's font can draw. */
export function invoiceView(invoice: Invoice, print: Print): InvoiceView {
  const { seller, partner, totals, currency } = invoice;
  const short = (text: string) => print(text, ADDRESS_LINE_MAX);
  const lines = invoice.lines.map((line) => lineView(line, invoice, print));
  return {
    test: invoice.test,
    number: invoice.number,
    partnerName: print(partner.name, 80) || short(seller.name),
    sellerName: short(seller.tradeName),
    seller: [
      ...seller.addressLines.map(short),
      print(seller.email, 254),
      // Also in the foot of each page, but a margin box is not read out to those who listen.
      print(identifiers(seller.vatNumber), 80),
    ],
    ...buyerView(invoice, print),
    facts: [
      { label: 'Date d’émission', value: longDate(invoice.issueDay) },
      { label: 'Date de la prestation', value: longDate(invoice.serviceDay) },
      { label: 'Paiement', value: methodName(invoice) },
      { label: 'Commande', value: `n°\u00A0${invoice.orderId}` },
    ],
    dense: invoice.lines.length >= DENSE_FROM_LINES,
    lines: lines.slice(0, -2),
    lastLines: lines.slice(-2),
    mentions: [...mentions(invoice), ...roundingNote(invoice.lines)],
    contact: contactView(invoice, print),
    terms: { text: print(withoutScheme(seller.termsUrl), 200), href: webLink(seller.termsUrl) },
    sums: [
      ...discountRow(invoice),
      { label: 'Sous-total HT', value: euros(totals.net, currency) },
      ...totals.byRate.map((summary) => vatRow(summary, invoice)),
    ],
    total: euros(totals.gross, currency),
    settled: settledRows(invoice),
  };
}

function buyerView({ buyer }: Invoice, print: Print): Pick<InvoiceView, 'buyerName' | 'buyer'> {
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

function lineView(line: OrderLine, { currency, lines }: Invoice, print: Print): LineView {
  // A single line has its discount in the totals, right below.
  const note = line.discount > 0 && lines.length > 1;
  return {
    name: print(line.productName, 500) || '(sans désignation)',
    note: note ? `Remise de ${euros(line.discount, currency)} TTC déduite` : null,
    quantity: line.quantity === null ? '' : count(line.quantity),
    unit: euros(unitNet(line), currency),
    rate: percent(line.rate),
    net: euros(line.net, currency),
  };
}

// Prices include tax, so a unit price without it need not multiply back: 3 × 83,32 is 249,96 where
// the line is 249,97. The invoice says so instead of leaving the reader to wonder.
function roundingNote(lines: readonly OrderLine[]): string[] {
  const uneven = lines.some((line) => unitNet(line) * (line.quantity || 1) !== line.net);
  return uneven ? ['Les prix unitaires HT sont arrondis\u00A0; les montants font foi.'] : [];
}

// Lines and subtotal are after discount; this row only tells what was taken off, tax included as
// the customer was promised it, and its words keep the reader from taking it off again.
function discountRow({ lines, currency }: Invoice): Fact[] {
  const discount = sum(lines.map((line) => line.discount));
  if (discount === 0) return [];
  return [{ label: 'Remise TTC, déjà déduite', value: euros(cents(-discount), currency) }];
}

function vatRow(summary: VatSummary, { totals, currency }: Invoice): Fact {
  const base = totals.byRate.length > 1 ? ` sur ${euros(summary.net, currency)}` : '';
  const reason = { standard: '', 'reverse-charge': ' autoliquidée', exempt: ' exonérée' };
  return {
    label: `TVA${reason[summary.treatment]} (${percent(summary.rate)})${base}`,
    value: euros(summary.vat, currency),
  };
}

function settledRows({ totals, paidDay, currency }: Invoice): Fact[] {
  const due = { label: 'Net à payer', value: euros(ZERO, currency) };
  if (totals.gross === 0) return [due];
  const paid = euros(cents(-totals.gross), currency);
  return [{ label: `Payé le ${shortDate(paidDay)}`, value: paid }, due];
}

/** « Carte bancaire », from « par carte bancaire ». */
function methodName({ paymentMethod, totals }: Invoice): string {
  const by = totals.gross === 0 ? null : paidBy(paymentMethod);
  if (by === null) return totals.gross === 0 ? 'Sans paiement' : 'Reçu';
  const name = by.replace(/^(?:par|avec) /, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function contactView({ partner }: Invoice, print: Print): ContactView | null {
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
