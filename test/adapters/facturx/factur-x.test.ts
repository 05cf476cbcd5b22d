// What a Factur-X file says of a document, claim by claim. Whether the published rules accept it is
// asked beside this file; here stands what they cannot know: that it says the truth.

import { describe, expect, test } from 'vitest';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { facturXml } from '#adapters/facturx/factur-x.ts';
import type { Customer } from '#domain/customer.ts';
import { canonicalText, documentOf, type Invoice } from '#domain/invoice.ts';
import type { InvoiceNumber, ParisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type OrderLine, type PricedLine, taxLines } from '#domain/order.ts';
import { frenchVatNumber } from '#domain/seller.ts';
import { vatRate, ZERO_RATE } from '#domain/vat.ts';
import { facturXValues, readFacturX } from '#test/support/factur-x-reading.ts';
import { pricedLine, sampleInvoice, sampleSeller } from '#test/support/invoices.ts';
import {
  businessInvoice,
  consumerInvoice,
  creditNoteOf,
  discountInvoice,
  exemptInvoice,
  foreignConsumerInvoice,
  freeInvoice,
  modelDocuments,
  partialCreditNote,
  prorationInvoice,
  reverseChargeInvoice,
  severalRatesInvoice,
  testInvoice,
} from '#test/support/model-documents.ts';

const PATHS = {
  type: '//rsm:ExchangedDocument/ram:TypeCode',
  notes: '//ram:IncludedNote/ram:SubjectCode',
  scope: '//ram:IncludedNote[ram:SubjectCode="BAR"]/ram:Content',
  buyerSiren: '//ram:BuyerTradeParty/ram:SpecifiedLegalOrganization/ram:ID[@schemeID="0002"]',
  buyerVat: '//ram:BuyerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID="VA"]',
  buyerEndpoint: '//ram:BuyerTradeParty/ram:URIUniversalCommunication/ram:URIID',
  buyerEndpointScheme: '//ram:BuyerTradeParty/ram:URIUniversalCommunication/ram:URIID/@schemeID',
  buyerName: '//ram:BuyerTradeParty/ram:Name',
  buyerCountry: '//ram:BuyerTradeParty//ram:CountryID',
  quantity: '//ram:BilledQuantity',
  price: '//ram:NetPriceProductTradePrice/ram:ChargeAmount',
  pricePer: '//ram:BasisQuantity',
  allowance: '//ram:SpecifiedTradeAllowanceCharge/ram:ActualAmount',
  lineNet: '//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount',
  category: '//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode',
  rate: '//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:RateApplicablePercent',
  reason: '//ram:ExemptionReason',
  reasonCode: '//ram:ExemptionReasonCode',
  taxDue: '//ram:DueDateTypeCode',
  total: '//ram:GrandTotalAmount',
  vat: '//ram:TaxTotalAmount',
  vatCurrency: '//ram:TaxTotalAmount/@currencyID',
  taxCurrency: '//ram:TaxCurrencyCode',
  paid: '//ram:TotalPrepaidAmount',
  due: '//ram:DuePayableAmount',
  means: '//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode',
  dueDay: '//ram:DueDateDateTime/udt:DateTimeString',
  reference: '//ram:InvoiceReferencedDocument/ram:IssuerAssignedID',
  referenceDay: '//ram:InvoiceReferencedDocument//qdt:DateTimeString',
} as const;

function read(document: Parameters<typeof facturXml>[0]) {
  return readFacturX(facturXml(document), PATHS);
}

function invoiceOf(lines: readonly Partial<PricedLine>[], overrides: Partial<Invoice> = {}) {
  return sampleInvoice({ lines: taxLines(lines.map(pricedLine)), ...overrides });
}

function soldTo(buyer: Partial<Customer>): Invoice {
  return sampleInvoice({ buyer: { ...consumerInvoice.buyer, ...buyer } });
}

