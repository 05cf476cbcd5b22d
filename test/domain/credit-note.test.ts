// What goes back is cut so that nothing is ever credited beyond what was sold, and everything credited
// is exactly what was sold: amounts, VAT per rate, lines. Held for any sale, whatever the pieces in
// which it goes back, in whatever order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CorrectionFacts,
  creditNotePdfKey,
  decideCorrection,
  issueCreditNote,
} from '#domain/credit-note.ts';
import { type CreditableOrder, type OrderCredit, splitCredit } from '#domain/credit-split.ts';
import type { InvoiceNumber, ParisDay } from '#domain/invoice-number.ts';
import { type Cents, cents, currency, sum } from '#domain/money.ts';
import { type Order, type OrderLine, type PricedLine, taxLines, totalsOf } from '#domain/order.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { VatAmounts, VatRate } from '#domain/vat.ts';
import { paidOrder } from '#test/support/orders.ts';
import { sampleSeller } from '#test/support/seller.ts';

const EUR = currency('EUR');
const NOTHING: VatAmounts = { net: cents(0), vat: cents(0), gross: cents(0) };

function priced(overrides: Partial<PricedLine> = {}): PricedLine {
  return {
    ...{ productId: 'prod_a', productName: 'Déclaration', quantity: 1, discount: cents(0) },
    ...{ gross: cents(99_99), rate: 2000 as VatRate, treatment: 'standard' as const, vat: null },
    ...overrides,
  };
}

function sold(lines: readonly OrderLine[], id = 1): CreditableOrder {
  const order = paidOrder({ id, lines, totals: totalsOf(lines) });
  return { order, credited: lines.map(() => NOTHING) };
}

function refund(overrides: Partial<CorrectionFacts> = {}): CorrectionFacts {
  return {
    ...{ key: 're_1' as PaymentKey, cause: 'refund' as const, state: 'done' as const },
    ...{ amount: cents(99_99), currency: EUR, at: new Date('2026-12-01T10:00:00Z'), named: [] },
    ...overrides,
  };
}

/** The orders after these credits. */
function withCredits(
  orders: readonly CreditableOrder[],
  credits: readonly OrderCredit[],
): CreditableOrder[] {
  return orders.map(({ order, credited }) => {
    const lines = credits.find(({ orderId }) => orderId === order.id)?.lines ?? [];
    const ofLine = (index: number) => lines.filter(({ position }) => position === index + 1);
    return { order, credited: credited.map((it, index) => added([it, ...ofLine(index)])) };
  });
}

function added(amounts: readonly VatAmounts[]): VatAmounts {
  const of = (field: keyof VatAmounts) => sum(amounts.map((it) => it[field]));
  return { net: of('net'), vat: of('vat'), gross: of('gross') };
}

const shares = (lines: readonly (VatAmounts & object)[]) =>
  lines.map(({ net, vat, gross }) => [net, vat, gross]);

