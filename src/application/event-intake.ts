// The door through which webhooks come in. A commit costs the same for one event as for a hundred, so
// those that arrive while one is under way wait for it and share the next; one that comes alone waits
// for nobody. When as many wait as are being stored, they go beside them: the database works on these
// while the disk works on those. Whoever waits is answered after the commit, never before.

import type { ArrivingEvent, ReceivedEvent } from './ports.ts';
import {
  arriving,
  type Receipt,
  type ReceiveNeeds,
  type Receiving,
  receiveEvents,
} from './receive-event.ts';
import { untraced } from './unwatched.ts';

export type EventIntake = {
  /**
   * Stores a verified event once, with others. `full`: too much waits, and nothing was done. Throws
   * when it could not be stored. After either, Stripe must be told to come back.
   */
  receive(event: ReceivedEvent): Promise<Receipt | 'full'>;
};

/** What a commit may hold, and all that may wait, in events and in characters of their bodies. */
export type IntakeLimits = {
  readonly batchEvents: number;
  readonly batchLength: number;
  readonly waitingLength: number;
};

/** More than 128 at once gain nothing; the lengths are for bodies of 5 MB, of which few are sent. */
const LIMITS: IntakeLimits = {
  batchEvents: 128,
  batchLength: 8 * 2 ** 20,
  waitingLength: 64 * 2 ** 20,
};

/** One that works and one that waits for the disk; a third would only make all of them smaller. */
export const BATCHES_AT_ONCE = 2;

/** What an event weighs beside its body: its fields, its request, its place in line. */
const BESIDE_LENGTH = 4_096;

/**
 * Whoever has waited this long when the database fails is not put to a further test. While it is
 * away each batch needs seconds to find that out.
 */
const PATIENCE_MS = 2_000;

type Waiting = {
  readonly event: ArrivingEvent;
  readonly length: number;
  readonly since: number;
  readonly settle: (received: Receiving) => void;
};

export function eventIntake(needs: ReceiveNeeds, limits: IntakeLimits = LIMITS): EventIntake {
  const { clock, trace = untraced } = needs;
  let line: Waiting[] = [];
  /** Of all that is not answered yet, those of the batch under way included. */
  let heldLength = 0;
  /** How many events each batch under way holds. */
  const underWay: number[] = [];
  let isAwaited = false;

  function wait(event: ArrivingEvent, length: number): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const settle = (received: Receiving): void => {
        heldLength -= length;
        if (typeof received === 'string') resolve(received);
        else reject(received.failed);
      };
      line.push({ event, length, since: clock.now().getTime(), settle });
      begin();
    });
  }

  // After all that this turn of the event loop has read, so that a burst is one batch; and after the
  // answers of a batch that ended, so that what they bring is read. The work serves everybody and
  // belongs to nobody's trace.
  function begin(): void {
    if (isAwaited || !mayBegin()) return;
    isAwaited = true;
    trace.apart(() => setImmediate(work));
  }

  function mayBegin(): boolean {
    return underWay.length < BATCHES_AT_ONCE && line.length >= Math.max(1, ...underWay);
  }

  async function work(): Promise<void> {
    isAwaited = false;
    // Those who waited may have been told meanwhile that the database is away.
    if (line.length === 0) return;
    const batch = takeBatch();
    underWay.push(batch.length);
    // What is left of a burst need not wait for this batch.
    begin();
    try {
      const received = await receiveEvents(
        needs,
        batch.map(({ event }) => event),
      );
      for (const [at, { settle }] of batch.entries()) settle(received[at] as Receiving);
    } catch (failed) {
      for (const { settle } of [...batch, ...takeImpatient()]) settle({ failed });
    } finally {
      underWay.splice(underWay.indexOf(batch.length), 1);
      begin();
    }
  }

  function takeBatch(): Waiting[] {
    let count = 0;
    let length = 0;
    for (const { length: more } of line) {
      if (count === limits.batchEvents || (count > 0 && length + more > limits.batchLength)) break;
      length += more;
      count += 1;
    }
    return line.splice(0, count);
  }

  function takeImpatient(): Waiting[] {
    const now = clock.now().getTime();
    const impatient = line.filter(({ since }) => now - since >= PATIENCE_MS);
    line = line.filter(({ since }) => now - since < PATIENCE_MS);
    return impatient;
  }

  return {
    async receive(event) {
      const length = event.body.length + BESIDE_LENGTH;
      if (heldLength + length > limits.waitingLength) return 'full';
      heldLength += length;
      return arriving(needs, event, (arrived) => wait(arrived, length));
    },
  };
}
