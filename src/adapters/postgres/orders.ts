// Orders and their lines, written once. The unique key (payment, partner) is the last guard of
// "exactly once on the books": a second order of one payment cannot exist.

import type { Transaction } from 'kysely';
import type { Clock, Orders } from '#application/ports.ts';
import type { Customer } from '#domain/customer.ts';
import { cents, currency } from '#domain/money.ts';
import { type Order, type OrderLine, totalsOf } from '#domain/order.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { vatRate } from '#domain/vat.ts';
import type { Row, Tables } from './tables.ts';

export function postgresOrders(trx: Transaction<Tables>, clock: Clock): Orders {
  return {
    async insert(order) {
      const { id } = await trx
        .insertInto('orders')
        .values({
          payment_key: order.paymentKey,
          partner_slug: order.partner,
          event_id: order.eventId,
          event_created_at: order.eventCreatedAt,
          customer: JSON.stringify(order.customer),
          customer_email: order.customer.email,
          currency: order.currency,
          paid_at: order.paidAt,
          payment_method: order.paymentMethod,
          net: order.totals.net,
          vat: order.totals.vat,
          gross: order.totals.gross,
          recorded_at: clock.now(),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await trx
        .insertInto('order_line')
        .values(
          order.lines.map((line, index) => ({
            order_id: id,
            position: index + 1,
            product_id: line.productId,
            product_name: line.productName,
            quantity: line.quantity,
            net: line.net,
            vat: line.vat,
            gross: line.gross,
            discount: line.discount,
            rate_basis_points: line.rate,
            treatment: line.treatment,
          })),
        )
        .execute();
      return { ...order, id };
    },
  };
}

/**
 * The orders as recorded, by id. Throws when one is missing, or when its customer was purged and
 * `buyers`, out of legal documents, has nobody to stand in.
 */
export async function readOrders(
  db: Transaction<Tables>,
  ids: readonly number[],
  buyers: ReadonlyMap<number, Customer>,
): Promise<ReadonlyMap<number, Order>> {
  const rows = await db
    .selectFrom('orders')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute();
  const lines = await db
    .selectFrom('order_line')
    .selectAll()
    .where('order_id', 'in', [...ids])
    .orderBy('order_id')
    .orderBy('position')
    .execute();
  const linesOf = Map.groupBy(lines, (line) => line.order_id);
  if (rows.length !== ids.length) throw new Error(`an order of ${ids.join(', ')} is missing`);
  return new Map(
    rows.map((row) => {
      const customer = (row.customer as Customer | null) ?? buyers.get(row.id) ?? null;
      if (customer === null) throw new Error(`the personal data of order ${row.id} was purged`);
      return [row.id, orderOf(row, (linesOf.get(row.id) ?? []).map(lineOf), customer)];
    }),
  );
}

function orderOf(row: Row<'orders'>, lines: readonly OrderLine[], customer: Customer): Order {
  return {
    id: row.id,
    paymentKey: row.payment_key as PaymentKey,
    partner: row.partner_slug as PartnerSlug,
    eventId: row.event_id,
    eventCreatedAt: row.event_created_at,
    customer,
    currency: currency(row.currency),
    paidAt: row.paid_at,
    paymentMethod: row.payment_method,
    lines,
    totals: totalsOf(lines),
  };
}

function lineOf(row: Row<'order_line'>): OrderLine {
  return {
    productId: row.product_id,
    productName: row.product_name,
    quantity: row.quantity,
    net: cents(row.net),
    vat: cents(row.vat),
    gross: cents(row.gross),
    discount: cents(row.discount),
    rate: vatRate(row.rate_basis_points),
    treatment: row.treatment,
  };
}
