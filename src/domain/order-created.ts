// `order.created`, the one message partners integrate against. Its bytes are the contract: key
// order, types and nulls are those of the partner guide's full example, and a test compares them.

import { internationalPhone, splitName } from './customer.ts';
import type { InvoiceNumber } from './invoice-number.ts';
import { toDecimalNumber } from './money.ts';
import { type Order, unitNet } from './order.ts';

/**
 * The request body, as JSON text. Amounts are whole units with at most the currency's decimals;
 * instants are ISO 8601 UTC with milliseconds. `pdfUrl` is signed for this attempt.
 */
export function orderCreatedBody(order: Order, invoice: InvoiceNumber, pdfUrl: string): string {
  const { name, businessName, phone, address } = order.customer;
  const { firstName, lastName } = splitName(name ?? businessName);
  return JSON.stringify({
    event_type: 'order.created',
    event_id: order.eventId,
    order_id: order.id,
    timestamp: order.eventCreatedAt.toISOString(),
    customer: {
      first_name: firstName,
      last_name: lastName,
      email: order.customer.email,
      phone: internationalPhone(phone, address?.country ?? null),
    },
    order: {
      total_amount: toDecimalNumber(order.totals.gross, order.currency),
      currency: order.currency,
      payment_date: order.paidAt.toISOString(),
      products: order.lines
        .filter((line) => line.productId !== null)
        .map((line) => ({
          product_id: line.productId,
          product_name: line.productName,
          quantity: line.quantity ?? 1,
          unit_price: toDecimalNumber(unitNet(line), order.currency),
        })),
    },
    invoice: { pdf_url: pdfUrl, number: invoice },
  });
}
