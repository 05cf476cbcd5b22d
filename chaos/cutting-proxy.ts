// Stands between the program and PostgreSQL, lets everything through, and cuts one transaction at
// one exact place. A transaction is recognised by its first statement after `begin`, before the
// server has seen it; the cut comes when the statement after the wanted boundary is about to be
// sent, or when the answer to `commit` is about to be passed on.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import {
  commandTag,
  type Message,
  messageCutter,
  type Statement,
  startupParameter,
  statementOf,
} from './postgres-messages.ts';

/** One transaction as it passed, `begin` and `commit` included. */
export type PassedTransaction = { readonly name: string; readonly statements: readonly string[] };

export type Cut = {
  /** So many statements have passed (`begin` counts) and been answered; the next one has not. */
  readonly after: number;
  /** All of them passed, and the server's word of it is kept back. */
  readonly isAfterCommit?: boolean;
};

export type CuttingProxy = {
  /** The same database through here. */
  readonly url: string;
  /** Recognised transactions that were let through whole. */
  readonly passed: readonly PassedTransaction[];
  /** Cuts the next transaction of that name there, once. */
  cut(name: string, where: Cut): void;
  /** Names whose cut has been made. */
  readonly done: ReadonlySet<string>;
  close(): Promise<void>;
};

export type CuttingProxyOptions = {
  readonly databaseUrl: string;
  /** The name of the transaction whose first statement this is; null lets it through unwatched. */
  readonly recognise: (first: Statement) => string | null;
  /** Called at the cut, with the connection's application name, before it is broken. */
  readonly onCut?: (application: string, name: string) => void;
};

/** Listens on a free port of 127.0.0.1. */
export async function cuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const target = new URL(options.databaseUrl);
  const cuts = new Map<string, Cut>();
  const done = new Set<string>();
  const passed: PassedTransaction[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    }
    pass(client, upstream, {
      recognise: options.recognise,
      cutOf: (name) => cuts.get(name) ?? null,
      passed: (transaction) => passed.push(transaction),
      cut(application, name) {
        cuts.delete(name);
        done.add(name);
        options.onCut?.(application, name);
      },
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    passed,
    done,
    cut: (name, where) => void cuts.set(name, where),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Watch = {
  readonly recognise: CuttingProxyOptions['recognise'];
  readonly cutOf: (name: string) => Cut | null;
  readonly passed: (transaction: PassedTransaction) => void;
  readonly cut: (application: string, name: string) => void;
};

/** One connection, both ways. */
function pass(client: Socket, upstream: Socket, watch: Watch): void {
  const fromClient = messageCutter(false);
  const fromServer = messageCutter(true);
  const prepared = new Map<string, string>();
  let application = '';
  let unit: Message[] = [];
  let statements: string[] = [];
  let name: string | null = null;

  const breakOff = () => {
    if (name !== null) watch.cut(application, name);
    client.resetAndDestroy();
    upstream.destroy();
  };

  client.on('data', (chunk) => {
    for (const message of fromClient(chunk)) {
      if (message.type === '') application = startupParameter(message, 'application_name') ?? '';
      unit.push(message);
      const isWhole = !['P', 'B', 'D', 'E', 'C', 'H'].includes(message.type);
      if (!isWhole) continue;
      const statement = statementOf(unit, prepared);
      if (statement && !mayPass(statement)) return breakOff();
      upstream.write(Buffer.concat(unit.map(({ bytes }) => bytes)));
      unit = [];
    }
  });

  /** False at the boundary that is to be cut. */
  function mayPass(statement: Statement): boolean {
    const { text } = statement;
    if (/^(begin|start transaction)\b/i.test(text)) {
      statements = [text];
      name = null;
      return true;
    }
    if (statements.length === 1) name = watch.recognise(statement);
    const where = name === null ? null : watch.cutOf(name);
    if (where && !where.isAfterCommit && statements.length === where.after) return false;
    statements.push(text);
    return true;
  }

  upstream.on('data', (chunk) => {
    for (const message of fromServer(chunk)) {
      if (commandTag(message) === 'COMMIT' && name !== null) {
        if (watch.cutOf(name)?.isAfterCommit) return breakOff();
        watch.passed({ name, statements });
        name = null;
      }
      client.write(message.bytes);
    }
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}
