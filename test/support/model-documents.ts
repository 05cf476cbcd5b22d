// Thirteen legal documents that between them show every kind there is, for whoever prints, mails,
// exports or archives one. They are built as the program builds them, priced lines through the
// domain's taxes and totals, and every name and amount is invented here and stays the same.

import { issueCreditNote } from '#domain/credit-note.ts';
import { splitCredit } from '#domain/credit-split.ts';
import type { CreditCause, CreditNote, Invoice, LegalDocument } from '#domain/invoice.ts';
import { formatInvoiceNumber, type ParisDay } from '#domain/invoice-number.ts';
import { type Cents, cents } from '#domain/money.ts';
import { type Order, taxLines } from '#domain/order.ts';
import { frenchVatNumber } from '#domain/seller.ts';
import { vatRate, ZERO_RATE } from '#domain/vat.ts';
import { manyLines, pricedLine, sampleInvoice } from './invoices.ts';

export type ModelDocument = { readonly name: string; readonly document: LegalDocument };

const REDUCED_RATE = vatRate(550);
const MIDDLE_RATE = vatRate(1000);

/** 99,99 € TTC at 20 %, paid by card: 83,32 + 16,67. */
export const consumerInvoice = model(1, {
  lines: taxLines([pricedLine({ gross: cents(9999) })]),
});

/** A French company, known by its SIREN through its VAT number; three units, a price that does not divide. */
export const businessInvoice = model(2, {
  buyer: {
    name: 'Maëlle Guivarc’h',
    businessName: 'Atelier du Phare SARL',
    email: 'compta@atelier-du-phare.example',
    phone: '+33298000000',
    address: {
      line1: '12 quai de la Douane',
      line2: 'Bâtiment C',
      postalCode: '29200',
      city: 'Brest',
      state: null,
      country: 'FR',
    },
    vatNumber: frenchVatNumber('973501182'),
  },
  paymentMethod: 'sepa_debit',
  lines: taxLines([pricedLine({ quantity: 3, gross: cents(29997) })]),
});

/** 20 %, 10 % and 5,5 %, and a delivery that is no product. */
export const severalRatesInvoice = model(3, {
  lines: taxLines([
    pricedLine({ gross: cents(12900) }),
    pricedLine({
      productId: 'prod_guide',
      productName: 'Guide papier de la location meublée',
      quantity: 2,
      gross: cents(3980),
      rate: REDUCED_RATE,
    }),
    pricedLine({
      productId: 'prod_atelier',
      productName: 'Atelier en salle, repas compris',
      gross: cents(4550),
      rate: MIDDLE_RATE,
    }),
    pricedLine({
      productId: null,
      productName: 'Livraison',
      quantity: null,
      gross: cents(590),
    }),
  ]),
});

export const sixtyLinesInvoice = model(4, { lines: manyLines(60) });

/** A company in Belgium, which owes the tax itself. */
export const reverseChargeInvoice = model(5, {
  buyer: {
    name: null,
    businessName: 'Brasserie des Dunes SRL',
    email: 'facturen@dunes.example',
    phone: null,
    address: {
      line1: 'Zeedijk 44',
      line2: null,
      postalCode: '8400',
      city: 'Oostende',
      state: null,
      country: 'BE',
    },
    vatNumber: 'BE0799012358',
  },
  lines: taxLines([
    pricedLine({
      gross: cents(25000),
      rate: ZERO_RATE,
      treatment: 'reverse-charge',
      vat: cents(0),
    }),
  ]),
});

/** Two exempt lessons beside a taxed line. */
export const exemptInvoice = model(6, {
  lines: taxLines([
    pricedLine({
      productId: 'prod_cours',
      productName: 'Formation professionnelle agréée',
      quantity: 2,
      gross: cents(48000),
      rate: ZERO_RATE,
      treatment: 'exempt',
      vat: cents(0),
    }),
    pricedLine({ gross: cents(4990) }),
  ]),
});

/** Made free by a coupon: 49,90 € of discount, nothing charged. */
export const freeInvoice = model(7, {
  lines: taxLines([pricedLine({ gross: cents(0), discount: cents(4990) })]),
  paymentMethod: null,
});

/** A tenth off the first line; the second one is not reduced. */
export const discountInvoice = model(8, {
  lines: taxLines([
    pricedLine({ quantity: 2, gross: cents(17982), discount: cents(1998) }),
    pricedLine({ productId: 'prod_option', productName: 'Option relecture', gross: cents(1500) }),
  ]),
});

