// What bends a price at Stripe: tax rates, coupons with their discounts, shipping rates. In the
// shape of the pinned API version and typed by the SDK, as Stripe Tax and Checkout make them.

import type Stripe from 'stripe';

/** `created` in Unix seconds. */
type Stamp = { readonly id: string; readonly created: number };

/** A French VAT rate as Stripe Tax makes it; 0 % is the reverse charge's. */
export function taxRateObject(
  { id, created }: Stamp,
  { percent, inclusive }: { readonly percent: number; readonly inclusive: boolean },
): Stripe.TaxRate {
  return {
    id,
    object: 'tax_rate',
    active: true,
    country: 'FR',
    created,
    description: null,
    display_name: 'VAT',
    effective_percentage: percent,
    flat_amount: null,
    inclusive,
    jurisdiction: 'France',
    jurisdiction_level: 'country',
    livemode: false,
    metadata: {},
    percentage: percent,
    rate_type: 'percentage',
    state: null,
    tax_type: 'vat',
  };
}

/** So many percent off, once. */
export function couponObject({ id, created }: Stamp, percentOff: number): Stripe.Coupon {
  return {
    id,
    object: 'coupon',
    amount_off: null,
    created,
    currency: null,
    duration: 'once',
    duration_in_months: null,
    livemode: false,
    max_redemptions: null,
    metadata: {},
    name: `${percentOff} % de remise`,
    percent_off: percentOff,
    redeem_by: null,
    times_redeemed: 1,
    valid: true,
  };
}

/** The coupon applied. Stripe's API gives it only within other objects. */
export function discountObject({ id, created }: Stamp, coupon: string): Stripe.Discount {
  return {
    id,
    object: 'discount',
    checkout_session: null,
    customer: null,
    customer_account: null,
    end: null,
    invoice: null,
    invoice_item: null,
    promotion_code: null,
    source: { coupon, type: 'coupon' },
    start: created,
    subscription: null,
    subscription_item: null,
  };
}

export function shippingRateObject(
  { id, created }: Stamp,
  price: {
    readonly amount: number;
    readonly currency: string;
    readonly behavior: 'inclusive' | 'exclusive' | 'unspecified';
  },
): Stripe.ShippingRate {
  return {
    id,
    object: 'shipping_rate',
    active: true,
    created,
    delivery_estimate: null,
    display_name: 'Colissimo',
    fixed_amount: { amount: price.amount, currency: price.currency },
    livemode: false,
    metadata: {},
    tax_behavior: price.behavior,
    tax_code: null,
    type: 'fixed_amount',
  };
}
