// Customers, payment methods, intents and charges in the shape of the pinned API version. Typed by
// the SDK, so that a field Stripe adds or drops breaks the build here. Everything is paid by a test
// card, the way a person in France would see it.

import type Stripe from 'stripe';

export type SandboxBuyer = {
  readonly email: string | null;
  readonly name: string | null;
  readonly individualName: string | null;
  readonly businessName: string | null;
  readonly phone: string | null;
  readonly address: Stripe.Address | null;
  /** An EU VAT number. */
  readonly vatNumber: string | null;
};

/** Unix seconds. */
type Stamp = { readonly created: number };

/** `invoicePrefix` is what the numbers of this customer's invoices begin with. */
export function customerObject(
  buyer: SandboxBuyer,
  { id, created, invoicePrefix }: Stamp & { readonly id: string; readonly invoicePrefix: string },
): Stripe.Customer {
  return {
    id,
    object: 'customer',
    address: buyer.address,
    balance: 0,
    ...(buyer.businessName !== null && { business_name: buyer.businessName }),
    ...(buyer.individualName !== null && { individual_name: buyer.individualName }),
    created,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: buyer.email,
    invoice_prefix: invoicePrefix,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: buyer.businessName ?? buyer.individualName ?? buyer.name,
    next_invoice_sequence: 1,
    phone: buyer.phone,
    preferred_locales: ['fr-FR'],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}

/** A Visa card of the tests, held by the buyer. */
export function paymentMethodObject(
  buyer: SandboxBuyer,
  { id, created, customer }: Stamp & { readonly id: string; readonly customer: string | null },
): Stripe.PaymentMethod {
  return {
    id,
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: billingDetails(buyer),
    card: {
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
    },
    created,
    customer,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}

export type ChargeIds = Stamp & {
  readonly intentId: string;
  readonly chargeId: string;
  readonly methodId: string;
  readonly customer: string | null;
  readonly amount: number;
  readonly currency: string;
};

/** Two types, as an account with Link has: the intent alone does not tell how it was paid. */
const METHOD_TYPES = ['card', 'link'];

/** Succeeded, in one go. */
export function intentObject(ids: ChargeIds): Stripe.PaymentIntent {
  return {
    id: ids.intentId,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: ids.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: ids.amount,
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
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: ids.methodId,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: METHOD_TYPES,
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}

/** Captured, nothing refunded. */
export function chargeObject(buyer: SandboxBuyer, ids: ChargeIds): Stripe.Charge {
  return {
    id: ids.chargeId,
    object: 'charge',
    amount: ids.amount,
    amount_captured: ids.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: billingDetails(buyer),
    calculated_statement_descriptor: 'COMPTAPPART',
    captured: true,
    created: ids.created,
    currency: ids.currency,
    customer: ids.customer,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: ids.intentId,
    payment_method: ids.methodId,
    payment_method_details: { type: 'card' },
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
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}

function billingDetails(buyer: SandboxBuyer): Stripe.PaymentMethod.BillingDetails {
  return {
    address: buyer.address,
    email: buyer.email,
    name: buyer.name ?? buyer.individualName ?? buyer.businessName,
    phone: buyer.phone,
    tax_id: null,
  };
}
