// Real and official objects of sixteen API versions, each through the facts and the decision, against
// what the folder's index expects of it. Where one cannot be decided alone, because our pinned GET
// would bring what the snapshot lacks, it is first seen to be refused alone, then completed by the
// fields named below, and decided.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stripeClient } from '#adapters/stripe/client.ts';
import { invoiceLineFacts, sessionLineFacts } from '#adapters/stripe/line-facts.ts';
import { type InvoiceShape, rowsOf, type SessionShape } from '#adapters/stripe/shapes.ts';
import { billedFacts, checkoutFacts } from '#adapters/stripe/stripe-facts.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { eventOf } from '#adapters/stripe/webhook-event.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { decidePayment, type PaymentDecision, type PaymentFacts } from '#domain/payment.ts';
import { sharedTest } from '#test/support/shared.ts';

type Entry = {
  readonly file: string;
  readonly object: string;
  readonly expected: {
    /** False, `n/a`, or that there is one (true, « exactly one … »), or that there is none. */
    readonly order: boolean | string;
    readonly why: string;
    readonly total_minor?: number | null;
    readonly currency?: string | null;
    readonly email?: string | null;
    readonly name?: string | null;
    readonly lines?: number | string;
    readonly reconciles?: boolean;
  };
};
type Json = { readonly [field: string]: unknown };

const FOLDER = 'fixtures/stripe';
const HOUSE = 'maison' as PartnerSlug;
const read = (folder: string, file: string): Json =>
  JSON.parse(readFileSync(join(folder, file), 'utf8'));
const entriesOf = (folder: string): readonly Entry[] =>
  (read(folder, 'index.json') as unknown as { entries: Entry[] }).entries;
const isEvent = ({ object }: Entry): boolean => object.startsWith('event:');

/** Pieces of payments. They decide nothing alone: a line, a product or a price is no payment. */
const PIECES = new Set([
  ...['credit_note', 'product', 'price', 'item', 'line_item', 'invoice_payment'],
]);

function objectOf(json: Json): Json {
  return ((json.data as { object?: Json } | undefined)?.object ?? json) as Json;
}

// ---- What our own GET would bring, and the snapshot lacks --------------------------------------

/** Of a session that an event calls completed. Derived: everything in it is ours. */
function completedSession(session: SessionShape, expected: Entry['expected']): SessionShape {
  const line = { id: 'li_derived', quantity: 1, amount_total: expected.total_minor, taxes: [] };
  const price = { product: { id: 'prod_derived', name: 'Dérivé', metadata: {} } };
  return {
    ...session,
    status: session.status ?? 'complete', // no such field before 2022
    created: session.created ?? 1_600_000_000, // nor this one
    line_items: session.line_items ?? { data: [{ ...line, price }], has_more: false },
    customer_email: session.customer_email ?? 'derive@example.com',
  };
}

/** The invoice that a session names, which the folder does not hold. */
function derivedInvoice(session: SessionShape): InvoiceShape {
  return {
    ...{ id: session.invoice, created: session.created, livemode: session.livemode },
    ...{ status: 'paid', billing_reason: 'manual' },
    ...{ total: session.amount_total, currency: session.currency },
    lines: { data: [{ id: 'il_derived', description: 'Dérivé', amount: session.amount_total }] },
  };
}

/** Placeholders have no customer to write to; the guide promises partners one. */
function completedInvoice(invoice: InvoiceShape): InvoiceShape {
  return { ...invoice, customer_email: invoice.customer_email ?? 'derive@example.com' };
}

// ---- Facts and decision ------------------------------------------------------------------------

function invoiceFacts(invoice: InvoiceShape, session: SessionShape | null = null): PaymentFacts {
  const lines = rowsOf(invoice.lines?.data);
  // Products are not in the folder by the ids that lines name: all are ours, without a partner.
  const ids = lines.flatMap((line) => [line.pricing?.price_details?.product, line.price?.product]);
  const product = (id: string) => ({ id, name: 'Dérivé', metadata: {} });
  const products = new Map(
    ids.filter((id) => typeof id === 'string').map((id) => [id, product(id)] as const),
  );
  const none = { prices: new Map(), taxRates: new Map(), charge: null };
  return billedFacts({ invoice, lines, session, products, ...none });
}

function factsOf(object: Json): PaymentFacts {
  return object.object === 'invoice'
    ? invoiceFacts(object as InvoiceShape)
    : checkoutFacts(object as SessionShape, rowsOf((object as SessionShape).line_items?.data));
}

function completedFacts(object: Json, expected: Entry['expected']): PaymentFacts {
  if (object.object === 'invoice') return invoiceFacts(completedInvoice(object as InvoiceShape));
  const session = completedSession(object as SessionShape, expected);
  return typeof session.invoice === 'string'
    ? invoiceFacts(derivedInvoice(session), session)
    : checkoutFacts(session, rowsOf(session.line_items?.data));
}

function decide(facts: PaymentFacts, json: Json): PaymentDecision {
  const livemode = json.livemode === true;
  return decidePayment(facts, { slugs: new Set([HOUSE]), house: HOUSE, livemode });
}

/** What the index says in words, as our decision says it. */
const BY_WORDS: readonly (readonly [RegExp, object])[] = [
  [/^mode=setup/, { kind: 'ignored', reason: 'setup-only' }],
  [/^0 total/, { kind: 'ignored', reason: 'free-subscription' }],
  [/^session (open|expired)/, { kind: 'quarantine', reason: 'session-not-complete' }],
  [/^invoice draft/, { kind: 'wait', reason: 'awaiting-payment' }],
  [/^unpaid/, { kind: 'wait', reason: 'awaiting-payment' }],
  [/unusable legacy shape/, { kind: 'quarantine', reason: 'unknown-mode' }],
];

