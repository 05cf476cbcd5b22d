// A partner, as a real server on a real socket: it writes down what it receives and answers as
// the test wishes, also in the ways no honest server would. Plain HTTP, or HTTPS with a
// certificate of test/support/tls-certificates.ts.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerCertificate } from './tls-certificates.ts';

export type ReceivedRequest = {
  readonly method: string;
  readonly path: string;
  /** Lower-case names, as Node gives them. */
  readonly headers: IncomingMessage['headers'];
  /** Names and values as they stood on the wire, in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly receivedAt: Date;
};

export type HonestAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly afterMs?: number;
};
export type ScriptedAnswer =
  | HonestAnswer
  /** Takes the request and says nothing. */
  | 'hang'
  /** Resets the connection instead of answering. */
  | 'reset'
  /** Promises a hundred bytes, sends five, resets. */
  | 'reset-in-body'
  /** Status 200, then a byte of the body every so often, for ever. */
  | { readonly dripEveryMs: number }
  /** Status 200 and a body as fast as it is read, for ever. */
  | 'endless'
  /** These bytes on the socket, then the end of the connection unless `stay`. */
  | { readonly raw: string | Uint8Array; readonly stay?: boolean };

export type PartnerServer = {
  readonly port: number;
  /** The endpoint's address, by `127.0.0.1`. */
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Sockets opened to it so far, TLS handshakes that failed included. */
  connections(): number;
  /** Sockets open now. */
  openSockets(): number;
  /** Answers the next requests so, one each, in this order. */
  next(...answers: readonly ScriptedAnswer[]): void;
  /** Answers every request so that nothing else is scripted for. */
  always(answer: ScriptedAnswer | ((request: ReceivedRequest) => ScriptedAnswer)): void;
  close(): Promise<void>;
};

const ACCEPTED: ScriptedAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"success":true,"message":"Order received"}',
};

/** Listens on a free port of the loopback interface and accepts everything until told otherwise. */
export async function startPartnerServer(
  options: { readonly tls?: ServerCertificate; readonly path?: string } = {},
): Promise<PartnerServer> {
  const requests: ReceivedRequest[] = [];
  const queue: ScriptedAnswer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let otherwise: (request: ReceivedRequest) => ScriptedAnswer = () => ACCEPTED;

  const onRequest = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(message).catch(() => null);
    // Who hung up before the end of the request has asked for nothing.
    if (received === null) return;
    requests.push(received);
    play(queue.shift() ?? otherwise(received), response);
  };
  const server = options.tls ? createSecureServer(options.tls, onRequest) : createServer(onRequest);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls ? 'https' : 'http';
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}${options.path ?? '/api/comptappart/orders'}`,
    requests,
    connections: () => connections,
    openSockets: () => sockets.size,
    next: (...answers) => void queue.push(...answers),
    always(answer) {
      otherwise = typeof answer === 'function' ? answer : () => answer;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  const receivedAt = new Date();
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body: Buffer.concat(chunks).toString(),
    receivedAt,
  };
}

function play(answer: ScriptedAnswer, response: ServerResponse): void {
  const { socket } = response;
  if (answer === 'hang' || socket === null) {
    // Nothing is the answer; or the caller has hung up.
  } else if (answer === 'reset') {
    socket.resetAndDestroy();
  } else if (answer === 'reset-in-body') {
    response.writeHead(200, { 'content-length': 100 });
    response.write('cinq!', () => setTimeout(() => socket.resetAndDestroy(), 20));
  } else if (answer === 'endless') {
    pour(response.writeHead(200));
  } else if ('dripEveryMs' in answer) {
    drip(response.writeHead(200), answer.dripEveryMs);
  } else if ('raw' in answer) {
    socket.write(answer.raw);
    if (!answer.stay) socket.end();
  } else {
    setTimeout(() => send(answer, response), answer.afterMs ?? 0);
  }
}

function send(answer: HonestAnswer, response: ServerResponse): void {
  const headers = Object.entries(answer.headers ?? {});
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(answer.status).end(answer.body);
}

function drip(response: ServerResponse, everyMs: number): void {
  response.flushHeaders();
  const drops = setInterval(() => response.write('.'), everyMs);
  response.on('close', () => clearInterval(drops));
}

function pour(response: ServerResponse): void {
  const water = Buffer.alloc(64 * 1024, '~');
  const on = () => {
    while (!response.destroyed && response.write(water));
  };
  response.on('drain', on);
  on();
}
