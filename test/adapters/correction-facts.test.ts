// What went back, from Stripe's objects to facts: written by hand, then the recorded and official ones
// where the shared folder is there. What is odd must end as a fact and not in a stack trace; a field
// that Stripe drops from its types must not compile.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  creditNoteFacts,
  disputeFacts,
  namedAmounts,
  paidKeyOf,
  refundFacts,
} from '#adapters/stripe/correction-facts.ts';
import type {
  CreditedInvoiceShape,
  CreditNoteLineShape,
  CreditNoteShape,
  DisputeShape,
  PaidInvoiceShape,
  RefundShape,
} from '#adapters/stripe/correction-shapes.ts';
import { rowsOf } from '#adapters/stripe/shapes.ts';
import { CORRECTION_EVENT_TYPES, OUR_EVENT_TYPES } from '#adapters/stripe/subscribed-events.ts';
import { sharedTest } from '../support/shared.ts';

const AT = 1_795_000_000;
const refund: RefundShape = {
  ...{ id: 're_1', amount: 30_00, currency: 'eur', created: AT, status: 'succeeded' },
  ...{ payment_intent: 'pi_1', charge: 'ch_1' },
};
const note: CreditNoteShape = {
  ...{ id: 'cn_1', total: 50_00, currency: 'eur', created: AT, effective_at: null },
  ...{ status: 'issued', invoice: 'in_1', refunds: [] },
};

test('an event is about one thing, and Stripe’s list takes all of their types', () => {
  expect(OUR_EVENT_TYPES.length).toBeLessThanOrEqual(20);
  expect(new Set(OUR_EVENT_TYPES).size).toBe(OUR_EVENT_TYPES.length);
  expect(CORRECTION_EVENT_TYPES).not.toContain('charge.dispute.created');
});

describe('a refund', () => {
  test('is of its intent, at its own date', () => {
    expect(refundFacts(refund, [])).toEqual({
      ...{ key: 're_1', cause: 'refund', state: 'done', amount: 30_00, currency: 'EUR', named: [] },
      at: new Date(AT * 1000),
    });
    expect(paidKeyOf(refund)).toBe('pi_1');
    expect(paidKeyOf({ ...refund, payment_intent: null })).toBe('ch_1');
    expect(paidKeyOf({ payment_intent: { id: 'pi_2' } })).toBe('pi_2');
  });

  test.each([
    ['succeeded', 'done'],
    ['pending', 'pending'],
    ['requires_action', 'pending'],
    ['failed', 'undone'],
    ['canceled', 'undone'],
    ['new_word', { unknown: 'new_word' }],
    [null, { unknown: '' }],
  ])('in state %s is %j', (status, state) => {
    expect(refundFacts({ ...refund, status }, []).state).toEqual(state);
  });

  test.each([{}, { amount: 1.5 }, { amount: '30' }, { created: null }, { currency: 7 }])(
    'with %j is not believed, and nothing is thrown',
    (odd) => {
      const facts = refundFacts(Object.keys(odd).length === 0 ? {} : { ...refund, ...odd }, []);
      expect([facts.amount, facts.currency]).toContain(null);
    },
  );
});

test.each([
  ['lost', 'done'],
  ['won', 'undone'],
  ['warning_closed', 'undone'],
  ['prevented', 'undone'],
  ['under_review', 'pending'],
  ['odd', { unknown: 'odd' }],
])('a dispute in state %s is %j, at the end that its event tells', (status, state) => {
  const endedAt = new Date('2026-12-01T00:00:00Z');
  const facts = disputeFacts({ ...refund, id: 'du_1', status }, endedAt);
  expect(facts).toMatchObject({ key: 'du_1', cause: 'dispute', state, at: endedAt });
});

