// Official and recorded objects of Stripe's, of every version since 2019, through our mapping. They
// are not part of the repository: where ../shared/fixtures is absent, nothing is claimed, loudly.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type InvoiceShape, rowsOf, type SessionShape } from '#adapters/stripe/shapes.ts';
import { billedFacts, checkoutFacts } from '#adapters/stripe/stripe-facts.ts';
import { decidePayment } from '#domain/payment.ts';
import { watched } from '../support/watched.ts';

const FIXTURES = join(import.meta.dirname, '../../../shared/fixtures/stripe');
const present = existsSync(FIXTURES);
if (!present) {
  console.warn(`\n*** ${FIXTURES} is absent: no official Stripe object was read in this run ***\n`);
}

describe.runIf(present)('official and recorded objects', () => {
  type Expected = {
    readonly total_minor?: number | null;
    readonly currency?: string | null;
    readonly email?: string | null;
    readonly name?: string | null;
  };
  const read = (name: string) => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));
  const index: { entries: { file: string; expected: Expected }[] } = present
    ? read('index.json')
    : { entries: [] };
  const objects = (present ? readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }) : [])
    .filter((name) => name.endsWith('.json') && name !== 'index.json')
    .map((name) => {
      const json = read(name);
      const object = json.data?.object ?? json;
      const expected: Expected = index.entries.find(({ file }) => file === name)?.expected ?? {};
      return { name, object, kind: String(object.object), expected };
    });
  const ofKind = (kind: string) => objects.filter((it) => it.kind === kind);
  const sessionFacts = (session: SessionShape) =>
    checkoutFacts(session, rowsOf(session.line_items?.data));
  const invoiceFacts = (invoice: InvoiceShape) =>
    billedFacts({
      invoice,
      lines: rowsOf(invoice.lines?.data),
      session: null,
      products: new Map(),
      prices: new Map(),
      taxRates: new Map(),
      charge: null,
    });

  test('become facts that say what the objects say, and a decision', () => {
    const sessions = ofKind('checkout.session').map((it) => ({ ...it, map: sessionFacts }));
    const invoices = ofKind('invoice').map((it) => ({ ...it, map: invoiceFacts }));
    for (const { name, object, expected, map } of [...sessions, ...invoices]) {
      const facts = map(object);
      // Sessions of before 2022 bore no date, without which an amount is not believed.
      expect(facts.total, name).toBe(object.created ? expected.total_minor : null);
      expect(facts.currency, name).toBe(expected.currency?.toUpperCase() ?? null);
      expect(facts.buyer.email, name).toBe(expected.email);
      expect(facts.buyer.name, name).toBe(expected.name);
      expect(
        decidePayment(facts, { slugs: new Set(), house: null, livemode: false }).kind,
        name,
      ).toBeDefined();
    }
    expect(sessions.length).toBeGreaterThan(15);
    expect(invoices.length).toBeGreaterThan(20);
  });

  test('of the newest version have every field that we read, but for these', () => {
    const newest = (kind: string) =>
      objects
        .filter((it) => it.kind === kind && it.name.startsWith('stripe__openapi/2026-'))
        .at(-1);
    const absent = new Set<string>();
    sessionFacts(watched(newest('checkout.session')?.object, absent));
    invoiceFacts(watched({ ...newest('invoice')?.object, status: 'paid' }, absent));
    expect([...absent].sort()).toEqual([
      'checkout.session.line_items', // sent when asked for
      'invoice.amount_paid_off_stripe', // sent when there is any
      'invoice.charge', // before basil
      'invoice.paid_out_of_band', // before basil
      'invoice.payment_intent', // before basil
      'invoice.payments', // sent when asked for
      'invoice.total_tax_amounts', // before basil
      'line_item.plan', // before basil
      'line_item.price', // before basil
      'line_item.pricing.price_details', // absent on a line without a price
      'line_item.tax_amounts', // before basil
    ]);
  });
});
