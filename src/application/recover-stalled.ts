// The net under the queue, every few seconds in every worker: attempts whose sender has died or
// whose lease has run out are put on record as interrupted, and work that is due but that no job will wake gets a new job. Our
// tables are the truth; a job that was lost must not lose the work.

import { interruptAttempt } from './deliver-notification.ts';
import type { AbandonedLease, Alerts, Clock, Transact } from './ports.ts';
import { quarantineFailing } from './quarantine-failing.ts';

export type RecoverStalledNeeds = {
  readonly transact: Transact;
  readonly alerts: Alerts;
  readonly clock: Clock;
};

const BATCH = 100;
/** Jobs normally start within milliseconds; after this long without one, it is lost. */
const LOST_AFTER_MS = 30_000;

export type Recovered = {
  readonly interrupted: number;
  readonly requeued: number;
  /** Events that failed at every try and were given to a person. */
  readonly givenUp: number;
};

/** One sweep. Safe to run in many processes at once. */
export async function recoverStalled(needs: RecoverStalledNeeds): Promise<Recovered> {
  const abandoned = await needs.transact(({ notifications }) =>
    notifications.abandoned(needs.clock.now(), BATCH),
  );
  let interrupted = 0;
  for (const lease of abandoned) {
    if (await interruptAbandoned(needs, lease)) interrupted += 1;
  }
  const givenUp = await quarantineFailing(needs, BATCH);
  return { interrupted, requeued: await requeueLost(needs), givenUp };
}

async function interruptAbandoned(
  needs: RecoverStalledNeeds,
  { id, leaseToken }: AbandonedLease,
): Promise<boolean> {
  const next = await needs.transact(async (tx) => {
    const found = await tx.notifications.lock(id);
    // The lease may be another one by now: only the one that was found abandoned is taken away.
    if (found?.state !== 'sending' || found.leaseToken !== leaseToken) return null;
    return interruptAttempt(tx, found, needs.clock.now(), 'the worker died or hung while it sent');
  });
  if (next?.state === 'quarantined') {
    needs.alerts.raise({
      kind: 'notification-ended',
      message: `The ${next.channel} of order ${next.orderId} was interrupted too often`,
      ids: { notificationId: next.id, orderId: next.orderId },
    });
  }
  return next !== null;
}

function requeueLost({ transact, clock }: RecoverStalledNeeds): Promise<number> {
  return transact(async ({ inbox, invoices, notifications, outbox }) => {
    const before = new Date(clock.now().getTime() - LOST_AFTER_MS);
    const eventIds = await inbox.unresolvedWithoutJob(before, BATCH);
    const numbers = await invoices.unprintedWithoutJob(before, BATCH);
    const notificationIds = await notifications.dueWithoutJob(before, BATCH);
    for (const eventId of eventIds) {
      await outbox.add({ task: 'resolve-payment', payload: { eventId } });
    }
    for (const invoiceNumber of numbers) {
      await outbox.add({ task: 'render-invoice', payload: { invoiceNumber } });
    }
    for (const notificationId of notificationIds) {
      await outbox.add({ task: 'deliver-notification', payload: { notificationId } });
    }
    return eventIds.length + numbers.length + notificationIds.length;
  });
}