sharedTest('every object is decided as its index says', FOLDER, async (folder) => {
  const nowhere = new URL('http://127.0.0.1:9');
  const reader = stripeReader(stripeClient({ secretKey: 'sk_test_x', apiBase: nowhere }));
  const seen = { orders: 0, none: 0, unrelated: 0, pieces: 0 };
  for (const { file, object: kind, expected } of entriesOf(folder)) {
    const json = read(folder, file);
    const object = objectOf(json);
    if (PIECES.has(kind)) {
      expect(expected.order, file).toBe('n/a');
      seen.pieces += 1;
    } else if (/not subscribed|ack 200/.test(expected.why)) {
      const told = { type: String(json.type), objectId: String(object.id) };
      expect(await reader.read(told), file).toEqual({ facts: { kind: 'unrelated' } });
      seen.unrelated += 1;
    } else if (expected.order === true || String(expected.order).startsWith('exactly one')) {
      expectOneOrder(file, json, expected);
      seen.orders += 1;
    } else {
      const [, decision] = BY_WORDS.find(([words]) => words.test(expected.why)) ?? [];
      expect(decision, `${file}: ${expected.why}`).toBeDefined();
      expect(decide(completedFacts(object, expected), json), file).toMatchObject(decision ?? {});
      expect(decide(factsOf(object), json).kind, file).not.toBe('orders');
      seen.none += 1;
    }
  }
  expect(seen).toEqual({ orders: 6, none: 32, unrelated: 40, pieces: 33 });
});

function expectOneOrder(file: string, json: Json, expected: Entry['expected']): void {
  const object = objectOf(json);
  const decision = decide(completedFacts(object, expected), json);
  if (decision.kind !== 'orders') throw new Error(`${file}: ${JSON.stringify(decision)}`);
  expect(decision.orders, file).toHaveLength(1);
  const total = { gross: expected.total_minor };
  const currency = expected.currency?.toUpperCase();
  expect(decision.orders[0], file).toMatchObject({ partner: HOUSE, currency, totals: total });
  const session = object as SessionShape;
  const keys = [session.invoice, session.payment_intent, object.id];
  const key = object.object === 'invoice' ? object.id : keys.find((it) => it != null);
  expect(decision.key, file).toBe(key);
  // Alone, none of them is guessed at; but one of them is whole.
  const alone = decide(factsOf(object), json).kind;
  expect(alone, file).toBe(file.startsWith('kylebuildsstuff') ? 'orders' : ALONE[file]);
}

/** What becomes of each without what our GET brings: no date, no lines, no invoice, no e-mail. */
const ALONE: Readonly<Record<string, PaymentDecision['kind']>> = {
  'stripe-ruby-mock__stripe-ruby-mock/checkout.session.completed.json': 'quarantine',
  'stripe-ruby-mock__stripe-ruby-mock/checkout.session.completed.payment_mode.json': 'quarantine',
  'stripe-ruby-mock__stripe-ruby-mock/invoice.paid.json': 'quarantine',
  'stripe-ruby-mock__stripe-ruby-mock/invoice.payment_succeeded.json': 'quarantine',
  'supabase__stripe-sync-engine/checkout_session_completed.json': 'wait',
};

sharedTest('facts say what the index read in the objects', FOLDER, (folder) => {
  for (const { file, object: kind, expected } of entriesOf(folder)) {
    const object = objectOf(read(folder, file));
    if (object.object !== 'invoice' && object.object !== 'checkout.session') continue;
    const facts = factsOf(object);
    if (facts.kind === 'unrelated') throw new Error(`${file}: ${kind}`);
    // What bears no date is not believed to have an amount.
    expect(facts.total, file).toBe(object.created ? expected.total_minor : null);
    expect(facts.currency, file).toBe(expected.currency?.toUpperCase() ?? null);
    expect(facts.buyer.email, file).toBe(expected.email);
    expect(facts.buyer.name, file).toBe(expected.name);
    if (typeof expected.lines === 'number') {
      expect(facts.lines, file).toHaveLength(expected.lines);
    }
    if (expected.reconciles === false) {
      const paid = { ...object, id: 'in_derived', status: 'paid' };
      expect(decide(completedFacts(paid, expected), paid), file).toMatchObject({
        reason: 'lines-do-not-add-up',
      });
    }
  }
});

sharedTest('every recorded event is taken as one', FOLDER, (folder) => {
  for (const { file } of entriesOf(folder).filter(isEvent)) {
    const json = read(folder, file);
    const event = eventOf(json, JSON.stringify(json));
    expect(event, file).toMatchObject({ id: json.id, type: json.type, livemode: json.livemode });
  }
});

sharedTest('every line and item becomes a line, whatever its version', FOLDER, (folder) => {
  const situation = { exemption: 'none', vatNumber: null };
  const neighbours = { products: new Map(), prices: new Map(), taxRates: new Map() };
  const pieces = entriesOf(folder).filter(({ object }) => /^(line_)?item$/.test(object));
  for (const { file, object } of pieces) {
    const json = read(folder, file);
    const facts =
      object === 'item'
        ? sessionLineFacts(json, situation)
        : invoiceLineFacts(json, neighbours, situation);
    expect(facts.gross, file).toBe(json.amount_total ?? json.amount);
    expect(facts.productName, file).not.toBe('');
  }
  expect(pieces.length).toBeGreaterThan(10);
});
