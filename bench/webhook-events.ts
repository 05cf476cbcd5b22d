// The webhook that every arm of `acknowledge.ts` is sent: an `invoice.paid` of one line as Stripe
// writes it, indented, with an id of its own each time. All of our own making.

import { createHmac } from 'node:crypto';

export const WEBHOOK_SECRET = 'whsec_bench';

const MARK = '__n__';
const PARTS = text().split(MARK);

/** An event that no other has the name of; `name` is part of its ids. */
export function eventBody(name: string): string {
  return PARTS.join(name);
}

/** The header of a body that Stripe sends now. */
export function signatureOf(body: string, now: Date): string {
  const t = Math.floor(now.getTime() / 1000);
  const mac = createHmac('sha256', WEBHOOK_SECRET).update(`${t}.`).update(body).digest('hex');
  return `t=${t},v1=${mac}`;
}

function text(): string {
  const created = Math.floor(Date.now() / 1000);
  return JSON.stringify(
    {
      id: `evt_${MARK}`,
      object: 'event',
      api_version: '2026-10-28.endive',
      created,
      data: { object: invoice(created) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type: 'invoice.paid',
    },
    null,
    2,
  );
}

function invoice(created: number): object {
  return {
    id: `in_${MARK}`,
    object: 'invoice',
    account_country: 'FR',
    account_name: 'Service Fiscalité',
    amount_due: 9999,
    amount_paid: 9999,
    amount_remaining: 0,
    attempt_count: 1,
    attempted: true,
    auto_advance: false,
    billing_reason: 'subscription_cycle',
    collection_method: 'charge_automatically',
    created,
    currency: 'eur',
    customer: `cus_${MARK}`,
    customer_address: {
      ...{ city: 'Lyon', country: 'FR', line1: '12 rue des Essais', line2: null },
      ...{ postal_code: '69002', state: null },
    },
    customer_email: 'camille@example.org',
    customer_name: 'Camille Exemple',
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_tax_rates: [],
    discounts: [],
    due_date: null,
    ending_balance: 0,
    footer: null,
    hosted_invoice_url: `https://invoice.example/i/${MARK}`,
    invoice_pdf: `https://invoice.example/i/${MARK}/pdf`,
    lines: {
      object: 'list',
      data: [line(created)],
      has_more: false,
      total_count: 1,
      url: `/v1/invoices/in_${MARK}/lines`,
    },
    livemode: false,
    metadata: {},
    number: `BENCH-${MARK}`,
    parent: {
      quote_details: null,
      subscription_details: { metadata: {}, subscription: `sub_${MARK}` },
      type: 'subscription_details',
    },
    period_end: created,
    period_start: created - 2_592_000,
    starting_balance: 0,
    status: 'paid',
    status_transitions: {
      ...{ finalized_at: created, marked_uncollectible_at: null },
      ...{ paid_at: created, voided_at: null },
    },
    subtotal: 8333,
    subtotal_excluding_tax: 8333,
    total: 9999,
    total_excluding_tax: 8333,
    total_taxes: [taxes()],
    webhooks_delivered_at: null,
  };
}

function line(created: number): object {
  return {
    id: `il_${MARK}`,
    object: 'line_item',
    amount: 9999,
    currency: 'eur',
    description: 'Déclaration de revenus',
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: `in_${MARK}`,
    livemode: false,
    metadata: {},
    parent: {
      subscription_item_details: {
        ...{ invoice_item: null, proration: false },
        ...{ subscription: `sub_${MARK}`, subscription_item: `si_${MARK}` },
      },
      type: 'subscription_item_details',
    },
    period: { end: created + 2_592_000, start: created },
    pricing: {
      price_details: { price: 'price_bench', product: 'prod_bench' },
      type: 'price_details',
      unit_amount_decimal: '9999',
    },
    quantity: 1,
    taxes: [taxes()],
  };
}

function taxes(): object {
  return {
    amount: 1666,
    tax_behavior: 'inclusive',
    tax_rate_details: { tax_rate: 'txr_bench' },
    taxability_reason: 'standard_rated',
    taxable_amount: 8333,
    type: 'tax_rate_details',
  };
}
