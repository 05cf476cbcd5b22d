// Stripe's objects made into facts: what counts among several places that say it, and that nothing
// Stripe could ever send makes the mapping throw.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '#adapters/sandbox/catalogue.ts';
import { expand } from '#adapters/sandbox/stripe-expand.ts';
import { priceObject, productObject } from '#adapters/sandbox/stripe-product-objects.ts';
import { purchase } from '#adapters/sandbox/stripe-purchase.ts';
import { type StripeStore, stripeStore } from '#adapters/sandbox/stripe-store.ts';
import { billedMethod, chargeToRead } from '#adapters/stripe/payment-method.ts';
import type { InvoiceLineShape, InvoiceShape, SessionShape } from '#adapters/stripe/shapes.ts';
import { billedFacts, checkoutFacts } from '#adapters/stripe/stripe-facts.ts';
import { decidePayment } from '#domain/payment.ts';
import {
  billed,
  billedLine,
  CREATED,
  checkout,
  PAID,
  paidInvoice,
  paidSession,
  product,
  soldLine,
} from '../support/stripe-objects.ts';
import { watched } from '../support/watched.ts';

describe('the buyer', () => {
  test('is who the form asked for, not the name on the card', () => {
    const details = { email: 'a@b.fr', name: 'DUPONT SARL', tax_exempt: 'none' };
    const asked = { individual_name: 'Léa Dupont', business_name: 'Dupont SARL' };
    const both = { name: 'Léa Dupont', businessName: 'Dupont SARL' };
    expect(checkout({ customer_details: { ...details, ...asked } }).buyer).toMatchObject(both);
    expect(
      checkout({ customer_details: details, collected_information: asked }).buyer,
    ).toMatchObject(both);
    expect(checkout({ customer_details: details }).buyer).toMatchObject({
      name: 'DUPONT SARL',
      businessName: null,
    });
  });

  test('of an invoice is enriched by its session', () => {
    const session: SessionShape = {
      customer_details: { email: 'form@example.com', phone: '+33612345678', name: 'Ana P.' },
    };
    expect(billed({}, {}, session).buyer).toMatchObject({
      email: 'form@example.com',
      phone: '+33612345678',
      name: 'Ana P.',
    });
  });

  test.each([
    [
      'the form',
      { customer_details: { email: 'form@x.fr' }, customer_email: 'pre@x.fr' },
      'form@x.fr',
    ],
    ['the prefill', { customer_details: { email: null }, customer_email: 'pre@x.fr' }, 'pre@x.fr'],
    ['the customer', { customer_details: null, customer: { email: 'cus@x.fr' } }, 'cus@x.fr'],
    [
      'one that works, if the first is broken',
      {
        customer_details: { email: 'a@x.fr, b@x.fr' },
        customer: { email: 'cus@x.fr' },
      },
      'cus@x.fr',
    ],
    [
      'a broken one, rather than none',
      { customer_details: { email: 'a@x.fr\r\nBcc: z@x.fr' } },
      'a@x.fr\r\nBcc: z@x.fr',
    ],
    ['nobody', { customer_details: { email: ' ' }, customer: 'cus_1' }, null],
    [
      'nobody, of a deleted customer',
      { customer_details: null, customer: { id: 'cus_1', deleted: true } as object },
      null,
    ],
  ])('has the e-mail of %s', (_, session, email) => {
    expect(checkout(session).buyer.email).toBe(email);
  });

  test('lives at the fullest address there is', () => {
    const street = { line1: '4 rue Haute', city: 'Metz', country: 'FR' };
    const form = { email: 'a@b.fr', address: { country: 'FR', postal_code: '75001' } };
    expect(
      checkout({ customer_details: form, customer: { address: street } }).buyer.address,
    ).toMatchObject({ line1: '4 rue Haute', city: 'Metz', postalCode: null });
    expect(checkout({ customer_details: form }).buyer.address).toMatchObject({
      line1: null,
      postalCode: '75001',
    });
  });

  test('has no address when all of it is empty, and no country that is none', () => {
    const at = (address: object) =>
      checkout({ customer_details: { email: 'a@b.fr', address } }).buyer.address;
    expect(at({ line1: '', city: '', country: '' })).toBeNull();
    expect(at({ country: 're', postal_code: '97400' })).toMatchObject({
      country: 'RE',
      postalCode: '97400',
      line1: null,
    });
    expect(at({ city: 'Lyon', country: 'France' })).toMatchObject({ country: null });
  });
});

