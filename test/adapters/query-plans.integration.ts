// How the program asks its database, on books of years: whatever it does once an order, once a page or
// every few seconds goes by an index and reads about as many rows as it shows, however many there are.
// The statements are those that the program's own functions send; what they cost is what PostgreSQL says.

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  listOrders,
  listPayments,
  orderContents,
  queueHealth,
} from '#adapters/postgres/book-lists.ts';
import { BY_KEYS_ALONE } from '#adapters/postgres/by-keys.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { listDocuments } from '#adapters/postgres/document-lists.ts';
import { listNotifications } from '#adapters/postgres/notification-lists.ts';
import { journeyOfEvents } from '#adapters/postgres/payment-journey.ts';
import { queueFigures } from '#adapters/postgres/queue-figures.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { workHealth } from '#adapters/postgres/work-health.ts';
import { secretBox } from '#adapters/secret-box.ts';
import type { Tx } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { type TestDatabase, testDatabase } from '#test/support/database.ts';
import { plansOf, statementsOf } from '#test/support/query-plans.ts';
import { GROWN_SECRETS_KEY, growBooks } from '../../bench/million/grow-books.ts';

const ORDERS = 10_000;
const BIG = 2_000;
/** A page of fifty with its neighbours; far from the ten thousand that a whole table has. */
const ROWS_READ_MAX = 2_000;

const YEAR_MS = 365 * 86_400_000;
const until = new Date();
/** Books that exist already, such as those of bench/million.ts, instead of made ones. */
const grownUrl = process.env.GROWN_DATABASE_URL;

let database: TestDatabase | null = null;
let db: Database;
let client: pg.Client;
let known: { readonly order: number; readonly event: string; readonly payment: string };

beforeAll(async () => {
  database = grownUrl ? null : await testDatabase();
  const url = grownUrl ?? (database as TestDatabase).url;
  if (!grownUrl) {
    const from = new Date(until.getTime() - YEAR_MS);
    await growBooks(url, { orders: ORDERS, eventsPerOrder: 2, from, until });
  }
  db = connect(url, { connectionsMax: 2 });
  client = new pg.Client({ connectionString: url });
  await client.connect();
  const { id, event_id, payment_key } = await db
    .selectFrom('orders')
    .select(['id', 'event_id', 'payment_key'])
    .where('id', '=', ORDERS / 2)
    .executeTakeFirstOrThrow();
  known = { order: id, event: event_id, payment: payment_key };
});
afterAll(async () => {
  await client.end();
  await db.destroy();
  await database?.drop();
});

const BY = (ms: number) => new Date(until.getTime() - ms);
const SLUG = 'fisc-nantes' as PartnerSlug;
/** One of forty, whose rows lie far apart. */
const RARE = 'conseil-nimes' as PartnerSlug;
const LOST = { holders: ['gone'], endedBefore: until };
const PERIOD = { partner: SLUG, channel: 'webhook', since: BY(YEAR_MS), until } as const;

type Work = (db: Database) => Promise<unknown>;

const inATransaction = new Set<Work>();

/** In a transaction that is taken back. */
function inTx(work: (tx: Tx) => Promise<unknown>): Work {
  class TakenBack extends Error {}
  const clock = { now: () => until };
  const takenBack: Work = async (given) => {
    const transact = postgresTransact(given, { clock, secrets: secretBox(GROWN_SECRETS_KEY) });
    await transact(async (tx) => {
      await work(tx);
      throw new TakenBack();
    }).catch((error: unknown) => {
      if (!(error instanceof TakenBack)) throw error;
    });
  };
  inATransaction.add(takenBack);
  return takenBack;
}

const EACH_FEW_SECONDS: readonly (readonly [string, Work])[] = [
  ['mails are claimed', inTx(({ notifications }) => notifications.takeDue('email', until, ROOM))],
  ['calls are claimed', inTx(({ notifications }) => notifications.takeDue('webhook', until, ROOM))],
  ['lost deliveries are looked for', inTx((tx) => tx.notifications.leased(LOST, 100))],
  ['lost prints are looked for', inTx((tx) => tx.printings.leased(LOST, 100))],
  ['prints without a job are looked for', inTx((tx) => tx.printings.dueWithoutJob(until, 100))],
  ['failed prints are looked for', inTx((tx) => tx.printings.failed(100))],
  ['events without a job are looked for', inTx((tx) => tx.inbox.unresolvedWithoutJob(until, 100))],
  ['events given up are looked for', inTx((tx) => tx.inbox.givenUp(100))],
  ['replays without a job are looked for', inTx((tx) => tx.replays.runningWithoutJob(until))],
  ['quarantined payments are listed', inTx((tx) => tx.payments.quarantined(100))],
  ['the curves are fed', queueFigures],
  ['the work’s health is told', workHealth],
  ['the queue’s health is told', queueHealth],
];
const ROOM = { limit: 50, perPartner: 8 };

