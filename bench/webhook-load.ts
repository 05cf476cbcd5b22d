// The load of `acknowledge.ts`, in a process of its own: 64 connections, each with one signed webhook
// under way. It is told where to, and answers with what it saw.

import autocannon from 'autocannon';
import { eventBody, signatureOf } from './webhook-events.ts';

export type LoadOrder = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Part of the events' ids, and so different for each order. */
  readonly name: string;
};

/** Latencies in ms. */
export type Load = {
  readonly perSecond: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the load itself, ms. */
  readonly cpuMs: number;
};

process.on('message', async (order: LoadOrder) => {
  process.send?.(await load(order));
});

/** Signed before the clock runs: Stripe's work shall not be taken for the server's. */
const SIGNED_PER_SECOND = 8_000;

async function load({ url, connections, seconds, name }: LoadOrder): Promise<Load> {
  const bodyOf = (n: number): string => eventBody(`${name}${n.toString(36)}`);
  const signatures = Array.from({ length: seconds * SIGNED_PER_SECOND }, (_, n) =>
    signatureOf(bodyOf(n), new Date()),
  );
  let sent = 0;
  const { pathname } = new URL(url);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const seen = await autocannon({
    url,
    connections,
    duration: seconds,
    timeout: 60,
    requests: [
      {
        method: 'POST',
        path: pathname,
        setupRequest(request) {
          const body = bodyOf(sent);
          const signature = signatures[sent] ?? signatureOf(body, new Date());
          sent += 1;
          const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
          return { ...request, body, headers };
        },
      },
    ],
  });
  const cpu = process.cpuUsage(cpuBefore);
  return {
    cpuMs: (cpu.user + cpu.system) / 1000,
    perSecond: (seen['2xx'] * 1000) / (performance.now() - startedAt),
    acknowledged: seen['2xx'],
    refused: seen.non2xx + seen.errors,
    p50: seen.latency.p50,
    p99: seen.latency.p99,
  };
}
