// An egress proxy, as a real server: it takes CONNECT, asks for credentials if it has any, and
// carries bytes between the caller and wherever the test says a name leads. It writes down what it
// was asked and every byte it carried, since what a proxy can read is half of what is tested.

import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerCertificate } from './tls-certificates.ts';

export type ProxyBehaviour =
  | 'tunnel'
  /** Opens a tunnel, and says so in these words. */
  | { readonly greeting: string }
  /** Answers with this status instead of opening a tunnel. */
  | { readonly status: number }
  /** Takes the CONNECT and says nothing. */
  | 'hang'
  /** Resets the connection instead of answering. */
  | 'reset'
  /** Opens the tunnel and resets it after so many bytes from the partner. */
  | { readonly resetAfterBytes: number }
  /** These bytes instead of an answer. */
  | { readonly raw: string };

export type ConnectProxy = {
  readonly url: URL;
  readonly asked: readonly {
    readonly authority: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** Requests other than CONNECT: there should be none. */
  plainRequests(): number;
  /** Everything it could read, in both directions. */
  carried(): string;
  connections(): number;
  openSockets(): number;
  behave(behaviour: ProxyBehaviour): void;
  close(): Promise<void>;
};

const GREETING = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Listens on a free port of the loopback interface; every name leads to `port` of this machine. */
export async function startConnectProxy(options: {
  readonly port: number;
  /** As `user:password`. */
  readonly credentials?: string;
  /** Makes it a proxy that is itself reached over TLS. */
  readonly tls?: ServerCertificate;
}): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'][number][] = [];
  const sockets = new Set<Duplex>();
  const carried: Buffer[] = [];
  let plainRequests = 0;
  let connections = 0;
  let behaviour: ProxyBehaviour = 'tunnel';

  const server = options.tls ? createSecureServer(options.tls) : createServer();
  server.on('request', (_, response) => {
    plainRequests += 1;
    response.writeHead(405).end();
  });
  server.on('connect', (request: IncomingMessage, caller: Duplex, head: Buffer) => {
    caller.on('error', () => {});
    asked.push({ authority: request.url ?? '', headers: request.headers });
    carried.push(Buffer.from(request.rawHeaders.join('\n')), head);
    const expected = options.credentials && `Basic ${btoa(options.credentials)}`;
    if (expected && request.headers['proxy-authorization'] !== expected) refuse(caller, 407);
    else if (behaviour === 'reset') (caller as Socket).resetAndDestroy();
    else if (behaviour === 'tunnel') tunnel(caller, head);
    else if (behaviour === 'hang') caller.resume().on('end', () => caller.end());
    else if ('status' in behaviour) refuse(caller, behaviour.status);
    else if ('raw' in behaviour) caller.end(behaviour.raw);
    else if ('greeting' in behaviour) tunnel(caller, head, { greeting: behaviour.greeting });
    else tunnel(caller, head, { bytesMax: behaviour.resetAfterBytes });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });

  const tunnel = (
    caller: Duplex,
    head: Buffer,
    { greeting = GREETING, bytesMax = Number.POSITIVE_INFINITY } = {},
  ): void => {
    let bytes = 0;
    const partner = connect(options.port, '127.0.0.1', () => {
      caller.write(greeting);
      partner.write(head);
      caller.pipe(partner).pipe(caller);
    });
    sockets.add(partner);
    const end = () => {
      sockets.delete(partner);
      partner.destroy();
      caller.destroy();
    };
    partner.on('close', end).on('error', end);
    caller.on('close', end).on('data', (chunk: Buffer) => carried.push(chunk));
    partner.on('data', (chunk: Buffer) => {
      carried.push(chunk);
      bytes += chunk.length;
      if (bytes > bytesMax) end();
    });
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls ? 'https' : 'http';
  return {
    url: new URL(`${scheme}://127.0.0.1:${port}`),
    asked,
    plainRequests: () => plainRequests,
    carried: () => Buffer.concat(carried).toString('latin1'),
    connections: () => connections,
    openSockets: () => sockets.size,
    behave: (wished) => {
      behaviour = wished;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function refuse(caller: Duplex, status: number): void {
  caller.end(`HTTP/1.1 ${status} Non\r\nContent-Length: 3\r\n\r\nnon`);
}
