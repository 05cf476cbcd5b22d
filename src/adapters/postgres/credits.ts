// What went back, as rows: the correction, what it takes from each order, and from which lines. The
// legal documents stand among the invoices; here is what the next correction must know, that no
// line is ever taken back twice.

import { sql, type Transaction } from 'kysely';
import type { Clock, Credits, InvoicedOrder } from '#application/ports.ts';
import { documentOf, type Invoice } from '#domain/invoice.ts';
import { cents, ZERO } from '#domain/money.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { VatAmounts } from '#domain/vat.ts';
import type { Tables } from './tables.ts';

const NOTHING: VatAmounts = { net: ZERO, vat: ZERO, gross: ZERO };

export function postgresCredits(trx: Transaction<Tables>, clock: Clock): Credits {
  return {
    async recorded(keys) {
      if (keys.length === 0) return new Set();
      const rows = await trx
        .selectFrom('correction')
        .select('key')
        .where('key', 'in', [...keys])
        .execute();
      return new Set(rows.map(({ key }) => key));
    },

    async ordersOf(payment) {
      const rows = await trx
        .selectFrom('orders')
        .innerJoin('invoice', 'invoice.order_id', 'orders.id')
        .select(['orders.id', 'event_id', 'event_created_at', 'paid_at', 'content'])
        .where('payment_key', '=', payment)
        .where('credit_note_id', 'is', null)
        .orderBy('orders.id')
        .execute();
      const credited = await creditedLines(trx, payment);
      return rows.map((row): InvoicedOrder => {
        // The invoice and not the order's row: it keeps its buyer when personal data is purged.
        const invoice = documentOf(row.content) as Invoice;
        const { buyer: customer, partner, currency, lines, totals, paymentMethod } = invoice;
        const order = {
          ...{ id: row.id, paymentKey: payment, partner: partner.slug, customer, currency },
          ...{ eventId: row.event_id, eventCreatedAt: row.event_created_at },
          ...{ paidAt: row.paid_at, paymentMethod, lines, totals },
        };
        const ofLine = (at: number) => credited.get(`${row.id} ${at + 1}`) ?? NOTHING;
        return { order, invoice, credited: lines.map((_, at) => ofLine(at)) };
      });
    },

    async insert({ key, cause, at, payment, eventId, amount, currency }) {
      const values = { key, cause, amount, currency, payment_key: payment, event_id: eventId };
      await trx
        .insertInto('correction')
        .values({ ...values, corrected_at: at, recorded_at: clock.now() })
        .execute();
    },

    async insertNote(correction, { orderId, net, vat, gross, lines }) {
      const note = await trx
        .insertInto('credit_note')
        .values({ correction_key: correction, order_id: orderId, net, vat, gross })
        .returning('id')
        .executeTakeFirstOrThrow();
      await trx
        .insertInto('credit_note_line')
        .values(lines.map((line) => ({ credit_note_id: note.id, ...line })))
        .execute();
      return note;
    },
  };
}

/** Sums by order and position, `12 1`. */
async function creditedLines(
  trx: Transaction<Tables>,
  payment: PaymentKey,
): Promise<ReadonlyMap<string, VatAmounts>> {
  type Sums = { readonly line: string; readonly net: number; readonly vat: number };
  const { rows } = await sql<Sums & { readonly gross: number }>`
    select n.order_id || ' ' || l.position as line,
      sum(l.net)::bigint as net, sum(l.vat)::bigint as vat, sum(l.gross)::bigint as gross
    from correction c join credit_note n on n.correction_key = c.key
      join credit_note_line l on l.credit_note_id = n.id
    where c.payment_key = ${payment} group by 1`.execute(trx);
  return new Map(
    rows.map(({ line, net, vat, gross }) => [
      line,
      { net: cents(net), vat: cents(vat), gross: cents(gross) },
    ]),
  );
}
