import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttemptResult,
  claim,
  conclude,
  EMAIL_RETRY_DELAYS_MS,
  INTERRUPTIONS_MAX,
  interrupt,
  NOTIFICATION_EDGES,
  type Notification,
  type NotificationIn,
  newNotification,
  PARTNER_RETRY_DELAYS_MS,
  retry,
} from '#domain/notification.ts';

const START = new Date('2026-11-22T13:00:00Z');
const fresh = () =>
  newNotification({ id: 'n1', orderId: 1, channel: 'webhook', creditNoteId: null }, START);
const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

function claimed(it: NotificationIn<'queued'>): NotificationIn<'sending'> {
  const result = claim(it, { token: 'lease', holder: 'w1', now: it.nextAttemptAt, forMs: 90_000 });
  if (result === 'not-yet') throw new Error('it was due');
  return result;
}

function concluded(it: NotificationIn<'queued'>, result: AttemptResult, now: Date) {
  return conclude(claimed(it), result, { now, delaysMs: PARTNER_RETRY_DELAYS_MS });
}

test('a partner that stays down is tried at once, after 5 and after 30 minutes, then no more', () => {
  const first = concluded(fresh(), 'unavailable', later(START, 10_000));
  expect(first).toMatchObject({ state: 'queued', nextAttemptAt: later(START, 310_000) });
  const second = concluded(first as NotificationIn<'queued'>, 'unavailable', later(START, 320_000));
  const due = later(START, 320_000 + 30 * 60_000);
  expect(second).toMatchObject({ state: 'queued', nextAttemptAt: due });
  const third = concluded(second as NotificationIn<'queued'>, 'unavailable', due);
  expect(third).toMatchObject({ state: 'exhausted', attempts: 3, roundAttempts: 3 });
});

test('a refusal ends it at once, an acceptance too', () => {
  expect(concluded(fresh(), 'refused', START).state).toBe('failed');
  expect(concluded(fresh(), 'accepted', START).state).toBe('completed');
});

test('nothing is claimed before its time', () => {
  const early = { token: 'lease', holder: 'w1', now: later(START, -1), forMs: 90_000 };
  expect(claim(fresh(), early)).toBe('not-yet');
});

test('an operator gets a whole new round, and attempt numbers go on', () => {
  const failed = concluded(fresh(), 'refused', START) as NotificationIn<'failed'>;
  const again = retry(failed, later(START, 1000));
  expect(again).toMatchObject({ state: 'queued', round: 2, roundAttempts: 0, attempts: 1 });
  expect(claimed(again)).toMatchObject({ attempts: 2, roundAttempts: 1 });
});

test('our own crash costs the partner no attempt, but the fifth in a row asks for a person', () => {
  let it: Notification = fresh();
  for (let crash = 1; crash < INTERRUPTIONS_MAX; crash += 1) {
    it = interrupt(claimed(it as NotificationIn<'queued'>), START);
    expect(it).toMatchObject({ state: 'queued', roundAttempts: 0, attempts: crash });
  }
  expect(interrupt(claimed(it as NotificationIn<'queued'>), START).state).toBe('quarantined');
});

test('an answer in between makes the crashes before it forgotten', () => {
  const crashed = interrupt(claimed(fresh()), START) as NotificationIn<'queued'>;
  expect(concluded(crashed, 'unavailable', START).interruptions).toBe(0);
});

type Step = AttemptResult | 'crash' | 'retry';
const steps = fc.array(
  fc.constantFrom<Step>('accepted', 'refused', 'unavailable', 'unavailable', 'crash', 'retry'),
  { maxLength: 60 },
);

/** Applies a step if the state allows it; returns every state passed through. */
function walk(it: Notification, step: Step, delaysMs: readonly number[]): Notification[] {
  if (it.state === 'queued' && step !== 'retry') {
    const sending = claimed(it);
    const now = it.nextAttemptAt;
    const next =
      step === 'crash' ? interrupt(sending, now) : conclude(sending, step, { now, delaysMs });
    return [sending, next];
  }
  const ended = it.state === 'failed' || it.state === 'exhausted' || it.state === 'quarantined';
  return ended && step === 'retry' ? [retry(it, it.endedAt)] : [];
}

test('every move of any history is a listed edge, and no listed edge is left unused', () => {
  const used = new Set<string>();
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom(PARTNER_RETRY_DELAYS_MS, EMAIL_RETRY_DELAYS_MS),
      (all, d) => {
        let it: Notification = fresh();
        for (const step of all) {
          for (const next of walk(it, step, d)) {
            expect(NOTIFICATION_EDGES[it.state]).toContain(next.state);
            used.add(`${it.state} ${next.state}`);
            it = next;
          }
        }
      },
    ),
    {
      numRuns: 500,
      // Five crashes in a row are rare by chance.
      examples: [
        [['crash', 'crash', 'crash', 'crash', 'crash', 'retry'], PARTNER_RETRY_DELAYS_MS],
        [['unavailable', 'unavailable', 'unavailable', 'retry'], PARTNER_RETRY_DELAYS_MS],
        [['refused', 'retry', 'accepted'], PARTNER_RETRY_DELAYS_MS],
      ],
    },
  );
  const listed = Object.entries(NOTIFICATION_EDGES).flatMap(([a, to]) =>
    to.map((b) => `${a} ${b}`),
  );
  expect([...used].toSorted()).toEqual(listed.toSorted());
});

test('a round never counts more attempts than it has tries', () => {
  fc.assert(
    fc.property(steps, (all) => {
      let it: Notification = fresh();
      for (const step of all) {
        for (const next of walk(it, step, PARTNER_RETRY_DELAYS_MS)) {
          expect(next.roundAttempts).toBeLessThanOrEqual(PARTNER_RETRY_DELAYS_MS.length + 1);
          expect(next.attempts).toBeGreaterThanOrEqual(it.attempts);
          it = next;
        }
      }
    }),
  );
});
