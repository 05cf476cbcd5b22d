// A subscription in the shape of the pinned API version, typed by the SDK. Its default payment
// method is the card that paid first, as Checkout leaves it: that is how a renewal tells what it
// was paid with.

import type Stripe from 'stripe';
import type { SoldLine } from './stripe-sale.ts';

/** Unix seconds. */
export type Period = { readonly start: number; readonly end: number };

const INVOICE_SETTINGS: Stripe.Subscription.InvoiceSettings = {
  account_tax_ids: null,
  custom_fields: null,
  description: null,
  footer: null,
  issuer: { type: 'self' },
};

/** A subscription in its first period, with the lines of the sale that come back. */
export function subscriptionObject(
  lasting: readonly SoldLine[],
  parts: {
    readonly id: string;
    readonly created: number;
    readonly period: Period;
    readonly customer: string;
    readonly paymentMethod: string;
    readonly invoice: string;
    readonly itemIds: readonly string[];
    /** The first period is a trial. */
    readonly isTrial: boolean;
  },
): Stripe.Subscription {
  const { id, created, period, isTrial } = parts;
  const items = lasting.map(({ price, quantity }, index) =>
    subscriptionItem(parts.itemIds[index] ?? '', { price, quantity, created, period, id }),
  );
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: isTrial ? period.end : created,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: null, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: null,
    collection_method: 'charge_automatically',
    created,
    currency: lasting[0]?.price.currency ?? 'eur',
    customer: parts.customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: parts.paymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: INVOICE_SETTINGS,
    items: { object: 'list', data: items, has_more: false, url: '/v1/subscription_items' },
    latest_invoice: parts.invoice,
    livemode: false,
    managed_payments: { enabled: false },
    metadata: {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: null,
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: created,
    status: isTrial ? 'trialing' : 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: isTrial ? period.end : null,
    trial_settings: null,
    trial_start: isTrial ? period.start : null,
  };
}

function subscriptionItem(
  itemId: string,
  it: {
    readonly price: Stripe.Price;
    readonly quantity: number;
    readonly created: number;
    readonly period: Period;
    readonly id: string;
  },
): Stripe.SubscriptionItem {
  return {
    id: itemId,
    object: 'subscription_item',
    billing_thresholds: null,
    created: it.created,
    current_period_end: it.period.end,
    current_period_start: it.period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(it.price),
    price: it.price,
    quantity: it.quantity,
    subscription: it.id,
    tax_rates: [],
  };
}

// The old word for a recurring price, which items still carry.
function planOf(price: Stripe.Price): Stripe.Plan {
  return {
    id: price.id,
    object: 'plan',
    active: true,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: 1,
    livemode: false,
    metadata: {},
    meter: null,
    nickname: null,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

/** A month or a year on; from the 31st to the last day of a shorter month, as Stripe does. */
export function laterBy(start: number, price: Stripe.Price | undefined): number {
  const date = new Date(start * 1000);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + (price?.recurring?.interval === 'year' ? 12 : 1));
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return Math.floor(date.getTime() / 1000);
}