describe('the payment', () => {
  test('was made when it was charged, or when the invoice was paid', () => {
    expect(checkout().paidAt).toEqual(new Date(PAID * 1000));
    expect(checkout({ payment_intent: 'pi_1' }).paidAt).toEqual(new Date(CREATED * 1000));
    expect(billed().paidAt).toEqual(new Date(PAID * 1000));
  });

  test('without a date is not believed', () => {
    expect(checkout({ created: null, payment_intent: 'pi_1' }).total).toBeNull();
  });

  test('was made by what the charge says, else by the only method there is', () => {
    const types = (...payment_method_types: string[]) =>
      checkout({ payment_intent: 'pi_1', payment_method_types }).paymentMethod;
    expect(checkout().paymentMethod).toBe('card');
    expect(types('sepa_debit')).toBe('sepa_debit');
    expect(types('card', 'link')).toBeNull();
    expect(checkout({ payment_status: 'no_payment_required', amount_total: 0 }).paymentMethod).toBe(
      null,
    );
  });

  test.each([
    ['by direct debit', {}, 'sepa_debit'],
    [
      'outside of Stripe',
      { payments: { data: [{ status: 'paid', payment: { type: 'payment_record' } }] } },
      'out_of_band',
    ],
    ['outside of Stripe, without a trace', { payments: { data: [] } }, 'out_of_band'],
    [
      'from the balance',
      { payments: { data: [] }, amount_paid: 0, starting_balance: -120_00 },
      'balance',
    ],
    ['not at all', { total: 0, amount_paid: 0, payments: { data: [] } }, null],
    [
      'by an old charge',
      { payments: null, charge: { id: 'ch_1', payment_method_details: { type: 'card' } } },
      'card',
    ],
    ['outside of Stripe, long ago', { payments: null, paid_out_of_band: true }, 'out_of_band'],
  ])('of an invoice was made %s', (_, invoice, method) => {
    expect(billed(invoice).paymentMethod).toBe(method);
  });

  test('of a renewal is read off the default card only if that is the one charged', () => {
    const charged = (payment_method: string): InvoiceShape => ({
      ...paidInvoice,
      payments: {
        data: [
          {
            status: 'paid',
            payment: { payment_intent: { id: 'pi_1', latest_charge: 'ch_1', payment_method } },
          },
        ],
      },
      parent: {
        subscription_details: {
          subscription: { default_payment_method: { id: 'pm_default', type: 'link' } },
        },
      },
    });
    expect(chargeToRead(charged('pm_default'), null)).toBeNull();
    expect(billed(charged('pm_default')).paymentMethod).toBe('link');
    expect(chargeToRead(charged('pm_other'), null)).toBe('ch_1');
    const charge = { id: 'ch_1', payment_method_details: { type: 'paypal' } };
    expect(billedMethod(charged('pm_other'), null, charge)).toBe('paypal');
    const session = { payment_intent: { id: 'pi_1', latest_charge: charge } };
    expect(chargeToRead(charged('pm_other'), session)).toBeNull();
    expect(billedMethod(charged('pm_other'), session, null)).toBe('paypal');
  });

  test('belongs to another seller if Stripe or another account sells', () => {
    expect(checkout().otherSeller || billed().otherSeller).toBe(false);
    expect(checkout({ managed_payments: { enabled: true } }).otherSeller).toBe(true);
    expect(checkout({ payment_intent: { on_behalf_of: 'acct_1' } }).otherSeller).toBe(true);
    expect(billed({ issuer: { type: 'account' } }).otherSeller).toBe(true);
    expect(billed({ issuer: { type: 'platform_of_tomorrow' } }).otherSeller).toBe(true);
    const subscribed = (subscription: object) =>
      billed({ parent: { subscription_details: { subscription } } }).otherSeller;
    expect(subscribed({ managed_payments: { enabled: true } })).toBe(true);
    expect(subscribed({ on_behalf_of: 'acct_1' })).toBe(true);
    expect(subscribed({ managed_payments: { enabled: false }, on_behalf_of: null })).toBe(false);
    const liable = { enabled: true, status: 'complete', liability: { type: 'account' } };
    expect(billed({ automatic_tax: liable }).otherSeller).toBe(true);
    expect(checkout({ automatic_tax: liable }).otherSeller).toBe(true);
    expect(billed({ on_behalf_of: { id: 'acct_1' } }).otherSeller).toBe(true);
    expect(billed({}, {}, { managed_payments: { enabled: true } }).otherSeller).toBe(true);
  });

  test.each([
    ['complete', { enabled: true, status: 'complete' }, null],
    ['switched off', { enabled: false, status: null }, null],
    ['without a word of it', null, null],
    ['failed', { enabled: true, status: 'failed' }, 'failed'],
    [
      'without a place',
      { enabled: true, status: 'requires_location_inputs' },
      'requires_location_inputs',
    ],
    ['in a state of tomorrow', { enabled: true, status: 'pondering' }, 'pondering'],
    ['without a result', { enabled: true, status: null }, 'null'],
  ])('has Stripe’s own tax %s', (_, automatic_tax, failure) => {
    expect(checkout({ automatic_tax }).taxFailure).toBe(failure);
    expect(billed({ automatic_tax }).taxFailure).toBe(failure);
  });

  test('has Stripe’s own tax switched off by Stripe, which says why', () => {
    const disabled_reason = 'finalization_system_error';
    const automatic_tax = { enabled: false, status: null, disabled_reason };
    expect(billed({ automatic_tax }).taxFailure).toBe(disabled_reason);
  });

  test('waits for its invoice if it must have one', () => {
    expect(checkout().invoiceExpected).toBe(false);
    expect(checkout({ mode: 'subscription' }).invoiceExpected).toBe(true);
    expect(checkout({ invoice_creation: { enabled: true } }).invoiceExpected).toBe(true);
  });

  test('in no currency or of no whole amount has none', () => {
    expect(checkout({ currency: null, amount_total: null })).toMatchObject({
      currency: null,
      total: null,
    });
    expect(checkout({ currency: 'euro', amount_total: 12.5 })).toMatchObject({
      currency: null,
      total: null,
    });
    expect(checkout({ amount_total: 3_000_000_000 }).total).toBe(3_000_000_000);
  });
});

