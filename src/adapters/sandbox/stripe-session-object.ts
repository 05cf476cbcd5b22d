// A completed checkout session and its items, in the shape of the pinned API version. Typed by the
// SDK: what Stripe adds or drops breaks the build here. The items are kept apart from the session,
// because Stripe never sends them with it unless they are asked for.

import type Stripe from 'stripe';
import type { SandboxBuyer } from './stripe-payment-objects.ts';

export type Basket = readonly {
  readonly lineId: string;
  readonly product: Stripe.Product;
  readonly price: Stripe.Price;
  readonly quantity: number;
}[];

export type SessionParts = {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly mode: 'payment' | 'subscription';
  readonly totalCents: number;
  readonly currency: string;
  readonly buyer: SandboxBuyer;
  readonly customer: string | null;
  readonly paymentIntent: string | null;
  readonly subscription: string | null;
  readonly invoice: string | null;
};

/** What the basket costs, in minor units. */
export function basketTotal(basket: Basket): number {
  return basket.reduce((total, { price, quantity }) => total + amountOf(price, quantity), 0);
}

/** The items in the order of the basket. */
export function sessionLines(basket: Basket): readonly Stripe.LineItem[] {
  return basket.map(({ lineId, product, price, quantity }) => {
    const amount = amountOf(price, quantity);
    return {
      id: lineId,
      object: 'item',
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: product.name,
      discounts: [],
      metadata: {},
      price,
      quantity,
      taxes: [],
    };
  });
}

/** Complete and paid, without discounts, shipping or tax. */
export function sessionObject(parts: SessionParts): Stripe.Checkout.Session {
  return {
    id: parts.id,
    object: 'checkout.session',
    ...money(parts),
    ...people(parts),
    ...page(parts),
    ...settings(),
    created: parts.created,
    expires_at: parts.created + 86_400,
    invoice: parts.invoice,
    invoice_creation: parts.mode === 'payment' ? invoiceCreation(parts.invoice !== null) : null,
    livemode: false,
    metadata: {},
    mode: parts.mode,
    payment_intent: parts.paymentIntent,
    payment_status: 'paid',
    status: 'complete',
    subscription: parts.subscription,
  };
}

function amountOf(price: Stripe.Price, quantity: number): number {
  return (price.unit_amount ?? 0) * quantity;
}

function money({ totalCents, currency }: SessionParts) {
  return {
    adaptive_pricing: { enabled: false },
    amount_subtotal: totalCents,
    amount_total: totalCents,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    currency,
    currency_conversion: null,
    discounts: [],
    managed_payments: { enabled: false },
    shipping_cost: null,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  };
}

function people({ buyer, customer, mode }: SessionParts) {
  const { email, phone, address, individualName, businessName, vatNumber } = buyer;
  return {
    client_reference_id: null,
    collected_information: {
      business_name: businessName,
      individual_name: individualName,
      shipping_details: null,
    },
    custom_fields: [],
    customer,
    customer_account: null,
    customer_creation: mode === 'payment' ? ('if_required' as const) : ('always' as const),
    customer_details: {
      address,
      business_name: businessName,
      email,
      individual_name: individualName,
      name: buyer.name ?? individualName ?? businessName,
      phone,
      tax_exempt: 'none' as const,
      tax_ids: vatNumber === null ? [] : [{ type: 'eu_vat' as const, value: vatNumber }],
    },
    customer_email: null,
  };
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
    phone_number_collection: { enabled: buyer.phone !== null },
    shipping_address_collection: null,
    shipping_options: [],
    submit_type: null,
    success_url: 'https://example.com/merci',
    ui_mode: 'hosted_page' as const,
    url: null,
    wallet_options: null,
  };
}

function settings() {
  return {
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    integration_identifier: null,
    payment_method_collection: 'always' as const,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card', 'link'],
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
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
