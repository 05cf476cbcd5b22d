// What is printed when, in one process: claims as many due documents as it has room for, in one
// transaction, and records those that are done in one, too, while Chromium goes on. It is woken by
// whoever recorded the orders here, by a job, and by each sweep: the tables say what is due.

import type { Claims, Room } from './deliver-notification.ts';
import type { DeliveryPump } from './delivery-pump.ts';
import { inBatches } from './in-batches.ts';
import type { Tx } from './ports.ts';
import {
  claimPrints,
  type FinishedPrint,
  type RenderInvoiceNeeds,
  recordPrints,
  renderClaimed,
} from './render-invoice.ts';
import { untraced } from './unwatched.ts';

export type PrintingPump = {
  /** Something may be due: looks at once, or as soon as there is room. Never throws. */
  wake(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Claims nothing more and waits for what is under way, `withinMs` at most. */
  stop(withinMs: number): Promise<void>;
};

export type PrintingPumpOptions = {
  /** Documents under way at once: a few more than pages, so that none waits while others store. */
  readonly slots: number;
  /**
   * Those who send what a print releases: it is claimed in the transaction that releases it. Absent: it
   * waits for whoever looks.
   */
  readonly deliveries?: {
    readonly pumps: readonly DeliveryPump[];
    readonly claim: (
      tx: Pick<Tx, 'notifications'>,
      rooms: readonly Room[],
    ) => Promise<readonly Claims[]>;
  };
  /** What went wrong on our side; the document is safe, and the next wake looks again. */
  readonly onError: (error: Error) => void;
  /** Resolves at once while this process may claim, or when it may again. */
  readonly mayClaim: () => Promise<void>;
};

const BATCHES = { most: 16, apartMs: 100 };

export function printingPump(
  needs: RenderInvoiceNeeds,
  { slots, deliveries, onError, mayClaim }: PrintingPumpOptions,
): PrintingPump {
  const { trace = untraced, transact } = needs;
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let isWanted = false;
  let isStopped = false;

  const record = inBatches(
    (finished: readonly FinishedPrint[]) => trace.apart(() => recordTogether(finished)),
    BATCHES,
  );

  async function recordTogether(finished: readonly FinishedPrint[]) {
    const slotsOf = (deliveries?.pumps ?? []).map((pump) => pump.reserve());
    const rooms = slotsOf.map(({ room }) => room);
    try {
      const isHeld = await mayClaimNow();
      const { outcomes, claims } = await transact(async (tx) => {
        const recorded = await recordPrints(tx, needs.clock, finished);
        const isAny = isHeld && recorded.released.length > 0;
        const claims = isAny ? await deliveries?.claim(tx, rooms) : [];
        return { outcomes: recorded.outcomes, claims };
      });
      for (const [at, its] of slotsOf.entries()) its.begin(claims?.[at] ?? null);
      return outcomes;
    } finally {
      for (const its of slotsOf) its.end();
    }
  }

  // What has been printed is recorded whether or not the lock of life is held.
  async function mayClaimNow(): Promise<boolean> {
    const soon = new Promise<false>((resolve) => setImmediate(resolve, false));
    return Promise.race([mayClaim().then(() => true), soon]);
  }

  function wake(): void {
    isWanted = true;
    if (isStopped || looking !== null || underWay.size >= slots) return;
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
      await mayClaim();
      isWanted = false;
      const limit = slots - underWay.size;
      const claimed = await transact((tx) => claimPrints(tx, needs, limit));
      // All room taken: there may be more, for whoever ends first.
      if (claimed.length === limit) isWanted = true;
      for (const it of claimed) {
        const print = renderClaimed(needs, it, record)
          .catch(onError)
          .then(() => {
            underWay.delete(print);
            // Many at a time, while Chromium has enough: each look is a transaction.
            if (isWanted && underWay.size <= slots / 2) wake();
          });
        underWay.add(print);
      }
    }
  }

  async function ended(): Promise<void> {
    while (looking !== null || underWay.size > 0) {
      await looking;
      await Promise.all(underWay);
    }
  }

  return {
    wake,
    idle: ended,
    async stop(withinMs) {
      isStopped = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([ended(), late]);
      clearTimeout(timer);
    },
  };
}
