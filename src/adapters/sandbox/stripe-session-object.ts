// A checkout session and its items, in the shape of the pinned API version. Typed by the SDK: what
// Stripe adds or drops breaks the build here. The items are kept apart from the session, because
// Stripe never sends them with it unless they are asked for.

import type Stripe from 'stripe';
import type { SandboxBuyer } from './stripe-buyer.ts';
import type { Sale, SoldTax } from './stripe-sale.ts';

export type SessionParts = {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly mode: 'payment' | 'subscription' | 'setup';
  readonly status: 'complete' | 'expired';
  readonly paymentStatus: 'paid' | 'unpaid' | 'no_payment_required';
  /** Null where nothing is sold: `setup`. */
  readonly sale: Sale | null;
  /** Null when nobody filled in the form. */
  readonly buyer: SandboxBuyer | null;
  readonly customer: string | null;
  readonly paymentIntent: string | null;
  readonly setupIntent: string | null;
  readonly subscription: string | null;
  readonly invoice: string | null;
  readonly invoiceCreation: boolean;
  readonly methodTypes: readonly string[];
  /** Stripe sells in its own name. */
  readonly managed: boolean;
  /** Shown to the buyer in their own currency; our amounts stay as they are. */
  readonly presentment: Stripe.Checkout.Session.PresentmentDetails | null;
};

/** The items in the order of the sale. */
export function sessionLines({ lines, discount }: Sale): readonly Stripe.LineItem[] {
  return lines.map((line) => ({
    id: line.lineId,
    object: 'item',
    adjustable_quantity: null,
    amount_discount: line.discount,
    amount_subtotal: line.subtotal,
    amount_tax: line.tax?.amount ?? 0,
    amount_total: line.total,
    currency: line.price.currency,
    description: line.product.name,
    discounts: discount === null ? [] : [{ amount: line.discount, discount }],
    metadata: {},
    price: line.price,
    quantity: line.quantity,
    taxes: line.tax === null ? [] : [taxOf(line.tax)],
  }));
}

export function sessionObject(parts: SessionParts): Stripe.Checkout.Session {
  return {
    id: parts.id,
    object: 'checkout.session',
    ...money(parts),
    ...people(parts),
    ...page(parts),
    ...settings(parts),
    created: parts.created,
    expires_at: parts.created + 86_400,
    invoice: parts.invoice,
    invoice_creation: parts.mode === 'payment' ? invoiceCreation(parts.invoiceCreation) : null,
    livemode: false,
    metadata: {},
    mode: parts.mode,
    payment_intent: parts.paymentIntent,
    payment_status: parts.paymentStatus,
    ...(parts.presentment && { presentment_details: parts.presentment }),
    status: parts.status,
    subscription: parts.subscription,
  };
}

function taxOf({ amount, rate, reason, taxable }: SoldTax): Stripe.LineItem.Tax {
  return { amount, rate, taxability_reason: reason, taxable_amount: taxable };
}

function money({ sale, managed }: SessionParts) {
  const shipping = sale?.shipping ?? null;
  const taxed = sale?.tax !== undefined;
  return {
    adaptive_pricing: { enabled: false },
    amount_subtotal: sale?.subtotal ?? null,
    amount_total: sale?.total ?? null,
    automatic_tax: {
      enabled: taxed,
      liability: taxed ? { type: 'self' as const } : null,
      provider: taxed ? 'stripe' : null,
      status: taxed ? ('complete' as const) : null,
    },
    currency: sale?.currency ?? null,
    currency_conversion: null,
    discounts: sale?.discount
      ? [{ coupon: sale.discount.source.coupon, promotion_code: null }]
      : [],
    managed_payments: { enabled: managed },
    shipping_cost: shipping && {
      amount_subtotal: shipping.subtotal,
      amount_tax: shipping.tax?.amount ?? 0,
      amount_total: shipping.total,
      shipping_rate: shipping.rateId,
    },
    shipping_options: shipping
      ? [{ shipping_amount: shipping.subtotal, shipping_rate: shipping.rateId }]
      : [],
    total_details: sale && {
      amount_discount: sale.discounted,
      amount_shipping: shipping?.subtotal ?? 0,
      amount_tax: sale.taxed,
    },
  };
}

function people({ buyer, customer, mode, sale }: SessionParts) {
  return {
    client_reference_id: null,
    collected_information: buyer && {
      business_name: buyer.businessName,
      individual_name: buyer.individualName,
      shipping_details: sale?.shipping ? shippingDetails(buyer) : null,
    },
    custom_fields: [],
    customer,
    customer_account: null,
    customer_creation: mode === 'payment' ? ('if_required' as const) : ('always' as const),
    customer_details: buyer && detailsOf(buyer, sale),
    customer_email: null,
  };
}

function detailsOf(
  buyer: SandboxBuyer,
  sale: Sale | null,
): Stripe.Checkout.Session.CustomerDetails {
  const { email, phone, address, individualName, businessName, vatNumber } = buyer;
  return {
    address,
    business_name: businessName,
    email,
    individual_name: individualName,
    name: buyer.name ?? individualName ?? businessName,
    phone,
    tax_exempt: sale?.tax === 'reverse-charge' ? 'reverse' : 'none',
    tax_ids: vatNumber === null ? [] : [{ type: 'eu_vat', value: vatNumber }],
  };
}

function shippingDetails(buyer: SandboxBuyer) {
  const { address } = buyer;
  return address && { address, name: buyer.name ?? buyer.individualName ?? '' };
}

function page({ buyer }: SessionParts) {
  return {
    billing_address_collection: null,
    cancel_url: null,
    client_secret: null,
    consent: null,
    consent_collection: null,
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    locale: 'fr' as const,
    origin_context: null,
    payment_link: null,
    phone_number_collection: { enabled: typeof buyer?.phone === 'string' },
    shipping_address_collection: null,
    submit_type: null,
    success_url: 'https://example.com/merci',
    ui_mode: 'hosted_page' as const,
    url: null,
    wallet_options: null,
  };
}

function settings({ methodTypes, setupIntent }: SessionParts) {
  return {
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    integration_identifier: null,
    payment_method_collection: 'always' as const,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: [...methodTypes],
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: setupIntent,
  };
}

function invoiceCreation(enabled: boolean): Stripe.Checkout.Session.InvoiceCreation {
  return {
    enabled,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
      metadata: {},
      rendering_options: null,
    },
  };
}
