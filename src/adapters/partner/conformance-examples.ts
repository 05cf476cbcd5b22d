// Orders that nobody placed, for trying a partner's endpoint: whole, in the contract's own bytes, and
// marked as tests in every text that a person may read. Their numbers lie where no real ones are, and
// still fit into the columns that partners keep them in.

import { randomInt, randomUUID } from 'node:crypto';
import { formatInvoiceNumber, parisDay, yearOf } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type Order, taxLines, totalsOf } from '#domain/order.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { NORMAL_RATE } from '#domain/vat.ts';

export type ExampleName = 'standard' | 'null-fields' | 'several-products' | 'big';

/** The examples that people choose from, in that order. */
export const EXAMPLES: readonly { readonly name: ExampleName; readonly label: string }[] = [
  { name: 'standard', label: 'Commande standard' },
  { name: 'null-fields', label: 'Champs nuls (prénom, nom, téléphone)' },
  { name: 'several-products', label: 'Plusieurs produits' },
];

export type ExampleOrder = {
  readonly orderId: number;
  /** For `webhook-id`: one of its own, as each notification has. */
  readonly notificationId: string;
  /** The JSON of `order.created`. */
  readonly body: string;
};

/** Past all real ones for decades, and within a signed column of 32 bits. */
const TEST_ORDERS_FROM = 2_000_000_000;
const TEST_ORDERS = 147_000_000;
/** A year never gets there. */
const TEST_INVOICES_FROM = 9_000_000;
const BIG_ORDER_LINES = 200;

/** Where the example's `pdf_url` leads: an invoice marked TEST that stays there. */
export function exampleInvoiceUrl(publicUrl: string): string {
  return `${publicUrl}/docs/facture-exemple.pdf`;
}

/** Another order each time, dated `now`. */
export function exampleOrder(
  name: ExampleName,
  { now, publicUrl }: { readonly now: Date; readonly publicUrl: string },
): ExampleOrder {
  const orderId = TEST_ORDERS_FROM + randomInt(TEST_ORDERS);
  const number = formatInvoiceNumber(
    'FQCA',
    yearOf(parisDay(now)),
    TEST_INVOICES_FROM + (orderId % 1_000_000),
  );
  const body = orderCreatedBody(orderOf(name, orderId, now), number, exampleInvoiceUrl(publicUrl));
  return { orderId, notificationId: randomUUID(), body };
}

/** True for the order numbers of examples. */
export function isExampleOrder(orderId: number): boolean {
  return orderId >= TEST_ORDERS_FROM;
}

function orderOf(name: ExampleName, id: number, now: Date): Order {
  const lines = linesOf(name);
  const isBare = name === 'null-fields';
  return {
    id,
    paymentKey: `pi_test_${id}` as PaymentKey,
    partner: 'test' as PartnerSlug,
    eventId: `evt_test_comptappart_${id}`,
    eventCreatedAt: now,
    customer: {
      name: isBare ? null : 'Essai ComptAppart',
      businessName: null,
      email: 'essai@example.com',
      phone: isBare ? null : '+33600000000',
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

function linesOf(name: ExampleName): Order['lines'] {
  switch (name) {
    case 'several-products':
      return taxLines([
        product('prod_test_declaration', '[TEST] Déclaration d’impôts – Formule Complète', 9999),
        product('prod_test_conseil', '[TEST] Rendez-vous conseil', 4950, 2),
        product('prod_test_archive', '[TEST] Archivage « 10 ans »', 0),
      ]);
    case 'big':
      return taxLines(
        Array.from({ length: BIG_ORDER_LINES }, (_, at) =>
          product(`prod_test_${at + 1}`, `[TEST] Ligne ${at + 1} d’une très longue commande`, 1000),
        ),
      );
    default:
      return taxLines([product('prod_test_declaration', '[TEST] Déclaration d’impôts', 9999)]);
  }
}

function product(productId: string, productName: string, gross: number, quantity = 1) {
  return {
    productId,
    productName,
    quantity,
    gross: cents(gross),
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard' as const,
    vat: null,
  };
}
