// The e-reporting sums: who belongs to which flow, and for any books that nothing is lost or counted
// twice: all rows together are the documents, to the cent.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { audienceOf, eReportSum } from '#domain/e-reporting.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import type { ParisDay } from '#domain/invoice-number.ts';
import { hasMoneyMoved } from '#domain/ledger.ts';
import { cents } from '#domain/money.ts';
import { taxLines } from '#domain/order.ts';
import { vatRate } from '#domain/vat.ts';
import { pricedLine, sampleInvoice, sampleSeller } from '#test/support/invoices.ts';
import { documents } from '#test/support/random-documents.ts';

const BOTH = { sale: true, money: true };
const buyer = sampleInvoice().buyer;
const address = (country: string | null) => buyer.address && { ...buyer.address, country };

test.each([
  ['a consumer in France', { ...buyer }, 'consumer'],
  ['a consumer without an address', { ...buyer, address: null }, 'consumer'],
  ['a consumer in La Réunion', { ...buyer, address: address('RE') }, 'consumer'],
  [
    'a consumer in Guyane, where there is no VAT',
    { ...buyer, address: address('GF') },
    'consumer-abroad',
  ],
  ['a consumer in Belgium', { ...buyer, address: address('BE') }, 'consumer-abroad'],
  ['a business by its name', { ...buyer, businessName: 'Ets Kerbrat' }, 'business'],
  ['a business by its VAT number', { ...buyer, vatNumber: 'FR88100000009' }, 'business'],
  [
    'a business in Germany',
    { ...buyer, businessName: 'GmbH', address: address('DE') },
    'business-abroad',
  ],
])('%s', (_who, who, audience) => {
  expect(audienceOf({ buyer: who })).toBe(audience);
});

describe('a month', () => {
  test('counts one transaction a document, whatever its rates, and its amounts by rate', () => {
    const sum = eReportSum();
    const lines = taxLines([
      pricedLine({ gross: cents(9999) }),
      pricedLine({ gross: cents(2110), rate: vatRate(550) }),
      pricedLine({ gross: cents(500), rate: vatRate(0), treatment: 'exempt' }),
    ]);
    sum.add(sampleInvoice({ lines }), BOTH);
    sum.add(sampleInvoice(), BOTH);
    const { transactions, counts, payments } = sum.result();
    expect(counts).toMatchObject([
      { category: 'TNT1', invoices: 1 },
      { category: 'TPS1', invoices: 2, creditNotes: 0, day: '2026-11-20' },
    ]);
    expect(transactions).toMatchObject([
      { category: 'TNT1', rate: 0, net: 500, vat: 0 },
      { category: 'TPS1', rate: 550, net: 2000, vat: 110, invoices: 1 },
      { category: 'TPS1', rate: 2000, net: 8332 + 4158, vat: 1667 + 832, invoices: 2 },
    ]);
    expect(payments.map((it) => [it.rate, it.gross])).toEqual([
      [550, 2110],
      [2000, 9999 + 4990],
    ]);
  });

  test('reports no payments under the option for debits', () => {
    const sum = eReportSum();
    sum.add(sampleInvoice({ seller: { ...sampleSeller, vatOnDebits: true } }), BOTH);
    expect(sum.result().payments).toEqual([]);
  });

  test('takes the sale on the day of issue and the money on the day it moved', () => {
    const sum = eReportSum();
    sum.add(sampleInvoice({ paidDay: '2026-11-19' as ParisDay }), BOTH);
    const { transactions, payments } = sum.result();
    expect([transactions[0]?.day, payments[0]?.day]).toEqual(['2026-11-20', '2026-11-19']);
  });
});

test('of any books, all rows add up to the documents, to the cent', () => {
  fc.assert(
    fc.property(documents, (all) => {
      const sum = eReportSum();
      for (const document of all) sum.add(document, BOTH);
      const { transactions, counts, payments } = sum.result();
      for (const of of new Set(all.map((it) => it.currency))) {
        const ours = all.filter((it) => it.currency === of);
        const rows = transactions.filter((it) => it.currency === of);
        for (const what of ['net', 'vat'] as const) {
          const total = rows.reduce((a, it) => a + it[what], 0);
          expect(total).toBe(signed(ours, (it) => it.totals[what]));
        }
        const paid = payments.filter((it) => it.currency === of);
        expect(paid.reduce((a, it) => a + it.gross, 0)).toBe(signed(ours, taxedMoney));
      }
      const invoices = counts.reduce((a, it) => a + it.invoices, 0);
      expect(invoices).toBe(all.reduce((a, it) => a + categories(it), 0));
    }),
    { numRuns: 150 },
  );
});

function signed(all: readonly LegalDocument[], amount: (it: LegalDocument) => number): number {
  return all.reduce((a, it) => a + (it.kind === 'invoice' ? 1 : -1) * amount(it), 0);
}

function taxedMoney(document: LegalDocument): number {
  if (document.seller.vatOnDebits || !hasMoneyMoved(document)) return 0;
  return document.totals.byRate
    .filter(({ treatment }) => treatment === 'standard')
    .reduce((a, it) => a + it.gross, 0);
}

function categories(document: LegalDocument): number {
  if (document.kind === 'credit-note') return 0;
  const treatments = document.totals.byRate.map(({ treatment }) => treatment === 'standard');
  return new Set(treatments).size;
}
