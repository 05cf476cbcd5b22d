// An order recorded and its invoice issued, waiting to be printed: where tests of printing and of
// delivering begin.

import { recordOrders } from '#application/record-orders.ts';
import { decidePayment } from '#domain/payment.ts';
import { receivedEvent, type TestBooks } from './books.ts';
import { line, paidCheckout } from './orders.ts';

/** The number of the invoice. `name` makes the payment; the partner must exist. */
export async function issuedInvoice(
  books: TestBooks,
  name: string,
  partner: string,
): Promise<string> {
  const facts = paidCheckout({ paymentIntentId: `pi_${name}`, lines: [line({ partner })] });
  const known = { slugs: new Set([partner]), house: null, livemode: false };
  const decision = decidePayment(facts, known);
  if (decision.kind !== 'orders') throw new Error('no order');
  const event = receivedEvent({ id: `evt_${name}` });
  await books.transact(async (tx) => {
    await tx.inbox.store([event], books.clock.now());
    await tx.payments.lock(decision.key, event.id, books.clock.now());
    await recordOrders(tx, books.base, event, decision.orders);
  });
  const { number } = await books.db
    .selectFrom('invoice')
    .innerJoin('orders', 'orders.id', 'invoice.order_id')
    .select('invoice.number')
    .where('payment_key', '=', decision.key)
    .executeTakeFirstOrThrow();
  return number;
}
