// The chaos suite's judge, judged: it finds nothing in good books, and each kind of harm that it is
// there for, planted one at a time. A checker that was never seen to fail proves nothing.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Books, check, type World } from '#chaos/checker.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, second));

type Story = { readonly books: Books; readonly world: World };

/** Three payments of one order each, every one mailed and called once; the second call took two. */
function goodStory(): Story {
  let previousHash = '0'.repeat(64);
  const invoices = [1, 2, 3].map((n) => {
    const content = `facture ${n}`;
    const hash = createHash('sha256').update(previousHash).update(content).digest('hex');
    const number = `FQCA-2026-00000${n}`;
    const common = { number, series: 'FQCA', year: 2026, ordinal: n, orderId: n, content };
    const invoice = { ...common, issuedAt: at(n), previousHash, hash };
    previousHash = hash;
    return invoice;
  });
  const attempt = (
    notificationId: string,
    number: number,
    second: number,
    outcome = 'accepted',
  ) => ({
    ...{ notificationId, number, startedAt: at(second), outcome },
  });
  const notification = (orderId: number, channel: 'email' | 'webhook') => ({
    ...{ id: `${channel}-${orderId}`, orderId, channel, state: 'completed' },
  });
  return {
    books: {
      events: [1, 2, 3].map((n) => ({ id: `evt_${n}`, outcome: 'recorded' })),
      payments: [1, 2, 3].map((n) => ({ key: `pi_${n}`, state: 'recorded' })),
      orders: [1, 2, 3].map((n) => ({
        ...{ id: n, paymentKey: `pi_${n}`, partner: 'demo', grossCents: 99_99 },
      })),
      invoices,
      pdfs: invoices.map(({ number }) => ({ number, key: `${number}.pdf`, sha256: 'aa' })),
      files: new Map(invoices.map(({ number }) => [`${number}.pdf`, 'aa'])),
      notifications: [1, 2, 3].flatMap((n) => [
        notification(n, 'email'),
        notification(n, 'webhook'),
      ]),
      attempts: [
        ...[1, 2, 3].map((n) => attempt(`email-${n}`, 1, 10)),
        attempt('webhook-1', 1, 10),
        attempt('webhook-2', 1, 10, 'interrupted'),
        attempt('webhook-2', 2, 20),
        attempt('webhook-3', 1, 10),
      ],
      jobs: [],
    },
    world: {
      sold: [1, 2, 3].map((n) => ({ key: `pi_${n}`, partners: ['demo'], amountCents: 99_99 })),
      accepted: new Set(['evt_1', 'evt_2', 'evt_3']),
      mails: [1, 2, 3].map((n) => ({
        ...{ notificationId: `email-${n}`, at: at(11), messageId: `<${n}@x>` },
      })),
      calls: [
        { notificationId: 'webhook-1', orderId: 1, at: at(11) },
        { notificationId: 'webhook-2', orderId: 2, at: at(11) },
        { notificationId: 'webhook-2', orderId: 2, at: at(21) },
        { notificationId: 'webhook-3', orderId: 3, at: at(11) },
      ],
    },
  };
}

test('good books give no cause for complaint, and the repeated call is explained', () => {
  const { books, world } = goodStory();
  expect(check(books, world)).toEqual({
    violations: [],
    extraCalls: [{ notificationId: 'webhook-2', attempt: 1, outcome: 'interrupted' }],
    extraMails: [],
  });
});

type Harm = (story: Story) => { readonly books?: Partial<Books>; readonly world?: Partial<World> };

const first = <T>([, ...others]: readonly T[]) => others;
const change = <T>(items: readonly T[], index: number, by: Partial<T>) =>
  items.map((item, at) => (at === index ? { ...item, ...by } : item));

