// Who buys in the sandbox, and the customer that Stripe makes of them. Camille is invented, lives
// where many do, and is who buys when nobody else is named.

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

export const CAMILLE: SandboxBuyer = {
  email: 'camille.durand@example.com',
  name: 'Camille Durand',
  individualName: null,
  businessName: null,
  phone: null,
  address: {
    line1: '12 rue des Lilas',
    line2: null,
    postal_code: '69003',
    city: 'Lyon',
    state: null,
    country: 'FR',
  },
  vatNumber: null,
};

/** `invoicePrefix` is what the numbers of this customer's invoices begin with. */
export function customerObject(
  buyer: SandboxBuyer,
  {
    id,
    created,
    invoicePrefix,
    balance,
  }: {
    readonly id: string;
    /** Unix seconds. */
    readonly created: number;
    readonly invoicePrefix: string;
    /** Minor units; credit with us is negative. */
    readonly balance: number;
  },
): Stripe.Customer {
  return {
    id,
    object: 'customer',
    address: buyer.address,
    balance,
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

/** The buyer as a customer remembers them; the VAT number is kept elsewhere, at Stripe too. */
export function buyerOf(customer: Stripe.Customer): SandboxBuyer {
  return {
    email: customer.email,
    name: customer.name ?? null,
    individualName: customer.individual_name ?? null,
    businessName: customer.business_name ?? null,
    phone: customer.phone ?? null,
    address: customer.address ?? null,
    vatNumber: null,
  };
}

/** Who the card or the account belongs to, as methods and charges say it. */
export function billingDetails(buyer: SandboxBuyer): Stripe.PaymentMethod.BillingDetails {
  return {
    address: buyer.address,
    email: buyer.email,
    name: buyer.name ?? buyer.individualName ?? buyer.businessName,
    phone: buyer.phone,
    tax_id: null,
  };
}
