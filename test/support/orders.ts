// Builders of paid checkouts and orders, deterministic, showing only what a test is about.

import { cents, currency, sum } from '#domain/money.ts';
import { type Order, taxLines, totalsOf } from '#domain/order.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { BilledFacts, CheckoutFacts, LineFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { NORMAL_RATE } from '#domain/vat.ts';

export function line(overrides: Partial<LineFacts> = {}): LineFacts {
  return {
    productId: 'prod_declaration',
    productName: 'Déclaration complète',
    partner: 'fiscalia',
    productDeleted: false,
    unknownPricing: null,
    quantity: 1,
    gross: cents(9999),
    discount: cents(0),
    tax: 'silent',
    ...overrides,
  };
}

/** A checkout paid by card; its total follows its lines unless given. */
export function paidCheckout(overrides: Partial<CheckoutFacts> = {}): CheckoutFacts {
  const lines = overrides.lines ?? [line()];
  const shipping = overrides.shipping ?? cents(0);
  return {
    kind: 'checkout',
    sessionId: 'cs_test_1',
    paymentIntentId: 'pi_1',
    mode: 'payment',
    status: 'complete',
    paymentStatus: 'paid',
    paymentFailed: false,
    invoiceExpected: false,
    total: sum([...lines.map((it) => it.gross), shipping]),
    currency: currency('EUR'),
    lines,
    shipping,
    buyer: {
      name: 'Marie Martin',
      businessName: null,
      email: 'marie@example.fr',
      phone: '+33612345678',
      address: null,
      vatNumber: null,
    },
    paidAt: new Date('2026-11-22T13:32:18Z'),
    paymentMethod: 'card',
    otherSeller: false,
    shippingTax: 'silent',
    taxFailure: null,
    livemode: false,
    ...overrides,
  };
}

/** The first invoice of a subscription, paid; its total follows its lines unless given. */
export function paidInvoice(overrides: Partial<BilledFacts> = {}): BilledFacts {
  const { lines, shipping } = overrides;
  const {
    kind: _kind,
    sessionId: _session,
    paymentIntentId: _intent,
    mode: _mode,
    paymentStatus: _paymentStatus,
    invoiceExpected: _expected,
    ...priced
  } = paidCheckout({ ...(lines && { lines }), ...(shipping && { shipping }) });
  return {
    ...priced,
    kind: 'billed',
    invoiceId: 'in_1',
    status: 'paid',
    billingReason: 'subscription_create',
    ...overrides,
  };
}

/** An order of one line of 99.99 unless told otherwise. */
export function paidOrder(overrides: Partial<Order> = {}): Order {
  const lines =
    overrides.lines ??
    taxLines([
      {
        productId: 'prod_declaration',
        productName: 'Déclaration complète',
        quantity: 1,
        gross: cents(9999),
        discount: cents(0),
        rate: NORMAL_RATE,
        treatment: 'standard',
        vat: null,
      },
    ]);
  return {
    id: 1,
    paymentKey: 'pi_1' as PaymentKey,
    partner: 'fiscalia' as PartnerSlug,
    eventId: 'evt_1',
    eventCreatedAt: new Date('2026-11-22T13:32:18Z'),
    customer: {
      name: 'Marie Martin',
      businessName: null,
      email: 'marie@example.fr',
      phone: '+33612345678',
      address: null,
      vatNumber: null,
    },
    currency: currency('EUR'),
    paidAt: new Date('2026-11-22T13:32:18Z'),
    paymentMethod: 'card',
    totals: totalsOf(lines),
    ...overrides,
    lines,
  };
}