describe('the document', () => {
  test('is an invoice that was paid on its day, with nothing due', () => {
    expect(read(consumerInvoice)).toMatchObject({
      type: ['380'],
      total: ['99.99'],
      vat: ['16.67'],
      paid: ['99.99'],
      due: ['0.00'],
      dueDay: ['20261120'],
      reference: [],
      means: ['48'],
    });
  });

  test('is a credit note that names its invoice and its day, in positive amounts', () => {
    expect(read(partialCreditNote)).toMatchObject({
      type: ['381'],
      reference: ['FQCA-2026-000001'],
      referenceDay: ['20261120'],
      dueDay: ['20261202'],
      total: ['30.00'],
      quantity: ['1'],
    });
  });

  test('says that it was settled from a credit when no money went back', () => {
    const note = creditNoteOf(1, consumerInvoice, { cause: 'credit-note', gross: cents(500) });
    expect(read(note).means).toEqual(['1']);
  });

  test('names no means of payment when nothing was paid', () => {
    expect(read(freeInvoice)).toMatchObject({ means: [], total: ['0.00'], allowance: ['41.58'] });
  });

  test.each([
    ['card', '48'],
    ['sepa_debit', '59'],
    ['bacs_debit', '49'],
    ['paypal', '68'],
    ['customer_balance', '68'],
    ['out_of_band', '1'],
    ['toString', '68'],
    [null, '1'],
  ])('calls the payment method %s by the code %s', (paymentMethod, code) => {
    expect(read(sampleInvoice({ paymentMethod })).means).toEqual([code]);
  });

  test('says that it is a test, first of all', () => {
    const [first] = facturXValues(facturXml(testInvoice), '//ram:IncludedNote/ram:Content');
    expect(first).toContain('TEST');
    expect(facturXml(consumerInvoice)).not.toContain('TEST');
  });

  test('makes the tax due on payment, or on the day of issue for a seller who opted so', () => {
    const onDebits = sampleInvoice({ seller: { ...sampleSeller, vatOnDebits: true } });
    expect(read(consumerInvoice).taxDue).toEqual(['72']);
    expect(read(onDebits).taxDue).toEqual(['5']);
    expect(facturXml(onDebits)).toContain('Option pour le paiement de la taxe d’après les débits');
  });

  test('has the same bytes every time, and after a trip through the books', () => {
    for (const { name, document } of modelDocuments) {
      const again = facturXml(documentOf(canonicalText(document)));
      expect(again, name).toBe(facturXml(document));
    }
  });
});

describe('the lines', () => {
  test('have a price from which they can be computed again to the cent', () => {
    expect(read(businessInvoice)).toMatchObject({
      quantity: ['3'],
      price: ['83.323'],
      lineNet: ['249.97'],
    });
  });

  test('have a price for the whole quantity where no decimals suffice', () => {
    const { price, pricePer, quantity } = read(
      invoiceOf([{ quantity: 700_001, gross: cents(100_001) }]),
    );
    expect({ price, pricePer, quantity }).toEqual({
      price: ['833.34'],
      pricePer: ['700001'],
      quantity: ['700001'],
    });
  });

  test('that are taken back have a negative quantity and a positive price', () => {
    expect(read(prorationInvoice)).toMatchObject({
      quantity: ['-1', '1'],
      price: ['10.56', '31.94'],
      lineNet: ['-10.56', '31.94'],
    });
  });

  test.each([null, 0])('of quantity %s count as one', (quantity) => {
    expect(read(invoiceOf([{ quantity }])).quantity).toEqual(['1']);
  });

  test('show a discount as an allowance that is already taken off', () => {
    expect(read(discountInvoice)).toMatchObject({
      price: ['83.25', '12.50'],
      quantity: ['2', '1'],
      allowance: ['16.65'],
      lineNet: ['149.85', '12.50'],
    });
  });

  test('are told in yen without decimals', () => {
    const yen = invoiceOf([{ quantity: 3, gross: cents(1000) }], { currency: currency('JPY') });
    expect(read(yen)).toMatchObject({
      total: ['1000'],
      vat: ['167'],
      due: ['0'],
      price: ['277.7'],
    });
  });
});

describe('the tax', () => {
  test('has a category and a rate for each rate', () => {
    expect(read(severalRatesInvoice)).toMatchObject({
      category: ['S', 'S', 'S'],
      rate: ['20.00', '10.00', '5.50'],
    });
  });

  test('is owed by a business abroad, with the code of that reason', () => {
    expect(read(reverseChargeInvoice)).toMatchObject({
      category: ['AE'],
      reason: ['Autoliquidation'],
      reasonCode: ['VATEX-EU-AE'],
      buyerVat: ['BE0799012358'],
    });
  });

  test('is exempt in words, without a code for an article nobody named', () => {
    expect(read(exemptInvoice)).toMatchObject({
      category: ['S', 'E'],
      reason: ['Opération exonérée de TVA'],
      reasonCode: [],
    });
  });

  test('at a rate of nought without a reason is zero-rated', () => {
    expect(read(invoiceOf([{ rate: ZERO_RATE }]))).toMatchObject({ category: ['Z'], reason: [] });
  });

  test('in another currency is said in euros only where it is nought at any rate', () => {
    const dollars = { currency: currency('USD') };
    expect(read(sampleInvoice(dollars))).toMatchObject({ taxCurrency: [], vatCurrency: ['USD'] });
    expect(read(invoiceOf([{ rate: ZERO_RATE }], dollars))).toMatchObject({
      taxCurrency: ['EUR'],
      vatCurrency: ['USD', 'EUR'],
      vat: ['0.00', '0.00'],
    });
  });
});

