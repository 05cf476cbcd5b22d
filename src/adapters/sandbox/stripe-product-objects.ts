// A product and its price, in the shape of the pinned API version and typed by the SDK. Prices say
// nothing of tax (`unspecified`): they are what the customer sees, and the tax in them is our
// affair.

import Stripe from 'stripe';
import type { SandboxProduct } from './catalogue.ts';

/** `created` in Unix seconds. */
type Stamp = { readonly created: number; readonly priceId: string };

/** Of a service, as everything the sandbox sells. */
export function productObject(
  { id, name, description, partner }: SandboxProduct,
  { created, priceId }: Stamp,
): Stripe.Product {
  return {
    id,
    object: 'product',
    active: true,
    created,
    default_price: priceId,
    description,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: partner === null ? {} : { partner },
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: created,
    url: null,
  };
}

/** The product's only price. */
export function priceObject(
  { id, unitAmountCents, currency, interval, priceIsFree }: SandboxProduct,
  { created, priceId }: Stamp,
): Stripe.Price {
  const recurring: Stripe.Price.Recurring | null = interval && {
    interval,
    interval_count: 1,
    meter: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
  return {
    id: priceId,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created,
    currency,
    custom_unit_amount: priceIsFree
      ? { maximum: null, minimum: null, preset: unitAmountCents }
      : null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product: id,
    recurring,
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    unit_amount: priceIsFree ? null : unitAmountCents,
    unit_amount_decimal: priceIsFree ? null : Stripe.Decimal.from(String(unitAmountCents)),
  };
}
