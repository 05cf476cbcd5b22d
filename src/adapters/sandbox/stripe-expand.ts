// `expand[]` as Stripe does it: ids become the objects they name, lists that are left out by
// default come along, at most four properties deep, and a path that names nothing expandable is
// refused. Strictness is the point: a reader that asks for too much must fail here and not in
// production.

import type { StripeObject, StripeStore } from './stripe-store.ts';

const LEVELS_MAX = 4;
/** "The first handful" of rows that come with an object. */
const FIRST_ROWS = 10;

// Per kind of object, or path inside one: which properties are ids that can be expanded.
const EXPANDABLE: Readonly<Record<string, readonly string[]>> = {
  'checkout.session': [
    'customer',
    'invoice',
    'payment_intent',
    'payment_link',
    'setup_intent',
    'subscription',
  ],
  'checkout.session.shipping_cost': ['shipping_rate'],
  item: [],
  price: ['product'],
  product: ['default_price'],
  payment_intent: ['customer', 'latest_charge', 'payment_method', 'on_behalf_of'],
  charge: ['customer', 'payment_intent', 'on_behalf_of'],
  payment_method: ['customer'],
  invoice: ['customer', 'default_payment_method', 'on_behalf_of'],
  'invoice.parent.subscription_details': ['subscription'],
  invoice_payment: ['invoice'],
  'invoice_payment.payment': ['payment_intent', 'charge'],
  'line_item.pricing.price_details': ['price'], // and not `product`: it stays an id
  subscription: ['customer', 'default_payment_method', 'latest_invoice'],
  refund: ['charge', 'payment_intent'],
  credit_note: ['customer', 'invoice'],
  'credit_note.refunds': ['refund'],
  dispute: ['charge', 'payment_intent'],
  setup_intent: ['customer', 'payment_method'],
};

// Properties that are absent unless asked for, and how to come by them.
const INCLUDABLE: Readonly<Record<string, readonly string[]>> = {
  'checkout.session': ['line_items'],
  item: ['taxes', 'discounts'],
  invoice: ['payments'],
};

/** A 400 of Stripe's, with its code if it has one. */
export class ExpandError extends Error {
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

type Tree = { readonly [property: string]: Tree };
type Node = { [property: string]: Node };

/** The object as sent. Throws ExpandError when a path is too deep or names nothing expandable. */
export function expand(
  store: StripeStore,
  object: StripeObject,
  paths: readonly string[],
): Record<string, unknown> {
  return presented(store, object, treeOf(paths), '');
}

/** The list as sent; paths begin with `data`. Throws as `expand` does. */
export function expandList(
  store: StripeStore,
  list: { readonly data: readonly StripeObject[] },
  paths: readonly string[],
): Record<string, unknown> {
  const { data, ...others } = treeOf(paths);
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) throw notExpandable(stranger);
  return { ...list, data: list.data.map((row) => presented(store, row, data ?? {}, 'data.')) };
}

/** The first rows of a list that belongs to an object, in Stripe's envelope. */
export function firstRows(rows: readonly StripeObject[], url: string): Record<string, unknown> {
  const data = rows.slice(0, FIRST_ROWS);
  return { object: 'list', data, has_more: rows.length > data.length, url };
}

function treeOf(paths: readonly string[]): Tree {
  const root = newNode();
  for (const path of paths) {
    const properties = path.split('.');
    if (properties.length > LEVELS_MAX) {
      throw new ExpandError(
        `You cannot expand more than ${LEVELS_MAX} levels of a property. Property: ${path}`,
        'property_expansion_max_depth',
      );
    }
    let node = root;
    for (const property of properties) node = node[property] ??= newNode();
  }
  return root;
}

// Without a prototype: `expand[]=constructor` must name nothing.
function newNode(): Node {
  return Object.create(null) as Node;
}

function presented(
  store: StripeStore,
  object: StripeObject,
  tree: Tree,
  at: string,
): Record<string, unknown> {
  const sent: Record<string, unknown> = { ...object };
  if (object.object === 'invoice' || object.object === 'credit_note') {
    sent.lines = linesOf(store, object);
  }
  for (const property of INCLUDABLE[object.object] ?? []) {
    if (!(property in tree)) delete sent[property];
    else if (property === 'line_items') sent[property] = sessionLines(store, object.id);
    else if (property === 'payments') sent[property] = invoicePayments(store, object.id);
  }
  return grown(store, sent, object.object, tree, at);
}

/** `kind` is the object's, or its path inside an object for a structure without an id. */
function grown(
  store: StripeStore,
  sent: Record<string, unknown>,
  kind: string,
  tree: Tree,
  at: string,
): Record<string, unknown> {
  const result = { ...sent };
  for (const [property, subtree] of Object.entries(tree)) {
    const path = at + property;
    if (!Object.hasOwn(sent, property)) throw notExpandable(path);
    result[property] = expandedValue(store, sent[property], { kind, property, subtree, path });
  }
  return result;
}

type Step = {
  readonly kind: string;
  readonly property: string;
  readonly subtree: Tree;
  readonly path: string;
};

function expandedValue(store: StripeStore, value: unknown, step: Step): unknown {
  const { kind, property, subtree, path } = step;
  if (value === null) return null;
  if (typeof value === 'string') {
    const target = EXPANDABLE[kind]?.includes(property) ? store.find(value) : null;
    if (target === null) throw notExpandable(path);
    return presented(store, target, subtree, `${path}.`);
  }
  if (Array.isArray(value) && INCLUDABLE[kind]?.includes(property)) return value;
  // A path goes through the structures of an array as if there were one.
  if (Array.isArray(value)) return value.map((it) => expandedValue(store, it, step));
  if (typeof value !== 'object') throw notExpandable(path);
  if (isObject(value)) return presented(store, value, subtree, `${path}.`);
  if ('data' in value && Array.isArray(value.data)) {
    return expandList(store, value as { data: StripeObject[] }, pathsOf(subtree));
  }
  if (Object.keys(subtree).length === 0) throw notExpandable(path);
  return grown(store, value as Record<string, unknown>, `${kind}.${property}`, subtree, `${path}.`);
}

function pathsOf(tree: Tree): string[] {
  return Object.entries(tree).flatMap(([property, subtree]) => {
    const deeper = pathsOf(subtree);
    return deeper.length === 0 ? [property] : deeper.map((path) => `${property}.${path}`);
  });
}

function isObject(value: object): value is StripeObject {
  return 'id' in value && 'object' in value && typeof value.object === 'string';
}

function sessionLines(store: StripeStore, id: string): unknown {
  return firstRows(store.rows(id), `/v1/checkout/sessions/${id}/line_items`);
}

function linesOf(store: StripeStore, { id, object }: StripeObject): unknown {
  return firstRows(store.rows(id), `/v1/${object}s/${id}/lines`);
}

function invoicePayments(store: StripeStore, id: string): unknown {
  const payments = store.all('invoice_payment').filter((it) => it.invoice === id);
  return firstRows(payments, `/v1/invoice_payments?invoice=${id}`);
}

function notExpandable(path: string): ExpandError {
  return new ExpandError(`This property cannot be expanded (${path}).`);
}
