// What the SMTP mailer makes of refusals and of silence: whose fault each is, whether it is tried
// again, and that the log learns the server's words without the customer's address. The failures of
// the network are the same list for every client of ours; here each has its answer.

import { describe, expect, onTestFinished, test } from 'vitest';
import { type SmtpMailerOptions, smtpMailer } from '#adapters/email/smtp-mailer.ts';
import type { DeliveryAnswer, Mailer } from '#application/ports.ts';
import { invoiceMail } from '#test/support/mail-orders.ts';
import { freePort, rawServer, refusal, smtpServer } from '#test/support/mail-servers.ts';

const FROM = 'factures@comptappart.example';

function mailerTo(url: string, more: Partial<SmtpMailerOptions> = {}): Mailer & { close(): void } {
  const mailer = smtpMailer({ url, from: FROM, ...more });
  onTestFinished(mailer.close);
  return mailer;
}

function sendTo(url: string, more: Partial<SmtpMailerOptions> = {}): Promise<DeliveryAnswer> {
  return mailerTo(url, more).send(invoiceMail());
}

describe('a refusal', () => {
  test('of the recipient for good is final, and does not repeat the address', async () => {
    const server = await smtpServer({
      onRcptTo: ({ address }, _session, done) =>
        done(
          refusal(550, `5.1.1 <${address}>: MARIE.MARTIN is unknown, forwards to m@home.example`),
        ),
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(result).toBe('refused');
    expect(report).toMatchObject({ outcome: 'refused', statusCode: 550, messageId: null });
    expect(report.detail).toContain('550 5.1.1');
    expect(report.detail).toContain('is unknown');
    expect(report.detail).not.toMatch(/marie|client\.example|home\.example/i);
  });

  test('of the message for good is final, and its text is cut', async () => {
    const server = await smtpServer({
      onData(stream, _session, done) {
        stream.resume().on('end', () => done(refusal(554, `5.7.1 ${'spam '.repeat(1_000)}`)));
      },
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(result).toBe('refused');
    expect(report.statusCode).toBe(554);
    expect(report.detail?.length).toBeLessThan(400);
  });

  test.each([421, 450, 451, 452])('with %i is tried again later', async (code) => {
    const server = await smtpServer({
      onRcptTo: (_address, _session, done) => done(refusal(code, '4.7.1 try again later')),
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'deferred', statusCode: code });
  });

  test('of our sender is our fault: every customer’s mail waits', async () => {
    const server = await smtpServer({
      onMailFrom: (_address, _session, done) => done(refusal(553, '5.7.1 sender not owned')),
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'not-configured', statusCode: 553 });
  });

  test('of our connection is not the customer’s either', async () => {
    const server = await smtpServer({
      onConnect: (_session, done) => done(refusal(554, '5.7.1 no service for your address')),
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'server-error', statusCode: 554 });
  });

  test('of a message over the announced size is final', async () => {
    const server = await smtpServer({ size: 20_000 });
    const pdf = new Uint8Array(100_000);
    const answer = await mailerTo(`smtp://127.0.0.1:${server.port}`).send(invoiceMail({ pdf }));
    expect(answer).toMatchObject({ result: 'refused', report: { outcome: 'refused' } });
  });

  test('leaves the connection fit for the next mail', async () => {
    let first = true;
    const server = await smtpServer({
      onRcptTo(_address, _session, done) {
        done(first ? refusal(550, '5.1.1 unknown') : null);
        first = false;
      },
    });
    const mailer = mailerTo(`smtp://127.0.0.1:${server.port}`);
    expect((await mailer.send(invoiceMail())).result).toBe('refused');
    expect((await mailer.send(invoiceMail())).result).toBe('accepted');
    expect(server.connections).toBe(1);
  });
});

describe('no answer', () => {
  const hurry = { connectionMs: 400, greetingMs: 400, socketMs: 400, sendMs: 2_000 };

  test('nobody listens', async () => {
    const port = await freePort();
    const { result, report } = await sendTo(`smtp://127.0.0.1:${port}`);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'connection-refused', statusCode: null });
  });

  test('the name leads nowhere', async () => {
    const { result, report } = await sendTo('smtp://no-such-host.invalid:25', {
      timeouts: { connectionMs: 3_000 },
    });
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'dns', statusCode: null });
  });

  test('the server never greets', async () => {
    const port = await rawServer(() => undefined);
    const { result, report } = await sendTo(`smtp://127.0.0.1:${port}`, { timeouts: hurry });
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('timeout');
    expect(report.durationMs).toBeLessThan(1_500);
  });

  test('the server falls silent with the whole message in its hands', async () => {
    const server = await smtpServer({ onData: (stream) => stream.resume() });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${server.port}`, { timeouts: hurry });
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('timeout');
  });

  test('the server keeps us busy past the time of a whole send', async () => {
    // A continued greeting, a line at a time: no silence is ever long enough to be a timeout.
    const port = await rawServer((socket) => {
      socket.write('220 slow.example\r\n');
      const timer = setInterval(() => socket.write('250-still here\r\n'), 50);
      socket.on('close', () => clearInterval(timer));
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${port}`, {
      timeouts: { ...hurry, sendMs: 700 },
    });
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('timeout');
    expect(report.durationMs).toBeLessThan(1_500);
  });

  test('the server hangs up in the middle, and the mail is not sent a second time', async () => {
    let connections = 0;
    const port = await rawServer((socket) => {
      connections += 1;
      socket.write('220 rude.example\r\n');
      socket.on('data', (data) => {
        const line = data.toString();
        if (line.includes('\r\n.\r\n') || line.startsWith('Content-')) socket.resetAndDestroy();
        else if (line.startsWith('EHLO')) socket.write('250 rude.example\r\n');
        else if (line.startsWith('DATA')) {
          socket.write('354 go on\r\n', () => setTimeout(() => socket.resetAndDestroy(), 50));
        } else socket.write('250 ok\r\n');
      });
    });
    const { result, report } = await sendTo(`smtp://127.0.0.1:${port}`);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'connection-lost', statusCode: null });
    expect(connections).toBe(1);
  });

  test('what answers speaks no SMTP', async () => {
    for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '\u0000\u0001ÿ garbage\r\n']) {
      const port = await rawServer((socket) => socket.write(greeting));
      const { result, report } = await sendTo(`smtp://127.0.0.1:${port}`, { timeouts: hurry });
      expect(result).toBe('unavailable');
      expect(report).toMatchObject({ outcome: 'bad-answer', statusCode: null });
    }
  });

  test('a kept connection found dead is replaced, and the mail goes out once', async () => {
    let connections = 0;
    let messages = 0;
    const port = await rawServer((socket) => {
      const connection = ++connections;
      let taken = 0;
      socket.write('220 forgetful.example\r\n');
      socket.on('data', (data) => {
        const line = data.toString();
        if (line.startsWith('MAIL') && connection === 1 && taken === 1) socket.resetAndDestroy();
        else if (line.endsWith('\r\n.\r\n')) {
          taken += 1;
          messages += 1;
          socket.write('250 ok\r\n');
        } else if (line.startsWith('DATA')) socket.write('354 go on\r\n');
        else if (/^(?:EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n');
      });
    });
    const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
    expect((await mailer.send(invoiceMail())).result).toBe('accepted');
    expect((await mailer.send(invoiceMail())).result).toBe('accepted');
    expect({ connections, messages }).toEqual({ connections: 2, messages: 2 });
  });
});
