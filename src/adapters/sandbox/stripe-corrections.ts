// Money that goes back: a refund, with its credit note where Stripe had made an invoice, and a
// dispute. What was paid stays paid; these come beside it.

import type Stripe from 'stripe';
import { invoiceOf } from './stripe-billing.ts';
import {
  type Credited,
  creditNoteLines,
  creditNoteObject,
  disputeObject,
  refundObject,
} from './stripe-correction-objects.ts';
import { giveCredit } from './stripe-dashboard.ts';
import { type Happening, type PromisedIds, putEvent, seconds } from './stripe-events.ts';
import { newStripeId } from './stripe-ids.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

type When = { readonly now: Date; readonly promised?: PromisedIds };

/**
 * What is left of a payment, or `amount` of it in minor units, goes back to the customer. Where Stripe
 * made an invoice, all of it comes with a credit note. Throws when there is no such payment.
 */
export function refundPayment(
  store: StripeStore,
  intentId: string,
  { now, promised, amount }: When & { readonly amount?: number },
): Happening {
  const created = seconds(now);
  const charge = chargeOf(store, intentId);
  const refundId = newStripeId('re');
  const given = amount ?? charge.amount - charge.amount_refunded;
  const refunded = charge.amount_refunded + given;
  store.put(refundObject({ id: refundId, created, charge, amount: given }));
  store.put({ ...charge, amount_refunded: refunded, refunded: refunded === charge.amount });
  const events = [
    putEvent(store, 'refund.created', refundId, created, { promised }),
    putEvent(store, 'charge.refunded', charge.id, created, { promised }),
  ];
  const payment = store
    .all('invoice_payment')
    .find((it) => (it.payment as { payment_intent?: unknown }).payment_intent === intentId);
  if (!payment || given < charge.amount) return { events };
  const invoice = invoiceOf(store, String(payment.invoice));
  const credited = { invoice, total: invoice.total, lines: linesOf(store, invoice.id), refundId };
  const noted = putCreditNote(store, credited, { now, ...(promised && { promised }) });
  return { events: [...events, noted] };
}

/** One line of a paid invoice becomes credit on the customer's next one. Throws without that line. */
export function creditLine(
  store: StripeStore,
  invoiceId: string,
  at: number,
  when: When,
): Happening {
  const invoice = invoiceOf(store, invoiceId);
  const line = linesOf(store, invoiceId)[at];
  if (line === undefined) throw new Error(`${invoiceId} has no line ${at}`);
  const discount = (line.discount_amounts ?? []).reduce((sum, it) => sum + it.amount, 0);
  const onTop = (line.taxes ?? []).filter((it) => it.tax_behavior === 'exclusive');
  const total = line.amount - discount + onTop.reduce((sum, it) => sum + it.amount, 0);
  const credited = { invoice, total, lines: [line], refundId: null };
  const noted = putCreditNote(store, credited, when);
  giveCredit(store, String(invoice.customer), total);
  return { events: [noted] };
}

function linesOf(store: StripeStore, invoiceId: string): readonly Stripe.InvoiceLineItem[] {
  return store.rows(invoiceId) as unknown as readonly Stripe.InvoiceLineItem[];
}

function putCreditNote(
  store: StripeStore,
  credited: Credited,
  { now, promised }: When,
): StripeObject {
  const created = seconds(now);
  const id = newStripeId('cn');
  const { invoice, total } = credited;
  store.putRows(id, creditNoteLines(credited.lines));
  store.put(creditNoteObject({ id, created, ...credited }));
  const before = invoice.post_payment_credit_notes_amount;
  store.put({ ...invoice, post_payment_credit_notes_amount: before + total });
  return putEvent(store, 'credit_note.created', id, created, { promised });
}

/** The customer's bank takes the money back for now. */
export function disputePayment(
  store: StripeStore,
  intentId: string,
  { now, promised }: When,
): Happening & { readonly disputeId: string } {
  const created = seconds(now);
  const charge = chargeOf(store, intentId);
  const id = newStripeId('du');
  store.put(disputeObject({ id, created, charge }));
  store.put({ ...charge, disputed: true });
  const events = [putEvent(store, 'charge.dispute.created', id, created, { promised })];
  return { disputeId: id, events };
}

/** The bank decides. Throws when there is no such dispute. */
export function closeDispute(
  store: StripeStore,
  disputeId: string,
  status: 'won' | 'lost',
  { now, promised }: When,
): Happening {
  const dispute = store.findKind('dispute', disputeId);
  if (dispute === null) throw new Error(`no dispute ${disputeId}`);
  store.put({ ...dispute, status });
  return {
    events: [putEvent(store, 'charge.dispute.closed', disputeId, seconds(now), { promised })],
  };
}

function chargeOf(store: StripeStore, intentId: string): Stripe.Charge {
  const intent = store.findKind('payment_intent', intentId);
  const charge = store.findKind('charge', String(intent?.latest_charge));
  if (charge === null) throw new Error(`nothing was charged by ${intentId}`);
  return charge;
}
