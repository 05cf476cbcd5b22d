// Orders and their lines, written once. The unique key (payment, partner) is the last guard of
// "exactly once on the books": a second order of one payment cannot exist.

import { sql, type Transaction } from 'kysely';
import type { Clock, Orders } from '#application/ports.ts';
import type { Customer } from '#domain/customer.ts';
import { cents, currency } from '#domain/money.ts';
import { type NewOrder, type Order, type OrderLine, totalsOf } from '#domain/order.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { vatRate } from '#domain/vat.ts';
import type { Row, Tables } from './tables.ts';

export function postgresOrders(trx: Transaction<Tables>, clock: Clock): Orders {
  const orders: Orders = {
    async insert(order) {
      const [inserted] = await orders.insertAll([order]);
      return inserted as Order;
    },

    async insertAll(given) {
      const rows = await insertOrders(trx, given, clock.now());
      // No two of them have both in common: the table's unique key says so.
      const ids = new Map(rows.map((row) => [`${row.payment_key} ${row.partner_slug}`, row.id]));
      const made = given.map((order) => {
        const id = ids.get(`${order.paymentKey} ${order.partner}`);
        if (id === undefined) throw new Error(`an order of ${order.paymentKey} got no id`);
        return { ...order, id };
      });
      await insertLines(trx, made);
      return made;
    },
  };
  return orders;
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
  const { rows } = await sql<Row<'orders'> & { readonly lines: readonly Row<'order_line'>[] }>`
    select o.id, o.payment_key, o.partner_slug, o.event_id, o.event_created_at, o.customer,
      o.customer_email, o.currency, o.paid_at, o.payment_method, o.net, o.vat, o.gross,
      o.recorded_at, o.purged_at,
      (select json_agg(l order by l.position) from order_line l where l.order_id = o.id) as lines
    from orders o where o.id = any(${[...ids]}::bigint[])`.execute(db);
  if (rows.length !== ids.length) throw new Error(`an order of ${ids.join(', ')} is missing`);
  return new Map(
    rows.map((row) => {
      const customer = (row.customer as Customer | null) ?? buyers.get(row.id) ?? null;
      if (customer === null) throw new Error(`the personal data of order ${row.id} was purged`);
      return [row.id, orderOf(row, (row.lines ?? []).map(lineOf), customer)];
    }),
  );
}

// One text whatever the number of rows, so that PostgreSQL plans it once.
async function insertOrders(trx: Transaction<Tables>, orders: readonly NewOrder[], at: Date) {
  const of = <T>(pick: (order: NewOrder) => T) => orders.map(pick);
  const { rows } = await sql<{ id: number; payment_key: string; partner_slug: string }>`
    insert into orders (payment_key, partner_slug, event_id, event_created_at, customer,
      customer_email, currency, paid_at, payment_method, net, vat, gross, recorded_at)
    select *, ${at}::timestamptz from unnest(
      ${of((it) => it.paymentKey)}::text[], ${of((it) => it.partner)}::text[],
      ${of((it) => it.eventId)}::text[], ${of((it) => it.eventCreatedAt)}::timestamptz[],
      ${of((it) => JSON.stringify(it.customer))}::jsonb[], ${of((it) => it.customer.email)}::text[],
      ${of((it) => it.currency)}::text[], ${of((it) => it.paidAt)}::timestamptz[],
      ${of((it) => it.paymentMethod)}::text[], ${of((it) => it.totals.net)}::bigint[],
      ${of((it) => it.totals.vat)}::bigint[], ${of((it) => it.totals.gross)}::bigint[]
    )
    returning id, payment_key, partner_slug`.execute(trx);
  return rows;
}

async function insertLines(trx: Transaction<Tables>, orders: readonly Order[]): Promise<void> {
  const lines = orders.flatMap(({ id, lines: its }) =>
    its.map((line, index) => ({ ...line, id, position: index + 1 })),
  );
  const of = <T>(pick: (line: (typeof lines)[number]) => T) => lines.map(pick);
  await sql`
    insert into order_line (order_id, position, product_id, product_name, quantity, net, vat,
      gross, discount, rate_basis_points, treatment)
    select * from unnest(
      ${of((it) => it.id)}::bigint[], ${of((it) => it.position)}::int[],
      ${of((it) => it.productId)}::text[], ${of((it) => it.productName)}::text[],
      ${of((it) => it.quantity)}::bigint[], ${of((it) => it.net)}::bigint[],
      ${of((it) => it.vat)}::bigint[], ${of((it) => it.gross)}::bigint[],
      ${of((it) => it.discount)}::bigint[], ${of((it) => it.rate)}::int[],
      ${of((it) => it.treatment)}::text[]
    )`.execute(trx);
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
