// The five steps of a purchase, told from facts that the books may hold: above all those that a
// healthy sandbox never shows (a slow PDF, an exhausted partner, a dismissed payment).

import { describe, expect, test } from 'vitest';
import type {
  JourneyCreditNote,
  JourneyNotification,
  JourneyOrder,
} from '#adapters/postgres/payment-journey.ts';
import type { PurchaseFacts } from '#adapters/sandbox/purchase-facts.ts';
import { purchaseStory } from '#adapters/sandbox/purchase-story.ts';
import type { Purchase } from '#adapters/sandbox/purchases.ts';

const PURCHASE: Purchase = {
  id: 'one',
  boughtAt: '2026-11-22T13:32:20.000Z',
  sessionId: 'cs_test_1',
  eventIds: ['evt_1'],
  title: 'Conseil',
  amountCents: 99_99,
  currency: 'eur',
};
const at = (ms: number) => new Date(Date.parse(PURCHASE.boughtAt) + ms);
const NOTHING: PurchaseFacts = {
  receivedAt: null,
  ignored: [],
  journey: null,
  pdfUrl: null,
  pdfHref: null,
  creditNoteHrefs: {},
};

function notification(
  channel: 'email' | 'webhook',
  overrides: Partial<JourneyNotification> = {},
): JourneyNotification {
  return {
    id: `${channel}-1`,
    channel,
    state: 'completed',
    round: 1,
    nextAttemptAt: null,
    completedAt: at(400).toISOString(),
    endedAt: null,
    attempts: [],
    mailEvents: [],
    ...overrides,
  };
}

function recorded(overrides: Partial<JourneyOrder> = {}): PurchaseFacts {
  const order: JourneyOrder = {
    id: 7,
    partner: 'demo',
    currency: 'EUR',
    net: 83_32,
    vat: 16_67,
    gross: 99_99,
    customerEmail: 'ada@example.com',
    eventId: 'evt_1',
    paidAt: at(0).toISOString(),
    recordedAt: at(50).toISOString(),
    invoiceNumber: 'FQCA-2026-000007',
    issuedAt: at(50).toISOString(),
    pdfKey: 'k.pdf',
    pdfSha256: '00',
    pdfStoredAt: at(200).toISOString(),
    notifications: [notification('email'), notification('webhook')],
    creditNotes: [],
    ...overrides,
  };
  const url = order.pdfKey === null ? null : '/files/k.pdf';
  const { journey, ...rest } = stopped('recorded', null);
  return {
    ...rest,
    pdfUrl: url,
    pdfHref: url,
    journey: journey && { ...journey, orders: [order] },
  };
}

function stopped(
  state: 'waiting' | 'quarantined' | 'recorded' | 'dismissed',
  reason: string | null,
): PurchaseFacts {
  const receivedAt = at(10);
  const journey = { key: 'pi_1', state, reason, detail: null, orders: [] };
  return {
    ...NOTHING,
    receivedAt,
    journey: { ...journey, receivedAt: receivedAt.toISOString() },
  };
}

const told = (facts: PurchaseFacts, ms = 500) => purchaseStory(PURCHASE, facts, at(ms));
const states = (facts: PurchaseFacts, ms?: number) => told(facts, ms).steps.map((it) => it.state);

test('before Stripe’s event arrives, only the payment is under way', () => {
  expect(states(NOTHING)).toEqual(['doing', 'todo', 'todo', 'todo', 'todo']);
  expect(told(NOTHING)).toMatchObject({ done: false, totalMs: null });
});

test('times are counted from the click, and the total is the last of them', () => {
  const story = told(recorded());
  expect(story.steps.map(({ doneMs }) => doneMs)).toEqual([10, 50, 200, 400, 400]);
  expect(story).toMatchObject({ done: true, succeeded: true, totalMs: 400 });
});

test('a number without its PDF is shown, and nothing has left', () => {
  const facts = recorded({ pdfKey: null, pdfStoredAt: null });
  expect(states(facts)).toEqual(['done', 'done', 'doing', 'todo', 'todo']);
  expect(told(facts).steps[2]?.title).toBe('Facture FQCA-2026-000007');
  expect(told(facts, 60_000).steps[2]?.text).toMatch(/^Le PDF tarde\. Rien n’est parti/);
  expect(told(facts, 60_000).done).toBe(false);
});

