// The customers' mail server: slow, sometimes full, sometimes gone after it has taken a mail. It
// keeps who was sent what under which Message-ID; the mail itself is looked at by other tests.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { Chance } from './chance.ts';

export type ReceivedMail = {
  readonly notificationId: string;
  readonly messageId: string;
  /** When its last byte arrived: from then on the customer may have it. */
  readonly at: Date;
  /** `lost-answer`: taken, and the connection reset before the word of it was out. */
  readonly answered: 'accepted' | 'lost-answer';
};

export type FaultyMailServer = {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  close(): Promise<void>;
};

export type MailServerOptions = {
  readonly chance: Chance;
  /** How often a mail is put off (451) or its answer lost. Each costs its mail a minute. */
  readonly faultRate: number;
  readonly latencyMs: readonly [number, number];
};

/** Listens on a free port of 127.0.0.1. */
export async function faultyMailServer(options: MailServerOptions): Promise<FaultyMailServer> {
  const { chance, faultRate, latencyMs } = options;
  const mails: ReceivedMail[] = [];

  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    async onData(stream, session, done) {
      const raw = await buffer(stream).catch(() => null);
      if (raw === null) return;
      const fault = chance.happens(faultRate) ? chance.pick(['deferred', 'lost-answer']) : null;
      const at = new Date();
      await delay(chance.between(...latencyMs));
      if (fault === 'deferred') {
        done(Object.assign(new Error('4.2.2 Mailbox full, try later'), { responseCode: 451 }));
        return;
      }
      const answered = fault === 'lost-answer' ? 'lost-answer' : 'accepted';
      mails.push({ ...idsOf(raw), at, answered });
      const socket = socketOf(server, session);
      if (answered === 'lost-answer' && socket) socket.destroy();
      else done(null, `2.0.0 Ok: queued as ${mails.length}`);
    },
  });
  // A client that is killed in the middle is the point here, not an accident.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type Connection = { readonly id: string; readonly _socket: { destroy(): void } };

function socketOf(server: SMTPServer, { id }: SMTPServerSession): { destroy(): void } | null {
  const { connections } = server as unknown as { readonly connections: Set<Connection> };
  for (const connection of connections) if (connection.id === id) return connection._socket;
  return null;
}

function idsOf(raw: Buffer): { readonly notificationId: string; readonly messageId: string } {
  const text = raw.toString('latin1');
  const head = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const header = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'im').exec(head)?.[1] ?? '';
  return { notificationId: header('X-Notification-Id'), messageId: header('Message-ID') };
}
