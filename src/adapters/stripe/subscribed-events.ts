// The one list of what we ask Stripe to tell us: what an endpoint subscribes to, and what a
// reconciliation looks for. An event of any other type is stored and ignored. Stripe's list of events
// takes twenty types at most.

/** The events that can tell of a payment. */
export const PAYMENT_EVENT_TYPES = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'invoice.paid',
  'invoice.payment_succeeded',
] as const;

/** The events that can tell of money that went back, or did not in the end. */
export const CORRECTION_EVENT_TYPES = [
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.closed',
  'credit_note.created',
  'credit_note.voided',
] as const;

/** All of them. */
export const OUR_EVENT_TYPES = [...PAYMENT_EVENT_TYPES, ...CORRECTION_EVENT_TYPES] as const;
