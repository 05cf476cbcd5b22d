// A partner's endpoint on a bad day: slow, resetting, answering 5xx or half an answer, hanging. It
// writes down every request that it received whole, because from then on the partner may have acted
// on it. Faults per notification are bounded, so that the three promised tries can end well.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Chance } from './chance.ts';

/** `half-read` hangs up before the request is read: the partner has received nothing. */
const FAULTS = ['server-error', 'hang', 'reset', 'half-answer', 'half-read'] as const;
export type PartnerFault = (typeof FAULTS)[number];

export type ReceivedCall = {
  readonly notificationId: string;
  readonly orderId: number;
  /** The Stripe event that made the order. */
  readonly eventId: string;
  readonly at: Date;
  readonly answered: 'accepted' | Exclude<PartnerFault, 'half-read'>;
};

export type FaultyPartner = {
  readonly slug: string;
  readonly url: string;
  /** In the order of arrival. */
  readonly calls: readonly ReceivedCall[];
  /** From now on every request hangs; or again none, and those that hang are answered. */
  hang(isHanging: boolean): void;
  /** Requests under way now. */
  underWay(): number;
  close(): Promise<void>;
};

type OrderCreated = { readonly order_id: number; readonly event_id: string };

export type PartnerOptions = {
  readonly slug: string;
  readonly chance: Chance;
  /** At most so many spoilt answers for one notification. */
  readonly faultsMax: number;
  readonly latencyMs: readonly [number, number];
};

/** Listens on a free port of 127.0.0.1. */
export async function faultyPartner(options: PartnerOptions): Promise<FaultyPartner> {
  const { slug, chance, faultsMax, latencyMs } = options;
  const calls: ReceivedCall[] = [];
  const faultsLeft = new Map<string, number>();
  /** Requests that hang, to be answered when the partner wakes up. */
  const kept: ServerResponse[] = [];
  let hanging = false;
  let underWay = 0;

  function fault(notificationId: string): PartnerFault | null {
    const left = faultsLeft.get(notificationId) ?? faultsFor();
    faultsLeft.set(notificationId, Math.max(0, left - 1));
    return left > 0 ? chance.pick(FAULTS) : null;
  }

  function faultsFor(): number {
    if (faultsMax === 0 || !chance.happens(0.3)) return 0;
    return chance.happens(0.3) ? faultsMax : 1;
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const notificationId = String(request.headers['webhook-id']);
    const spoilt = hanging ? 'hang' : fault(notificationId);
    if (spoilt === 'half-read') {
      request.socket.resetAndDestroy();
      return;
    }
    const body = await text(request).catch(() => null);
    if (body === null) return; // hung up in the middle: nothing was asked
    const { order_id: orderId, event_id: eventId } = JSON.parse(body) as OrderCreated;
    calls.push({
      notificationId,
      orderId,
      eventId,
      at: new Date(),
      answered: spoilt ?? 'accepted',
    });
    if (hanging) {
      kept.push(response);
      return;
    }
    const afterMs = chance.between(...latencyMs);
    setTimeout(() => answer(spoilt, response, chance), afterMs);
  }

  const server = createServer((request, response) => {
    underWay += 1;
    response.on('close', () => {
      underWay -= 1;
    });
    void respond(request, response);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    slug,
    url: `http://127.0.0.1:${port}/orders`,
    calls,
    hang(isHanging) {
      hanging = isHanging;
      if (isHanging) return;
      for (const response of kept.splice(0)) if (!response.destroyed) accept(response);
    },
    underWay: () => underWay,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function accept(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
}

function answer(
  fault: Exclude<PartnerFault, 'half-read'> | null,
  response: ServerResponse,
  chance: Chance,
): void {
  switch (fault) {
    case null:
      accept(response);
      return;
    case 'server-error':
      response.writeHead(chance.pick([500, 502, 503, 504])).end('no luck\n');
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'half-answer':
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"suc', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
      return;
    case 'hang':
      return; // until the caller hangs up
    default:
      fault satisfies never;
  }
}