describe('whatever Stripe sends', () => {
  const partners = { slugs: new Set(['lilas']), house: null, livemode: false };

  // Any value of a good object, at any depth, replaced by any JSON.
  const spoilt = (good: unknown): fc.Arbitrary<unknown> => {
    if (typeof good !== 'object' || good === null) return oneIn(4, good);
    const parts = Array.isArray(good)
      ? fc.tuple(...good.map(spoilt))
      : fc.record(Object.fromEntries(Object.entries(good).map(([k, v]) => [k, spoilt(v)])), {
          requiredKeys: [],
        });
    return fc.oneof({ weight: 8, arbitrary: parts }, { weight: 1, arbitrary: fc.jsonValue() });
  };
  const oneIn = (n: number, good: unknown) =>
    fc.oneof({ weight: n, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.jsonValue() });

  test('a session becomes facts and a decision', () => {
    fc.assert(
      fc.property(spoilt(paidSession), fc.array(spoilt(soldLine)), (session, lines) => {
        const given = (session ?? {}) as SessionShape;
        decidePayment(checkoutFacts(given, rowsOnly(lines)), partners);
      }),
      { numRuns: 500 },
    );
  });

  test('an invoice becomes facts and a decision', () => {
    fc.assert(
      fc.property(
        spoilt(paidInvoice),
        fc.array(spoilt({ ...billedLine, taxes: [{ amount: 20, tax_rate_details: {} }] })),
        spoilt(paidSession),
        (invoice, lines, session) => {
          const facts = billedFacts({
            invoice: (invoice ?? {}) as InvoiceShape,
            lines: rowsOnly(lines),
            session: session as SessionShape | null,
            products: new Map([[product.id, product]]),
            prices: new Map(),
            taxRates: new Map(),
            charge: null,
          });
          decidePayment(facts, partners);
        },
      ),
      { numRuns: 500 },
    );
  });

  const rowsOnly = (rows: readonly unknown[]) =>
    rows.filter((row) => typeof row === 'object' && row !== null) as InvoiceLineShape[];
});

test('every field that is read is one that the newest Stripe sends, but for these', () => {
  const store = stripeStore(null);
  for (const it of CATALOGUE) {
    store.put(priceObject(it, { created: CREATED, priceId: `price_${it.id}` }));
    store.put(productObject(it, { created: CREATED, priceId: `price_${it.id}` }));
  }
  const bought = purchase(
    store,
    { mode: 'subscription', items: [{ productId: 'prod_SbxAccompagnem', quantity: 1 }] },
    new Date(CREATED * 1000),
  );
  const absent = new Set<string>();
  const sent = (id: string | null, paths: readonly string[]) =>
    watched(expanded(store, id, paths), absent);
  const session = sent(bought.sessionId, [
    'line_items.data.price.product',
    'line_items.data.taxes',
  ]);
  const invoice = sent(bought.invoiceId, ['payments.data.payment.payment_intent', 'customer']);
  checkoutFacts(session, (session as SessionShape).line_items?.data ?? []);
  billedFacts({
    invoice,
    lines: (invoice as InvoiceShape).lines?.data ?? [],
    session: null,
    products: new Map(),
    prices: new Map(),
    taxRates: new Map(),
    charge: null,
  });
  expect([...absent].sort()).toEqual([
    'customer.business_name', // left out when empty
    'customer.individual_name',
    'invoice.payment_intent', // before basil, like all below
    'invoice.subscription',
    'invoice.total_tax_amounts',
    'line_item.price',
    'line_item.tax_amounts',
    'product.deleted',
  ]);
});

function expanded(store: StripeStore, id: string | null, paths: readonly string[]): object {
  const object = store.find(id ?? '');
  return object === null ? {} : expand(store, object, paths);
}