describe('a credit note', () => {
  const row = (amount_refunded: number) => ({ amount_refunded, refund });
  const amounts = (of: CreditNoteShape) =>
    creditNoteFacts(of, []).map(({ key, amount }) => [key, amount]);

  test('without a refund is itself', () => {
    expect(amounts(note)).toEqual([['cn_1', 50_00]]);
    expect(creditNoteFacts({ ...note, status: 'void' }, [])[0]?.state).toBe('undone');
  });

  test('that carries a refund is that refund, and what it gives back beside it', () => {
    expect(amounts({ ...note, total: 30_00, refunds: [row(30_00)] })).toEqual([['re_1', 30_00]]);
    expect(amounts({ ...note, refunds: [row(30_00)] })).toEqual([
      ['re_1', 30_00],
      ['cn_1', 20_00],
    ]);
  });

  test('is believed about refunds of which only the id came: their own events tell of them', () => {
    const known = { amount_refunded: 50_00, refund: 're_9' };
    expect(amounts({ ...note, refunds: [known] })).toEqual([]);
  });

  test('counts money outside of Stripe as its own', () => {
    const outside = { amount_refunded: 50_00, refund: null };
    expect(amounts({ ...note, refunds: [outside] })).toEqual([['cn_1', 50_00]]);
  });

  test('names products by the lines of its invoice, discount off and tax on top', () => {
    const lines: CreditNoteLineShape[] = [
      {
        ...{ id: 'cnli_1', invoice_line_item: 'il_1', amount: 100_00, discount_amount: 10_00 },
        taxes: [
          { amount: 18_00, tax_behavior: 'exclusive' },
          { amount: 5_00, tax_behavior: 'inclusive' },
        ],
      },
      { id: 'cnli_2', invoice_line_item: 'il_gone', amount: 7_00 },
      { id: 'cnli_3', amount: 3_00 }, // a line of its own
    ];
    const sold = [{ id: 'il_1', pricing: { price_details: { product: 'prod_1' } } }];
    expect(namedAmounts(lines, sold)).toEqual([{ productId: 'prod_1', amount: 108_00 }]);
  });
});

// ---- Stripe's own types and objects --------------------------------------------------------------

type Part<T> = T extends readonly (infer E)[] ? Part<E> : T extends object ? T : never;
type KeysOf<T> = T extends unknown ? keyof T : never;
/** The fields that our shape names and Stripe's type does not. */
type Strangers<Ours, Stripes> = Exclude<keyof Ours & string, KeysOf<Part<Stripes>>>;

test('every field that we read is in the types of the SDK', () => {
  // The compiler holds this: a stranger makes the value below impossible.
  type All =
    | Strangers<RefundShape, Stripe.Refund>
    | Strangers<DisputeShape, Stripe.Dispute>
    | Strangers<CreditNoteShape, Stripe.CreditNote>
    | Strangers<CreditNoteLineShape, Stripe.CreditNoteLineItem>
    | Strangers<Part<CreditNoteShape['refunds']>, Stripe.CreditNote.Refund>
    | Strangers<CreditedInvoiceShape, Stripe.Invoice>
    | Strangers<PaidInvoiceShape, Stripe.InvoicePayment>;
  const strangers: Record<All, true> = {};
  expect(strangers).toEqual({});
});

type Json = Readonly<Record<string, unknown>>;

sharedTest('recorded and official objects become facts', 'fixtures/stripe', (folder) => {
  const seen: Record<string, number> = {};
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names.filter((it) => it.endsWith('.json') && it !== 'index.json')) {
    const json = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json;
    const object = ((json.data as { object?: Json } | undefined)?.object ?? json) as Json;
    const kind = String(object.object);
    if (kind === 'refund') {
      const facts = refundFacts(object, []);
      expect(facts, name).toMatchObject({ amount: object.amount, state: 'done' });
      expect(paidKeyOf(object), name).toMatch(/^pi_/);
    } else if (kind === 'dispute') {
      expect(disputeFacts(object, new Date()).amount, name).toBe(object.amount);
    } else if (kind === 'credit_note') {
      const { lines } = object as CreditNoteShape;
      const rows = rowsOf(lines?.data);
      const sold = rows.map((line) => ({
        id: line.invoice_line_item,
        pricing: { price_details: { product: 'prod_derived' } },
      }));
      expect(namedAmounts(rows, sold).length, name).toBeLessThanOrEqual(rows.length);
      expect(creditNoteFacts(object, []).length, name).toBeLessThanOrEqual(2);
    } else continue;
    seen[kind] = (seen[kind] ?? 0) + 1;
  }
  expect(seen).toEqual({ credit_note: 7, dispute: 2, refund: 2 });
});
