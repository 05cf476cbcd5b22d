// The notification's machine as the database knows it, compared with the domain's: the same edges,
// the same facts in each state.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordOrders } from '#application/record-orders.ts';
import {
  claim,
  conclude,
  interrupt,
  NOTIFICATION_EDGES,
  type Notification,
  type NotificationIn,
  type NotificationState,
  newNotification,
} from '#domain/notification.ts';
import { decidePayment } from '#domain/payment.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { paidCheckout } from '#test/support/orders.ts';

let books: TestBooks;
let emailId: string;
const NOW = new Date('2026-11-22T13:00:00Z');
const LEASE = {
  token: '6b1f0c8e-3c1f-4c38-9d5e-3b8f6f1f0a01',
  holder: 'w1',
  now: NOW,
  forMs: 1000,
};
const RESTRICT_VIOLATION = '23001';

beforeAll(async () => {
  books = await testBooks();
  books.clock.set(NOW);
  await books.addPartner('fiscalia');
  const decision = decidePayment(paidCheckout(), {
    slugs: new Set(['fiscalia']),
    house: null,
    livemode: false,
  });
  if (decision.kind !== 'orders') throw new Error('no order');
  await books.transact(async (tx) => {
    const event = receivedEvent();
    await tx.inbox.store([event], NOW);
    await tx.payments.lock(decision.key, event.id, NOW);
    await recordOrders(tx, books.base, event, decision.orders);
  });
  const row = await books.db
    .selectFrom('notification')
    .select('id')
    .where('channel', '=', 'email')
    .executeTakeFirstOrThrow();
  emailId = row.id;
  await books.transact(({ notifications }) =>
    notifications.release({ orderId: 1, creditNoteId: null }, NOW),
  );
});
afterAll(() => books.close());

/** One notification in each state, made by the domain itself. */
function examples(): Record<NotificationState, Notification> {
  const queued = newNotification(
    { id: emailId, orderId: 1, channel: 'email', creditNoteId: null },
    NOW,
  );
  const sending = claim(queued, LEASE) as NotificationIn<'sending'>;
  const at = { now: NOW, delaysMs: [] };
  let crashed: Notification = queued;
  while (crashed.state === 'queued') {
    crashed = interrupt(claim(crashed, LEASE) as NotificationIn<'sending'>, NOW);
  }
  return {
    queued,
    sending,
    completed: conclude(sending, 'accepted', at),
    failed: conclude(sending, 'refused', at),
    exhausted: conclude(sending, 'unavailable', at),
    quarantined: crashed,
  };
}

const STATES = Object.keys(NOTIFICATION_EDGES) as NotificationState[];

/** A path of legal moves from `queued` to the state. */
const PATHS: Record<NotificationState, NotificationState[]> = {
  queued: [],
  sending: ['sending'],
  completed: ['sending', 'completed'],
  failed: ['sending', 'failed'],
  exhausted: ['sending', 'exhausted'],
  quarantined: ['sending', 'quarantined'],
};

class Undo extends Error {}

/** Whether the database lets the notification go from one state to the other. Leaves no trace. */
async function allows(from: NotificationState, to: NotificationState): Promise<boolean> {
  let allowed = false;
  await books
    .transact(async ({ notifications }) => {
      for (const step of PATHS[from]) await notifications.save(examples()[step]);
      await notifications.save(examples()[to]);
      allowed = true;
      throw new Undo();
    })
    .catch((error) => {
      if (!(error instanceof Undo) && error.code !== RESTRICT_VIOLATION) throw error;
    });
  return allowed;
}

test('the database allows exactly the listed edges', async () => {
  for (const from of STATES) {
    for (const to of STATES) {
      const listed = (NOTIFICATION_EDGES[from] as readonly string[]).includes(to);
      expect(await allows(from, to), `${from} -> ${to}`).toBe(listed);
    }
  }
});

test('every state comes back from the database as it was saved', async () => {
  for (const state of STATES) {
    await books
      .transact(async ({ notifications }) => {
        for (const step of PATHS[state]) await notifications.save(examples()[step]);
        expect(await notifications.lock(emailId)).toEqual(examples()[state]);
        throw new Undo();
      })
      .catch((error) => {
        if (!(error instanceof Undo)) throw error;
      });
  }
});

test('an attempt is closed once', async () => {
  const report = {
    outcome: 'accepted',
    statusCode: 250,
    detail: null,
    durationMs: 3,
    request: null,
    response: null,
    messageId: null,
  } as const;
  await books.transact(async ({ notifications }) => {
    await notifications.begin([examples().sending as NotificationIn<'sending'>], NOW);
    expect(await notifications.closeAttempt(emailId, 1, report, NOW)).toBe('closed');
    expect(await notifications.closeAttempt(emailId, 1, report, NOW)).toBe('already-closed');
  });
  const again = books.db.updateTable('attempt').set({ status_code: 500 }).execute();
  await expect(again).rejects.toMatchObject({ code: RESTRICT_VIOLATION });
  await expect(books.db.deleteFrom('attempt').execute()).rejects.toMatchObject({
    code: RESTRICT_VIOLATION,
  });
});
