// Whether those who publish the format accept our files: the XML schema, always, and the business
// rules of EN 16931 and of France where the shared material is. A judge that accepts everything
// would please as well, so each is shown files with one thing wrong and must name it.

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { facturXml } from '#adapters/facturx/factur-x.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { type Currency, cents, currency, sum } from '#domain/money.ts';
import { type PricedLine, taxLines } from '#domain/order.ts';
import { vatRate, ZERO_RATE } from '#domain/vat.ts';
import { readFacturX } from '#test/support/factur-x-reading.ts';
import {
  installedSchema,
  type Judge,
  rulesJudge,
  schemaJudge,
} from '#test/support/factur-x-rules.ts';
import { pricedLine, sampleInvoice, sampleSeller } from '#test/support/invoices.ts';
import {
  businessInvoice,
  consumerInvoice,
  creditNoteOf,
  exemptInvoice,
  modelDocuments,
  partialCreditNote,
  prorationInvoice,
  reverseChargeInvoice,
  severalRatesInvoice,
} from '#test/support/model-documents.ts';
import { sharedTest } from '#test/support/shared.ts';

// The work is a few seconds; a machine with other things to do may take long over it.
vi.setConfig({ testTimeout: 120_000 });

const EUROPEAN_RULES = 'factur-x/EN16931-CII-validation-preprocessed.sch';
const FRENCH_RULES = 'factur-x/BR-FR-Flux2-Schematron-CII.sch';
const SHARED_SCHEMA = 'factur-x/xsd/Factur-X_EN16931.xsd';

const schema = schemaJudge(installedSchema);

// The rules take seconds to be read and warm; every test of this file asks the same judge.
const rules = new Map<string, Judge>();
function rulesAt(path: string): Judge {
  const judge = rules.get(path) ?? rulesJudge(path);
  rules.set(path, judge);
  return judge;
}

/** Documents beside the models at which the rules might stumble. */
const oddDocuments: readonly { readonly name: string; readonly document: LegalDocument }[] = [
  { name: 'a seller taxed on debits', document: debits() },
  { name: 'dollars', document: sampleInvoice({ currency: currency('USD') }) },
  { name: 'yen, zero-rated', document: zeroRated(currency('JPY')) },
  {
    name: 'a credit note to the balance, of a negative and a positive line',
    document: creditNoteOf(20, prorationInvoice, { cause: 'credit-note', gross: cents(1000) }),
  },
  { name: 'an unknown buyer', document: unknownBuyer() },
];

const everyDocument = [...modelDocuments, ...oddDocuments];

describe('every document', () => {
  test('passes the schema that came with the tests', () => {
    for (const { name, document } of everyDocument) {
      expect(schema(facturXml(document)), name).toEqual([]);
    }
  });

  sharedTest('passes the official schema 1.09', SHARED_SCHEMA, (path) => {
    const official = schemaJudge(path);
    for (const { name, document } of everyDocument) {
      expect(official(facturXml(document)), name).toEqual([]);
    }
  });
});

describe('the rules', () => {
  sharedTest('of EN 16931 are kept', EUROPEAN_RULES, (path) => {
    for (const { name, document } of everyDocument) {
      expect(rulesAt(path)(facturXml(document)), name).toEqual([]);
    }
  });

  sharedTest('of France are kept', FRENCH_RULES, (path) => {
    for (const { name, document } of everyDocument) {
      // Paid in dollars, with tax: the amount in euros is the one thing we do not know.
      const unknown = name === 'dollars' ? ['BR-FR-CO-12_BT-5'] : [];
      expect(rulesAt(path)(facturXml(document)), name).toEqual(unknown);
    }
  });
});

type Mutant = readonly [
  what: string,
  document: LegalDocument,
  change: readonly [from: string | RegExp, to: string],
  rule: string,
];

const amount = (name: string) => new RegExp(`<ram:${name}>[^<]*</ram:${name}>`);

