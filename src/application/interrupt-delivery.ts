// Attempts that we cut short ourselves: by a crash, a fault of ours, an end in good order. Each is put
// on record as what it was, and the notification goes back in the queue; a partner never pays for it
// with one of its tries.

import {
  giveBack,
  interrupt,
  type Notification,
  type NotificationIn,
} from '#domain/notification.ts';
import type { Alerts, AttemptReport, Clock, Transact, Tx } from './ports.ts';

/**
 * Puts an attempt that we cut short on record and the notification back in the queue, or in
 * quarantine after too many. The caller holds the notification's lock.
 */
export async function interruptAttempt(
  tx: Pick<Tx, 'notifications' | 'outbox'>,
  sending: NotificationIn<'sending'>,
  now: Date,
  why: string,
): Promise<NotificationIn<'queued' | 'quarantined'>> {
  const next = interrupt(sending, now);
  await requeue(tx, sending, next, { now, why });
  return next;
}

async function requeue(
  { notifications, outbox }: Pick<Tx, 'notifications' | 'outbox'>,
  sending: NotificationIn<'sending'>,
  next: NotificationIn<'queued' | 'quarantined'>,
  { now, why }: { readonly now: Date; readonly why: string },
): Promise<void> {
  await notifications.save(next);
  await notifications.closeAttempt(sending.id, sending.attempts, interrupted(why), now);
  if (next.state === 'queued') {
    const payload = { notificationId: next.id, channel: next.channel };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
}

/** Gives back, uncounted, all that this process still holds: it ends in good order. */
export async function giveBackDeliveries({
  transact,
  clock,
  workerId,
}: {
  readonly transact: Transact;
  readonly clock: Clock;
  readonly workerId: string;
}): Promise<number> {
  const mine = { holders: [workerId], endedBefore: null };
  return transact(async (tx) => {
    const held = await tx.notifications.leased(mine, 1_000);
    for (const { id, leaseToken } of held) {
      const found = await tx.notifications.lock(id);
      if (found?.state !== 'sending' || found.leaseToken !== leaseToken) continue;
      const now = clock.now();
      await requeue(tx, found, giveBack(found, now), { now, why: 'the worker was stopped' });
    }
    return held.length;
  });
}

function interrupted(detail: string): AttemptReport {
  return { ...EMPTY_REPORT, outcome: 'interrupted', detail };
}

/** Of an attempt in which nothing was sent. */
export const EMPTY_REPORT = {
  statusCode: null,
  durationMs: 0,
  request: null,
  response: null,
  messageId: null,
};

/** The alert for a notification whose last interruption was one too many, else null. */
export function interruptedTooOften({
  id,
  orderId,
  channel,
  state,
}: Notification): Parameters<Alerts['raise']>[0] | null {
  if (state !== 'quarantined') return null;
  return {
    kind: 'notification-ended',
    message: `The ${channel} of order ${orderId} was interrupted too often`,
    ids: { notificationId: id, orderId },
  };
}
