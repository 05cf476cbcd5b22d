// The three forms of Stripe's GETs: one object, the rows that belong to an object, a list with its
// filters. Pages, cursors and refusals are Stripe's, so that a mistake of ours looks here as it
// would look there.

import type { EndpointParts } from './stripe-account-objects.ts';
import { expand, expandList } from './stripe-expand.ts';
import type { StripeObject, StripeStore } from './stripe-store.ts';

export type ApiAnswer = { readonly status: number; readonly body: Record<string, unknown> };

/** The parameters of a query, with `name[]` and `name[0]` gathered as lists under `name`. */
export type ApiQuery = ReadonlyMap<string, readonly string[]>;

/** What an answer is made from. */
export type ApiState = {
  readonly store: StripeStore;
  readonly now: Date;
  readonly endpoint: EndpointParts;
};

export type Route = {
  readonly path: RegExp;
  readonly parameters: readonly string[];
  /** May throw ExpandError. */
  readonly answer: (state: ApiState, id: string, query: ApiQuery) => ApiAnswer;
};

/** Whether an object passes the values that a query gives to a parameter. */
export type Filters = Readonly<
  Record<string, (object: StripeObject, values: readonly string[]) => boolean>
>;

const PAGING = ['limit', 'starting_after', 'ending_before'];

/** Filters by `created`, exactly or by its bounds. */
export const CREATED: Filters = {
  created: (it, [at]) => it.created === Number(at),
  'created[gt]': (it, [at]) => (it.created as number) > Number(at),
  'created[gte]': (it, [at]) => (it.created as number) >= Number(at),
  'created[lt]': (it, [at]) => (it.created as number) < Number(at),
  'created[lte]': (it, [at]) => (it.created as number) <= Number(at),
};

/** Passes objects whose field is the value. */
export function equals(field: string): Filters {
  return { [field]: (it, [value]) => String(it[field]) === value };
}

/** An error in Stripe's envelope. */
export function refusal(status: number, message: string, code?: string, param?: string): ApiAnswer {
  const detail = { ...(code && { code }), ...(param && { param }) };
  return { status, body: { error: { type: 'invalid_request_error', message, ...detail } } };
}

/** `GET /v1/things/:id`. `lifeDays`: Stripe has forgotten what is older. */
export function one(collection: string, kind: string, lifeDays?: number): Route {
  return {
    path: new RegExp(`^/v1/${collection}/([^/]+)$`),
    parameters: ['expand'],
    answer({ store, now }, id, query) {
      const object = store.find(id);
      const known = object?.object === kind && object.deleted !== true;
      if (!known || isForgotten(object, now, lifeDays)) return missing(kind, id);
      return { status: 200, body: expand(store, object, query.get('expand') ?? []) };
    },
  };
}

/** `GET /v1/things/:id/rows`: rows that belong to one object, in its own order. */
export function rows(collection: string, name: string, kind: string): Route {
  return {
    path: new RegExp(`^/v1/${collection}/([^/]+)/${name}$`),
    parameters: ['expand', ...PAGING],
    answer({ store }, id, query) {
      if (store.find(id)?.object !== kind) return missing(kind, id);
      return page(store, store.rows(id), `/v1/${collection}/${id}/${name}`, query);
    },
  };
}

/** `GET /v1/things`: all that pass every filter named in the query, newest first. */
export function list(
  collection: string,
  kind: string,
  filters: Filters,
  { lifeDays }: { readonly lifeDays?: number } = {},
): Route {
  return {
    path: new RegExp(`^/v1/${collection}$`),
    parameters: ['expand', ...PAGING, ...Object.keys(filters)],
    answer({ store, now }, _id, query) {
      const asked = Object.entries(filters).filter(([name]) => query.has(name));
      const objects = store
        .all(kind)
        .filter((it) => it.deleted !== true && !isForgotten(it, now, lifeDays))
        .filter((it) => asked.every(([name, passes]) => passes(it, query.get(name) ?? [])))
        .reverse() // of one second, what was made last comes first
        .sort((a, b) => ((b.created as number) ?? 0) - ((a.created as number) ?? 0));
      return page(store, objects, `/v1/${collection}`, query);
    },
  };
}

function isForgotten(object: StripeObject, now: Date, lifeDays: number | undefined): boolean {
  if (lifeDays === undefined) return false;
  return (object.created as number) < now.getTime() / 1000 - lifeDays * 86_400;
}

/** One page of these. */
export function page(
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
