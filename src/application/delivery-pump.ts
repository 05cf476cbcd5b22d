// What is sent when: a pump per channel and process that claims as many due notifications as it has
// free slots, and looks again when one of them ends. The queue's jobs only wake it; a partner that
// hangs fills its own eight slots and nobody else's, and costs no query while it does.

import type { Channel } from '#domain/notification.ts';
import {
  type Claims,
  claimDue,
  type DeliverNotificationNeeds,
  deliverClaimed,
  type Room,
} from './deliver-notification.ts';
import { answerRecorder, type RecordAnswer } from './record-answers.ts';
import { untraced } from './unwatched.ts';

export type DeliveryPump = {
  /** Something may be due: looks at once, or as soon as a slot is free. Never throws. */
  wake(): void;
  /** Slots that are free now, for a claim that is a part of somebody else's transaction. */
  reserve(): ReservedSlots;
  /** Resolves when nothing is under way and nothing that has room is due. */
  idle(): Promise<void>;
  /** Claims nothing more and waits for what is under way, `withinMs` at most. */
  stop(withinMs: number): Promise<'ended' | 'late'>;
};

/** Slots set aside for such a claim. `end` must be called whatever comes of the transaction. */
export type ReservedSlots = {
  readonly room: Room;
  /** It is committed: sends what was claimed; null when nothing was asked for. */
  begin(claims: Claims | null): void;
  end(): void;
};

export type DeliveryPumpOptions = {
  readonly channel: Channel;
  /** Attempts under way at once in this process. */
  readonly slots: number;
  /** Of one partner's, in all processes together. */
  readonly perPartner: number;
  /** Puts results on record; pumps that share one share its transactions. */
  readonly record?: RecordAnswer;
  /** What went wrong on our side; the notification is safe, and the next wake looks again. */
  readonly onError: (error: Error) => void;
  /** Resolves at once while this process may claim, or when it may again. */
  readonly mayClaim?: () => Promise<void>;
};

/** Another claimer had locked a partner for a moment; its claim takes milliseconds. */
const LOOK_AGAIN_MS = 25;

export function deliveryPump(
  needs: DeliverNotificationNeeds,
  options: DeliveryPumpOptions,
): DeliveryPump {
  const { channel, slots, perPartner, onError, mayClaim, record = answerRecorder(needs) } = options;
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let later: Promise<void> | null = null;
  let isWanted = false;
  let isStopped = false;
  /** Slots that a claim under way may fill. */
  let reserved = 0;
  const { trace = untraced } = needs;

  const free = () => slots - underWay.size - reserved;

  function wake(): void {
    isWanted = true;
    if (isStopped || looking !== null || free() <= 0) return;
    // What it finds is not its waker's business alone.
    looking = trace
      .apart(look)
      .catch(onError)
      .finally(() => {
        looking = null;
        // A wake that came between the last claim and here.
        if (isWanted && free() > 0 && !isStopped) wake();
      });
  }

  async function look(): Promise<void> {
    while (isWanted && !isStopped && free() > 0) {
      await mayClaim?.();
      isWanted = false;
      const limit = free();
      if (limit <= 0) return;
      reserved += limit;
      try {
        begin(await claimDue(needs, channel, { limit, perPartner }), limit);
      } finally {
        reserved -= limit;
      }
    }
  }

  function begin({ claimed, lookAgain }: Claims, limit: number): void {
    // All slots taken: there may be more, for whoever ends first.
    if (claimed.length === limit) isWanted = true;
    for (const it of claimed) {
      const attempt = deliverClaimed(needs, it, record)
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

  function reserve(): ReservedSlots {
    const limit = isStopped ? 0 : Math.max(0, free());
    reserved += limit;
    return {
      room: { channel, limit, perPartner },
      begin(claims) {
        // What was claimed at the very end is given back with all that this process still holds.
        if (isStopped) return;
        if (claims === null || limit === 0) wake();
        else begin(claims, limit);
      },
      end() {
        reserved -= limit;
        if (isWanted) wake();
      },
    };
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
    reserve,
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