describe('what goes back', () => {
  const guide = sold(taxLines([priced()]));

  test('in full is the invoice: 99.99 is 83.32 and 16.67', () => {
    expect(splitCredit([guide], cents(99_99))).toEqual([
      {
        ...{ orderId: 1, net: 83_32, vat: 16_67, gross: 99_99 },
        lines: [{ position: 1, net: 83_32, vat: 16_67, gross: 99_99 }],
      },
    ]);
  });

  test('in three thirds takes the tax by difference: 5.56, 5.55, 5.56', () => {
    let orders: readonly CreditableOrder[] = [guide];
    const vat: Cents[] = [];
    for (let n = 0; n < 3; n += 1) {
      const credits = splitCredit(orders, cents(33_33));
      vat.push(...credits.map((it) => it.vat));
      orders = withCredits(orders, credits);
    }
    expect(vat).toEqual([5_56, 5_55, 5_56]);
    expect(shares(orders[0]?.credited ?? [])).toEqual([[83_32, 16_67, 99_99]]);
  });

  test('is shared by the payment’s orders in proportion, to the cent', () => {
    const other = sold(taxLines([priced({ gross: cents(50_00) })]), 2);
    const credits = splitCredit([guide, other], cents(10_00));
    expect(credits.map(({ orderId, gross }) => [orderId, gross])).toEqual([
      [1, 6_67],
      [2, 3_33],
    ]);
  });

  test('comes first from the product that is named, and the rest from all', () => {
    const lines = taxLines([
      priced({ gross: cents(100_00) }),
      priced({ productId: 'prod_b', gross: cents(40_00) }),
    ]);
    const [credit] = splitCredit([sold(lines)], cents(50_00), [
      { productId: 'prod_b', amount: cents(40_00) },
      { productId: 'prod_unknown', amount: cents(5_00) },
    ]);
    expect(credit?.lines.map(({ gross }) => gross)).toEqual([10_00, 40_00]);
  });

  test('of a named product never exceeds what its rate has left beside a proration', () => {
    const lines = taxLines([
      priced({ gross: cents(100_00) }),
      priced({ productId: 'prod_old', gross: cents(-30_00) }),
      priced({ productId: 'prod_book', gross: cents(40_00), rate: 550 as VatRate }),
    ]);
    const order = sold(lines);
    const [credit] = splitCredit([order], cents(90_00), [
      { productId: 'prod_a', amount: cents(90_00) },
    ]);
    expect(credit?.gross).toBe(90_00);
    expect(credit?.vat).toBeLessThanOrEqual(order.order.totals.vat);
    const rest = splitCredit(withCredits([order], credit ? [credit] : []), cents(20_00));
    const all = withCredits(withCredits([order], credit ? [credit] : []), rest);
    expect(shares(all[0]?.credited ?? [])).toEqual(shares(lines));
  });
});

// ---- Any sale, any pieces ----------------------------------------------------------------------

const anyLine = fc.record({
  productId: fc.constantFrom('prod_a', 'prod_b', 'prod_c', null),
  gross: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 300_00 }) },
    { weight: 1, arbitrary: fc.integer({ min: -40_00, max: 9 }) },
  ),
  rate: fc.constantFrom(2000, 1000, 550, 0),
  treatment: fc.constantFrom('standard', 'reverse-charge'),
});
const anySale = fc
  .array(fc.array(anyLine, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 })
  .map((orders) =>
    orders.map((lines, index) => {
      const made = lines.map(({ gross, rate, treatment, productId }) =>
        priced({
          ...{ productId, gross: cents(gross), rate: rate as VatRate },
          treatment: rate === 0 ? (treatment as 'standard') : 'standard',
        }),
      );
      return sold(taxLines(made), index + 1);
    }),
  )
  .filter((orders) => orders.every(({ order }) => order.totals.gross >= 0));
const anyPiece = fc.record({
  /** Of what is left; more than that now and then. */
  part: fc.double({ min: 0.0001, max: 1.2, noNaN: true }),
  named: fc.array(
    fc.record({
      productId: fc.constantFrom('prod_a', 'prod_b', 'prod_x'),
      amount: fc.integer({ min: 0, max: 200_00 }).map(cents),
    }),
    { maxLength: 2 },
  ),
});

const isBetween = (part: number, whole: number) =>
  part >= Math.min(0, whole) && part <= Math.max(0, whole);

/** Amounts by rate, of what was sold or of what was credited. */
function byRate(order: Order, amounts: readonly VatAmounts[]): Map<string, VatAmounts> {
  const rates = Map.groupBy(order.lines.keys(), (index) => {
    const line = order.lines[index] as OrderLine;
    return `${line.rate} ${line.treatment}`;
  });
  return new Map(
    [...rates].map(([rate, at]) => [rate, added(at.map((index) => amounts[index] ?? NOTHING))]),
  );
}