const ONCE_AN_ORDER: readonly (readonly [string, Work])[] = [
  ['an event is found', inTx(({ inbox }) => inbox.find(known.event))],
  ['an event’s outcome is read', inTx(({ inbox }) => inbox.outcome(known.event))],
  ['a payment’s events are opened again', inTx((tx) => tx.inbox.reopen(key(), until))],
  ['what waits for a payment is woken', inTx((tx) => tx.inbox.wake(key(), until))],
  ['a payment is locked', inTx((tx) => tx.payments.lockExisting(key()))],
  ['a document is read for printing', inTx(async (tx) => tx.invoices.forPrinting(await number()))],
  ['a document’s messages are released', inTx((tx) => tx.notifications.release(DOCUMENT(), until))],
  [
    'more that is due is looked for',
    inTx(async (tx) => tx.notifications.isMoreDue(await sent(), until)),
  ],
  ['a delivery is read', inTx(async (tx) => tx.notifications.deliveries([await sent()]))],
  ['the orders of a payment are read', inTx((tx) => tx.credits.ordersOf(key()))],
  [
    'a mail is found by its server’s id',
    inTx(({ mailEvents }) =>
      mailEvents.whose({
        notificationId: null,
        messageId: '<x>',
        sentAt: BY(YEAR_MS / 2),
      } as never),
    ),
  ],
];
const key = () => known.payment as PaymentKey;
const DOCUMENT = () => ({ orderId: known.order, creditNoteId: null });

const EACH_PAGE: readonly (readonly [string, Work])[] = [
  ['orders', (given) => listOrders(given, { limit: 50 })],
  ['orders, further back', (given) => listOrders(given, { limit: 50, before: 3_000 })],
  ['orders of the largest partner', (given) => listOrders(given, { limit: 50, partner: SLUG })],
  ['orders of a small partner', (given) => listOrders(given, { limit: 50, partner: RARE })],
  ['an order’s contents', (given) => orderContents(given, known.order)],
  ['an order’s story', (given) => journeyOfEvents(given, [known.event])],
  ['payments', (given) => listPayments(given, { limit: 50 })],
  ...(['waiting', 'quarantined', 'recorded', 'dismissed'] as const).map(
    (state) =>
      [
        `payments, ${state}`,
        (given: Database) => listPayments(given, { limit: 50, state }),
      ] as const,
  ),
  ['notifications', (given) => listNotifications(given, { limit: 50 })],
  ...(['queued', 'sending', 'completed', 'failed', 'exhausted', 'quarantined'] as const).flatMap(
    (state) => [
      [
        `notifications, ${state}`,
        (given: Database) => listNotifications(given, { limit: 50, state }),
      ] as const,
      [
        `notifications, ${state}, of one partner`,
        (given: Database) => listNotifications(given, { limit: 50, state, partner: RARE }),
      ] as const,
    ],
  ),
  [
    'notifications of one partner',
    (given) => listNotifications(given, { limit: 50, partner: RARE }),
  ],
  ['documents', (given) => listDocuments(given, { limit: 50 })],
  ...(['queued', 'printing', 'printed', 'failed'] as const).map(
    (state) =>
      [
        `documents, ${state}`,
        (given: Database) => listDocuments(given, { limit: 50, state }),
      ] as const,
  ),
];

const EACH_ROUND: readonly (readonly [string, Work])[] = [
  [
    'unknown events are looked for',
    inTx((tx) => tx.inbox.unknown(['evt_a', 'evt_b', known.event])),
  ],
  ['a replay’s next page is read', inTx((tx) => tx.notifications.ended(PERIOD, null, 100))],
  [
    'a replay’s later page is read',
    inTx((tx) => tx.notifications.ended(PERIOD, { at: BY(YEAR_MS / 2), id: randomUUID() }, 100)),
  ],
];

async function number(): Promise<string> {
  const row = await db
    .selectFrom('invoice')
    .select('number')
    .where('order_id', '=', known.order)
    .executeTakeFirstOrThrow();
  return row.number;
}

async function sent() {
  const { id } = await db
    .selectFrom('notification')
    .select('id')
    .where('order_id', '=', known.order)
    .where('channel', '=', 'webhook')
    .executeTakeFirstOrThrow();
  return { id, channel: 'webhook' } as never;
}

/** What use cases do, apart from pages. */
const USE_CASES: readonly (readonly [string, Work])[] = [
  ...EACH_FEW_SECONDS.filter(([, work]) => inATransaction.has(work)),
  ...ONCE_AN_ORDER,
  ...EACH_ROUND,
];

describe('on the connections of use cases', () => {
  beforeAll(() => client.query(BY_KEYS_ALONE));
  afterAll(() => client.query('reset all'));

  test.each(USE_CASES)(
    '%s without reading a table or the whole of an index',
    async (_what, work) => {
      const queries = await statementsOf(db, work);
      expect(queries.length).toBeGreaterThan(0);
      for (const plan of await plansOf(client, queries, BIG, true)) {
        expect(plan.scanned, plan.statement).toEqual([]);
        expect(plan.rowsRead ?? 0, plan.statement).toBeLessThan(ROWS_READ_MAX);
      }
    },
  );
});

describe.each([
  ['every few seconds', EACH_FEW_SECONDS],
  ['once an order', ONCE_AN_ORDER],
  ['each page', EACH_PAGE],
  ['each round', EACH_ROUND],
])('%s', (_when, works) => {
  test.each(works)('%s without reading a table', async (_what, work) => {
    const queries = await statementsOf(db, work);
    expect(queries.length).toBeGreaterThan(0);
    for (const plan of await plansOf(client, queries, BIG)) {
      expect(plan.scanned, plan.statement).toEqual([]);
      expect(plan.rowsRead ?? 0, plan.statement).toBeLessThan(ROWS_READ_MAX);
    }
  });
});