test('e-mail and webhook go their own ways', () => {
  const sending = notification('email', { state: 'sending', completedAt: null });
  const facts = recorded({ notifications: [sending, notification('webhook')] });
  expect(states(facts)).toEqual(['done', 'done', 'done', 'doing', 'done']);
  expect(told(facts).done).toBe(false);
});

test.for([
  ['failed', 'Refusée'],
  ['exhausted', 'Échec définitif'],
  ['quarantined', 'En quarantaine'],
] as const)('a webhook that is %s needs a person: « %s »', ([state, word]) => {
  const ended = notification('webhook', { state, completedAt: null });
  const story = told(recorded({ notifications: [notification('email'), ended] }));
  expect(story.steps[4]).toMatchObject({
    state: 'trouble',
    badge: { word },
    command: 'npx comptappart notifications retry webhook-1',
  });
  expect(story).toMatchObject({ done: true, succeeded: false });
});

test('a payment that waits, or that a person put aside, makes no order', () => {
  const waiting = told(stopped('waiting', 'awaiting-payment')).steps[1];
  expect(waiting).toMatchObject({ state: 'waiting', badge: { word: 'En attente' } });
  const dismissed = told(stopped('dismissed', 'no-email'));
  expect(dismissed.steps[1]).toMatchObject({ state: 'trouble', badge: { word: 'Écarté' } });
  expect(dismissed.done).toBe(true);
});

test('an event that is no payment of ours says why there is no order', () => {
  const facts = { ...NOTHING, receivedAt: at(10), ignored: ['setup-only'] };
  expect(told(facts).steps[1]?.text).toContain('une carte a seulement été enregistrée');
  expect(told(facts).done).toBe(true);
});

test('an order of another partner is not said to have reached the demo partner', () => {
  const step = told(recorded({ partner: 'autre' })).steps[4];
  expect(step).toMatchObject({ title: 'Webhook reçu par autre', link: null });
});

describe('money that went back', () => {
  const note = (overrides: Partial<JourneyCreditNote> = {}): JourneyCreditNote => ({
    ...{ id: 3, number: 'AQCA-2026-000003', cause: 'refund', correctionKey: 're_1' },
    ...{ net: 25_00, vat: 5_00, gross: 30_00, correctedAt: at(900).toISOString() },
    ...{ recordedAt: at(950).toISOString(), issuedAt: at(950).toISOString() },
    ...{ pdfKey: 'a.pdf', pdfStoredAt: at(1_100).toISOString() },
    notifications: [notification('email', { completedAt: at(1_200).toISOString() })],
    ...overrides,
  });
  const expected = { orders: 1, state: 'recorded', reason: null, isDelayed: true } as const;
  const refunded = { ...PURCHASE, expected: { ...expected, creditNotes: 1 } };
  const tell = (facts: PurchaseFacts) => purchaseStory(refunded, facts, at(2_000));

  test('is waited for where a scenario says that it comes', () => {
    const story = tell(recorded());
    expect(story.steps[5]).toMatchObject({ name: 'credit-note-1', title: 'Avoir', state: 'doing' });
    expect(story).toMatchObject({ done: false, succeeded: false });
  });

  test('is a step with its number, its PDF and its mail', () => {
    const facts = recorded({ creditNotes: [note()] });
    const story = tell({ ...facts, creditNoteHrefs: { 'AQCA-2026-000003': '/files/a.pdf' } });
    expect(story.steps[5]).toMatchObject({
      ...{ title: 'Avoir AQCA-2026-000003', state: 'done', doneMs: 1_200 },
      text: '30,00\u00a0€ en moins sur la facture\u202f; le client l’a par e-mail.',
      link: { href: '/files/a.pdf' },
    });
    expect(story).toMatchObject({ done: true, succeeded: true, totalMs: 1_200 });
  });

  test('whose mail was refused needs a person', () => {
    const refused = notification('email', { state: 'failed', completedAt: null });
    const story = tell(recorded({ creditNotes: [note({ notifications: [refused] })] }));
    expect(story.steps[5]).toMatchObject({ state: 'trouble', badge: { family: 'bad' } });
  });
});
