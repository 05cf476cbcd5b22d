// One word, whatever it is: each kind of name is looked for by its own index, exactly or by its beginning,
// and a few of each are enough to choose from. What has no index is not looked for: customers' names and
// Stripe's ids of customers, which only the events' bodies hold.

import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { startsWith } from './order-list.ts';

/** For fields that choose a partner, and to name them. */
export async function partnerChoices(
  db: Database,
): Promise<readonly { readonly slug: string; readonly name: string }[]> {
  return db.selectFrom('partner').select(['slug', 'name']).orderBy('name').execute();
}

export type FoundOrder = {
  readonly id: number;
  readonly paidAt: Date;
  readonly customerEmail: string | null;
  readonly customerName: string | null;
  readonly partnerName: string;
  readonly currency: string;
  readonly gross: number;
  readonly invoiceNumber: string;
};

const FOUND_MAX = 20;

const ORDER_CELLS = sql`t.id, t.paid_at as "paidAt", t.customer_email as "customerEmail",
  coalesce(t.customer ->> 'businessName', t.customer ->> 'name') as "customerName",
  (select name from partner where slug = t.partner_slug) as "partnerName", t.currency, t.gross,
  (select i.number from invoice i
    where i.order_id = t.id and i.credit_note_id is null) as "invoiceNumber"`;

/** Newest first, FOUND_MAX at most. */
async function ordersWhere(
  db: Database,
  ids: ReturnType<typeof sql<{ id: number }>>,
): Promise<readonly FoundOrder[]> {
  const { rows } = await sql<FoundOrder>`select ${ORDER_CELLS} from orders t
    where t.id = any(array(${ids})) order by t.id desc limit ${sql.lit(FOUND_MAX)}`.execute(db);
  return rows;
}

export function ordersById(db: Database, id: number): Promise<readonly FoundOrder[]> {
  return ordersWhere(db, sql`select id from orders where id = ${id}`);
}

/** The whole address first; else those that begin so, the newest of the first five hundred. */
export async function ordersByEmail(db: Database, text: string): Promise<readonly FoundOrder[]> {
  const whole = await ordersWhere(
    db,
    sql`select id from orders where lower(customer_email) = ${text.toLowerCase()}
      order by id desc limit ${sql.lit(FOUND_MAX)}`,
  );
  if (whole.length > 0) return whole;
  return ordersWhere(db, sql`select t.id from orders t where ${startsWith(text)} limit 500`);
}

/** Those of a payment, or that an event made or was about. */
export function ordersByStripeId(db: Database, id: string): Promise<readonly FoundOrder[]> {
  return ordersWhere(
    db,
    sql`select o.id from orders o where o.payment_key in (
        select ${id}::text
        union select x.payment_key from event_outcome x where x.event_id = ${id}
        union select x.payment_key from stripe_event e join event_outcome x on x.event_id = e.id
          where e.object_id = ${id})
      union select c.order_id from credit_note c where c.correction_key = ${id}`,
  );
}

export function ordersByProduct(db: Database, id: string): Promise<readonly FoundOrder[]> {
  return ordersWhere(
    db,
    sql`select distinct l.order_id as id from order_line l where l.product_id = ${id}
      order by 1 desc limit ${sql.lit(FOUND_MAX)}`,
  );
}

/** Of a document; null when the number was never issued. */
export async function orderOfDocument(db: Database, number: string): Promise<number | null> {
  const row = await db
    .selectFrom('invoice')
    .select('order_id')
    .where('number', '=', number)
    .executeTakeFirst();
  return row?.order_id ?? null;
}

export async function orderOfNotification(db: Database, id: string): Promise<number | null> {
  const row = await db
    .selectFrom('notification')
    .select('order_id')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.order_id ?? null;
}

export type FoundPayment = { readonly key: string; readonly state: string };

/** Payments that are not on the books as orders: in quarantine, waiting, set aside. */
export async function paymentsNamed(db: Database, id: string): Promise<readonly FoundPayment[]> {
  const { rows } = await sql<FoundPayment>`
    select p.key, p.state from payment p where p.state <> 'recorded' and p.key in (
      select ${id}::text
      union select x.payment_key from event_outcome x where x.event_id = ${id}
      union select x.payment_key from stripe_event e join event_outcome x on x.event_id = e.id
        where e.object_id = ${id})`.execute(db);
  return rows;
}

export type FoundEvent = { readonly id: string; readonly type: string; readonly receivedAt: Date };

export async function eventsNamed(db: Database, id: string): Promise<readonly FoundEvent[]> {
  const { rows } = await sql<FoundEvent>`
    select e.id, e.type, e.received_at as "receivedAt" from stripe_event e where e.id in (
      select ${id}::text
      union (select id from stripe_event where object_id = ${id} limit 100)
      union (select event_id from event_outcome where payment_key = ${id} limit 100))
    order by e.received_at desc limit ${sql.lit(FOUND_MAX)}`.execute(db);
  return rows;
}

export type FoundPartner = { readonly slug: string; readonly name: string };

/** A table of some dozens of rows. */
export async function partnersNamed(db: Database, text: string): Promise<readonly FoundPartner[]> {
  const { rows } = await sql<FoundPartner>`select slug, name from partner
    where position(lower(${text}) in lower(slug || e'\n' || name)) > 0
    order by slug <> lower(${text}), name limit ${sql.lit(FOUND_MAX)}`.execute(db);
  return rows;
}
