// An invoice that is nobody's, and its order: complete, marked TEST, with a number that is never taken. It
// is printed to see whether printing works, shown to see how a partner's branding looks, and thrown away.

import type { Invoice } from './invoice.ts';
import { formatInvoiceNumber, parisDay, yearOf } from './invoice-number.ts';
import { cents, currency } from './money.ts';
import { type Order, taxLines, totalsOf } from './order.ts';
import type { PartnerSlug } from './partner.ts';
import type { PaymentKey } from './payment-key.ts';
import type { Seller } from './seller.ts';
import { NORMAL_RATE } from './vat.ts';

/** 99.99 with 20 % VAT, dated `now`. */
export function specimenInvoice(seller: Seller, now: Date): Invoice {
  const day = parisDay(now);
  const line = {
    productId: null,
    productName: 'Spécimen – déclaration de revenus fonciers',
    quantity: 1,
    gross: cents(9999),
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard' as const,
    vat: null,
  };
  const lines = taxLines([line]);
  const address = { line1: '1 rue du Spécimen', line2: null, postalCode: '75001', city: 'Paris' };
  return {
    kind: 'invoice',
    number: formatInvoiceNumber('FQCA', yearOf(day), 9_999_999),
    issuedAt: now.toISOString(),
    issueDay: day,
    serviceDay: day,
    paidDay: day,
    test: true,
    seller,
    buyer: {
      name: 'Zoé Spécimen',
      businessName: null,
      email: 'specimen@example.com',
      phone: null,
      address: { ...address, state: null, country: 'FR' },
      vatNumber: null,
    },
    partner: {
      slug: 'specimen' as PartnerSlug,
      name: 'Spécimen',
      color: null,
      contactEmail: null,
      contactPhone: null,
      website: null,
    },
    orderId: 0,
    paymentKey: 'specimen' as PaymentKey,
    currency: currency('EUR'),
    lines,
    totals: totalsOf(lines),
    paymentMethod: 'card',
  };
}

/** Real orders count from 1. */
const SPECIMEN_ORDER_ID = 0;

/** What `specimenInvoice` invoices, as sold by that partner at `now`. */
export function specimenOrder(partner: PartnerSlug, now: Date): Order {
  const line = {
    productId: 'prod_TEST',
    productName: 'TEST – Déclaration de revenus fonciers',
    quantity: 1,
    gross: cents(9999),
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard' as const,
    vat: null,
  };
  const lines = taxLines([line]);
  return {
    id: SPECIMEN_ORDER_ID,
    paymentKey: 'specimen' as PaymentKey,
    partner,
    eventId: 'evt_specimen',
    eventCreatedAt: now,
    customer: {
      name: 'Zoé Spécimen',
      businessName: null,
      email: 'specimen@example.com',
      // Given to no one, for films and tests (Arcep).
      phone: '+33639980000',
      address: null,
      vatNumber: null,
    },
    currency: currency('EUR'),
    paidAt: now,
    paymentMethod: 'card',
    lines,
    totals: totalsOf(lines),
  };
}
