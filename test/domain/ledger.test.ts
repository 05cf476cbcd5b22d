// The accounting entries: their accounts and sides on known documents, and for any books that every
// entry balances, settles what it says it settles, and adds up to the documents.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PLAN, parsePlan } from '#domain/account-plan.ts';
import { type ExchangeRates, inEuros, parseRates } from '#domain/exchange-rates.ts';
import type { CreditNote } from '#domain/invoice.ts';
import { formatInvoiceNumber, type ParisDay } from '#domain/invoice-number.ts';
import { type Entry, moneyEntry, saleEntry } from '#domain/ledger.ts';
import { cents, currency } from '#domain/money.ts';
import { taxLines } from '#domain/order.ts';
import { vatRate } from '#domain/vat.ts';
import { pricedLine, sampleInvoice } from '#test/support/invoices.ts';
import { documents } from '#test/support/random-documents.ts';

const NO_RATES = parseRates('') as ExchangeRates;
const RATES = parseRates('USD;2026-11-18;1,0843\nJPY;2026-11-26;161.25\nKWD;2026-11-20;0,3291\n');
const ANY_RATE: ExchangeRates = {
  on: (of) => (RATES as ExchangeRates).on(of, '2026-11-20' as ParisDay) ?? rateOf(of),
};
function rateOf(of: string) {
  return { numerator: of === 'EUR' ? 1n : 16125n, denominator: of === 'EUR' ? 1n : 100n };
}

function told(entry: ReturnType<typeof saleEntry>): string[] {
  if (entry === null || 'missing' in entry) throw new Error('no entry');
  return entry.lines.map((it) => `${it.account.number} ${it.debit} ${it.credit}`);
}

const twoRates = taxLines([
  pricedLine({ gross: cents(9999) }),
  pricedLine({ gross: cents(2110), rate: vatRate(550) }),
]);

describe('an invoice', () => {
  const invoice = sampleInvoice({ lines: twoRates });

  test('debits the customer and credits sales and the tax of each rate', () => {
    expect(told(saleEntry(invoice, DEFAULT_PLAN, NO_RATES))).toEqual([
      '411000 12109 0',
      '706000 0 8332',
      '445711 0 1667',
      '706000 0 2000',
      '445713 0 110',
    ]);
  });

  test('is settled by its payment, under one code', () => {
    const sale = saleEntry(invoice, DEFAULT_PLAN, NO_RATES) as Entry;
    const money = moneyEntry(invoice, DEFAULT_PLAN, NO_RATES) as Entry;
    expect(told(money)).toEqual(['411000 0 12109', '517000 12109 0']);
    expect(money.lines[0]?.letter).toEqual({ code: 'F26000318', day: '2026-11-20' });
    expect(sale.lines[0]?.letter).toEqual(money.lines[0]?.letter);
    expect(money.piece.reference).toBe('pi_sample');
  });

  test('of a payment made last year is valid no earlier than it was on the books', () => {
    const early = { ...invoice, paidDay: '2026-11-19' as ParisDay };
    const money = moneyEntry(early, DEFAULT_PLAN, NO_RATES) as Entry;
    expect([money.day, money.validDay]).toEqual(['2026-11-19', '2026-11-20']);
  });

  test('of nothing makes no entry', () => {
    const free = sampleInvoice({ lines: taxLines([pricedLine({ gross: cents(0) })]) });
    expect(saleEntry(free, DEFAULT_PLAN, NO_RATES)).toBeNull();
    expect(moneyEntry(free, DEFAULT_PLAN, NO_RATES)).toBeNull();
  });

  test('under reverse charge or exempt has its own sales account and no tax', () => {
    const lines = taxLines([
      pricedLine({ rate: vatRate(0), treatment: 'reverse-charge' }),
      pricedLine({ rate: vatRate(0), treatment: 'exempt' }),
    ]);
    const sale = saleEntry(sampleInvoice({ lines }), DEFAULT_PLAN, NO_RATES);
    expect(
      told(sale)
        .map((it) => it.split(' ')[0])
        .toSorted(),
    ).toEqual(['411000', '706100', '706200']);
  });

  test('in dollars needs the rate of the day it was paid, and says which', () => {
    const dollars = sampleInvoice({ currency: currency('USD'), paidDay: '2026-11-22' as ParisDay });
    const missing = { currency: 'USD', day: '2026-11-22' };
    expect(saleEntry(dollars, DEFAULT_PLAN, NO_RATES)).toEqual({ missing });
    const sale = saleEntry(dollars, DEFAULT_PLAN, RATES as ExchangeRates) as Entry;
    // 49.90 / 1.0843 = 46.02
    expect(told(sale)).toEqual(['411000 4602 0', '706000 0 3835', '445711 0 767']);
    expect(sale.lines[0]?.foreign).toEqual({ amount: 4990, currency: 'USD' });
  });
});

