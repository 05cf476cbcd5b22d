// Refunds, credit notes and disputes in the shape of the pinned API version, typed by the SDK. They
// correct the whole of what was paid, or a part.

import type Stripe from 'stripe';

/** `created` in Unix seconds. */
type Stamp = { readonly id: string; readonly created: number };

/** Of the charge, at the customer's wish. `amount` in minor units. */
export function refundObject({
  id,
  created,
  charge,
  amount,
}: Stamp & { readonly charge: Stripe.Charge; readonly amount: number }): Stripe.Refund {
  return {
    id,
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: { card: { type: 'refund' }, type: 'card' },
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method as string | null,
    reason: 'requested_by_customer',
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
}

export type Credited = {
  readonly invoice: Stripe.Invoice;
  /** Minor units, tax in. */
  readonly total: number;
  /** What the invoice's customer is credited with; its totals are those of a part of it. */
  readonly lines: readonly Stripe.InvoiceLineItem[];
  /** The refund that gives it back; null for credit on the customer's next invoice. */
  readonly refundId: string | null;
};

/** Of an invoice, whole or in part. Its own lines are kept apart. */
export function creditNoteObject({
  id,
  created,
  invoice,
  total,
  lines,
  refundId,
}: Stamp & Credited): Omit<Stripe.CreditNote, 'lines'> {
  const isWhole = total === invoice.total;
  const subtotal = isWhole ? invoice.subtotal : lines.reduce((sum, it) => sum + it.amount, 0);
  const shipping = isWhole ? invoice.amount_shipping : 0;
  return {
    id,
    object: 'credit_note',
    amount: total,
    amount_shipping: shipping,
    created,
    currency: invoice.currency,
    customer: String(invoice.customer),
    customer_account: null,
    customer_balance_transaction: null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: created,
    invoice: invoice.id,
    livemode: false,
    memo: null,
    metadata: {},
    number: `${invoice.number}-CN-01`,
    out_of_band_amount: null,
    pdf: 'https://example.com/avoir.pdf',
    post_payment_amount: total,
    pre_payment_amount: 0,
    pretax_credit_amounts: [],
    reason: null,
    refunds:
      refundId === null
        ? []
        : [
            {
              amount_refunded: total,
              payment_record_refund: null,
              refund: refundId,
              type: 'refund',
            },
          ],
    shipping_cost: isWhole ? invoice.shipping_cost : null,
    status: 'issued',
    subtotal,
    subtotal_excluding_tax: isWhole ? invoice.subtotal_excluding_tax : null,
    total,
    total_excluding_tax: isWhole ? invoice.total_excluding_tax : null,
    total_taxes: isWhole ? invoice.total_taxes : lines.flatMap((line) => line.taxes ?? []),
    type: 'post_payment',
    voided_at: null,
  };
}

/** What a credit note takes back of each line. */
export function creditNoteLines(
  lines: readonly Stripe.InvoiceLineItem[],
): readonly Stripe.CreditNoteLineItem[] {
  return lines.map((line) => ({
    id: line.id.replace('il_', 'cnli_'),
    object: 'credit_note_line_item',
    amount: line.amount,
    description: line.description,
    discount_amount: (line.discount_amounts ?? []).reduce((sum, it) => sum + it.amount, 0),
    discount_amounts: [],
    invoice_line_item: line.id,
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: line.quantity,
    tax_rates: [],
    taxes: line.taxes,
    type: 'invoice_line_item',
    unit_amount: null,
    unit_amount_decimal: null,
  }));
}

const EVIDENCE = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
] as const satisfies readonly (keyof Stripe.Dispute.Evidence)[];

const DISPUTED_CARD = {
  brand: 'visa',
  case_type: 'chargeback',
  network: 'visa',
  network_reason_code: '10.4',
} as const satisfies Stripe.Dispute.PaymentMethodDetails.Card;

/** Open, and without any evidence yet. */
export function disputeObject({
  id,
  created,
  charge,
}: Stamp & { readonly charge: Stripe.Charge }): Stripe.Dispute {
  const none = Object.fromEntries(EVIDENCE.map((name) => [name, null]));
  return {
    id,
    object: 'dispute',
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...(none as Record<(typeof EVIDENCE)[number], null>), enhanced_evidence: {} },
    evidence_details: {
      due_by: created + 7 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: { card: DISPUTED_CARD, type: 'card' },
    reason: 'fraudulent',
    status: 'needs_response',
  };
}