describe('the seller', () => {
  const SELLER = '//ram:SellerTradeParty';
  const ADDRESS = {
    lines: `${SELLER}/ram:PostalTradeAddress/*[starts-with(name(), "ram:Line")]`,
    postcode: `${SELLER}//ram:PostcodeCode`,
    city: `${SELLER}//ram:CityName`,
    country: `${SELLER}//ram:CountryID`,
    siren: `${SELLER}//ram:SpecifiedLegalOrganization/ram:ID[@schemeID="0002"]`,
    form: `${SELLER}/ram:Description`,
  };

  test('is the company of SELLER_FILE, in France', () => {
    expect(readFacturX(facturXml(consumerInvoice), ADDRESS)).toEqual({
      lines: ['17 rue des Tanneurs'],
      postcode: ['37000'],
      city: ['Tours'],
      country: ['FR'],
      siren: ['841206378'],
      form: ['SAS au capital de 25 000 €, RCS Tours 841206378'],
    });
  });

  test('has all its lines of address, however many and in whatever order', () => {
    const addressLines = ['Tour B', 'Étage 3', '1 quai Paul Bert', '37100 Tours Nord', 'France'];
    const moved = sampleInvoice({ seller: { ...sampleSeller, addressLines } });
    expect(readFacturX(facturXml(moved), ADDRESS)).toMatchObject({
      lines: ['Tour B', 'Étage 3', '1 quai Paul Bert'],
      postcode: ['37100'],
      city: ['Tours Nord'],
    });
    const odd = sampleInvoice({ seller: { ...sampleSeller, addressLines: ['a', 'b', 'c', 'd'] } });
    expect(readFacturX(facturXml(odd), ADDRESS)).toMatchObject({
      lines: ['a', 'b', 'c, d'],
      city: [],
    });
  });
});

describe('the buyer', () => {
  test('is a French company known by the SIREN in its VAT number', () => {
    expect(read(businessInvoice)).toMatchObject({
      scope: ['B2B'],
      buyerSiren: ['973501182'],
      buyerEndpoint: ['973501182'],
      buyerEndpointScheme: ['0225'],
      buyerName: ['Atelier du Phare SARL'],
    });
  });

  test('with a SIREN that is none is not said to be one', () => {
    const [wrongLuhn, wrongKey] = ['FR26973501183', 'FR00973501182'];
    for (const vatNumber of [wrongLuhn, wrongKey]) {
      expect(read(soldTo({ businessName: 'Faux', vatNumber }))).toMatchObject({
        scope: [],
        buyerSiren: [],
        buyerVat: [vatNumber],
        buyerEndpointScheme: ['EM'],
      });
    }
  });

  test.each([
    ['a person in France', {}, 'B2C'],
    ['a person who told nothing of where', { address: null }, 'B2C'],
    ['a French company', { vatNumber: frenchVatNumber('973501182') }, 'B2B'],
    ['a company in Spain', { vatNumber: 'ES B-12345678' }, 'B2BINT'],
  ])('%s is for e-invoicing %s', (_who, buyer, scope) => {
    expect(read(soldTo(buyer)).scope).toEqual([scope]);
  });

  test.each([
    ['JP', null, 'B2CINT'],
    ['RE', null, 'B2C'],
    ['CH', 'Alpes SA', 'B2BINT'],
  ])('in %s of the firm %s is for e-invoicing %s', (country, businessName, scope) => {
    const address = { ...consumerInvoice.buyer.address, country } as Customer['address'];
    expect(read(soldTo({ businessName, address }))).toMatchObject({
      scope: [scope],
      buyerCountry: [country],
    });
  });

  test('of a French business that gave no number has no scope, rather than a wrong one', () => {
    expect(read(soldTo({ businessName: 'Mon commerce' })).scope).toEqual([]);
  });

  test('keeps the name as typed, in every script', () => {
    expect(read(foreignConsumerInvoice)).toMatchObject({
      buyerName: [foreignConsumerInvoice.buyer.name],
      buyerEndpoint: ['o\'neill+"fox"@exämple.example'],
      scope: ['B2CINT'],
    });
  });

  test('loses only the characters that XML forbids', () => {
    const odd = soldTo({ name: 'A\u0000B\u0008C\uD800D\uFFFEE\u200BF\u0085' });
    expect(read(odd).buyerName).toEqual(['ABCDE\u200BF\u0085']);
  });

  test('without a name is known by the mail address', () => {
    expect(read(soldTo({ name: ' \u0001 ' })).buyerName).toEqual([consumerInvoice.buyer.email]);
  });

  test.each([
    ['XK', '1A'],
    ['ZZ', 'FR'],
    ['de', 'DE'],
  ])('in %s lives in %s', (country, code) => {
    const address = { ...consumerInvoice.buyer.address, country } as Customer['address'];
    expect(read(soldTo({ address })).buyerCountry).toEqual([code]);
  });
});

