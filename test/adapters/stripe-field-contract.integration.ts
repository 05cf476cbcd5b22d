// Whether what we read is there: every field that shapes.ts names, in the types of the SDK (which are
// those of the pinned API version), in the newest official objects, and in our own sandbox's. A field
// that Stripe drops fails here before it is missed in production. What is absent on purpose is
// listed, and the lists must be exact.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SCENARIOS } from '#adapters/sandbox/scenarios.ts';
import { startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import type { InvoiceShape, SessionShape } from '#adapters/stripe/shapes.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { shapeFields } from '../support/shape-fields.ts';
import { sharedTest } from '../support/shared.ts';
import { shownClient } from '../support/shown-client.ts';
import { watched } from '../support/watched.ts';

/** Fields of shapes that Stripe sent before 2025-03-31 and that we read second. */
const BEFORE_BASIL = [
  'invoice.charge',
  'invoice.paid_out_of_band',
  'invoice.payment_intent',
  'invoice.subscription',
  'invoice.total_tax_amounts',
  'line.plan',
  'line.price',
  'line.tax_amounts',
] as const;

// What the SDK's types make of a field's type: the object in it, whether id, null or row of a list.
type Part<T> = T extends readonly (infer E)[] ? Part<E> : T extends object ? T : never;
type KeysOf<T> = T extends unknown ? keyof T : never;
type ValueAt<T, K extends PropertyKey> = T extends unknown
  ? K extends keyof T
    ? T[K]
    : never
  : never;
type Step<At extends string, K extends string> = K extends 'data'
  ? At extends 'session.line_items'
    ? 'item'
    : At extends 'invoice.lines'
      ? 'line'
      : At
  : `${At}.${K}`;
/** The paths of fields that our shape names and Stripe's type does not. */
type Strangers<Ours, Stripes, At extends string> = {
  [K in keyof Ours & string]-?: K extends KeysOf<Stripes>
    ? unknown extends Ours[K]
      ? never
      : Strangers<Part<Ours[K]>, Part<ValueAt<Stripes, K>>, Step<At, K>>
    : `${At}.${K}`;
}[keyof Ours & string];
type OfSession = Strangers<SessionShape, Stripe.Checkout.Session, 'session'>;
type OfInvoice = Strangers<InvoiceShape, Stripe.Invoice, 'invoice'>;

const fields = shapeFields();

describe('the fields that we read', () => {
  test('are in the types of the SDK but for the old ones', () => {
    // The compiler holds this: a path too many or too few on either list does not compile.
    const ofSession: Record<OfSession, true> = {};
    const ofInvoice: Record<OfInvoice, true> = {
      'invoice.charge': true,
      'invoice.paid_out_of_band': true,
      'invoice.payment_intent': true,
      'invoice.subscription': true,
      'invoice.total_tax_amounts': true,
      'line.plan': true,
      'line.price': true,
      'line.tax_amounts': true,
    };
    expect(Object.keys(ofSession)).toEqual([]);
    expect(Object.keys(ofInvoice)).toEqual(BEFORE_BASIL);
  });

  test('are marked where they are named when they are old', () => {
    const first = fields.filter(({ path, isOld }) => isOld && path.split('.').length === 2);
    expect(first.map(({ path }) => path).sort()).toEqual([...BEFORE_BASIL]);
    expect(fields.length).toBeGreaterThan(100);
  });
});

type Json = Readonly<Record<string, unknown>>;
/** Objects by the first step of a path. */
type Roots = Readonly<Record<string, readonly Json[]>>;

/**
 * Fields whose parent was found but never the field itself, and fields whose parent was never found,
 * so that nothing can be said of them. Old ones are not looked for; `find` follows ids.
 */
function lookedFor(
  roots: Roots,
  find: (id: string) => Json | null = () => null,
): { readonly missing: string[]; readonly unseen: string[] } {
  const missing: string[] = [];
  const unseen: string[] = [];
  for (const { path } of fields.filter(({ isOld }) => !isOld)) {
    const [root = '', ...steps] = path.split('.');
    const field = steps.pop() ?? '';
    let parents: readonly Json[] = roots[root] ?? [];
    for (const step of steps) parents = parents.flatMap((it) => objectsIn(it[step], find));
    if (parents.length === 0) unseen.push(path);
    else if (!parents.some((it) => field in it)) missing.push(path);
  }
  return { missing, unseen };
}

/** The object, each row of it, or what an id names. */
function objectsIn(value: unknown, find: (id: string) => Json | null): readonly Json[] {
  if (Array.isArray(value)) return value.flatMap((it) => objectsIn(it, find));
  if (typeof value === 'string') return [find(value)].filter((it) => it !== null);
  if (typeof value !== 'object' || value === null) return [];
  const rows = 'has_more' in value && 'data' in value ? objectsIn(value.data, find) : [];
  return [value as Json, ...rows];
}

describe('our own Stripe', () => {
  /** Plays every scenario and reads all of its events, watching what the reader is given. */
  async function readAll() {
    const sandbox = await startSandboxStripe({
      dataFile: null,
      secretKey: 'sk_test_contract',
      webhookSecret: 'whsec_contract',
      webhookUrl: () => 'http://127.0.0.1:9/nobody',
      retryDelaysMs: [],
    });
    onTestFinished(() => sandbox.close());
    const client = stripeClient({ secretKey: 'sk_test_contract', apiBase: sandbox.apiBase });
    const given: Json[] = [];
    const absent = new Set<string>();
    const show = (answer: unknown) => {
      const json = JSON.parse(JSON.stringify(answer)) as Json;
      given.push(json);
      return watched(json, absent);
    };
    const eventIds: string[] = [];
    for (const scenario of SCENARIOS) {
      eventIds.push(...(await scenario.run(sandbox, { delayMs: 0 })).eventIds);
    }
    for (const id of eventIds) {
      const { type, data } = sandbox.store.find(id) as unknown as Stripe.Event;
      const { id: objectId = null } = data.object as { readonly id?: string };
      await stripeReader(shownClient(client, show)).read({ type, objectId });
    }
    return { given, absent, find: (id: string): Json | null => sandbox.store.find(id) };
  }

  test('has every field that we read', async () => {
    const { given, absent, find } = await readAll();
    const ofKind = (kind: string) => given.filter((it) => it.object === kind);
    const [sessions, invoices, lists] = ['checkout.session', 'invoice', 'list'].map(ofKind);
    const rows = (lists ?? []).flatMap((it) => objectsIn(it.data, find));
    const within = (list: string, objects: readonly Json[] = []) =>
      objects.flatMap((it) => objectsIn(it[list], find));
    const { missing, unseen } = lookedFor(
      {
        session: sessions ?? [],
        item: [...rows.filter((it) => it.object === 'item'), ...within('line_items', sessions)],
        invoice: invoices ?? [],
        line: [...rows.filter((it) => it.object === 'line_item'), ...within('lines', invoices)],
      },
      find,
    );
    expect(missing).toEqual([
      'item.price.metadata.partner', // only read where the product is gone
      'line.pricing.price_details.price.product.deleted',
      'line.pricing.price_details.price.metadata.partner',
      'invoice.payments.payment.charge', // in place of an intent, for what predates them
    ]);
    const others = unseen.filter((path) => !NEVER_SET.some((part) => path.includes(part)));
    expect(others).toEqual([]);
    // And of what was read, nothing more is absent than what is absent at Stripe.
    const surprises = [...absent].filter((path) => !MAY_BE_ABSENT.has(path));
    expect(surprises.filter((path) => !path.endsWith('.then'))).toEqual([]); // asked by `await`
  });
});

/** Null in everything that our own Stripe makes: somebody else sells, or another way of paying. */
const NEVER_SET = ['.on_behalf_of.', '.default_payment_method.', '.payments.payment.charge.'];
const MAY_BE_ABSENT = new Set([
  ...BEFORE_BASIL.map((path) => path.replace(/^line\./, 'line_item.')),
  'invoice.amount_paid_off_stripe',
  'customer.business_name',
  'customer.individual_name',
  'price.metadata.partner',
  'product.metadata.partner',
  'product.deleted', // and of those that are, all the rest:
  'product.name',
  'product.metadata',
]);

describe('the newest official objects', () => {
  sharedTest('have every field that we read', 'fixtures/stripe/stripe__openapi', (folder) => {
    const names = readdirSync(folder).sort();
    const newest = (kind: string): Json => {
      const name = names.findLast((it) => it.slice('2026-07-29_'.length) === `${kind}.json`);
      return JSON.parse(readFileSync(join(folder, `${name}`), 'utf8')) as Json;
    };
    // Each kind from the newest file that has it, in the place where we ask for it.
    const product = newest('product');
    const price = { ...newest('price'), product };
    const item = { ...newest('item'), price };
    const line = newest('line_item');
    const invoice = {
      ...newest('invoice'),
      payments: { object: 'list', data: [newest('invoice_payment')], has_more: false },
      lines: { object: 'list', data: [line], has_more: false },
    };
    const session = {
      ...newest('checkout_session'),
      line_items: { object: 'list', data: [item], has_more: false },
    };
    const { missing, unseen } = lookedFor({
      session: [session],
      item: [item],
      invoice: [invoice],
      line: [line],
    });
    expect(missing).toEqual([
      'item.taxes', // sent when asked for
      'item.price.product.deleted', // of deleted ones only
      'item.price.product.metadata.partner', // the merchant's own
      'item.price.metadata.partner',
      'invoice.amount_paid_off_stripe', // sent when there is any
      'line.pricing.price_details', // absent on a line without a price
      'invoice.payments.payment.payment_intent', // one of the two, by `type`
      'invoice.payments.payment.charge',
    ]);
    // Placeholders are shallow: what they leave null is held by the types of the SDK, above.
    expect(fields.length - unseen.length).toBeGreaterThan(120);
    const event = ['id', 'object', 'type', 'livemode', 'created', 'api_version', 'data'];
    expect(Object.keys(newest('event'))).toEqual(expect.arrayContaining(event));
  });
});
