// The lines of a session and of an invoice made into facts: what they cost, what they are called,
// whose they are, and whether the tax that Stripe states can be explained on a French invoice.

import { describe, expect, test } from 'vitest';
import type { SessionLineShape, SessionShape } from '#adapters/stripe/shapes.ts';
import { billed, checkout, lineOf, product } from '../support/stripe-objects.ts';

describe('a line', () => {
  test('of a session costs its total; of an invoice its amount less discounts', () => {
    expect(lineOf(checkout({}, { amount_total: 90_00, amount_discount: 30_00 }))).toMatchObject({
      gross: 90_00,
      discount: 30_00,
    });
    const discounted = { discount_amounts: [{ amount: 20_00 }, { amount: 10_00 }] };
    expect(lineOf(billed({}, discounted))).toMatchObject({ gross: 90_00, discount: 30_00 });
  });

  test('is called by its product, not by the English of an invoice line', () => {
    expect(lineOf(billed()).productName).toBe('Bilan annuel');
    const byHand = lineOf(billed({}, { pricing: null, description: 'Remise en main propre' }));
    expect(byHand).toMatchObject({ productId: null, productName: 'Remise en main propre' });
  });

  test('is called by its description when the product is deleted, whose partner is gone', () => {
    const deleted = { product: { id: product.id, deleted: true } };
    const line = lineOf(checkout({}, { price: deleted }));
    expect(line).toMatchObject({ productName: 'Bilan annuel', partner: null });
    const named = { ...deleted, metadata: { partner: 'lilas' } };
    expect(lineOf(checkout({}, { price: named })).partner).toBe('lilas');
  });

  test('takes the partner from the product alone while there is one', () => {
    const price = { product: { ...product, metadata: {} }, metadata: { partner: 'evil' } };
    const session = { metadata: { partner: 'evil' } } as SessionShape;
    expect(lineOf(checkout(session, { price })).partner).toBeNull();
    expect(lineOf(checkout()).partner).toBe('lilas');
  });

  test.each([
    ['null', null, null, null],
    ['a whole number', 3, null, 3],
    ['zero', 0, '0', 0],
    ['below zero', -1, null, null],
    ['cut to an integer', 2, '2.5', null],
    ['whole, with its decimal', 2, '2.0', 2],
  ])('whose quantity is %s', (_, quantity, quantity_decimal, expected) => {
    expect(lineOf(billed({}, { quantity, quantity_decimal })).quantity).toBe(expected);
  });

  test('loses what cannot be seen of its name, and is never without one', () => {
    const named = (name: string) =>
      lineOf(checkout({}, { price: { product: { ...product, name } }, description: null }))
        ?.productName;
    expect(named('Bilan\u202E\u0000\r\n 5 €\uD800')).toBe('Bilan 5 €');
    expect(named('\u200B\u200E')).toBe('Article');
    expect(named('<script>{{x}}</script> =cmd|1')).toBe('<script>{{x}}</script> =cmd|1');
    expect(named('x'.repeat(4000)).length).toBe(500);
  });

  test('priced in a way of tomorrow says so', () => {
    const priced = (pricing: object | null) => lineOf(billed({}, { pricing })).unknownPricing;
    expect(priced({ type: 'rate_card', rate_card: {} })).toBe('rate_card');
    expect(priced({ type: 'price_details', price_details: { product: product.id } })).toBeNull();
    expect(priced(null)).toBeNull();
    expect(lineOf(checkout()).unknownPricing).toBeNull();
  });

  test('of an old invoice names its product in its price or its plan', () => {
    const old = { pricing: null, description: null };
    expect(lineOf(billed({}, { ...old, price: { product: product.id } }))).toMatchObject({
      productId: product.id,
      partner: 'lilas',
    });
    expect(lineOf(billed({}, { ...old, plan: { product } })).productId).toBe(product.id);
  });
});

const ratedAt = (percentage: number, inclusive = true, tax_type: string | null = 'vat') => ({
  percentage,
  inclusive,
  tax_type,
});

