// Every scenario played on the sandbox's Stripe over real sockets: the webhooks that arrive are well
// signed, and what the real reader reads for each of them is decided as the table says, the same for
// all events of a payment.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMO_PARTNER, SECOND_PARTNER } from '#adapters/sandbox/catalogue.ts';
import type { Scenario, ScenarioOptions } from '#adapters/sandbox/scenario.ts';
import { SCENARIOS, scenarioOf } from '#adapters/sandbox/scenarios.ts';
import { ENABLED_EVENTS } from '#adapters/sandbox/stripe-account-objects.ts';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { PAYMENT_EVENT_TYPES } from '#adapters/stripe/subscribed-events.ts';
import { decidePayment, type PaymentDecision } from '#domain/payment.ts';
import { type WebhookSink, webhookSink } from '../support/webhook-sink.ts';

const SECRET_KEY = 'sk_test_scenarios';
const WEBHOOK_SECRET = 'whsec_scenarios';
const ONCE = { productId: 'prod_SbxDeclComplet', quantity: 3 };
const BOOK = { productId: 'prod_SbxGuideLivre1', quantity: 1, taxPercent: 5.5 };
const MONTHLY = { productId: 'prod_SbxAccompagnem', quantity: 1 };

let sink: WebhookSink;
let stripe: SandboxStripe;

beforeAll(async () => {
  sink = await webhookSink(WEBHOOK_SECRET);
  stripe = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: sink.url,
    retryDelaysMs: [],
  });
});
afterAll(async () => {
  await stripe.close();
  sink.close();
});

function scenario(name: string): Scenario {
  const found = scenarioOf(name);
  if (found === null) throw new Error(`no scenario ${name}`);
  return found;
}

/** What is decided on an event, by what Stripe says of it now. */
async function decided(type: string, objectId: string | null): Promise<PaymentDecision> {
  const client = stripeClient({ secretKey: SECRET_KEY, apiBase: stripe.apiBase });
  const answer = await stripeReader(client).read({ type, objectId });
  if (!('facts' in answer)) throw new Error(`Stripe does not know ${answer.missing}`);
  const slugs = new Set([DEMO_PARTNER, SECOND_PARTNER]);
  return decidePayment(answer.facts, { slugs, house: null, livemode: false });
}

/** Plays it to its end. The decisions on its events, in the order in which these arrived. */
async function played(of: Scenario, options: ScenarioOptions = {}) {
  const run = await of.run(stripe, { delayMs: 0, ...options });
  await stripe.idle();
  const events = sink.events.filter(({ id }) => run.eventIds.includes(id));
  const decisions: { readonly type: string; readonly decision: PaymentDecision }[] = [];
  for (const { type, data } of events) {
    const { id = null } = data.object as { readonly id?: string };
    decisions.push({ type, decision: await decided(type, id) });
  }
  return { run, events, decisions };
}

/** The decision on the events that tell of a payment, all of which must agree; else on any. */
function agreed(decisions: Awaited<ReturnType<typeof played>>['decisions']): PaymentDecision {
  const known: readonly string[] = PAYMENT_EVENT_TYPES;
  const ofPayment = decisions.filter(({ type }) => known.includes(type));
  const [first, ...others] = (ofPayment.length > 0 ? ofPayment : decisions).map(
    ({ decision }) => decision,
  );
  if (first === undefined) throw new Error('no event arrived');
  for (const other of others) expect(other).toEqual(first);
  return first;
}

/** What the decision leaves on the books. */
function booksOf(decision: PaymentDecision) {
  switch (decision.kind) {
    case 'orders':
      return { orders: decision.orders.length, state: 'recorded', reason: null };
    case 'quarantine':
      return { orders: 0, state: 'quarantined', reason: decision.reason };
    case 'wait':
      return { orders: 0, state: 'waiting', reason: decision.reason };
    case 'ignored':
      return { orders: 0, state: 'none', reason: decision.reason };
    default:
      return decision satisfies never;
  }
}