const AGAINST_SCHEMA: readonly Mutant[] = [
  ['no total', consumerInvoice, [amount('GrandTotalAmount'), ''], 'GrandTotalAmount'],
  ['a decimal comma', consumerInvoice, ['>99.99<', '>99,99<'], '99,99'],
  ['no seller', consumerInvoice, [/<ram:SellerTradeParty>.*<\/ram:SellerTradeParty>/, ''], 'Buyer'],
  [
    'the number behind the type',
    consumerInvoice,
    [/(<ram:ID>[^<]*<\/ram:ID>)(<ram:TypeCode>380<\/ram:TypeCode>)/, '$2$1'],
    'TypeCode',
  ],
];

const AGAINST_EUROPE: readonly Mutant[] = [
  [
    'a wrong total',
    consumerInvoice,
    ['<ram:GrandTotalAmount>99.99', '<ram:GrandTotalAmount>98.99'],
    'BR-CO-15',
  ],
  [
    'lines that do not add up',
    severalRatesInvoice,
    ['LineMonetarySummation><ram:LineTotalAmount>', 'LineMonetarySummation><ram:LineTotalAmount>1'],
    'BR-CO-10',
  ],
  [
    'a wrong tax',
    consumerInvoice,
    ['<ram:CalculatedAmount>16.67', '<ram:CalculatedAmount>18.67'],
    'BR-CO-17',
  ],
  ['something due', consumerInvoice, ['Amount>0.00</ram:Due', 'Amount>5.00</ram:Due'], 'BR-CO-16'],
  ['a line of another category', consumerInvoice, [category('S'), category('Z')], 'BR-Z-01'],
  [
    'no VAT number of the seller',
    consumerInvoice,
    [/<ram:SpecifiedTaxRegistration>.*?<\/ram:SpecifiedTaxRegistration>/, ''],
    'BR-S-02',
  ],
  [
    'reverse charge to nobody',
    reverseChargeInvoice,
    [/<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">BE.*?Registration>/, ''],
    'BR-AE-02',
  ],
  [
    'an exemption without its reason',
    exemptInvoice,
    [/<ram:ExemptionReason>.*?<\/ram:ExemptionReason>/, ''],
    'BR-E-10',
  ],
  ['a negative price', prorationInvoice, ['ChargeAmount>10.56', 'ChargeAmount>-10.56'], 'BR-27'],
  ['a currency of nowhere', consumerInvoice, ['Code>EUR<', 'Code>EUX<'], 'BR-CL-04'],
  ['a country of nowhere', consumerInvoice, ['<ram:CountryID>FR', '<ram:CountryID>XX'], 'BR-CL-14'],
  [
    'tax due at two times',
    consumerInvoice,
    [
      '<ram:DueDateTypeCode>',
      '<ram:TaxPointDate><udt:DateString format="102">20261120</udt:DateString>' +
        '</ram:TaxPointDate><ram:DueDateTypeCode>',
    ],
    'BR-CO-03',
  ],
];

const AGAINST_FRANCE: readonly Mutant[] = [
  [
    'an avoir of no invoice',
    partialCreditNote,
    [/<ram:InvoiceReferencedDocument>.*<\/ram:InvoiceReferencedDocument>/, ''],
    'BR-FR-CO-05_BT-3',
  ],
  [
    'an avoir of an invoice without its day',
    partialCreditNote,
    [/<ram:FormattedIssueDateTime>.*<\/ram:FormattedIssueDateTime>/, ''],
    'BR-FR-CO-05_BT-3',
  ],
  ['a type France does not know', consumerInvoice, ['Code>380<', 'Code>326<'], 'BR-FR-04_BT-3'],
  [
    'a SIREN by the scheme of a SIRET',
    consumerInvoice,
    ['schemeID="0002"', 'schemeID="0009"'],
    'BR-FR-10_BT-30',
  ],
  ['no note of penalties', consumerInvoice, [note('PMD'), ''], 'BR-FR-05_BT-22_PMD'],
  ['no note of the fee', consumerInvoice, [note('PMT'), ''], 'BR-FR-05_BT-22_PMT'],
  ['no note on early payment', consumerInvoice, [note('AAB'), ''], 'BR-FR-05_BT-22_AAB'],
  ['a kind of sale of our own', consumerInvoice, ['>B2C<', '>C2C<'], 'BR-FR-20_BT-21'],
  [
    'a French business without its SIREN',
    businessInvoice,
    [/(<ram:BuyerTradeParty>.*?)<ram:SpecifiedLegalOrg.*?<\/ram:SpecifiedLegalOrganization>/, '$1'],
    'BR-FR-11_BT-47',
  ],
  [
    'a mailbox for a business',
    businessInvoice,
    ['schemeID="0225">973', 'schemeID="EM">973'],
    'BR-FR-21_BT-49',
  ],
  ['the 31st of February', consumerInvoice, ['>20261120<', '>20260231<'], 'BR-FR-03_BT-2'],
  ['a number with a space', consumerInvoice, ['>FQCA-2026', '>FQCA 2026'], 'BR-FR-02_BT-1'],
  [
    'paid and yet not',
    consumerInvoice,
    ['PrepaidAmount>99.99', 'PrepaidAmount>50.00'],
    'BR-FR-CO-09_BT-23-1',
  ],
  [
    'a rate France never had',
    consumerInvoice,
    ['Percent>20.00', 'Percent>19.00'],
    'BR-FR-16_BT-152',
  ],
  [
    'no way of billing',
    consumerInvoice,
    [/<ram:BusinessProcess.*?<\/ram:BusinessProcess[^>]*>/, ''],
    'BR-FR-08_BT-23',
  ],
];

function category(code: string): string {
  return `<ram:CategoryCode>${code}</ram:CategoryCode>`;
}

function note(code: string): RegExp {
  return new RegExp(
    `<ram:IncludedNote><ram:Content>[^<]*</ram:Content><ram:SubjectCode>${code}<.*?Note>`,
  );
}

describe('one change, and the file is refused', () => {
  test.each(AGAINST_SCHEMA)('by the schema: %s', (...mutant) => {
    expect(schema(changed(mutant)).join('\n')).toContain(mutant[3]);
  });

  sharedTest('by the rules of EN 16931', EUROPEAN_RULES, (path) => {
    for (const mutant of AGAINST_EUROPE) {
      expect(rulesAt(path)(changed(mutant)), mutant[0]).toContain(mutant[3]);
    }
  });

  sharedTest('by the rules of France', FRENCH_RULES, (path) => {
    for (const mutant of AGAINST_FRANCE) {
      expect(rulesAt(path)(changed(mutant)), mutant[0]).toContain(mutant[3]);
    }
  });
});

function changed([what, document, [from, to]]: Mutant): string {
  const xml = facturXml(document);
  const mutant = xml.replace(from, to);
  expect(mutant, `${what}: the change must hit`).not.toBe(xml);
  return mutant;
}

const LINE: fc.Arbitrary<PricedLine> = fc
  .record({
    gross: fc.integer({ min: -50_000, max: 2_000_000 }),
    quantity: fc.oneof(fc.constant(null), fc.nat(5), fc.nat(1_000_000)),
    discount: fc.oneof(fc.constant(0), fc.nat(10_000)),
    tax: fc.constantFrom(
      { rate: vatRate(2000), treatment: 'standard' } as const,
      { rate: vatRate(1000), treatment: 'standard' } as const,
      { rate: vatRate(550), treatment: 'standard' } as const,
      { rate: ZERO_RATE, treatment: 'standard' } as const,
      { rate: ZERO_RATE, treatment: 'exempt' } as const,
    ),
    productName: fc.string({ unit: 'binary', maxLength: 20 }),
  })
  .map(({ gross, discount, tax, ...line }) =>
    pricedLine({ ...line, ...tax, gross: cents(gross), discount: cents(discount) }),
  );

const ORDER = fc
  .array(LINE, { minLength: 1, maxLength: 12 })
  .filter((lines) => sum(lines.map((line) => line.gross)) >= 0);

/** « -12.34 » in ten-thousandths of a millionth, so that prices of six decimals stay whole. */
function exact(decimal: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,10}))?$/.exec(decimal) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(10, '0')}`);
}

function total(decimals: readonly string[]): bigint {
  return decimals.map(exact).reduce((a, b) => a + b, 0n);
}

test('any order adds up in its XML, line by line and sum by sum, and passes the schema', () => {
  const header = '//ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:';
  const settlement = '//ram:ApplicableHeaderTradeSettlement/ram:';
  fc.assert(
    fc.property(ORDER, (priced) => {
      const document = sampleInvoice({ lines: taxLines(priced) });
      expect(documentFaults(document)).toEqual([]);
      const xml = facturXml(document);
      expect(schema(xml)).toEqual([]);
      const it = readFacturX(xml, {
        lines: '//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount',
        bases: `${settlement}ApplicableTradeTax/ram:BasisAmount`,
        taxes: `${settlement}ApplicableTradeTax/ram:CalculatedAmount`,
        lineTotal: `${header}LineTotalAmount`,
        basis: `${header}TaxBasisTotalAmount`,
        tax: `${header}TaxTotalAmount`,
        grand: `${header}GrandTotalAmount`,
        paid: `${header}TotalPrepaidAmount`,
        due: `${header}DuePayableAmount`,
      });
      expect(total(it.lines)).toBe(total(it.lineTotal)); // BR-CO-10
      expect(total(it.basis)).toBe(total(it.lineTotal)); // BR-CO-13
      expect(total(it.bases)).toBe(total(it.basis));
      expect(total(it.taxes)).toBe(total(it.tax)); // BR-CO-14
      expect(total(it.basis) + total(it.tax)).toBe(total(it.grand)); // BR-CO-15
      expect(total(it.grand) - total(it.paid)).toBe(total(it.due)); // BR-CO-16
      priced.forEach((_line, index) => {
        expect(computedLine(xml, index + 1)).toBe(exact(it.lines[index] as string));
      });
    }),
    { numRuns: 60 },
  );
});

/** Price × quantity, to the cent, less the discount: what a reader of the line would compute. */
function computedLine(xml: string, number: number): bigint {
  const line = `//ram:IncludedSupplyChainTradeLineItem[${number}]//ram:`;
  const it = readFacturX(xml, {
    price: `${line}NetPriceProductTradePrice/ram:ChargeAmount`,
    per: `${line}BasisQuantity`,
    quantity: `${line}BilledQuantity`,
    allowance: `${line}SpecifiedTradeAllowanceCharge/ram:ActualAmount`,
  });
  const price = total(it.price);
  expect(price).toBeGreaterThanOrEqual(0n); // BR-27
  const product = (price * BigInt(it.quantity[0] as string)) / BigInt(it.per[0] ?? '1');
  const cent = 10n ** 8n;
  const half = product < 0n ? -cent / 2n : cent / 2n;
  return ((product + half) / cent) * cent - total(it.allowance);
}

function debits(): LegalDocument {
  return sampleInvoice({ seller: { ...sampleSeller, vatOnDebits: true } });
}

function zeroRated(of: Currency): LegalDocument {
  const lines = taxLines([pricedLine({ rate: ZERO_RATE, gross: cents(1500) })]);
  return sampleInvoice({ lines, currency: of });
}

function unknownBuyer(): LegalDocument {
  const email = 'quelquun@courriel.example';
  const nothing = { name: null, businessName: null, phone: null, address: null, vatNumber: null };
  return sampleInvoice({ buyer: { ...nothing, email }, paymentMethod: null });
}
