// Once, or as often as the attempt log admits. Every delivery that somebody received is put beside
// the attempt that was under way: an attempt's row is written before its socket opens, so there is
// always one. A second delivery is explained only by an earlier attempt that did not end well.

import type { BookedAttempt, BookedNotification, Violation } from './checker.ts';

/** One message as its recipient received it, whole. */
export type Delivery = { readonly notificationId: string; readonly at: Date };

/** A delivery that another one followed, and how its attempt stands in the log. */
export type Extra = {
  readonly notificationId: string;
  readonly attempt: number;
  readonly outcome: string;
};

/** Outcomes after which nobody can know whether the recipient acted. */
const UNSURE: ReadonlySet<string> = new Set([
  'interrupted',
  'timeout',
  'server-error',
  'connection-lost',
  'connection-refused',
  'bad-answer',
  'deferred',
  'unreachable',
]);

export type Deliveries = {
  readonly violations: readonly Violation[];
  readonly extra: readonly Extra[];
};

/** Holds what was received on one channel against the books. */
export function deliveryFaults(
  books: {
    readonly notifications: readonly BookedNotification[];
    readonly attempts: readonly BookedAttempt[];
  },
  channel: BookedNotification['channel'],
  deliveries: readonly Delivery[],
): Deliveries {
  const violations: Violation[] = [];
  const extra: Extra[] = [];
  const received = Map.groupBy(deliveries, ({ notificationId }) => notificationId);
  const attempts = Map.groupBy(books.attempts, ({ notificationId }) => notificationId);
  const notifications = books.notifications.filter((it) => it.channel === channel);
  for (const { id, state } of notifications) {
    const of = (attempts.get(id) ?? []).toSorted((a, b) => a.number - b.number);
    const judged = judge(channel, id, of, received.get(id) ?? [], state === 'completed');
    violations.push(...judged.violations);
    extra.push(...judged.extra);
    received.delete(id);
  }
  for (const id of received.keys()) {
    violations.push({ rule: 'duplicate', what: `${channel} ${id} was received and is unknown` });
  }
  return { violations, extra };
}

function judge(
  channel: string,
  id: string,
  attempts: readonly BookedAttempt[],
  deliveries: readonly Delivery[],
  isCompleted: boolean,
): Deliveries {
  const violations: Violation[] = [];
  const extra: Extra[] = [];
  const accepted = attempts.filter(({ outcome }) => outcome === 'accepted');
  if (isCompleted && (accepted.length !== 1 || deliveries.length === 0)) {
    const counts = `${accepted.length} accepted attempts, ${deliveries.length} received`;
    const rule = accepted.length > 1 ? 'duplicate' : 'lost-delivery';
    violations.push({ rule, what: `${channel} ${id}: ${counts}` });
  }
  const inTime = deliveries.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const used = new Set<number>();
  inTime.forEach((delivery, index) => {
    const attempt = attempts.findLast(({ startedAt }) => startedAt <= delivery.at);
    if (!attempt || used.has(attempt.number)) {
      const which = attempt ? `twice in attempt ${attempt.number}` : 'without an attempt';
      violations.push({ rule: 'duplicate', what: `${channel} ${id} was received ${which}` });
      return;
    }
    used.add(attempt.number);
    if (index === inTime.length - 1) return;
    const { number, outcome } = attempt;
    if (outcome !== null && UNSURE.has(outcome)) {
      extra.push({ notificationId: id, attempt: number, outcome });
    } else {
      const how = `attempt ${number} was ${outcome ?? 'open'} and another one followed`;
      violations.push({ rule: 'duplicate', what: `${channel} ${id}: ${how}` });
    }
  });
  return { violations, extra };
}
