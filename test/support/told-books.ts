// Books with a little of everything that the command line shows: an order whose partner was told, one
// whose partner refused it with an answer meant to hurt a terminal, and a payment in quarantine.

import type { DeliveryAnswer } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  REFUSED,
  receivedEvent,
  recordingMailer,
  recordingPartner,
  type TestBooks,
  testBooks,
} from './books.ts';
import { deliverDue } from './deliver.ts';
import { line, paidCheckout } from './orders.ts';

/** Clears the screen and renames the window of a terminal that obeys. */
export const EVIL = '\u001b[2J\u001b]0;owned\u0007\u202Enon';
export const UNKNOWN_SLUG = 'fiscalia2';

export type ToldBooks = TestBooks & {
  readonly told: number;
  readonly refused: number;
  readonly quarantinedKey: PaymentKey;
};

const HURTING: DeliveryAnswer = {
  result: 'refused',
  report: {
    ...REFUSED.report,
    detail: 'Le partenaire a répondu 422.',
    request: { url: 'https://acme.example/orders', headers: {}, body: '{"order_id":2}' },
    response: { headers: {}, body: EVIL, truncated: false },
  },
};

/** The partner `acme` with orders 1 and 2, all attempts made, and one payment of nobody's. */
export async function toldBooks(): Promise<ToldBooks> {
  const books = await testBooks(4);
  await books.addPartner('acme');
  const told = await sell(books, 1, ACCEPTED);
  const refused = await sell(books, 2, HURTING);
  const facts = paidCheckout({
    sessionId: 'cs_test_3',
    paymentIntentId: 'pi_3',
    lines: [line({ partner: UNKNOWN_SLUG })],
  });
  await resolve(books, 3, facts);
  return { ...books, told, refused, quarantinedKey: 'pi_3' as PaymentKey };
}

async function sell(books: TestBooks, n: number, answer: DeliveryAnswer): Promise<number> {
  const checkout = paidCheckout({ sessionId: `cs_test_${n}`, paymentIntentId: `pi_${n}` });
  await resolve(books, n, { ...checkout, lines: [line({ partner: 'acme' })] });
  const { db, base } = books;
  const { id, number } = await db
    .selectFrom('orders')
    .innerJoin('invoice', 'invoice.order_id', 'orders.id')
    .select(['orders.id', 'invoice.number'])
    .where('payment_key', '=', `pi_${n}`)
    .executeTakeFirstOrThrow();
  const files = memoryFiles();
  const needs = {
    ...base,
    files,
    printer: numberPrinter,
    mailer: recordingMailer(() => ACCEPTED).mailer,
    partner: recordingPartner(() => answer).partner,
    livemode: false,
    workerId: 'the-test',
    partnerDelaysMs: [],
  };
  await renderInvoice(needs, number);
  await deliverDue(needs);
  return id;
}

async function resolve({ base }: TestBooks, n: number, facts: PaymentFacts): Promise<void> {
  const event = receivedEvent({ id: `evt_${n}`, objectId: `cs_test_${n}` });
  await receiveEvent(base, event);
  await resolvePayment({ ...base, stripe: { read: async () => ({ facts }) } }, event.id);
}
