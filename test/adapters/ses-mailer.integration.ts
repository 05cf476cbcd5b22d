// Mail through the API of SES: what arrives there is the mail of every other mailer, and whatever
// SES or the network answers has one meaning. The first server is other people's idea of SES; the
// second says the words that the real one has for each trouble.

import { simpleParser } from 'mailparser';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mailerOfUrl } from '#adapters/email/mailer-of-url.ts';
import { sesMailer } from '#adapters/email/ses-mailer.ts';
import { mailerContract } from '#test/contracts/mailer.ts';
import { invoiceMail } from '#test/support/mail-orders.ts';
import { freePort, rawServer } from '#test/support/mail-servers.ts';
import { npmSes, SES_KEYS, sesError, stubSes } from '#test/support/ses-servers.ts';

const FROM = 'factures@comptappart.example';
const MARIE = 'marie.martin@client.example';
const REGION = 'eu-west-3';

function mailerAt(endpoint: string, sendMs = 5_000, configurationSet: string | null = null) {
  return sesMailer({
    address: { region: REGION, endpoint, configurationSet },
    from: FROM,
    credentials: SES_KEYS,
    timeouts: { sendMs },
  });
}

function ourMailerAt(...given: Parameters<typeof mailerAt>) {
  const mailer = mailerAt(...given);
  onTestFinished(() => mailer.close());
  return mailer;
}

mailerContract('the SES mailer', async () => {
  const ses = await npmSes();
  const mailer = mailerAt(ses.origin);
  return {
    mailer,
    from: FROM,
    arrived: async () => ses.sent.map((it) => Buffer.from(it.Content.Raw.Data, 'base64')),
    async close() {
      await mailer.close();
      await ses.close();
    },
  };
});

async function taking() {
  const ses = await stubSes((response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ MessageId: '0102018f-ses-id-000000' }));
  });
  onTestFinished(() => ses.close());
  return ses;
}

describe('what is asked of SES', () => {
  test('one recipient, our sender, our ids as tags, and the configuration set', async () => {
    const ses = await taking();
    const mailer = ourMailerAt(ses.origin, 5_000, 'invoices');
    const { result, report } = await mailer.send(invoiceMail({ notificationId: 'n-1' }));
    expect(result).toBe('accepted');
    expect(report).toMatchObject({ statusCode: 200, messageId: '0102018f-ses-id-000000' });
    expect(report.detail).toBe('Accepté par SES');
    const { Content, ...asked } = ses.sent[0] ?? never();
    expect(asked).toEqual({
      FromEmailAddress: FROM,
      Destination: { ToAddresses: [MARIE] },
      ConfigurationSetName: 'invoices',
      EmailTags: [
        { Name: 'notification_id', Value: 'n-1' },
        { Name: 'order_id', Value: '156' },
      ],
    });
    const mail = await simpleParser(Buffer.from(Content.Raw.Data, 'base64'));
    expect(mail.headers.get('x-notification-id')).toBe('n-1');
  });

  test('an id that no tag can carry is digested, a domain written in letters is translated', async () => {
    const ses = await taking();
    const buyer = { email: 'zoé@société.example' };
    await ourMailerAt(ses.origin).send(invoiceMail({ notificationId: 'é'.repeat(200), buyer }));
    const [{ EmailTags, Destination } = never()] = ses.sent;
    expect(EmailTags[0]?.Value).toMatch(/^[0-9a-f]{64}$/);
    expect(Destination.ToAddresses).toEqual(['zoé@xn--socit-esab.example']);
  });

  test('mails after the first travel over kept connections', async () => {
    const ses = await taking();
    const mailer = ourMailerAt(ses.origin);
    for (const notificationId of ['1', '2', '3'])
      await mailer.send(invoiceMail({ notificationId }));
    expect(ses.sent).toHaveLength(3);
  });

  test('EMAIL_URL=ses:// makes that mailer, and nothing is loaded or dialled before a mail', async () => {
    const url = `ses://${REGION}?endpoint=http://127.0.0.1:${await freePort()}&configuration-set=x`;
    const mailer = mailerOfUrl(url, { from: FROM, clock: { now: () => new Date() } });
    await mailer.close();
  });
});

const NOT_VERIFIED =
  'Email address is not verified. The following identities failed the check in region EU-WEST-3: ';