const line = consumerInvoice.lines[0] as OrderLine;
const day = (text: string) => text as ParisDay;

describe('refused by name, where the published rules are blind or would come too late', () => {
  test.each<[string, RegExp, Partial<Invoice>]>([
    ['a SIREN with a wrong key', /BT-30/, { seller: { ...sampleSeller, siren: '841206379' } }],
    [
      'a VAT number with a wrong key',
      /BT-31/,
      { seller: { ...sampleSeller, vatNumber: 'FR23841206378' } },
    ],
    ['the 31st of February', /BR-FR-03: 2026-02-31/, { issueDay: day('2026-02-31') }],
    ['a day of another century', /BR-FR-03/, { serviceDay: day('1999-12-31') }],
    ['a number with a space', /BR-FR-02/, { number: 'FQCA 2026' as InvoiceNumber }],
    ['no line', /BR-16/, { lines: [], totals: consumerInvoice.totals }],
    ['a line too many', /BR-CO-10/, { lines: [line, line] }],
    [
      'a total that is not net and tax',
      /BR-CO-15/,
      { totals: { ...consumerInvoice.totals, gross: cents(9998) } },
    ],
    [
      'a rate that is not the one of its tax',
      /BR-CO-17/,
      {
        lines: [{ ...line, rate: vatRate(550) }],
        totals: {
          ...consumerInvoice.totals,
          byRate: consumerInvoice.totals.byRate.map((it) => ({ ...it, rate: vatRate(550) })),
        },
      },
    ],
    [
      'a rate told twice',
      /BG-23/,
      {
        totals: {
          ...consumerInvoice.totals,
          byRate: [...consumerInvoice.totals.byRate, ...consumerInvoice.totals.byRate],
        },
      },
    ],
  ])('%s', (_what, fault, overrides) => {
    const { totals, ...rest } = consumerInvoice;
    const wrong = { ...rest, totals, ...overrides };
    expect(documentFaults(wrong).join('\n')).toMatch(fault);
    expect(() => facturXml(wrong)).toThrow(fault);
  });

  test('reverse charge to a buyer whose VAT number is not one of the Union', () => {
    const buyer = { ...reverseChargeInvoice.buyer, vatNumber: 'CHE-123.456.789' };
    expect(documentFaults({ ...reverseChargeInvoice, buyer })).toEqual([
      expect.stringContaining('BR-AE-02'),
    ]);
  });

  test('tax beside a reverse charge', () => {
    const lines = [{ ...line, treatment: 'reverse-charge' as const }];
    const wrong = sampleInvoice({ buyer: reverseChargeInvoice.buyer, lines });
    expect(documentFaults(wrong)).toEqual([expect.stringContaining('BR-CO-17')]);
  });

  test('dinars with three decimals, which the norm cannot say', () => {
    const dinars = { currency: currency('KWD') };
    expect(() => facturXml(invoiceOf([{ gross: cents(10_000) }], dinars))).toThrow(/BR-DEC/);
    const even = invoiceOf([{ gross: cents(12_000), discount: cents(1000) }], dinars);
    expect(read(even)).toMatchObject({ total: ['12.00'], allowance: ['0.83'], price: ['10.830'] });
  });

  test('a credit note older than its invoice', () => {
    const wrong = { ...partialCreditNote, issueDay: day('2026-11-19') };
    expect(documentFaults(wrong)).toEqual([expect.stringContaining('BT-26')]);
  });

  test('none of the model documents', () => {
    expect(modelDocuments.flatMap(({ document }) => documentFaults(document))).toEqual([]);
  });
});
