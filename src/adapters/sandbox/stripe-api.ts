// The part of Stripe's API that we read, answered from the store: GET only, with Stripe's own
// refusals (unknown parameter, unknown id, a list paged wrongly), so that a mistake of ours looks
// here as it would look there. Nothing about sockets or keys; the server does those.

import { ExpandError, expand, expandList } from './stripe-expand.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

export type ApiAnswer = { readonly status: number; readonly body: Record<string, unknown> };

/** The parameters of a query, with `name[]` and `name[0]` gathered as lists under `name`. */
export type ApiQuery = ReadonlyMap<string, readonly string[]>;

type Route = {
  readonly path: RegExp;
  readonly parameters: readonly string[];
  readonly answer: (store: StripeStore, id: string, query: ApiQuery) => ApiAnswer;
};

const PAGING = ['limit', 'starting_after', 'ending_before'];

const ROUTES: readonly Route[] = [
  one('checkout/sessions', 'checkout.session'),
  one('invoices', 'invoice'),
  one('invoice_payments', 'invoice_payment'),
  one('products', 'product'),
  one('prices', 'price'),
  one('payment_intents', 'payment_intent'),
  one('payment_methods', 'payment_method'),
  one('charges', 'charge'),
  one('customers', 'customer'),
  one('subscriptions', 'subscription'),
  one('tax_rates', 'tax_rate'),
  one('events', 'event'),
  rows('checkout/sessions', 'line_items', 'checkout.session'),
  rows('invoices', 'lines', 'invoice'),
  list('checkout/sessions', 'checkout.session', {
    subscription: (session, [id]) => session.subscription === id,
    payment_intent: (session, [id]) => session.payment_intent === id,
    customer: (session, [id]) => session.customer === id,
  }),
  list('invoice_payments', 'invoice_payment', {
    invoice: (payment, [id]) => payment.invoice === id,
    'payment[type]': (payment, [type]) => nested(payment, 'payment').type === type,
    'payment[payment_intent]': (payment, [id]) => nested(payment, 'payment').payment_intent === id,
  }),
  list('products', 'product', {
    ids: (product, ids) => ids.includes(product.id),
    active: (product, [active]) => String(product.active) === active,
  }),
  list('events', 'event', {
    type: (event, [type]) => event.type === type,
    types: (event, types) => types.includes(event.type as string),
    created: (event, [at]) => event.created === Number(at),
    'created[gt]': (event, [at]) => (event.created as number) > Number(at),
    'created[gte]': (event, [at]) => (event.created as number) >= Number(at),
    'created[lt]': (event, [at]) => (event.created as number) < Number(at),
    'created[lte]': (event, [at]) => (event.created as number) <= Number(at),
  }),
];

/** What Stripe answers to a GET. `path` begins with `/v1/`. Never throws. */
export function stripeAnswer(store: StripeStore, path: string, search: URLSearchParams): ApiAnswer {
  const query = queryOf(search);
  for (const route of ROUTES) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const stranger = [...query.keys()].find((it) => !route.parameters.includes(it));
    if (stranger !== undefined) {
      return refusal(400, `Received unknown parameter: ${stranger}`, 'parameter_unknown', stranger);
    }
    try {
      return route.answer(store, decodeURIComponent(match[1] ?? ''), query);
    } catch (error) {
      if (error instanceof ExpandError) return refusal(400, error.message, error.code, 'expand');
      throw error;
    }
  }
  return refusal(404, `Unrecognized request URL (GET: ${path}).`);
}

/** An error in Stripe's envelope. */
export function refusal(status: number, message: string, code?: string, param?: string): ApiAnswer {
  const detail = { ...(code && { code }), ...(param && { param }) };
  return { status, body: { error: { type: 'invalid_request_error', message, ...detail } } };
}

function one(collection: string, kind: string): Route {
  return {
    path: new RegExp(`^/v1/${collection}/([^/]+)$`),
    parameters: ['expand'],
    answer(store, id, query) {
      const object = store.find(id);
      if (object?.object !== kind || object.deleted === true) return missing(kind, id);
      return { status: 200, body: expand(store, object, query.get('expand') ?? []) };
    },
  };
}

/** Rows that belong to one object, in its own order. */
function rows(collection: string, name: string, kind: string): Route {
  return {
    path: new RegExp(`^/v1/${collection}/([^/]+)/${name}$`),
    parameters: ['expand', ...PAGING],
    answer(store, id, query) {
      if (store.find(id)?.object !== kind) return missing(kind, id);
      return page(store, store.rows(id), `/v1/${collection}/${id}/${name}`, query);
    },
  };
}

type Filters = Readonly<
  Record<string, (object: StripeObject, values: readonly string[]) => boolean>
>;

/** All objects of a kind that pass every filter named in the query, newest first. */
function list(collection: string, kind: string, filters: Filters): Route {
  return {
    path: new RegExp(`^/v1/${collection}$`),
    parameters: ['expand', ...PAGING, ...Object.keys(filters)],
    answer(store, _id, query) {
      const asked = Object.entries(filters).filter(([name]) => query.has(name));
      const objects = store
        .all(kind)
        .filter((it) => it.deleted !== true)
        .filter((it) => asked.every(([name, passes]) => passes(it, query.get(name) ?? [])))
        .reverse();
      return page(store, objects, `/v1/${collection}`, query);
    },
  };
}

function page(
  store: StripeStore,
  objects: readonly StripeObject[],
  url: string,
  query: ApiQuery,
): ApiAnswer {
  const limit = Number(query.get('limit')?.[0] ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return refusal(400, 'Limit must be between 1 and 100.', 'parameter_invalid_integer', 'limit');
  }
  const after = query.get('starting_after')?.[0];
  const before = query.get('ending_before')?.[0];
  const cursor = after ?? before;
  const at = objects.findIndex((it) => it.id === cursor);
  if (cursor !== undefined && at === -1) {
    const name = after === undefined ? 'ending_before' : 'starting_after';
    return refusal(400, `No such object: '${cursor}'`, 'resource_missing', name);
  }
  const start = after === undefined ? (before === undefined ? 0 : Math.max(0, at - limit)) : at + 1;
  const end = before === undefined ? start + limit : at;
  const hasMore = before === undefined ? end < objects.length : start > 0;
  const found = { object: 'list', data: objects.slice(start, end), has_more: hasMore, url };
  return { status: 200, body: expandList(store, found, query.get('expand') ?? []) };
}

function missing(kind: string, id: string): ApiAnswer {
  const noun = kind.replace(/[._]/g, ' ');
  return refusal(404, `No such ${noun}: '${id}'`, 'resource_missing', 'id');
}

function queryOf(search: URLSearchParams): ApiQuery {
  const query = new Map<string, string[]>();
  for (const [key, value] of search) {
    const name = key.replace(/\[\d*\]$/, '');
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function nested(object: StripeObject, field: string): Readonly<Record<string, unknown>> {
  return (object[field] ?? {}) as Readonly<Record<string, unknown>>;
}
