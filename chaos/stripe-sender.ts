// Webhooks as Stripe sends them in a bad week: repeated, out of order, several at once, to whichever
// web process the load balancer likes, and again after anything but a 2xx. It remembers every
// promise (a 200) that was made, because each of them must be kept.

import { Pool } from 'undici';
import type { StripeObject } from '#adapters/sandbox/stripe-store.ts';
import { webhookBytes } from '#adapters/sandbox/stripe-webhook-bytes.ts';
import type { Chance } from './chance.ts';
import { delay } from './waiting.ts';

export type Endpoint = { readonly name: string; readonly url: string; readonly isUp: boolean };

export type Posted = {
  readonly eventId: string;
  readonly target: string;
  /** Null: no answer. */
  readonly status: number | null;
  /** Epoch ms of the answer, or of its failing to come. */
  readonly at: number;
  readonly ms: number;
};

export type StripeSender = {
  /** Sends so many copies of each event; resolves when every copy was accepted. */
  send(
    events: readonly StripeObject[],
    how: { readonly copies: number; readonly spreadMs: number },
  ): Promise<void>;
  /** Every attempt so far. */
  readonly posted: readonly Posted[];
  /** Events that were answered 200. */
  readonly accepted: ReadonlySet<string>;
  /** Events on their way to that process at this moment. */
  inFlightAt(target: string): readonly string[];
  close(): Promise<void>;
};

export type SenderOptions = {
  readonly endpoints: () => readonly Endpoint[];
  readonly secret: string;
  readonly chance: Chance;
  /** Before a refused webhook is sent again. */
  readonly retryMs: readonly [number, number];
  /** At once, to all processes together. */
  readonly connections?: number;
};

export function stripeSender(options: SenderOptions): StripeSender {
  const { chance, secret, connections = 32 } = options;
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const posted: Posted[] = [];
  const accepted = new Set<string>();
  const inFlight = new Map<string, { readonly eventId: string; readonly target: string }>();
  const pools = new Map<string, Pool>();
  let sent = 0;
  let closed = false;

  async function persist(event: StripeObject): Promise<void> {
    while (!closed) {
      const status = await attempt(event);
      if (status !== null && status >= 200 && status < 300) return;
      await delay(chance.between(...options.retryMs));
    }
  }

  async function attempt(event: StripeObject): Promise<number | null> {
    await slot();
    try {
      return await post(event);
    } finally {
      free();
    }
  }

  // As many at once as Stripe would have connections; what waits here is not the program's delay.
  async function slot(): Promise<void> {
    while (underWay >= connections) await new Promise<void>((go) => waiting.push(go));
    underWay += 1;
  }

  function free(): void {
    underWay -= 1;
    waiting.shift()?.();
  }

  async function post(event: StripeObject): Promise<number | null> {
    const up = options.endpoints().filter(({ isUp }) => isUp);
    if (up.length === 0) return null;
    sent += 1;
    const { name: target, url } = up[sent % up.length] as Endpoint;
    const key = `${event.id}/${sent}`;
    inFlight.set(key, { eventId: event.id, target });
    const startedAt = performance.now();
    const status = await answerTo(event, url);
    inFlight.delete(key);
    const ms = performance.now() - startedAt;
    posted.push({ eventId: event.id, target, status, at: Date.now(), ms });
    if (status === 200) accepted.add(event.id);
    return status;
  }

  async function answerTo(event: StripeObject, url: string): Promise<number | null> {
    const { payload, signature } = webhookBytes(event, secret);
    try {
      const { statusCode, body } = await poolFor(url).request({
        method: 'POST',
        path: '/webhooks/stripe',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body: payload,
      });
      await body.dump();
      return statusCode;
    } catch {
      return null;
    }
  }

  function poolFor(url: string): Pool {
    const known = pools.get(url);
    if (known) return known;
    const pool = new Pool(url, { connections, headersTimeout: 20_000, bodyTimeout: 20_000 });
    pools.set(url, pool);
    return pool;
  }

  return {
    async send(events, { copies, spreadMs }) {
      const all = events.flatMap((event) => Array.from({ length: copies }, () => event));
      await Promise.all(
        all.map(async (event) => {
          if (spreadMs > 0) await delay(chance.between(0, spreadMs));
          await persist(event);
        }),
      );
    },
    posted,
    accepted,
    inFlightAt: (target) =>
      [...inFlight.values()].filter((it) => it.target === target).map(({ eventId }) => eventId),
    async close() {
      closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