describe('the scenario', () => {
  test.each(SCENARIOS.map((it) => [it.letter ?? '·', it.slug, it] as const))(
    '%s %s comes to what it says',
    async (_letter, _slug, it) => {
      const { run, events, decisions } = await played(it);
      expect(new Set(events.map(({ id }) => id))).toEqual(new Set(run.eventIds));
      expect(events).toHaveLength(run.eventIds.length);
      expect(events.every(({ type }) => ENABLED_EVENTS.includes(type))).toBe(true);
      expect(sink.refusals).toEqual([]);

      const decision = agreed(decisions);
      expect(booksOf(decision)).toEqual(it.books);
      if (decision.kind !== 'orders') return;
      const { orders } = decision;
      expect(orders.reduce((sum, { totals }) => sum + totals.gross, 0)).toBe(run.amountCents);
      expect(orders.map(({ partner }) => partner)).toEqual(it.partners);
      expect(orders[0]?.currency).toBe(run.currency.toUpperCase());
    },
  );
});

const order = (...orders: object[]) => ({ kind: 'orders', orders });

describe('the books of', () => {
  const standard = (gross: number, vat: number) => ({ rate: 2000, gross, vat });
  const reduced = (gross: number, vat: number) => ({ rate: 550, gross, vat });
  const rates = (...byRate: object[]) => ({ totals: { byRate } });

  test.each<readonly [string, object]>([
    ['A', order({ paymentMethod: 'card', totals: { gross: 99_99, vat: 16_67, net: 83_32 } })],
    ['B', { key: expect.stringMatching(/^in_/) }],
    ['C', { key: expect.stringMatching(/^in_/) }],
    ['D', order({ paymentMethod: 'card', totals: { gross: 290_00 } })],
    ['G', order({ paymentMethod: null, totals: { gross: 0 }, lines: [{ discount: 99_99 }] })],
    ['H', order({ paymentMethod: 'sepa_debit' })],
    ['I', order({ paymentMethod: 'out_of_band', totals: { gross: 99_99 } })],
    ['J', order({ paymentMethod: 'card', lines: [{ quantity: 1 }, { quantity: 2 }] })],
    ['K', order({ paymentMethod: 'balance', totals: { gross: 290_00, vat: 48_33 } })],
    ['sepa-subscription', order({ paymentMethod: 'sepa_debit', totals: { gross: 29_00 } })],
    ['late-invoice', { key: expect.stringMatching(/^in_/) }],
    ['vat-inclusive', order(rates(standard(99_99, 16_67), reduced(38_00, 1_98)))],
    ['vat-exclusive', order(rates(standard(119_99, 20_00), reduced(40_09, 2_09)))],
    ['vat-on-invoice', order(rates(standard(115_19, 19_20), reduced(36_08, 1_88)))],
    [
      'reverse-charge',
      order({
        customer: { businessName: 'Vogt Immobilien GmbH', vatNumber: 'DE123456789' },
        totals: { byRate: [{ rate: 0, treatment: 'reverse-charge', vat: 0, gross: 99_99 }] },
      }),
    ],
    [
      'company',
      order({ customer: { name: 'Nadia Besson', businessName: 'Menuiserie Besson SARL' } }),
    ],
    ['shipping', order({ lines: [{ gross: 38_00 }, { productId: null, gross: 6_90 }] })],
    ['discount', order({ lines: [{ discount: 10_00, gross: 89_99 }, { discount: 3_80 }] })],
    ['tip', order({ lines: [{ gross: 99_99 }, { productName: 'Pourboire', gross: 7_50 }] })],
    ['yen', order({ currency: 'JPY', totals: { gross: 12_000, vat: 2_000 } })],
    ['dinar', order({ currency: 'KWD', totals: { gross: 25_000 } })],
    ['adaptive-pricing', order({ currency: 'EUR', totals: { gross: 99_99 } })],
    [
      'two-partners',
      order(
        { partner: 'demo', lines: [{ gross: 99_99 }, { productId: null }] },
        { partner: 'demo-2', lines: [{ gross: 120_00 }, { productId: null }] },
      ),
    ],
    ['unknown-partner', { detail: 'cabinet-inconnu' }],
  ])('%s are exact', async (name, expected) => {
    const { decisions } = await played(scenario(name));
    expect(agreed(decisions)).toMatchObject(expected);
  });

  test('an upgrade give back the time that was not used', async () => {
    const { run, decisions } = await played(scenario('E'));
    const decision = agreed(decisions);
    if (decision.kind !== 'orders') throw new Error(decision.kind);
    const [lines] = decision.orders.map((it) => it.lines);
    expect(lines?.map(({ productName }) => productName)).toEqual([
      'Accompagnement annuel – Sérénité',
      'Accompagnement annuel – Premium',
    ]);
    expect(lines?.[0]?.gross).toBeLessThan(-140_00);
    expect(lines?.[1]?.gross).toBeGreaterThan(240_00);
    expect(run).toMatchObject({ sessionId: null, currency: 'eur' });
  });

  test('an invoice of 120 lines hold all of them, in order', async () => {
    const { decisions } = await played(scenario('many-lines'));
    const decision = agreed(decisions);
    const lines = decision.kind === 'orders' ? decision.orders[0]?.lines : [];
    expect(lines).toHaveLength(120);
    expect(lines?.map(({ quantity }) => quantity).slice(0, 5)).toEqual([1, 2, 3, 4, 1]);
  });
});

