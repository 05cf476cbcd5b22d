// Webhooks as Stripe sends them: signed anew at every attempt, tried again after anything but a
// 2xx, never following a redirect. Stripe tries for days; the sandbox for a few seconds, which is
// long enough for an application that is just starting, and short enough to watch.

import { setTimeout } from 'node:timers/promises';
import Stripe from 'stripe';
import type { StripeObject } from './stripe-store.ts';

export type DeliveryOptions = {
  /** Asked at each attempt, since the application may get its port after us. */
  readonly url: () => string;
  readonly secret: string;
  /** From the end of one attempt to the next; their number is the number of further tries. */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
};

export type Deliveries = {
  /** One attempt: the HTTP status, or null when there was no answer. Never rejects. */
  attempt(event: StripeObject): Promise<number | null>;
  /** Attempts until one is taken, none is left, or `close`. Never rejects. */
  deliver(event: StripeObject): Promise<number | null>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
  /** Cuts off what is under way and lets nothing more begin. */
  close(): Promise<void>;
};

/** Nothing is kept: what is under way when the process ends is Stripe's to send again. */
export function stripeDeliveries(options: DeliveryOptions): Deliveries {
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  }

  async function attempt(event: StripeObject): Promise<number | null> {
    const status = await post(event, options, closing.signal);
    options.log(`webhook ${event.id} ${String(event.type)} -> ${status ?? 'no answer'}`);
    return status;
  }

  async function persist(event: StripeObject): Promise<number | null> {
    let status = await attempt(event);
    for (const delayMs of options.retryDelaysMs) {
      if (isTaken(status) || closing.signal.aborted) break;
      await pause(delayMs, closing.signal);
      if (!closing.signal.aborted) status = await attempt(event);
    }
    return status;
  }

  async function idle(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay);
  }

  return {
    attempt: (event) => tracked(attempt(event)),
    deliver: (event) => tracked(persist(event)),
    idle,
    async close() {
      closing.abort();
      await idle();
    },
  };
}

async function post(
  event: StripeObject,
  { url, secret, timeoutMs }: DeliveryOptions,
  closing: AbortSignal,
): Promise<number | null> {
  const payload = JSON.stringify(event, null, 2);
  try {
    const response = await fetch(url(), {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret }),
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
