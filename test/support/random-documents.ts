// Legal documents at random, as the domain makes them: any lines, rates, treatments, discounts and
// currencies, and credit notes that take back a part. For properties of what leaves the books.

import fc from 'fast-check';
import type { CreditCause, CreditNote, Invoice, LegalDocument } from '#domain/invoice.ts';
import { formatInvoiceNumber, type ParisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type OrderLine, taxLines, totalsOf } from '#domain/order.ts';
import { vatRate } from '#domain/vat.ts';
import { pricedLine, sampleInvoice, sampleSeller } from './invoices.ts';

const DAYS = ['2026-11-20', '2026-11-21', '2026-11-30', '2026-12-01'] as ParisDay[];
const COUNTRIES = [null, 'FR', 'RE', 'DE', 'US'];

const line = fc
  .record({
    gross: fc.integer({ min: -5_000, max: 500_000 }),
    rate: fc.constantFrom(2000, 1000, 550, 210, 0, 850),
    treatment: fc.constantFrom('standard', 'standard', 'reverse-charge', 'exempt'),
    quantity: fc.constantFrom(null, 1, 3),
  })
  .map(({ gross, rate, treatment, quantity }) =>
    pricedLine({
      gross: cents(gross),
      quantity,
      treatment: treatment as 'standard',
      rate: vatRate(treatment === 'standard' ? rate : 0),
    }),
  );

/** An invoice; its number is the `ordinal`. */
function invoice(ordinal: number): fc.Arbitrary<Invoice> {
  return fc
    .record({
      lines: fc.array(line, { minLength: 1, maxLength: 5 }),
      currency: fc.constantFrom('EUR', 'EUR', 'USD', 'JPY', 'KWD'),
      issueDay: fc.constantFrom(...DAYS),
      paidDay: fc.constantFrom(...DAYS),
      business: fc.constantFrom(null, 'Ets Kerbrat'),
      country: fc.constantFrom(...COUNTRIES),
      vatOnDebits: fc.boolean(),
    })
    .map((it) => {
      const lines = taxLines(it.lines);
      const sample = sampleInvoice();
      const address = it.country === null ? null : sample.buyer.address;
      return sampleInvoice({
        number: formatInvoiceNumber('FQCA', 2026, ordinal),
        ...{ issueDay: it.issueDay, paidDay: it.paidDay, serviceDay: it.paidDay },
        ...{ lines, totals: totalsOf(lines), currency: currency(it.currency) },
        seller: { ...sampleSeller, vatOnDebits: it.vatOnDebits },
        buyer: {
          ...sample.buyer,
          businessName: it.business,
          address: address && { ...address, country: it.country },
        },
      });
    });
}

function creditOf(sold: Invoice, ordinal: number): fc.Arbitrary<CreditNote> {
  return fc
    .record({
      percent: fc.integer({ min: 1, max: 100 }),
      day: fc.constantFrom(...DAYS),
      cause: fc.constantFrom<CreditCause>('refund', 'dispute', 'credit-note'),
    })
    .map(({ percent, day, cause }) => {
      const part = (amount: number) => Math.trunc((amount * percent) / 100);
      const lines = sold.lines.map((it): OrderLine => {
        const [gross, vat] = [cents(part(it.gross)), cents(part(it.vat))];
        return { ...it, gross, vat, net: cents(gross - vat) };
      });
      const { kind: _kind, paidDay: _paid, ...copied } = sold;
      return {
        ...copied,
        ...{ kind: 'credit-note', number: formatInvoiceNumber('AQCA', 2026, ordinal), cause },
        ...{ issueDay: day, refundedDay: day, creditNoteId: ordinal },
        creditedInvoice: { number: sold.number, issueDay: sold.issueDay },
        ...{ lines, totals: totalsOf(lines) },
      };
    });
}

/** Invoices 1 to n, each perhaps with a credit note. */
export const documents: fc.Arbitrary<readonly LegalDocument[]> = fc
  .integer({ min: 1, max: 8 })
  .chain((n) => fc.tuple(...Array.from({ length: n }, (_, at) => invoice(at + 1))))
  .chain((sold) =>
    fc
      .tuple(...sold.map((it, at) => fc.option(creditOf(it, at + 1))))
      .map((credits) => [...sold, ...credits.filter((it) => it !== null)]),
  );