describe('a sale with', () => {
  const kinds = [
    ['a session', { mode: 'payment', items: [ONCE, BOOK] }],
    ['an invoice', { mode: 'payment', items: [ONCE, BOOK], invoiceCreation: true }],
    ['a subscription', { mode: 'subscription', items: [MONTHLY, BOOK] }],
  ] as const;
  const german = { businessName: 'Vogt Immobilien GmbH', vatNumber: 'DE123456789' };

  test.each(kinds)('%s adds up whatever tax, discount and shipping do', async (_kind, wanted) => {
    for (const tax of [undefined, 'inclusive', 'exclusive', 'reverse-charge'] as const) {
      for (const couponPercent of [0, 10, 33]) {
        for (const shippingCents of [0, 6_90]) {
          const terms = { ...(tax && { tax }), couponPercent, shippingCents };
          const buyer = tax === 'reverse-charge' ? german : {};
          const { sessionId } = await stripe.buy({ ...wanted, ...terms, buyer });
          const decision = await decided('checkout.session.completed', sessionId);
          const said = JSON.stringify({ terms, decision });
          expect(decision.kind, said).toBe('orders');
          if (decision.kind !== 'orders') continue;
          const [{ totals } = { totals: null }] = decision.orders;
          expect(totals?.gross, said).toBe(stripe.store.find(sessionId)?.amount_total);
          const stated = stripe.store.find(sessionId)?.total_details as { amount_tax: number };
          if (tax) expect(totals?.vat, said).toBe(stated.amount_tax);
        }
      }
    }
  });
});

describe('before the bank or Stripe is ready', () => {
  test.each([
    ['H', 'awaiting-payment'],
    ['sepa-failed', 'awaiting-payment'],
    ['sepa-subscription', 'awaiting-payment'],
    ['late-invoice', 'awaiting-invoice'],
  ])('%s waits, and its later events are already known by id', async (name, reason) => {
    const run = await scenario(name).run(stripe, { delayMs: 400 });
    const session = await decided('checkout.session.completed', run.sessionId);
    expect(session).toMatchObject({ kind: 'wait', reason });
    const notYet = run.eventIds.filter((id) => stripe.store.find(id) === null);
    expect(notYet.length).toBeGreaterThan(0);
    await stripe.idle();
    const arrived = sink.events.filter(({ id }) => notYet.includes(id));
    expect(arrived).toHaveLength(notYet.length);
  });

  test('what still waits is dropped when the sandbox closes', async () => {
    const closing = await startSandboxStripe({
      dataFile: null,
      secretKey: SECRET_KEY,
      webhookSecret: WEBHOOK_SECRET,
      webhookUrl: sink.url,
    });
    const { eventIds } = await scenario('sepa').run(closing, { delayMs: 60_000 });
    await closing.close();
    expect(eventIds.map((id) => closing.store.find(id)?.type)).toEqual([
      'checkout.session.completed',
      undefined,
    ]);
  });
});

describe('a scenario', () => {
  test('lets another buyer buy, where the scenario has none of its own', async () => {
    const buyer = { email: 'ines@example.com', name: 'Inès Roche' };
    const { decisions } = await played(scenario('A'), { buyer });
    expect(agreed(decisions)).toMatchObject(order({ customer: { email: buyer.email } }));
  });

  test('repeats the order of its webhooks for a seed', async () => {
    const arrival = async (seed: number) =>
      (await played(scenario('B'), { seed })).events.map(({ type }) => type).join();
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) orders.add(await arrival(seed));
    expect(orders.size).toBeGreaterThan(2);
    expect(await arrival(3)).toBe(await arrival(3));
  });
});
