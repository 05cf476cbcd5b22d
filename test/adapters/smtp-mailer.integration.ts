// The SMTP mailer against servers on sockets that mean well: how it uses its connections, how it
// logs in, and that it stops when the encryption is not what it should be. What servers refuse and
// how networks fail is in `smtp-failures.integration.ts`.

import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type SmtpMailerOptions, smtpMailer } from '#adapters/email/smtp-mailer.ts';
import type { DeliveryAnswer, Mailer } from '#application/ports.ts';
import { invoiceMail } from '#test/support/mail-orders.ts';
import { smtpServer } from '#test/support/mail-servers.ts';
import { testAuthority } from '#test/support/tls-certificates.ts';

const FROM = 'factures@comptappart.example';

function mailerTo(url: string, more: Partial<SmtpMailerOptions> = {}): Mailer & { close(): void } {
  const mailer = smtpMailer({ url, from: FROM, ...more });
  onTestFinished(mailer.close);
  return mailer;
}

function sendTo(url: string, more: Partial<SmtpMailerOptions> = {}): Promise<DeliveryAnswer> {
  return mailerTo(url, more).send(invoiceMail());
}

describe('a mail server that takes the mail', () => {
  test('is told our sender and the one customer, and its own id of the mail is kept', async () => {
    const envelopes: unknown[] = [];
    const server = await smtpServer({
      onRcptTo({ address }, { envelope: { mailFrom } }, done) {
        envelopes.push({ from: mailFrom ? mailFrom.address : null, to: address });
        done();
      },
    });
    const { report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(envelopes).toEqual([{ from: FROM, to: 'marie.martin@client.example' }]);
    expect(report).toMatchObject({ statusCode: 250, messageId: '4XyZ12' });
  });

  test('keeps one connection for mails one after the other', async () => {
    const server = await smtpServer();
    const mailer = mailerTo(`smtp://127.0.0.1:${server.port}`);
    for (let sent = 0; sent < 5; sent += 1) await mailer.send(invoiceMail());
    expect(server.messages).toHaveLength(5);
    expect(server.connections).toBe(1);
  });

  test('lends at most as many connections as we may have', async () => {
    const server = await smtpServer();
    const mailer = mailerTo(`smtp://127.0.0.1:${server.port}`, { connectionsMax: 2 });
    await Promise.all(Array.from({ length: 10 }, () => mailer.send(invoiceMail())));
    expect(server.messages).toHaveLength(10);
    expect(server.connections).toBe(2);
  });

  test('gets to finish when we close, and nothing that still waited', async () => {
    const server = await smtpServer({
      onData(stream, _session, done) {
        mailer.close();
        stream.resume().on('end', () => setTimeout(() => done(), 50));
      },
    });
    const mailer = mailerTo(`smtp://127.0.0.1:${server.port}`, { connectionsMax: 1 });
    const answers = await Promise.all([mailer.send(invoiceMail()), mailer.send(invoiceMail())]);
    expect(answers.map((it) => it.report.outcome)).toEqual(['accepted', 'connection-lost']);
    const after = await mailer.send(invoiceMail());
    expect(after).toMatchObject({ result: 'unavailable', report: { outcome: 'connection-lost' } });
  });
});

describe('a login', () => {
  const auth = (password: string): SMTPServerOptions => ({
    authOptional: false,
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: true,
    onAuth(given, _session, done) {
      if (given.username === 'ours' && given.password === password) done(null, { user: 'ours' });
      else done(new Error('Invalid login: ours / p@ss word'));
    },
  });

  test('is taken from the URL, its special characters decoded', async () => {
    const server = await smtpServer(auth('p@ss word'));
    const answer = await sendTo(`smtp://ours:p%40ss%20word@127.0.0.1:${server.port}`);
    expect(answer.result).toBe('accepted');
  });

  test('that is refused is our fault, not the customer’s', async () => {
    const server = await smtpServer(auth('another'));
    const answer = await sendTo(`smtp://ours:p%40ss%20word@127.0.0.1:${server.port}`);
    expect(answer.result).toBe('unavailable');
    expect(answer.report).toMatchObject({ outcome: 'not-configured', statusCode: 535 });
    expect(answer.report.detail).not.toContain('p@ss word');
  });

  test('that is missing is our fault too', async () => {
    const server = await smtpServer(auth('p@ss word'));
    const answer = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(answer.result).toBe('unavailable');
    expect(answer.report).toMatchObject({ outcome: 'not-configured', statusCode: 530 });
  });
});

describe('encryption', () => {
  const authority = testAuthority();
  const trusted = { ca: authority.certificate };
  const certificate = authority.issue({ names: ['localhost'] });

  test('is used when the server offers it', async () => {
    const seen: boolean[] = [];
    const server = await smtpServer({
      ...certificate,
      onMailFrom(_address, session, done) {
        seen.push(session.secure);
        done();
      },
    });
    const answer = await sendTo(`smtp://localhost:${server.port}`, trusted);
    expect(answer.result).toBe('accepted');
    expect(seen).toEqual([true]);
  });

  test('is there from the first byte with smtps', async () => {
    const server = await smtpServer({ ...certificate, secure: true });
    const answer = await sendTo(`smtps://localhost:${server.port}`, trusted);
    expect(answer.result).toBe('accepted');
  });

  test('that must be there and is not offered stops the mail', async () => {
    const server = await smtpServer();
    const answer = await sendTo(`smtp://127.0.0.1:${server.port}?requireTLS=true`);
    expect(answer).toMatchObject({ result: 'unavailable', report: { outcome: 'tls' } });
    expect(server.messages).toEqual([]);
  });

  test.each([
    ['nobody vouches for', { ...certificate }, {}],
    ['another name has', authority.issue({ names: ['elsewhere.example'] }), trusted],
    [
      'has expired',
      authority.issue({
        names: ['localhost'],
        validFrom: new Date('2024-01-01'),
        validTo: new Date('2024-12-31'),
      }),
      trusted,
    ],
  ])('with a certificate that %s stops the mail', async (_which, keys, options) => {
    const upgraded = await smtpServer(keys);
    const direct = await smtpServer({ ...keys, secure: true });
    for (const url of [`smtp://localhost:${upgraded.port}`, `smtps://localhost:${direct.port}`]) {
      const answer = await sendTo(url, options);
      expect(answer).toMatchObject({
        result: 'unavailable',
        report: { outcome: 'tls', statusCode: null },
      });
    }
    expect([...upgraded.messages, ...direct.messages]).toEqual([]);
  });

  test('with a server that speaks none stops the mail', async () => {
    const server = await smtpServer();
    const answer = await sendTo(`smtps://localhost:${server.port}`, trusted);
    expect(answer).toMatchObject({ result: 'unavailable', report: { outcome: 'tls' } });
  });
});
