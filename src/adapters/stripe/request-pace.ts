// Stripe allows 100 requests a second in live mode and 25 in test mode (docs.stripe.com/rate-limits,
// read through shared notes on 2026-11-22). Past that it answers 429 to whoever comes next, the
// payment that a customer waits for included. Our client keeps below by itself: requests wait for
// their turn, in the order in which they came.

import Stripe from 'stripe';

export type RequestPace = { readonly perSecond: number };

/** Leaves room for a second process and for people in the dashboard. */
export const LIVE_PACE: RequestPace = { perSecond: 80 };
export const TEST_PACE: RequestPace = { perSecond: 20 };

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;

/** Milliseconds of a clock that only goes forward, and a way to let some pass. */
export type PaceTime = { now(): number; wait(ms: number): Promise<void> };

const REAL_TIME: PaceTime = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** The SDK's own HTTP client, with at most so many requests begun in any second. */
export function pacedHttpClient(pace: RequestPace, time: PaceTime = REAL_TIME): HttpClient {
  const client = Stripe.createNodeHttpClient();
  const send = client.makeRequest.bind(client);
  const myTurn = turns(pace, time);
  client.makeRequest = async (...request) => {
    await myTurn();
    return send(...request);
  };
  return client;
}

/** Resolves, one after the other, so that no second sees more than its number of them. */
export function turns({ perSecond }: RequestPace, time: PaceTime): () => Promise<void> {
  const begun: number[] = [];
  let turn: Promise<void> = Promise.resolve();

  // The instants of the last second's requests: the next may begin a second after the oldest.
  async function next(): Promise<void> {
    const oldest = begun.length < perSecond ? undefined : begun.shift();
    const waitMs = oldest === undefined ? 0 : oldest + 1000 - time.now();
    if (waitMs > 0) await time.wait(waitMs);
    begun.push(time.now());
  }
  return () => {
    turn = turn.then(next);
    return turn;
  };
}
