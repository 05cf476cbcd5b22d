// Mail through an SMTP server, over connections that are kept and used again. Whatever the network
// or the server does is an answer here, never an exception: the notification's machine decides what
// comes next. Nodemailer's own repetition is kept to the one case that cannot send a mail twice: a
// kept connection that turns out to be dead before a byte of the message went over it.

import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createTransport, type NodemailerError } from 'nodemailer';
import type { Mailer } from '#application/ports.ts';
import { composeMail } from './compose-mail.ts';
import { invoiceMessage } from './invoice-message.ts';
import { lightLogos, type MailLogos } from './mail-logo.ts';
import { failedAnswer, takenAnswer } from './smtp-answer.ts';

export type SmtpMailerOptions = {
  /**
   * `smtp://user:password@host:port` (STARTTLS when the server offers it; port 587 unless given) or
   * `smtps://…` (TLS from the first byte; 465). `?requireTLS=true` refuses to go on in clear.
   */
  readonly url: string;
  /** The bare address that mail is sent from. */
  readonly from: string;
  /** PEM of the one authority to trust in place of the usual ones. */
  readonly ca?: string;
  /** Default: only logos that need no drawing are shown. */
  readonly logos?: MailLogos;
  readonly connectionsMax?: number;
  readonly timeouts?: Partial<SmtpTimeouts>;
};

/** In milliseconds. `sendMs` bounds a whole send, from our queue to the server's last answer. */
export type SmtpTimeouts = {
  readonly connectionMs: number;
  readonly greetingMs: number;
  readonly socketMs: number;
  readonly sendMs: number;
};

const TIMEOUTS: SmtpTimeouts = {
  connectionMs: 10_000,
  greetingMs: 10_000,
  socketMs: 30_000,
  sendMs: 60_000,
};

/**
 * Throws an Error that names the fault, without the password, when the URL is not one. `close` lets
 * sends under way finish and gives back the connections.
 */
export function smtpMailer(options: SmtpMailerOptions): Mailer & { close(): void } {
  const server = parseSmtpUrl(options.url);
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { logos = lightLogos } = options;
  const transport = createTransport({
    pool: true,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTLS,
    ...(server.login && { auth: { user: server.login.user, pass: server.login.password } }),
    tls: { minVersion: 'TLSv1.2', ...(options.ca !== undefined && { ca: options.ca }) },
    maxConnections: options.connectionsMax ?? 5,
    maxRequeues: 1,
    connectionTimeout: timeouts.connectionMs,
    dnsTimeout: timeouts.connectionMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.socketMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let closed = false;
  return {
    async send(mail) {
      const message = invoiceMessage(mail, options.from, await logos.of(mail.logo));
      const raw = await composeMail(message);
      const recipient = message.to.address;
      const unspeakable = { recipient, password: server.login?.password ?? null };
      const startedAt = performance.now();
      try {
        const info = await transport.sendMail({
          envelope: { from: options.from, to: [recipient], size: raw.length },
          raw,
          signal: AbortSignal.timeout(timeouts.sendMs),
        });
        const durationMs = performance.now() - startedAt;
        const messageId = serversId(info.response) ?? info.serverMessageId ?? message.messageId;
        return takenAnswer(info.response, { ...unspeakable, messageId, durationMs });
      } catch (error) {
        const durationMs = performance.now() - startedAt;
        // Mail that still waits for a connection when the pool closes fails without a code.
        const failure = error as NodemailerError;
        if (closed) failure.code ??= 'ECONNECTION';
        return failedAnswer(failure, { ...unspeakable, durationMs });
      }
    },
    close() {
      closed = true;
      transport.close();
    },
  };
}

// Postfix, smtp-server and Mailpit say « queued as », Exim « id= »: the name under which the
// server's own log knows the mail.
function serversId(reply: string): string | null {
  return (
    /\bqueued as <?([^\s<>]{1,200})/i.exec(reply)?.[1] ??
    /\bid=(\S{1,200})/.exec(reply)?.[1] ??
    null
  );
}

type SmtpServer = {
  readonly host: string;
  readonly port: number | undefined;
  readonly secure: boolean;
  readonly requireTLS: boolean;
  readonly login: { readonly user: string; readonly password: string } | null;
};

function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.parse(text);
  if (!url?.hostname || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) {
    throw new Error('EMAIL_URL must look like smtp://user:password@host:port');
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    throw new Error('EMAIL_URL may have nothing after the port but ?requireTLS=true');
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const login = parseLogin(url);
  return {
    host,
    port: url.port === '' ? undefined : Number(url.port),
    secure: url.protocol === 'smtps:',
    // A password never travels in clear to another machine, unless somebody asked for it.
    requireTLS: parseRequireTls(url) ?? (login !== null && !isThisMachine(host)),
    login,
  };
}

function parseRequireTls(url: URL): boolean | undefined {
  for (const [name, value] of url.searchParams) {
    if (name !== 'requireTLS') throw new Error(`EMAIL_URL has an unknown option: ${name}`);
    if (value !== 'true' && value !== 'false') {
      throw new Error('EMAIL_URL: requireTLS must be true or false');
    }
    return value === 'true';
  }
  return undefined;
}

function parseLogin(url: URL): SmtpServer['login'] {
  if (url.username === '') return null;
  try {
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw new Error('EMAIL_URL: a % in the user or the password must be written %25');
  }
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
