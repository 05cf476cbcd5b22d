// What the sandbox's Stripe remembers: objects by id, and the rows of lists that belong to one
// object. Kept in memory, and as one JSON line for each change in a file that only grows, because
// jobs that outlive a restart must still find their payment. The last line may be half written when
// the process was killed; it is dropped when the file is read again.

import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import type Stripe from 'stripe';

/** Any object of Stripe's, as JSON. */
export type StripeObject = {
  readonly id: string;
  readonly object: string;
  readonly [field: string]: unknown;
};

type Kinds = {
  readonly product: Stripe.Product;
  readonly price: Stripe.Price;
  readonly customer: Stripe.Customer;
  readonly subscription: Stripe.Subscription;
  readonly invoice: Stripe.Invoice;
  readonly payment_intent: Stripe.PaymentIntent;
  readonly charge: Stripe.Charge;
  readonly refund: Stripe.Refund;
  readonly dispute: Stripe.Dispute;
  readonly 'checkout.session': Stripe.Checkout.Session;
};

export type StripeStore = {
  /** Adds or replaces by id. What is stored is a copy, as JSON would carry it. */
  put<T extends { readonly id: string; readonly object: string }>(object: T): void;
  find(id: string): StripeObject | null;
  /** The object if it is of that kind and not deleted. Decimals are text, as on the wire. */
  findKind<K extends keyof Kinds>(kind: K, id: string): Kinds[K] | null;
  /** All of one kind, in the order in which they were first put. */
  all(kind: string): readonly StripeObject[];
  /** Replaces the rows that belong to an object: a session's items, an invoice's lines. */
  putRows<T extends { readonly id: string }>(ownerId: string, rows: readonly T[]): void;
  rows(ownerId: string): readonly StripeObject[];
};

type Change =
  | { readonly put: StripeObject }
  | { readonly rows: readonly StripeObject[]; readonly of: string };

/** `dataFile` null keeps everything in memory only. Throws when the file is not one of ours. */
export function stripeStore(dataFile: string | null): StripeStore {
  const objects = new Map<string, StripeObject>();
  const rowsByOwner = new Map<string, readonly StripeObject[]>();
  const kinds = new Map<string, Set<string>>();

  function apply(change: Change): void {
    if ('rows' in change) {
      rowsByOwner.set(change.of, change.rows);
      return;
    }
    const { put } = change;
    objects.set(put.id, put);
    const ids = kinds.get(put.object) ?? new Set();
    kinds.set(put.object, ids.add(put.id));
  }

  if (dataFile !== null) {
    mkdirSync(dirname(dataFile), { recursive: true });
    for (const line of wholeLines(dataFile)) apply(JSON.parse(line) as Change);
  }

  function record(change: unknown): void {
    const line = JSON.stringify(change);
    apply(JSON.parse(line) as Change);
    if (dataFile !== null) appendFileSync(dataFile, `${line}\n`);
  }

  return {
    put: (object) => record({ put: object }),
    find: (id) => objects.get(id) ?? null,
    findKind<K extends keyof Kinds>(kind: K, id: string) {
      const object = objects.get(id);
      const is = object?.object === kind && object.deleted !== true;
      return is ? (object as unknown as Kinds[K]) : null;
    },
    all: (kind) => [...(kinds.get(kind) ?? [])].map((id) => objects.get(id) as StripeObject),
    putRows: (ownerId, rows) => record({ rows, of: ownerId }),
    rows: (ownerId) => rowsByOwner.get(ownerId) ?? [],
  };
}

function wholeLines(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, end);
  return bytes
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
