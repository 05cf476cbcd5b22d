// Whom an alert is about, in the two ids that people search by. What raised it knows a notification,
// an invoice's number or an order; the books know the rest.

import { sql } from 'kysely';
import type { Database } from './database.ts';

export type AlertSubject = {
  readonly paymentKey?: string;
  readonly orderId?: number;
};

/** Empty when the ids lead nowhere. Throws when the database is away. */
export async function alertSubject(
  db: Database,
  ids: Readonly<Record<string, string | number>>,
): Promise<AlertSubject> {
  const { paymentKey, orderId, number } = ids;
  if (typeof paymentKey === 'string') return { paymentKey };
  if (orderId === undefined && number === undefined) return {};
  const { rows } = await sql<{ id: number; payment_key: string }>`
    select id, payment_key from orders
    where id = coalesce(${orderId ?? null}::bigint,
      (select order_id from invoice where invoice.number = ${number ?? null}))`.execute(db);
  const [row] = rows;
  return row ? { orderId: row.id, paymentKey: row.payment_key } : {};
}