const HARMS: readonly (readonly [string, string, Harm])[] = [
  [
    'an accepted webhook that is not in the inbox',
    'lost-event',
    ({ books }) => ({ books: { events: first(books.events) } }),
  ],
  [
    'a payment without its order',
    'lost-order',
    ({ world }) => ({
      world: { sold: [...world.sold, { key: 'pi_4', partners: ['demo'], amountCents: 1 }] },
    }),
  ],
  [
    'a payment of two partners with one order only',
    'lost-order',
    ({ world }) => ({ world: { sold: change(world.sold, 0, { partners: ['demo', 'other'] }) } }),
  ],
  [
    'a second order of one payment',
    'lost-order',
    ({ books }) => ({
      books: { orders: change(books.orders, 1, { paymentKey: 'pi_1' }) },
    }),
  ],
  [
    'an order that nobody paid',
    'strange-order',
    ({ world }) => ({ world: { sold: first(world.sold) } }),
  ],
  [
    'orders that do not add up to the payment',
    'wrong-amount',
    ({ books }) => ({ books: { orders: change(books.orders, 2, { grossCents: 99_98 }) } }),
  ],
  [
    'a number that is missing',
    'gap',
    ({ books }) => ({ books: { invoices: books.invoices.filter((_, n) => n !== 1) } }),
  ],
  [
    'a number that does not begin at one',
    'gap',
    ({ books }) => ({ books: { invoices: first(books.invoices) } }),
  ],
  [
    'a date that runs backwards',
    'dates',
    ({ books }) => ({ books: { invoices: change(books.invoices, 1, { issuedAt: at(0) }) } }),
  ],
  [
    'an invoice that was changed afterwards',
    'chain',
    ({ books }) => ({ books: { invoices: change(books.invoices, 0, { content: 'autre' }) } }),
  ],
  [
    'an order without invoice',
    'invoice-missing',
    ({ books }) => ({ books: { invoices: books.invoices.slice(0, 2) } }),
  ],
  [
    'an invoice that was never printed',
    'pdf',
    ({ books }) => ({ books: { pdfs: first(books.pdfs) } }),
  ],
  ['a file that is gone', 'pdf', () => ({ books: { files: new Map() } })],
  [
    'a mail that says it was sent and never arrived',
    'lost-delivery',
    ({ world }) => ({ world: { mails: first(world.mails) } }),
  ],
  [
    'a second mail within one attempt',
    'duplicate',
    ({ world }) => ({ world: { mails: [...world.mails, ...world.mails.slice(0, 1)] } }),
  ],
  [
    'a second mail after an attempt that had ended well',
    'duplicate',
    ({ books, world }) => ({
      books: {
        attempts: [
          ...books.attempts,
          { notificationId: 'email-1', number: 2, startedAt: at(30), outcome: 'interrupted' },
        ],
      },
      world: {
        mails: [...world.mails, { notificationId: 'email-1', at: at(31), messageId: '<1@x>' }],
      },
    }),
  ],
  [
    'a call before any attempt was on record',
    'duplicate',
    ({ world }) => ({ world: { calls: change(world.calls, 0, { at: at(9) }) } }),
  ],
  [
    'a call for a notification that does not exist',
    'duplicate',
    ({ world }) => ({
      world: {
        calls: [...world.calls, { notificationId: 'webhook-9', orderId: 9, at: at(11) }],
      },
    }),
  ],
  [
    'two accepted attempts of one notification',
    'duplicate',
    ({ books }) => ({ books: { attempts: change(books.attempts, 4, { outcome: 'accepted' }) } }),
  ],
  [
    'a repeated mail under another Message-ID',
    'message-id',
    ({ books, world }) => ({
      books: {
        attempts: [
          ...change(books.attempts, 0, { outcome: 'interrupted' }),
          { notificationId: 'email-1', number: 2, startedAt: at(30), outcome: 'accepted' },
        ],
      },
      world: {
        mails: [...world.mails, { notificationId: 'email-1', at: at(31), messageId: '<9@x>' }],
      },
    }),
  ],
  [
    'two notifications under one Message-ID',
    'message-id',
    ({ world }) => ({ world: { mails: change(world.mails, 1, { messageId: '<1@x>' }) } }),
  ],
  [
    'a job that is left',
    'undone',
    () => ({ books: { jobs: [{ task: 'render-invoice', error: 'no luck' }] } }),
  ],
  [
    'a notification that is still queued',
    'undone',
    ({ books }) => ({
      books: { notifications: change(books.notifications, 0, { state: 'queued' }) },
    }),
  ],
  [
    'an event that was never resolved',
    'undone',
    ({ books }) => ({ books: { events: change(books.events, 0, { outcome: 'pending' }) } }),
  ],
  [
    'a payment in quarantine',
    'undone',
    ({ books }) => ({ books: { payments: change(books.payments, 0, { state: 'quarantined' }) } }),
  ],
  [
    'an attempt that nobody closed',
    'undone',
    ({ books }) => ({ books: { attempts: change(books.attempts, 4, { outcome: null }) } }),
  ],
];

describe('the checker sees', () => {
  test.each(HARMS)('%s', (_what, rule, harm) => {
    const story = goodStory();
    const { books, world } = harm(story);
    const { violations } = check({ ...story.books, ...books }, { ...story.world, ...world });
    expect(violations.map((it) => it.rule)).toContain(rule);
  });
});
