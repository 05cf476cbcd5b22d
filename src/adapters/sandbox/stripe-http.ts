// The sandbox's Stripe at its socket: the key is checked, the answer is looked up, a fault that is
// switched on spoils it, and the request is written down. Nothing here knows what is sold.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { stripeAnswer } from './stripe-api.ts';
import { type ApiAnswer, type ApiState, refusal } from './stripe-api-routes.ts';
import { type Fault, faulty, type Sent } from './stripe-faults.ts';
import { newStripeId } from './stripe-ids.ts';

export type ApiRequest = {
  readonly path: string;
  /** Decoded, `name=value` joined by `&`. */
  readonly query: string;
  /** 0 when nothing was answered. */
  readonly status: number;
  /** What spoiled the answer; null when nothing did. */
  readonly fault: Fault | null;
};

export type StripeHttpOptions = {
  /** 0 takes any free port. */
  readonly port: number;
  readonly secretKey: string;
  readonly state: () => ApiState;
  /** The fault for a request to this path. */
  readonly faultOn: (path: string) => Fault | null;
  readonly onRequest: (request: ApiRequest) => void;
};

export type StripeHttp = {
  readonly apiBase: URL;
  /** The last thousand requests, oldest first. */
  requests(): readonly ApiRequest[];
  /** Stops listening and hangs up on whoever still waits for an answer. */
  close(): void;
};

const REQUESTS_KEPT = 1000;

/** Listens on 127.0.0.1. Rejects when the port is taken. */
export async function startStripeHttp(options: StripeHttpOptions): Promise<StripeHttp> {
  const closing = new AbortController();
  const requests: ApiRequest[] = [];
  const needs: Needs = {
    ...options,
    closing: closing.signal,
    onRequest(request) {
      requests.push(request);
      if (requests.length > REQUESTS_KEPT) requests.shift();
      options.onRequest(request);
    },
  };
  const server = createServer((request, response) => void respond(needs, request, response));
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    apiBase: new URL(`http://127.0.0.1:${port}`),
    requests: () => [...requests],
    close() {
      closing.abort();
      server.close();
      server.closeAllConnections();
    },
  };
}

type Needs = StripeHttpOptions & { readonly closing: AbortSignal };

async function respond(
  needs: Needs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const fault = needs.faultOn(url.pathname);
  const sent = await faulty(fault, () => answerTo(needs, request, url), needs.closing);
  send(response, sent);
  const query = [...url.searchParams].map((pair) => pair.join('=')).join('&');
  const status = typeof sent === 'string' ? 0 : sent.status;
  needs.onRequest({ path: url.pathname, query, status, fault });
}

function send(response: ServerResponse, sent: Sent): void {
  if (sent === 'no-answer') return;
  if (sent === 'reset') {
    response.destroy();
    return;
  }
  if ('html' in sent) {
    response.writeHead(sent.status, { 'content-type': 'text/html' }).end(sent.html);
    return;
  }
  const isCut = 'half' in sent;
  const body = JSON.stringify(isCut ? sent.half : sent.body, null, 2);
  response.writeHead(sent.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'request-id': newStripeId('req'),
    'stripe-version': Stripe.API_VERSION,
    ...(!isCut && sent.headers),
  });
  if (isCut) response.write(body.slice(0, body.length / 2), () => response.destroy());
  else response.end(body);
}

function answerTo(
  { secretKey, state }: Needs,
  { method, headers }: IncomingMessage,
  url: URL,
): ApiAnswer {
  if (headers.authorization !== `Bearer ${secretKey}`) {
    return refusal(401, 'Invalid API Key provided.');
  }
  if (method !== 'GET') {
    return refusal(404, `Unrecognized request URL (${method}: ${url.pathname}).`);
  }
  try {
    return stripeAnswer(state(), url.pathname, url.searchParams);
  } catch (error) {
    return refusal(500, `The sandbox's Stripe failed: ${(error as Error).message}`);
  }
}
