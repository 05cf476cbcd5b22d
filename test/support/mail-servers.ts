// Mail servers for tests, on sockets of this machine: a well-behaved one that takes or refuses as
// it is told, and a bare socket that says whatever a test wants said. Each ends with its test.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

export type SmtpStage = { readonly port: number; readonly messages: Buffer[]; connections: number };

/** A mail server that takes everything, unless its options say otherwise. */
export async function smtpServer(options: SMTPServerOptions = {}): Promise<SmtpStage> {
  const stage: SmtpStage = { port: 0, messages: [], connections: 0 };
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: options.key ? [] : ['STARTTLS'],
    onConnect(_session, done) {
      stage.connections += 1;
      done();
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        stage.messages.push(Buffer.concat(chunks));
        done(null, '2.0.0 Ok: queued as 4XyZ12');
      });
    },
    ...options,
  });
  // A client that hangs up in the middle is a case here, not an accident.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return Object.assign(stage, { port: (server.server.address() as AddressInfo).port });
}

/** A socket that talks as `talk` does, once connected. */
export async function rawServer(talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

/** Refuses as an SMTP server does, with this code and text. */
export function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

/** A port of this machine on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
