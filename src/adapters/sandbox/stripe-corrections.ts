// Money that goes back: a refund, with its credit note where Stripe had made an invoice, and a
// dispute. What was paid stays paid; these come beside it.

import type Stripe from 'stripe';
import { invoiceOf } from './stripe-billing.ts';
import {
  creditNoteLines,
  creditNoteObject,
  disputeObject,
  refundObject,
} from './stripe-correction-objects.ts';
import { type Happening, type PromisedIds, putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

type When = { readonly now: Date; readonly promised?: PromisedIds };

/** All of a payment goes back to the customer. Throws when there is no such payment. */
export function refundPayment(
  store: StripeStore,
  intentId: string,
  { now, promised }: When,
): Happening {
  const created = seconds(now);
  const charge = chargeOf(store, intentId);
  const refundId = newStripeId('re');
  store.put(refundObject({ id: refundId, created, charge }));
  store.put({ ...charge, amount_refunded: charge.amount, refunded: true });
  const events = [
    putEvent(store, 'refund.created', refundId, created, { promised }),
    putEvent(store, 'charge.refunded', charge.id, created, { promised }),
  ];
  const payment = store
    .all('invoice_payment')
    .find((it) => (it.payment as { payment_intent?: unknown }).payment_intent === intentId);
  if (!payment) return { events };
  const noted = putCreditNote(store, String(payment.invoice), refundId, { created, promised });
  return { events: [...events, noted] };
}

function putCreditNote(
  store: StripeStore,
  invoiceId: string,
  refundId: string,
  { created, promised }: { readonly created: number; readonly promised: PromisedIds | undefined },
): StripeObject {
  const invoice = invoiceOf(store, invoiceId);
  const id = newStripeId('cn');
  const lines = store.rows(invoiceId) as unknown as readonly Stripe.InvoiceLineItem[];
  store.putRows(id, creditNoteLines(lines));
  store.put(creditNoteObject({ id, created, invoice, refundId }));
  store.put({ ...invoice, post_payment_credit_notes_amount: invoice.total });
  return putEvent(store, 'credit_note.created', id, created, { promised });
}

/** The customer's bank takes the money back for now. */
export function disputePayment(
  store: StripeStore,
  intentId: string,
  { now, promised }: When,
): Happening {
  const created = seconds(now);
  const charge = chargeOf(store, intentId);
  const id = newStripeId('du');
  store.put(disputeObject({ id, created, charge }));
  store.put({ ...charge, disputed: true });
  return { events: [putEvent(store, 'charge.dispute.created', id, created, { promised })] };
}

function chargeOf(store: StripeStore, intentId: string): Stripe.Charge {
  const intent = store.findKind('payment_intent', intentId);
  const charge = store.findKind('charge', String(intent?.latest_charge));
  if (charge === null) throw new Error(`nothing was charged by ${intentId}`);
  return charge;
}
