// Webhooks as Stripe sends them: signed anew at every attempt, tried again after anything but a
// 2xx, never following a redirect. Stripe tries for days; the sandbox for a few seconds, which is
// long enough for an application that is just starting, and short enough to watch. The switches are
// for what goes wrong on the way: events that never arrive, that arrive twice, that were altered.

import { setTimeout } from 'node:timers/promises';
import { chanceOf } from './stripe-chance.ts';
import type { StripeObject } from './stripe-store.ts';
import { type WebhookChange, webhookBytes } from './stripe-webhook-bytes.ts';

export type DeliveryOptions = {
  /** Asked at each attempt, since the application may get its port after us. */
  readonly url: () => string;
  readonly secret: string;
  /** From the end of one attempt to the next; their number is the number of further tries. */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
};

/** They hold for events from now on, until `clear`. */
export type DeliverySwitches = {
  /** Each event is lost with this probability, all its attempts; always the same for a seed. */
  drop(probability: number, seed?: number): void;
  /** The ids of events that were lost, in the order in which they were to go out. */
  dropped(): readonly string[];
  /** So many copies of each event at once, each with its own signature. */
  duplicate(copies: number): void;
  change(what: WebhookChange): void;
  /** All events arrive once and unaltered again. What was lost stays on the list. */
  clear(): void;
};

export type Deliveries = {
  /** So many attempts, past all switches: each one's HTTP status, null for no answer. */
  attempts(
    event: StripeObject,
    of: {
      readonly times: number;
      readonly concurrent: boolean;
      readonly change?: WebhookChange | undefined;
    },
  ): Promise<readonly (number | null)[]>;
  /** Attempts until one is taken, none is left, or `close`. */
  deliver(event: StripeObject): void;
  /** Does this later, unless it is closed before. */
  later(delayMs: number, work: () => void): void;
  readonly switches: DeliverySwitches;
  /** Resolves when nothing is under way any more, and nothing waits for its time. */
  idle(): Promise<void>;
  /** Cuts off what is under way and lets nothing more begin. */
  close(): Promise<void>;
};

/** Nothing is kept: what is under way when the process ends is Stripe's to send again. */
export function stripeDeliveries(options: DeliveryOptions): Deliveries {
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const { switches, ...way } = switchboard();

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  }

  async function attempt(event: StripeObject, change: WebhookChange): Promise<number | null> {
    const status = await post(event, change, options, closing.signal);
    options.log(`webhook ${event.id} ${String(event.type)} -> ${status ?? 'no answer'}`);
    return status;
  }

  async function persist(event: StripeObject, change: WebhookChange): Promise<void> {
    let status = await attempt(event, change);
    for (const delayMs of options.retryDelaysMs) {
      if (isTaken(status) || closing.signal.aborted) break;
      await pause(delayMs, closing.signal);
      if (!closing.signal.aborted) status = await attempt(event, change);
    }
  }

  async function idle(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay);
  }

  return {
    async attempts(event, { times, concurrent, change = {} }) {
      const statuses: Promise<number | null>[] = [];
      for (let made = 0; made < times; made += 1) {
        const status = tracked(attempt(event, change));
        statuses.push(status);
        if (!concurrent) await status;
      }
      return Promise.all(statuses);
    },
    deliver(event) {
      if (way.isLost(event)) {
        options.log(`webhook ${event.id} ${String(event.type)} -> lost on the way`);
        return;
      }
      const { copies, change } = way.state();
      for (let copy = 0; copy < copies; copy += 1) void tracked(persist(event, change));
    },
    later(delayMs, work) {
      const wait = async () => {
        await pause(delayMs, closing.signal);
        if (closing.signal.aborted) return;
        try {
          work();
        } catch (error) {
          options.log(`what was to happen later did not: ${(error as Error).message}`);
        }
      };
      void tracked(wait());
    },
    switches,
    idle,
    async close() {
      closing.abort();
      await idle();
    },
  };
}

function switchboard() {
  const lost: string[] = [];
  let isUnlucky = () => false;
  let copies = 1;
  let change: WebhookChange = {};
  const switches: DeliverySwitches = {
    drop(probability, seed) {
      const chance = chanceOf(seed);
      isUnlucky = () => chance() < probability;
    },
    dropped: () => [...lost],
    duplicate(count) {
      copies = count;
    },
    change(what) {
      change = what;
    },
    clear() {
      isUnlucky = () => false;
      copies = 1;
      change = {};
    },
  };
  return {
    switches,
    state: () => ({ copies, change }),
    isLost({ id }: StripeObject): boolean {
      const isLost = isUnlucky();
      if (isLost) lost.push(id);
      return isLost;
    },
  };
}

async function post(
  event: StripeObject,
  change: WebhookChange,
  { url, secret, timeoutMs }: DeliveryOptions,
  closing: AbortSignal,
): Promise<number | null> {
  const { payload, signature } = webhookBytes(event, secret, change);
  try {
    const response = await fetch(url(), {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'stripe-signature': signature,
      },
      body: payload,
      redirect: 'manual',
      signal: AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

function isTaken(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

// Ends early, without a complaint, when the sandbox closes.
function pause(ms: number, closing: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal: closing }).catch(() => undefined);
}
