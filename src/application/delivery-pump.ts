// What is sent when: a pump per channel and process that claims as many due notifications as it has
// free slots, and looks again when one of them ends. The queue's jobs only wake it; a partner that
// hangs fills its own eight slots and nobody else's, and costs no query while it does.

import type { Channel } from '#domain/notification.ts';
import { claimDue, type DeliverNotificationNeeds, deliverClaimed } from './deliver-notification.ts';
import { untraced } from './unwatched.ts';

export type DeliveryPump = {
  /** Something may be due: looks at once, or as soon as a slot is free. Never throws. */
  wake(): void;
  /** Resolves when nothing is under way and nothing that has room is due. */
  idle(): Promise<void>;
  /** Claims nothing more and waits for what is under way, `withinMs` at most. */
  stop(withinMs: number): Promise<'ended' | 'late'>;
};

export type DeliveryPumpOptions = {
  readonly channel: Channel;
  /** Attempts under way at once in this process. */
  readonly slots: number;
  /** Of one partner's, in all processes together. */
  readonly perPartner: number;
  /** What went wrong on our side; the notification is safe, and the next wake looks again. */
  readonly onError: (error: Error) => void;
  /** Resolves at once while this process may claim, or when it may again. */
  readonly mayClaim?: () => Promise<void>;
};

/** Another claimer had locked a partner for a moment; its claim takes milliseconds. */
const LOOK_AGAIN_MS = 25;

export function deliveryPump(
  needs: DeliverNotificationNeeds,
  { channel, slots, perPartner, onError, mayClaim }: DeliveryPumpOptions,
): DeliveryPump {
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let later: Promise<void> | null = null;
  let isWanted = false;
  let isStopped = false;
  const { trace = untraced } = needs;

  function wake(): void {
    isWanted = true;
    if (isStopped || looking !== null || underWay.size >= slots) return;
    // What it finds is not its waker's business alone.
    looking = trace
      .apart(look)
      .catch(onError)
      .finally(() => {
        looking = null;
        // A wake that came between the last claim and here.
        if (isWanted && underWay.size < slots && !isStopped) wake();
      });
  }

  async function look(): Promise<void> {
    while (isWanted && !isStopped && underWay.size < slots) {
      await mayClaim?.();
      isWanted = false;
      const limit = slots - underWay.size;
      const { claimed, lookAgain } = await claimDue(needs, channel, { limit, perPartner });
      // All slots taken: there may be more, for whoever ends first.
      if (claimed.length === limit) isWanted = true;
      for (const it of claimed) {
        const attempt = deliverClaimed(needs, it)
          .catch((error: Error) => {
            onError(error);
            return { isMoreDue: true };
          })
          .then(({ isMoreDue }) => {
            underWay.delete(attempt);
            // Its slot is free, and so is its partner's.
            if (isMoreDue || isWanted) wake();
          });
        underWay.add(attempt);
      }
      if (lookAgain) later ??= wakeLater();
    }
  }

  async function wakeLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    later = null;
    wake();
  }

  async function ended(): Promise<void> {
    while (looking !== null || later !== null || underWay.size > 0) {
      await looking;
      await later;
      await Promise.all(underWay);
    }
  }

  return {
    wake,
    idle: ended,
    async stop(withinMs) {
      isStopped = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), withinMs);
      });
      const outcome = await Promise.race([ended().then(() => 'ended' as const), late]);
      clearTimeout(timer);
      return outcome;
    },
  };
}