describe('a credit note', () => {
  const { kind: _kind, paidDay: _paid, ...copied } = sampleInvoice();
  const credit: CreditNote = {
    ...copied,
    kind: 'credit-note',
    number: formatInvoiceNumber('AQCA', 2026, 7),
    creditNoteId: 7,
    cause: 'refund',
    refundedDay: '2026-11-20' as ParisDay,
    creditedInvoice: { number: copied.number, issueDay: copied.issueDay },
  };

  test('is the sale the other way round, and so is its refund', () => {
    expect(told(saleEntry(credit, DEFAULT_PLAN, NO_RATES))).toEqual([
      '411000 0 4990',
      '706000 4158 0',
      '445711 832 0',
    ]);
    expect(told(moneyEntry(credit, DEFAULT_PLAN, NO_RATES))).toEqual([
      '411000 4990 0',
      '517000 0 4990',
    ]);
  });

  test('of Stripe’s that gave no money back is not settled', () => {
    const unpaid = { ...credit, cause: 'credit-note' as const };
    expect(moneyEntry(unpaid, DEFAULT_PLAN, NO_RATES)).toBeNull();
    expect((saleEntry(unpaid, DEFAULT_PLAN, NO_RATES) as Entry).lines[0]?.letter).toBeNull();
  });
});

test('every entry of any books balances, and the customer’s account settles to zero by its codes', () => {
  fc.assert(
    fc.property(documents, (all) => {
      const open = new Map<string, number>();
      const sales = { net: 0, vat: 0 };
      for (const document of all) {
        for (const make of [saleEntry, moneyEntry]) {
          const entry = make(document, DEFAULT_PLAN, ANY_RATE);
          if (entry === null) continue;
          if ('missing' in entry) throw new Error('no rate');
          let balance = 0;
          for (const { debit, credit, letter, account } of entry.lines) {
            expect(Math.min(debit, credit)).toBe(0);
            expect(debit + credit).toBeGreaterThan(0);
            balance += debit - credit;
            if (letter) open.set(letter.code, (open.get(letter.code) ?? 0) + debit - credit);
            if (document.currency !== 'EUR') continue;
            if (account.number.startsWith('706')) sales.net += credit - debit;
            if (account.number.startsWith('4457')) sales.vat += credit - debit;
          }
          expect(balance).toBe(0);
        }
      }
      for (const [code, rest] of open) expect(rest, code).toBe(0);
      const euros = all.filter((it) => it.currency === 'EUR');
      const total = (what: 'net' | 'vat') =>
        euros.reduce((sum, it) => sum + it.totals[what] * (it.kind === 'invoice' ? 1 : -1), 0);
      expect(sales).toEqual({ net: total('net'), vat: total('vat') });
    }),
    { numRuns: 150 },
  );
});

describe('exchange rates', () => {
  test('hold over a weekend, and no longer than a week', () => {
    const rates = RATES as ExchangeRates;
    expect(rates.on(currency('USD'), '2026-11-18' as ParisDay)).not.toBeNull();
    expect(rates.on(currency('USD'), '2026-11-25' as ParisDay)).not.toBeNull();
    expect(rates.on(currency('USD'), '2026-11-26' as ParisDay)).toBeNull();
    expect(rates.on(currency('USD'), '2026-11-17' as ParisDay)).toBeNull();
  });

  test('are told by the line that is wrong', () => {
    for (const wrong of ['USD;2026-02-30;1', 'usd;2026-11-20;1', 'USD;2026-11-20;0', 'USD;1;1']) {
      expect(parseRates(`# cours\n\n${wrong}`), wrong).toEqual({ faultyLine: 3 });
    }
  });

  test('know that a yen has no cents and a dinar three decimals', () => {
    const at = (units: bigint) => ({ numerator: units, denominator: 100n });
    expect(inEuros([cents(16125)], currency('JPY'), at(16125n))).toEqual([10000]);
    expect(inEuros([cents(3290)], currency('KWD'), at(33n))).toEqual([997]);
  });
});

describe('an accountant’s own plan', () => {
  test('changes what it names and keeps the rest', () => {
    const plan = parsePlan({
      customer: { number: '411STRIPE' },
      vat: { '850': { number: '445715' } },
    });
    expect(plan).toMatchObject({
      customer: { number: '411STRIPE', label: 'Clients' },
      vat: { '850': { number: '445715' }, '2000': { number: '445711' } },
      money: DEFAULT_PLAN.money,
    });
  });

  test.each([
    [{ client: { number: '411' } }, 'client'],
    [{ customer: { number: '4' } }, 'customer.number'],
    [{ vat: { vingt: { number: '44571' } } }, 'vat.vingt'],
    [{ salesJournal: { label: 'a\tb' } }, 'salesJournal.label'],
    [[], 'JSON'],
  ])('says what in it cannot be: %j', (data, faultyPath) => {
    expect(parsePlan(data)).toEqual({ faultyPath });
  });
});
