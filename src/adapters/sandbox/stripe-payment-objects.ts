// Payment methods, intents and charges in the shape of the pinned API version. Typed by the SDK, so
// that a field Stripe adds or drops breaks the build here. Paid by a test card, or by direct debit,
// whose money takes days: its intent stays `processing` and its charge `pending` until the bank has
// spoken.

import type Stripe from 'stripe';
import { billingDetails, type SandboxBuyer } from './stripe-buyer.ts';

export type MethodType = 'card' | 'sepa_debit';

/** How a charge stands; the intent's status follows from it. */
export type ChargeStatus = 'succeeded' | 'pending' | 'failed';

/** Unix seconds. */
type Stamp = { readonly created: number };

const TEST_CARD: Stripe.PaymentMethod.Card = {
  brand: 'visa',
  checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
  country: 'FR',
  display_brand: 'visa',
  exp_month: 12,
  exp_year: 2034,
  funding: 'credit',
  generated_from: null,
  last4: '4242',
  networks: { available: ['visa'], preferred: null },
  regulated_status: 'regulated',
  three_d_secure_usage: { supported: true },
  wallet: null,
};
const TEST_ACCOUNT: Stripe.PaymentMethod.SepaDebit = {
  bank_code: '20041',
  branch_code: '01005',
  country: 'FR',
  fingerprint: null,
  generated_from: null,
  last4: '2606',
};

/** A card or a bank account of the tests, held by the buyer. */
export function paymentMethodObject(
  buyer: SandboxBuyer,
  {
    id,
    created,
    customer,
    type,
  }: Stamp & {
    readonly id: string;
    readonly customer: string | null;
    readonly type: MethodType;
  },
): Stripe.PaymentMethod {
  return {
    id,
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: billingDetails(buyer),
    ...(type === 'card' ? { card: TEST_CARD } : { sepa_debit: TEST_ACCOUNT }),
    created,
    customer,
    customer_account: null,
    livemode: false,
    metadata: {},
    type,
  };
}

export type ChargeIds = Stamp & {
  readonly intentId: string;
  readonly chargeId: string;
  readonly method: { readonly id: string; readonly type: MethodType };
  readonly customer: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly status: ChargeStatus;
  /** Stripe sells in its own name. */
  readonly managed?: boolean;
};

/** What the account takes besides: two types, so that the intent alone does not tell how. */
export function methodTypesWith(type: MethodType): readonly string[] {
  return type === 'card' ? ['card', 'link'] : ['card', type];
}

/** What an intent says of its charge. */
export const INTENT_STATUS = {
  succeeded: 'succeeded',
  pending: 'processing',
  failed: 'requires_payment_method',
} as const satisfies Readonly<Record<ChargeStatus, Stripe.PaymentIntent.Status>>;

export function intentObject(ids: ChargeIds): Stripe.PaymentIntent {
  return {
    id: ids.intentId,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: ids.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: ids.status === 'succeeded' ? ids.amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${ids.intentId}_secret_sandbox`,
    confirmation_method: 'automatic',
    created: ids.created,
    currency: ids.currency,
    customer: ids.customer,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: ids.chargeId,
    livemode: false,
    managed_payments: { enabled: ids.managed === true },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: ids.status === 'failed' ? null : ids.method.id,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: [...methodTypesWith(ids.method.type)],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: INTENT_STATUS[ids.status],
    transfer_data: null,
    transfer_group: null,
  };
}

/** Nothing of it refunded. */
export function chargeObject(buyer: SandboxBuyer, ids: ChargeIds): Stripe.Charge {
  const { status } = ids;
  return {
    id: ids.chargeId,
    object: 'charge',
    amount: ids.amount,
    amount_captured: status === 'failed' ? 0 : ids.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: billingDetails(buyer),
    calculated_statement_descriptor: 'COMPTAPPART',
    captured: status !== 'failed',
    created: ids.created,
    currency: ids.currency,
    customer: ids.customer,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: status === 'failed' ? 'insufficient_funds' : null,
    failure_message: status === 'failed' ? 'The account has insufficient funds.' : null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: status === 'succeeded',
    payment_intent: ids.intentId,
    payment_method: ids.method.id,
    payment_method_details: { type: ids.method.type },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status,
    transfer_data: null,
    transfer_group: null,
  };
}

/** A card kept for later, and kept indeed. */
export function setupIntentObject(
  parts: Stamp & { readonly id: string; readonly customer: string; readonly method: string },
): Stripe.SetupIntent {
  return {
    id: parts.id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${parts.id}_secret_sandbox`,
    created: parts.created,
    customer: parts.customer,
    description: null,
    excluded_payment_method_types: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: parts.method,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'succeeded',
    usage: 'off_session',
  };
}