describe('the tax of a line', () => {
  const ofSession = (
    amount: number,
    rate: object,
    reason: string | null = null,
    session: SessionShape = {},
  ) =>
    lineOf(
      checkout(session, {
        amount_tax: amount,
        taxes: [{ amount, rate, taxability_reason: reason }],
      }),
    ).tax;
  const business: SessionShape = {
    customer_details: {
      email: 'ana@example.com',
      tax_exempt: 'reverse',
      tax_ids: [
        { type: 'eu_vat', value: null },
        { type: 'fr_siren', value: '123' },
        { type: 'eu_vat', value: 'DE123456789' },
      ],
    },
  };

  test('is silent when Stripe worked out none', () => {
    expect(lineOf(checkout()).tax).toBe('silent');
    expect(lineOf(billed({}, { taxes: null })).tax).toBe('silent');
  });

  test('is stated with its rate when one VAT explains it', () => {
    const standard = { vat: 20_00, rate: 2000, treatment: 'standard' };
    expect(ofSession(20_00, ratedAt(20))).toEqual(standard);
    expect(ofSession(20_00, ratedAt(20), 'standard_rated')).toEqual(standard);
    expect(ofSession(6_26, ratedAt(5.5), 'reduced_rated')).toMatchObject({ rate: 550, vat: 6_26 });
    expect(ofSession(2_47, ratedAt(2.1))).toMatchObject({ rate: 210 });
    const inclusive = { tax_behavior: 'inclusive', taxability_reason: 'not_available' };
    const taxes = [{ ...inclusive, amount: 20_00, tax_rate_details: { tax_rate: 'txr_20' } }];
    expect(lineOf(billed({}, { taxes }))).toMatchObject({ gross: 120_00, tax: standard });
  });

  test('that is not in the price is added to it, and to the discount', () => {
    const taxes = [
      { amount: 18_00, tax_behavior: 'exclusive', tax_rate_details: { tax_rate: 'txr_20' } },
    ];
    const discount_amounts = [{ amount: 10_00 }];
    expect(lineOf(billed({}, { amount: 100_00, discount_amounts, taxes }))).toMatchObject({
      gross: 108_00,
      discount: 12_00,
      tax: { vat: 18_00, rate: 2000 },
    });
    const old = [{ amount: 20_00, inclusive: false, tax_rate: ratedAt(20) }];
    expect(lineOf(billed({}, { amount: 100_00, taxes: null, tax_amounts: old }))).toMatchObject({
      gross: 120_00,
      tax: { vat: 20_00, rate: 2000 },
    });
  });

  test('is reverse charge only with a VAT number to name', () => {
    const reverse = { vat: 0, rate: 0, treatment: 'reverse-charge' };
    expect(ofSession(0, ratedAt(20), 'reverse_charge', business)).toEqual(reverse);
    expect(lineOf(checkout(business)).tax).toEqual(reverse);
    expect(ofSession(0, ratedAt(20), 'reverse_charge')).toEqual({ unclear: 'eu_vat: null' });
  });

  test('is exempt when the product or the customer is', () => {
    const exempt = { vat: 0, rate: 0, treatment: 'exempt' };
    expect(ofSession(0, ratedAt(0), 'product_exempt')).toEqual(exempt);
    expect(ofSession(0, ratedAt(20), 'customer_exempt')).toEqual(exempt);
  });

  test.each([
    ['two taxes', { taxes: [{ amount: 10_00 }, { amount: 10_00 }] }, 'taxes: 2'],
    ['a sum without its parts', { amount_tax: 20_00, taxes: [] }, 'amount_tax: 2000'],
    [
      'an amount that the rate does not give',
      { taxes: [{ amount: 19_00, rate: ratedAt(20) }] },
      'amount: 1900 ≠ 2000',
    ],
    ['no amount', { taxes: [{ rate: ratedAt(20) }] }, 'amount: null'],
    ['no rate', { taxes: [{ amount: 20_00, rate: 'txr_1' }] }, 'tax_rate: null'],
    [
      'a rate of nothing, for no reason',
      { taxes: [{ amount: 0, rate: ratedAt(0) }] },
      'tax_rate: 0',
    ],
    [
      'a rate finer than basis points',
      { taxes: [{ amount: 20_00, rate: ratedAt(20.0001) }] },
      'tax_rate: null',
    ],
    [
      'a tax that is no VAT',
      { taxes: [{ amount: 20_00, rate: ratedAt(20, true, 'gst') }] },
      'tax_type: gst',
    ],
    [
      'a seller who does not collect',
      { taxes: [{ amount: 0, rate: ratedAt(0), taxability_reason: 'not_collecting' }] },
      'taxability_reason: not_collecting',
    ],
    [
      'a reason nobody knows',
      { taxes: [{ amount: 20_00, rate: ratedAt(20), taxability_reason: 'moon_phase' }] },
      'taxability_reason: moon_phase',
    ],
  ])('is unclear with %s, and says so', (_, line, unclear) => {
    expect(lineOf(checkout({}, line as SessionLineShape)).tax).toEqual({ unclear });
  });

  test('of a customer with an exemption nobody knows is unclear', () => {
    const session: SessionShape = { customer_details: { email: 'a@b.fr', tax_exempt: 'partly' } };
    expect(lineOf(checkout(session)).tax).toEqual({ unclear: 'tax_exempt: partly' });
  });

  test('is unclear on every line when only the total knows of tax', () => {
    expect(lineOf(billed({ total_taxes: [{ amount: 20_00 }] })).tax).toEqual({
      unclear: 'total_taxes: 2000',
    });
    expect(lineOf(billed({ total_tax_amounts: [{ amount: 20_00 }] })).tax).toEqual({
      unclear: 'total_taxes: 2000',
    });
  });
});

describe('the tax of shipping', () => {
  const shipped = (amount_tax: number, line: SessionLineShape = {}) =>
    checkout({ shipping_cost: { amount_total: 12_00, amount_tax } }, line);
  const rated = (percentage: number, amount: number): SessionLineShape => ({
    taxes: [{ amount, rate: ratedAt(percentage) }],
  });

  test('is silent when Stripe worked out none at all', () => {
    expect(shipped(0)).toMatchObject({ shipping: 12_00, shippingTax: 'silent' });
    expect(checkout().shippingTax).toBe('silent');
  });

  test('has the rate of the goods, else the normal one', () => {
    const standard = { treatment: 'standard' };
    expect(shipped(2_00).shippingTax).toEqual({ ...standard, vat: 2_00, rate: 2000 });
    expect(shipped(63, rated(5.5, 6_26)).shippingTax).toEqual({ ...standard, vat: 63, rate: 550 });
    expect(shipped(2_00, rated(5.5, 6_26)).shippingTax).toMatchObject({ rate: 2000 });
  });

  test('is nothing when the goods bear none, for their reason', () => {
    const exempt = {
      taxes: [{ amount: 0, rate: ratedAt(0), taxability_reason: 'product_exempt' }],
    };
    expect(shipped(0, exempt).shippingTax).toEqual({ vat: 0, rate: 0, treatment: 'exempt' });
  });

  test('is unclear at a rate that is neither', () => {
    expect(shipped(63).shippingTax).toEqual({ unclear: 'shipping_cost.amount_tax: 63' });
    expect(shipped(0, rated(20, 20_00)).shippingTax).toHaveProperty('unclear');
  });
});
