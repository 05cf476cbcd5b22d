// One successful Stripe payment has one key, whichever of its events comes first: the invoice if it
// has one, else the payment intent, else the checkout session. The key is the identity on our
// books; a unique constraint on it is what makes three events one order.

declare const keyBrand: unique symbol;
/** `in_…`, `pi_…` or `cs_…`, as Stripe wrote it. Opaque but for the order of preference. */
export type PaymentKey = string & { readonly [keyBrand]: true };

/** The payment's key. A session always has an id, so there is always one. */
export function paymentKey(of: {
  readonly invoiceId: string | null;
  readonly paymentIntentId: string | null;
  readonly sessionId: string;
}): PaymentKey {
  return (of.invoiceId ?? of.paymentIntentId ?? of.sessionId) as PaymentKey;
}

/** The key of a payment known by its invoice alone: a renewal has no checkout session. */
export function invoicePaymentKey(invoiceId: string): PaymentKey {
  return invoiceId as PaymentKey;
}

/**
 * The key of money that went back: Stripe's id of the refund, dispute or credit note. What stops there
 * is listed among the payments, under it.
 */
export function correctionKey(id: string): PaymentKey {
  return id as PaymentKey;
}
