// The load balancer of a small hoster: it asks every process five times a second whether it wants
// requests, gives them out in turn, and never sends one again. What a restart drops, a client sees.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, errors, request } from 'undici';
import { delay } from './waiting.ts';

export type RoundRobin = {
  readonly url: string;
  /** Requests that a process did not answer, or that came when none was ready, one line each. */
  readonly dropped: readonly string[];
  /** Those that are believed to be ready now. */
  healthy(): readonly string[];
  close(): Promise<void>;
};

const LOOK_EVERY_MS = 200;
const SILENCES_MAX = 5;

/** Listens on a free port of 127.0.0.1, in front of these origins. */
export async function roundRobin(origins: readonly string[]): Promise<RoundRobin> {
  const agent = new Agent({ connections: 64, keepAliveTimeout: 4_000 });
  const dropped: string[] = [];
  const ready = new Set<string>();
  const silent = new Map<string, number>();
  const healthy = () => origins.filter((origin) => ready.has(origin));
  let turn = 0;
  let isClosed = false;

  async function look(origin: string): Promise<void> {
    const options = { dispatcher: agent, headersTimeout: 1_000 };
    const answer = await request(`${origin}/health/ready`, options).catch((error: Error) => error);
    const isSilent = answer instanceof errors.HeadersTimeoutError;
    if (!(answer instanceof Error)) await answer.body.dump().catch(() => {});
    // Its word counts at once; silence only when it lasts, or a busy moment would empty the list.
    silent.set(origin, isSilent ? (silent.get(origin) ?? 0) + 1 : 0);
    if (isSilent && (silent.get(origin) ?? 0) < SILENCES_MAX) return;
    if (!(answer instanceof Error) && answer.statusCode === 200) ready.add(origin);
    else ready.delete(origin);
  }

  async function keepLooking(origin: string): Promise<void> {
    while (!isClosed) {
      await delay(LOOK_EVERY_MS);
      await look(origin);
    }
  }

  async function forward(from: IncomingMessage, to: ServerResponse): Promise<void> {
    turn += 1;
    const all = healthy();
    const origin = all[turn % all.length];
    if (origin === undefined) {
      dropped.push(`${from.method} ${from.url}: nobody is ready`);
      to.writeHead(503).end();
      return;
    }
    try {
      const { host: _host, connection: _connection, ...headers } = from.headers;
      const method = from.method === 'POST' ? 'POST' : 'GET';
      const body = method === 'POST' ? from : null;
      const answer = await request(`${origin}${from.url}`, {
        ...{ dispatcher: agent, method, headers, body },
      });
      const text = await answer.body.text();
      to.writeHead(answer.statusCode).end(text);
    } catch (error) {
      dropped.push(`${from.method} ${origin}${from.url}: ${(error as Error).message}`);
      to.writeHead(502).end();
    }
  }

  const server = createServer((from, to) => void forward(from, to));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await Promise.all(origins.map(look));
  for (const origin of origins) void keepLooking(origin);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dropped,
    healthy,
    async close() {
      isClosed = true;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await agent.destroy();
    },
  };
}
