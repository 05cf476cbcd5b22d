// What Stripe remembers: its events of the last 30 days, and the payments it counts as done. Lists of
// a hundred rows, one request after the other, so that a reconciliation never crowds out payments.

import type Stripe from 'stripe';
import type { PaidAtStripe, ReceivedEvent, StripeHistory } from '#application/ports.ts';
import { invoicePaymentKey, type PaymentKey, paymentKey } from '#domain/payment-key.ts';
import { type InvoiceShape, idOf, instantOf, type SessionShape, textOf } from './shapes.ts';
import { OUR_EVENT_TYPES } from './subscribed-events.ts';
import { eventOf } from './webhook-event.ts';

const PAGE_ROWS = 100;
/** A session lives a day at most before it is paid or expires; its list goes by its beginning. */
const SESSION_LIFE_MS = 24 * 60 * 60 * 1000;

export function stripeHistory(stripe: Stripe): StripeHistory {
  return {
    async eventsPage({ since, until }, cursor) {
      const page = await stripe.events.list({
        types: [...OUR_EVENT_TYPES],
        created: { gte: seconds(since), lt: Math.ceil(until.getTime() / 1000) },
        limit: PAGE_ROWS,
        ...(cursor !== null && { starting_after: cursor }),
      });
      return { events: page.data.map(received), more: page.has_more };
    },

    async *paidBetween({ since, until }) {
      const inRange = ({ at }: PaidAtStripe) => at >= since && at < until;
      const begun = new Date(since.getTime() - SESSION_LIFE_MS);
      const created = { gte: seconds(begun), lt: Math.ceil(until.getTime() / 1000) };
      const sessions = stripe.checkout.sessions.list({
        created,
        status: 'complete',
        limit: PAGE_ROWS,
      });
      for await (const session of sessions) {
        const paid = paidSession(session);
        if (paid && inRange(paid)) yield paid;
      }
      const invoices = stripe.invoices.list({ created, status: 'paid', limit: PAGE_ROWS });
      for await (const invoice of invoices) {
        const paid = paidInvoice(invoice);
        if (paid && inRange(paid)) yield paid;
      }
    },

    async isPaid(key) {
      try {
        return await isPaidNow(stripe, key);
      } catch (error) {
        if ((error as { code?: unknown }).code === 'resource_missing') return false;
        throw error;
      }
    },
  };
}

function received(event: Stripe.Event): ReceivedEvent {
  const found = eventOf(event, JSON.stringify(event));
  if (typeof found === 'string') throw new Error(`Stripe listed what is no event: ${found}`);
  return found;
}

// A session with an invoice, or with one to come, is the invoice's payment.
function paidSession(session: SessionShape): PaidAtStripe | null {
  const { id, mode, payment_status: status, invoice, created } = session;
  if (mode !== 'payment' || (status !== 'paid' && status !== 'no_payment_required')) return null;
  const at = instantOf(created);
  const sessionId = textOf(id);
  const hasInvoice = idOf(invoice) !== null || session.invoice_creation?.enabled === true;
  if (hasInvoice || at === null || sessionId === null) return null;
  const paymentIntentId = idOf(session.payment_intent);
  return { key: paymentKey({ invoiceId: null, paymentIntentId, sessionId }), at };
}

// A free invoice of a subscription, or a credit, is no payment (the decision's rule).
function paidInvoice(invoice: InvoiceShape): PaidAtStripe | null {
  const id = textOf(invoice.id);
  const at = instantOf(invoice.status_transitions?.paid_at) ?? instantOf(invoice.created);
  const free = Number(invoice.total) <= 0 && invoice.billing_reason !== 'manual';
  return id === null || at === null || free ? null : { key: invoicePaymentKey(id), at };
}

// The prefixes are the only thing ever read out of an id, and only out of our own keys.
async function isPaidNow(stripe: Stripe, key: PaymentKey): Promise<boolean> {
  if (key.startsWith('in_')) return (await stripe.invoices.retrieve(key)).status === 'paid';
  if (key.startsWith('pi_')) {
    return (await stripe.paymentIntents.retrieve(key)).status === 'succeeded';
  }
  return (await stripe.checkout.sessions.retrieve(key)).payment_status !== 'unpaid';
}

function seconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}
