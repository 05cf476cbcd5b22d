// The net under the queue, every few seconds in every worker: attempts and prints whose process has
// died or whose lease has run out are put on record as interrupted, and work that is due but that no
// job will wake gets a new job. Our tables are the truth; a job that was lost must not lose the work.
// Due deliveries need no job: the pumps are woken after each sweep.

import { interruptAttempt, interruptedTooOften } from './interrupt-delivery.ts';
import type { Alerts, Clock, LeasesOf, Measures, Transact } from './ports.ts';
import { quarantineFailing } from './quarantine-failing.ts';
import { interruptPrint } from './render-invoice.ts';
import { unmeasured } from './unwatched.ts';

export type RecoverStalledNeeds = {
  readonly transact: Transact;
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly measures?: Measures;
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

/**
 * One sweep, given the processes that were found dead. Safe to run in many processes at once.
 */
export async function recoverStalled(
  needs: RecoverStalledNeeds,
  deadHolders: readonly string[],
): Promise<Recovered> {
  const lost = { holders: deadHolders, endedBefore: needs.clock.now() };
  const interrupted =
    (await interruptDeliveries(needs, lost)) + (await interruptPrints(needs, lost));
  const givenUp = await quarantineFailing(needs, BATCH);
  return { interrupted, requeued: await requeueLost(needs), givenUp };
}

async function interruptDeliveries(needs: RecoverStalledNeeds, lost: LeasesOf): Promise<number> {
  const { transact, clock, alerts, measures = unmeasured } = needs;
  let count = 0;
  const abandoned = await transact(({ notifications }) => notifications.leased(lost, BATCH));
  for (const { id, leaseToken } of abandoned) {
    const next = await transact(async (tx) => {
      const found = await tx.notifications.lock(id);
      // The lease may be another one by now: only the one that was found lost is taken away.
      if (found?.state !== 'sending' || found.leaseToken !== leaseToken) return null;
      return interruptAttempt(tx, found, clock.now(), 'the worker died or hung while it sent');
    });
    if (next === null) continue;
    count += 1;
    measures.interrupted(next.channel);
    const alert = interruptedTooOften(next);
    if (alert) alerts.raise(alert);
  }
  return count;
}

async function interruptPrints(needs: RecoverStalledNeeds, lost: LeasesOf): Promise<number> {
  const { transact, clock, alerts, measures = unmeasured } = needs;
  let count = 0;
  const abandoned = await transact(({ printings }) => printings.leased(lost, BATCH));
  for (const { number, leaseToken } of abandoned) {
    const outcome = await transact(async (tx) => {
      const found = await tx.printings.lock(number);
      if (found?.state !== 'printing' || found.leaseToken !== leaseToken) return null;
      return { alert: await interruptPrint(tx, found, clock.now()) };
    });
    if (outcome === null) continue;
    count += 1;
    measures.interrupted('printing');
    if (outcome.alert) alerts.raise(outcome.alert);
  }
  return count;
}

function requeueLost({ transact, clock }: RecoverStalledNeeds): Promise<number> {
  return transact(async ({ inbox, printings, replays, outbox }) => {
    const before = new Date(clock.now().getTime() - LOST_AFTER_MS);
    const eventIds = await inbox.unresolvedWithoutJob(before, BATCH);
    const numbers = await printings.dueWithoutJob(before, BATCH);
    const replayIds = await replays.runningWithoutJob(before);
    for (const eventId of eventIds) {
      await outbox.add({ task: 'resolve-payment', payload: { eventId } });
    }
    for (const invoiceNumber of numbers) {
      await outbox.add({ task: 'render-invoice', payload: { invoiceNumber } });
    }
    for (const id of replayIds) {
      await outbox.add({ task: 'replay', payload: { replayId: `${id}` } });
    }
    return eventIds.length + numbers.length + replayIds.length;
  });
}