describe('what SES says, and what it means', () => {
  test.each([
    // This mail, for good.
    [400, 'MessageRejected', 'Transaction failed: virus found', 'refused', 'refused'],
    [400, 'BadRequestException', `Local address contains control: ${MARIE}`, 'refused', 'refused'],
    [400, 'BadRequestException', 'Message length is more than 41943040', 'refused', 'refused'],
    [413, 'RequestEntityTooLarge', 'Too large', 'refused', 'refused'],
    // Us: mended by a person, and tried again meanwhile.
    [400, 'MessageRejected', NOT_VERIFIED + MARIE, 'unavailable', 'not-configured'],
    [400, 'MessageRejected', 'Sending suspended', 'unavailable', 'not-configured'],
    [400, 'SendingPausedException', 'Sending is paused', 'unavailable', 'not-configured'],
    [400, 'AccountSuspendedException', 'Account suspended', 'unavailable', 'not-configured'],
    [400, 'MailFromDomainNotVerifiedException', 'Not verified', 'unavailable', 'not-configured'],
    [404, 'NotFoundException', 'Configuration set <x> not found', 'unavailable', 'not-configured'],
    [400, 'BadRequestException', 'Configuration set <x> bad', 'unavailable', 'not-configured'],
    [403, 'AccessDeniedException', 'not authorized', 'unavailable', 'not-configured'],
    [403, 'UnrecognizedClientException', 'token invalid', 'unavailable', 'not-configured'],
    [403, 'ExpiredTokenException', 'token expired', 'unavailable', 'not-configured'],
    [403, 'InvalidSignatureException', 'Signature expired: …', 'unavailable', 'not-configured'],
    // Later.
    [429, 'TooManyRequestsException', 'Maximum sending rate exceeded.', 'unavailable', 'deferred'],
    [400, 'LimitExceededException', 'Daily message quota exceeded.', 'unavailable', 'deferred'],
    [400, 'ThrottlingException', 'Rate exceeded', 'unavailable', 'deferred'],
    [500, 'InternalFailure', 'Internal failure', 'unavailable', 'server-error'],
    [503, 'ServiceUnavailable', 'Service unavailable', 'unavailable', 'server-error'],
    [418, 'TeapotException', 'I am one', 'unavailable', 'bad-answer'],
  ])('%i %s: %s', async (status, name, message, result, outcome) => {
    const ses = await stubSes((response) => sesError(response, status, name, message));
    onTestFinished(() => ses.close());
    const answer = await ourMailerAt(ses.origin).send(invoiceMail());
    expect(answer.result).toBe(result);
    expect(answer.report).toMatchObject({ outcome, statusCode: status, messageId: null });
    expect(answer.report.detail).toContain(message.replace(MARIE, '[…]'));
    expect(JSON.stringify(answer)).not.toContain('marie');
    expect(ses.sent, 'a mail is never sent twice by itself').toHaveLength(1);
  });

  test('the fault of a clock is told as such', async () => {
    const ses = await stubSes((response) =>
      sesError(response, 403, 'InvalidSignatureException', 'Signature expired: 2026 is 1999'),
    );
    onTestFinished(() => ses.close());
    const { report } = await ourMailerAt(ses.origin).send(invoiceMail());
    expect(report.detail).toContain('voir l’horloge');
  });

  test.each([
    ['a page of somebody else', 200, 'text/html', '<html>Bienvenue à l’hôtel</html>'],
    ['half a document', 200, 'application/json', '{"MessageId": "01'],
    ['no id', 200, 'application/json', '{}'],
    ['a page in trouble', 400, 'text/html', '<html>Bad request</html>'],
  ])('%s is no answer of SES', async (_name, status, type, body) => {
    const ses = await stubSes((response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    onTestFinished(() => ses.close());
    const { result, report } = await ourMailerAt(ses.origin).send(invoiceMail());
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('bad-answer');
    expect(report.detail).toContain('voir EMAIL_URL');
    expect(report.detail).not.toContain('hôtel');
  });
});

describe('what the network does', () => {
  test('nobody listens', async () => {
    const mailer = ourMailerAt(`http://127.0.0.1:${await freePort()}`);
    const { result, report } = await mailer.send(invoiceMail());
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'connection-refused', statusCode: null });
  });

  test('the name is unknown', async () => {
    const { report } = await ourMailerAt('http://ses.invalid').send(invoiceMail());
    expect(report.outcome).toBe('dns');
  });

  test('the connection is cut before an answer', async () => {
    const port = await rawServer((socket) => socket.once('data', () => socket.destroy()));
    const { report } = await ourMailerAt(`http://127.0.0.1:${port}`).send(invoiceMail());
    expect(report.outcome).toBe('connection-lost');
  });

  test('no answer comes, or only the beginning of one', async () => {
    for (const says of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Mess']) {
      const port = await rawServer((socket) => socket.once('data', () => socket.write(says)));
      const { result, report } = await ourMailerAt(`http://127.0.0.1:${port}`, 300).send(
        invoiceMail(),
      );
      expect(result).toBe('unavailable');
      expect(report.outcome).toBe('timeout');
      expect(report.durationMs).toBeLessThan(2_000);
    }
  });

  test('the keys do not come', async () => {
    const mailer = sesMailer({
      address: { region: REGION, endpoint: null, configurationSet: null },
      from: FROM,
      credentials: () => new Promise(() => undefined),
      timeouts: { sendMs: 100 },
    });
    onTestFinished(() => mailer.close());
    const { result, report } = await mailer.send(invoiceMail());
    expect([result, report.outcome]).toEqual(['unavailable', 'timeout']);
  });

  test('the answer is not HTTP', async () => {
    const port = await rawServer((socket) =>
      socket.once('data', () => socket.write('220 smtp\r\n')),
    );
    const { report } = await ourMailerAt(`http://127.0.0.1:${port}`).send(invoiceMail());
    expect(report.outcome).toBe('bad-answer');
  });

  test('the server is not who it says, or speaks no TLS', async () => {
    const port = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'));
    const { report } = await ourMailerAt(`https://127.0.0.1:${port}`).send(invoiceMail());
    expect(report.outcome).toBe('tls');
  });

  test('a mail under way when the program ends is finished first', async () => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    const ses = await stubSes(async (response) => {
      await mayAnswer;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"MessageId":"1"}');
    });
    onTestFinished(() => ses.close());
    const mailer = mailerAt(ses.origin);
    const sending = mailer.send(invoiceMail());
    while (ses.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = mailer.close();
    answer();
    expect((await sending).result).toBe('accepted');
    await closed;
  });
});

function never(): never {
  throw new Error('nothing was sent');
}