function expectWithin({ order, credited }: CreditableOrder, isMixed: boolean): void {
  const whole = byRate(order, order.lines);
  for (const [rate, amounts] of byRate(order, credited)) {
    const of = whole.get(rate) as VatAmounts;
    for (const field of ['net', 'vat', 'gross'] as const) {
      expect(isBetween(amounts[field], of[field]), `${rate} ${field}`).toBe(true);
    }
  }
  if (isMixed) return;
  credited.forEach((amounts, index) => {
    const line = order.lines[index] as OrderLine;
    for (const field of ['net', 'vat', 'gross'] as const) {
      expect(isBetween(amounts[field], line[field]), `line ${index} ${field}`).toBe(true);
    }
  });
}

const isMixed = (orders: readonly CreditableOrder[]) =>
  orders.some(({ order }) => order.lines.some(({ gross }) => gross < 0));

describe('any sale that goes back in any pieces', () => {
  const play = (
    sale: readonly CreditableOrder[],
    pieces: readonly { part: number; named: CorrectionFacts['named'] }[],
  ) => {
    let orders: readonly CreditableOrder[] = sale;
    const left = () =>
      sum(orders.flatMap((it) => [it.order.totals.gross, cents(-added(it.credited).gross)]));
    let given = 0;
    let quarantined = false;
    for (const { part, named } of [...pieces, { part: 1, named: [] }]) {
      const before = left();
      const amount = cents(Math.ceil(before * part));
      const decision = decideCorrection(refund({ amount, named }), false, orders);
      if (decision.kind === 'quarantine') quarantined ||= decision.reason !== 'exceeds-invoice';
      if (decision.kind !== 'credit') continue;
      expect(decision.amount + decision.excess).toBe(amount);
      expect(decision.amount).toBeLessThanOrEqual(before);
      expect(sum(decision.credits.map(({ gross }) => gross))).toBe(decision.amount);
      for (const credit of decision.credits) {
        expect(credit.net + credit.vat).toBe(credit.gross);
        expect(shares([added(credit.lines)])).toEqual(shares([credit]));
        expect(credit.lines.every((it) => it.net + it.vat === it.gross)).toBe(true);
      }
      orders = withCredits(orders, decision.credits);
      given += decision.amount;
      for (const order of orders) expectWithin(order, isMixed(sale));
    }
    return { orders, given, quarantined };
  };

  test('is never credited beyond itself, and in the end to the cent, rate by rate, line by line', () => {
    fc.assert(
      fc.property(anySale, fc.array(anyPiece, { maxLength: 6 }), (sale, pieces) => {
        const { orders, given, quarantined } = play(sale, pieces);
        if (quarantined) return isMixed(sale); // a negative tax on a positive amount: a person looks
        expect(given).toBe(sum(sale.map(({ order }) => order.totals.gross)));
        for (const { order, credited } of orders) {
          if (order.totals.gross === 0) continue; // nothing of it can go back
          expect(shares(credited)).toEqual(shares(order.lines));
        }
        return true;
      }),
      { numRuns: 400 },
    );
  });

  test('comes to the same in the end whatever the order of the pieces', () => {
    const twoOrders = fc
      .array(anyPiece, { minLength: 2, maxLength: 4 })
      .chain((pieces) =>
        fc.tuple(fc.constant(pieces), fc.shuffledSubarray(pieces, { minLength: pieces.length })),
      );
    fc.assert(
      fc.property(anySale, twoOrders, (sale, [one, another]) => {
        if (isMixed(sale)) return;
        const books = [one, another].map((pieces) => play(sale, pieces).orders);
        expect(books[0]?.map(({ credited }) => credited)).toEqual(
          books[1]?.map(({ credited }) => credited),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('a correction', () => {
  const orders = [sold(taxLines([priced()]))];

  test.each([
    ['that is pending', { state: 'pending' }, false, 'ignored correction-pending'],
    ['that failed before', { state: 'undone' }, false, 'ignored correction-undone'],
    [
      'that failed after its credit note',
      { state: 'undone' },
      true,
      'quarantine undone-after-credit',
    ],
    ['known already', {}, true, 'already-recorded undefined'],
    ['of a new state', { state: { unknown: 'odd' } }, false, 'quarantine unknown-status'],
    ['without an amount', { amount: null }, false, 'quarantine no-amount'],
    ['of nothing', { amount: cents(0) }, false, 'ignored nothing-to-credit'],
    ['in another currency', { currency: currency('USD') }, false, 'quarantine other-currency'],
  ] as const)('%s', (_name, facts, isRecorded, expected) => {
    const decision = decideCorrection(
      refund(facts as Partial<CorrectionFacts>),
      isRecorded,
      orders,
    );
    const reason = 'reason' in decision ? decision.reason : undefined;
    expect(`${decision.kind} ${reason}`).toBe(expected);
  });

  test('of more than is left credits what is left, and tells the rest', () => {
    const credited = withCredits(orders, splitCredit(orders, cents(60_00)));
    const lost = refund({ cause: 'dispute', amount: cents(99_99) });
    expect(decideCorrection(lost, false, credited)).toMatchObject({
      ...{ kind: 'credit', amount: 39_99, excess: 60_00 },
    });
    const all = withCredits(orders, splitCredit(orders, cents(99_99)));
    expect(decideCorrection(lost, false, all)).toEqual({
      ...{ kind: 'quarantine', reason: 'exceeds-invoice', detail: '9999 / 9999' },
    });
  });
});

describe('the credit note', () => {
  const lines = taxLines([
    priced({ quantity: 2, discount: cents(5_00) }),
    priced({ productId: 'prod_b', gross: cents(20_00), quantity: 3 }),
  ]);
  const { order } = sold(lines);
  const { branding, invoice, issued } = {
    branding: {
      ...{ name: 'Fiscalia', color: null, contactEmail: null, contactPhone: null, website: null },
    },
    invoice: {
      ...{ number: 'FQCA-2026-000156' as InvoiceNumber, issueDay: '2026-11-22' as ParisDay },
      ...{ serviceDay: '2026-11-22' as ParisDay, test: true },
    },
    issued: {
      ...{ number: 'AQCA-2026-000003' as InvoiceNumber, issueDay: '2026-12-01' as ParisDay },
      issuedAt: new Date('2026-12-01T10:00:01Z'),
    },
  };
  const note = (credits: readonly OrderCredit[]) =>
    issueCreditNote(order, {
      ...{ ...issued, branding, invoice, seller: sampleSeller() },
      ...{ creditNoteId: 12, cause: 'refund', refundedDay: '2026-12-01' as ParisDay },
      lines: credits[0]?.lines ?? [],
    });

  test('of everything repeats the lines and the totals of the invoice, which it names', () => {
    const made = note(splitCredit([sold(lines)], order.totals.gross));
    expect(made).toMatchObject({
      ...{ kind: 'credit-note', cause: 'refund', creditNoteId: 12, test: true },
      creditedInvoice: { number: 'FQCA-2026-000156', issueDay: '2026-11-22' },
      refundedDay: '2026-12-01',
    });
    expect(made.lines).toEqual(order.lines);
    expect(made.totals).toEqual(order.totals);
  });

  test('of a part says name, rate and amounts, but no quantity or discount', () => {
    const named = [{ productId: 'prod_b', amount: cents(20_00) }];
    const made = note(splitCredit([sold(lines)], cents(30_00), named));
    expect(
      made.lines.map(({ productName, quantity, gross }) => [productName, quantity, gross]),
    ).toEqual([
      ['Déclaration', null, 10_00],
      ['Déclaration', 3, 20_00],
    ]);
    expect(made.lines[0]).toMatchObject({ rate: 2000, discount: 0 });
    expect(made.totals.gross).toBe(30_00);
  });

  test('has its file beside the invoices, named by itself and the instant in UTC', () => {
    expect(creditNotePdfKey(12, new Date('2026-11-22T13:32:18.900Z'))).toBe(
      'partner_invoices/avoir_12_20261122_133218.pdf',
    );
  });
});
