// The part of Stripe's API that we read, answered from the store: GET only. Which addresses there
// are and which filters each of them knows; an unknown one is refused, as Stripe does. Nothing about
// sockets or keys; the server does those.

import {
  accountObject,
  balanceOf,
  ENDPOINT_ID,
  webhookEndpoint,
} from './stripe-account-objects.ts';
import {
  type ApiAnswer,
  type ApiQuery,
  type ApiState,
  CREATED,
  equals,
  list,
  one,
  page,
  type Route,
  refusal,
  rows,
} from './stripe-api-routes.ts';
import { ExpandError } from './stripe-expand.ts';
import type { StripeObject } from './stripe-store.ts';

/** How long Stripe remembers an event. */
const EVENT_LIFE_DAYS = 30;

const ROUTES: readonly Route[] = [
  one('checkout/sessions', 'checkout.session'),
  one('invoices', 'invoice'),
  one('invoice_payments', 'invoice_payment'),
  one('products', 'product'),
  one('prices', 'price'),
  one('payment_intents', 'payment_intent'),
  one('setup_intents', 'setup_intent'),
  one('payment_methods', 'payment_method'),
  one('charges', 'charge'),
  one('refunds', 'refund'),
  one('credit_notes', 'credit_note'),
  one('disputes', 'dispute'),
  one('customers', 'customer'),
  one('subscriptions', 'subscription'),
  one('tax_rates', 'tax_rate'),
  one('coupons', 'coupon'),
  one('shipping_rates', 'shipping_rate'),
  one('events', 'event', EVENT_LIFE_DAYS),
  rows('checkout/sessions', 'line_items', 'checkout.session'),
  rows('invoices', 'lines', 'invoice'),
  rows('credit_notes', 'lines', 'credit_note'),
  list('checkout/sessions', 'checkout.session', {
    ...CREATED,
    ...equals('status'),
    ...equals('subscription'),
    ...equals('payment_intent'),
    ...equals('customer'),
  }),
  list('invoices', 'invoice', {
    ...CREATED,
    ...equals('status'),
    ...equals('customer'),
    ...equals('collection_method'),
    subscription: (invoice, [id]) => subscriptionOf(invoice) === id,
  }),
  list('invoice_payments', 'invoice_payment', {
    ...equals('invoice'),
    ...equals('status'),
    'payment[type]': (payment, [type]) => nested(payment, 'payment').type === type,
    'payment[payment_intent]': (payment, [id]) => nested(payment, 'payment').payment_intent === id,
  }),
  list('products', 'product', {
    ids: (product, ids) => ids.includes(product.id),
    ...equals('active'),
  }),
  list('refunds', 'refund', { ...CREATED, ...equals('charge'), ...equals('payment_intent') }),
  list('credit_notes', 'credit_note', { ...CREATED, ...equals('invoice'), ...equals('customer') }),
  list(
    'events',
    'event',
    {
      ...CREATED,
      ...equals('type'),
      types: (event, types) => types.includes(event.type as string),
    },
    { lifeDays: EVENT_LIFE_DAYS },
  ),
  {
    path: /^\/v1\/webhook_endpoints$/,
    parameters: ['limit', 'starting_after', 'ending_before'],
    answer: ({ store, endpoint }, _id, query) =>
      page(store, [{ ...webhookEndpoint(endpoint) }], '/v1/webhook_endpoints', query),
  },
  {
    path: /^\/v1\/webhook_endpoints\/([^/]+)$/,
    parameters: [],
    answer: ({ endpoint }, id) =>
      id === ENDPOINT_ID
        ? { status: 200, body: { ...webhookEndpoint(endpoint) } }
        : refusal(404, `No such webhook endpoint: '${id}'`, 'resource_missing', 'id'),
  },
  {
    path: /^\/v1\/account$/,
    parameters: [],
    answer: () => ({ status: 200, body: { ...accountObject() } }),
  },
  {
    path: /^\/v1\/balance$/,
    parameters: [],
    answer: ({ store }) => ({ status: 200, body: { ...balanceOf(store) } }),
  },
];

/** What Stripe answers to a GET. `path` begins with `/v1/`. */
export function stripeAnswer(state: ApiState, path: string, search: URLSearchParams): ApiAnswer {
  const query = queryOf(search);
  for (const route of ROUTES) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const stranger = [...query.keys()].find((it) => !route.parameters.includes(it));
    if (stranger !== undefined) {
      return refusal(400, `Received unknown parameter: ${stranger}`, 'parameter_unknown', stranger);
    }
    if (query.has('type') && query.has('types')) {
      return refusal(400, 'You may pass either `type` or `types`, but not both.');
    }
    try {
      return route.answer(state, decodeURIComponent(match[1] ?? ''), query);
    } catch (error) {
      if (error instanceof ExpandError) return refusal(400, error.message, error.code, 'expand');
      throw error;
    }
  }
  return refusal(404, `Unrecognized request URL (GET: ${path}).`);
}

function queryOf(search: URLSearchParams): ApiQuery {
  const query = new Map<string, string[]>();
  for (const [key, value] of search) {
    const name = key.replace(/\[\d*\]$/, '');
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function subscriptionOf(invoice: StripeObject): unknown {
  return nested(nested(invoice, 'parent'), 'subscription_details').subscription;
}

function nested(
  object: Readonly<Record<string, unknown>>,
  field: string,
): Readonly<Record<string, unknown>> {
  return (object[field] ?? {}) as Readonly<Record<string, unknown>>;
}