/** A plan changed within the month: what was not used is taken off. */
export const prorationInvoice = model(9, {
  lines: taxLines([
    pricedLine({
      productId: 'prod_essentiel',
      productName: 'Abonnement Essentiel, temps non utilisé',
      gross: cents(-1267),
    }),
    pricedLine({
      productId: 'prod_serenite',
      productName: 'Abonnement Sérénité, temps restant',
      gross: cents(3833),
    }),
  ]),
});

/** 30,00 € of the 99,99 € given back; the tax is the invoice's on what is left, by difference. */
export const partialCreditNote = creditNoteOf(10, consumerInvoice, {
  cause: 'refund',
  gross: cents(3000),
});

/** All of an invoice of three rates, lost to the customer's bank. */
export const fullCreditNote = creditNoteOf(11, severalRatesInvoice, {
  cause: 'dispute',
  gross: severalRatesInvoice.totals.gross,
});

export const testInvoice = model(12, { test: true });

/** All we know is a country, an e-mail address and a name that no font of ours can draw. */
export const foreignConsumerInvoice = model(13, {
  buyer: {
    name: '‮<Łukasz> & "שלום" عبد الله 王小明 🦊 ]]>',
    businessName: null,
    email: 'o\'neill+"fox"@exämple.example',
    phone: null,
    address: {
      line1: null,
      line2: null,
      postalCode: null,
      city: null,
      state: null,
      country: 'JP',
    },
    vatNumber: null,
  },
  paymentMethod: 'paypal',
  lines: taxLines([
    pricedLine({ productName: 'دليل الضرائب — 税務ガイド 🧾 <script>&amp;', quantity: null }),
  ]),
});

/** All of them, each with a name that says what is particular about it. */
export const modelDocuments: readonly ModelDocument[] = [
  { name: 'a consumer, 99.99', document: consumerInvoice },
  { name: 'a French company with its SIREN', document: businessInvoice },
  { name: 'several rates and a delivery', document: severalRatesInvoice },
  { name: 'sixty lines', document: sixtyLinesInvoice },
  { name: 'reverse charge to a company in Belgium', document: reverseChargeInvoice },
  { name: 'an exempt line beside a taxed one', document: exemptInvoice },
  { name: 'free, by a coupon', document: freeInvoice },
  { name: 'a discount on one of two lines', document: discountInvoice },
  { name: 'a proration with a negative line', document: prorationInvoice },
  { name: 'a partial credit note', document: partialCreditNote },
  { name: 'a full credit note of several rates', document: fullCreditNote },
  { name: 'test mode', document: testInvoice },
  { name: 'a foreign consumer with a hostile name', document: foreignConsumerInvoice },
];

function model(ordinal: number, overrides: Partial<Invoice>): Invoice {
  return sampleInvoice({
    number: formatInvoiceNumber('FQCA', 2026, ordinal),
    orderId: 1000 + ordinal,
    ...overrides,
  });
}

/** A credit note on an invoice's order that nothing was credited of before, as the books make it. */
export function creditNoteOf(
  ordinal: number,
  invoice: Invoice,
  { cause, gross }: { readonly cause: CreditCause; readonly gross: Cents },
): CreditNote {
  const { slug, ...branding } = invoice.partner;
  const order: Order = {
    id: invoice.orderId,
    paymentKey: invoice.paymentKey,
    partner: slug,
    eventId: 'evt_model',
    eventCreatedAt: new Date(invoice.issuedAt),
    customer: invoice.buyer,
    currency: invoice.currency,
    paidAt: new Date(invoice.issuedAt),
    paymentMethod: invoice.paymentMethod,
    lines: invoice.lines,
    totals: invoice.totals,
  };
  const [credited] = splitCredit([{ order, credited: [] }], gross);
  if (credited === undefined) throw new Error('nothing falls to the order');
  return issueCreditNote(order, {
    number: formatInvoiceNumber('AQCA', 2026, ordinal),
    issuedAt: new Date('2026-12-03T14:20:05.000Z'),
    issueDay: '2026-12-03' as ParisDay,
    creditNoteId: ordinal,
    cause,
    refundedDay: '2026-12-02' as ParisDay,
    invoice,
    lines: credited.lines,
    seller: invoice.seller,
    branding,
  });
}
