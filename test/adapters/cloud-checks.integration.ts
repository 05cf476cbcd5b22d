// What doctor learns of the bucket and of SES, before a customer does: the rights are tried as the
// program would use them, nothing is sent, and each finding says what to do.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { AwsKeys } from '#adapters/aws-address.ts';
import { sesCheck } from '#adapters/email/ses-check.ts';
import { s3Check } from '#adapters/files/s3-check.ts';
import { parseS3Url, type S3Address } from '#adapters/files/s3-url.ts';
import { freePort } from '#test/support/mail-servers.ts';
import {
  BUCKET,
  fail,
  npmS3,
  S3RVER_KEYS,
  STRICT_KEYS,
  type StrictOptions,
  strictS3,
} from '#test/support/s3-servers.ts';
import { npmSes, SES_KEYS, sesError, stubSes } from '#test/support/ses-servers.ts';
import { TOPIC } from '#test/support/sns-topic.ts';

const clock = { now: () => new Date() };

describe('the bucket', () => {
  const PROBE = 'kept/comptappart-doctor.txt';

  function look(origin: string, keys: AwsKeys | (() => Promise<AwsKeys>) = STRICT_KEYS) {
    const url = `s3://${BUCKET}/kept?region=eu-west-3&endpoint=${origin}`;
    return s3Check({ address: parseS3Url(url) as S3Address, clock, credentials: keys });
  }

  async function strict(options: StrictOptions = {}) {
    const server = await strictS3(options);
    onTestFinished(() => server.close());
    return server;
  }

  test('is well when a file can be written, read and opened by a link', async () => {
    const server = await strict();
    for (const _again of [1, 2]) {
      const { detail, action } = await look(server.origin);
      expect(detail).toBe(
        `s3://${BUCKET}/kept/ (${server.origin})\u00A0: écriture, lecture et liens essayés`,
      );
      expect(action).toBeNull();
    }
    expect([...server.held.keys()]).toEqual([PROBE]);
    expect(server.requests.filter((it) => it.startsWith('DELETE'))).toEqual([]);
  });

  test('is well on s3rver, too', async () => {
    const server = await npmS3();
    onTestFinished(() => server.close());
    expect((await look(server.origin, S3RVER_KEYS)).action).toBeNull();
  });

  test('whose links would die with a role’s keys is told', async () => {
    const server = await strict();
    const expiration = new Date(Date.now() + 5.5 * 3_600_000);
    const found = await look(server.origin, async () => ({ ...STRICT_KEYS, expiration }));
    expect(found.detail).toContain('finissent dans 5,5\u00A0h');
    expect(found.action).toContain('utilisateur IAM');
  });

  test.each([
    ['PUT', 403, 'AccessDenied', 'Donnez le droit s3:PutObject sur arn:aws:s3:::invoices/kept/*.'],
    ['GET', 403, 'AccessDenied', 'Donnez le droit s3:GetObject sur arn:aws:s3:::invoices/kept/*.'],
    ['PUT', 404, 'NoSuchBucket', 'Créez-le, ou corrigez STORAGE_URL.'],
    ['PUT', 403, 'InvalidAccessKeyId', 'Vérifiez AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY.'],
    ['PUT', 301, 'PermanentRedirect', 'Corrigez region dans STORAGE_URL.'],
  ])('that answers a %s by %i %s', async (method, status, code, action) => {
    const server = await strict({
      instead(request, response) {
        if (request.method !== method) return false;
        fail(response, status, code);
        return true;
      },
    });
    expect((await look(server.origin)).action).toBe(action);
  });

  test('whose links do not open', async () => {
    const server = await strict({
      instead(request, response) {
        if (!request.url?.includes('X-Amz-Signature')) return false;
        fail(response, 403, 'AccessDenied');
        return true;
      },
    });
    const { detail, action } = await look(server.origin);
    expect(detail).toContain('ne s’ouvre pas (réponse 403)');
    expect(action).toContain('link-endpoint');
  });

  test('that nobody serves', async () => {
    const { detail, action } = await look(`http://127.0.0.1:${await freePort()}`);
    expect(detail).toContain('serveur injoignable');
    expect(action).toContain('STORAGE_URL');
  });
});

describe('SES', () => {
  const FROM = 'factures@comptappart.example';
  const ACCOUNT = { SendingEnabled: true, ProductionAccessEnabled: true };
  const IDENTITY = { VerifiedForSendingStatus: true, DkimAttributes: { SigningEnabled: true } };
  const EVENTS = {
    EventDestinations: [
      {
        Name: 'us',
        Enabled: true,
        MatchingEventTypes: ['BOUNCE', 'COMPLAINT', 'DELIVERY', 'REJECT'],
        SnsDestination: { TopicArn: TOPIC },
      },
    ],
  };

  type Answer = object | readonly [status: number, name: string, message?: string];
  type Answers = {
    readonly account?: Answer;
    readonly identity?: Answer;
    readonly events?: Answer;
    readonly send?: Answer;
  };

  async function look(answers: Answers = {}, topicArns: readonly string[] = [TOPIC]) {
    const ses = await stubSes((response, { url = '' }) => {
      const { account = ACCOUNT, identity = IDENTITY, events = EVENTS } = answers;
      const { send = [400, 'BadRequestException', 'Missing required header To'] } = answers;
      const given = url.includes('/account')
        ? account
        : url.includes('/identities/')
          ? identity
          : url.includes('/event-destinations')
            ? events
            : send;
      if (Array.isArray(given)) return void sesError(response, given[0], given[1], given[2] ?? '');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(given));
    });
    onTestFinished(() => ses.close());
    const address = { region: 'eu-west-3', endpoint: ses.origin, configurationSet: 'invoices' };
    const found = await sesCheck({ address, from: FROM, topicArns, credentials: SES_KEYS });
    return { ...found, sent: ses.sent };
  }

  test('is well when account, sender, events and the right to send are', async () => {
    const { detail, action, sent } = await look();
    expect(detail).toMatch(/^SES http:\S+ prend nos e-mails$/);
    expect(action).toBeNull();
    expect(sent.map((it) => it.Destination)).toEqual([undefined]);
  });

  test('is well, and says what it could not see, with the right to send alone', async () => {
    const denied = [403, 'AccessDeniedException', 'not authorized'] as const;
    const { detail, action } = await look({ account: denied, identity: denied, events: denied });
    expect(detail).toContain('ses:GetAccount, ses:GetEmailIdentity');
    expect(action).toBeNull();
  });

  test.each<[string, Answers, RegExp, RegExp]>([
    ['a paused account', { account: { SendingEnabled: false } }, /suspendus/, /console/],
    [
      'an account on trial',
      { account: { ...ACCOUNT, ProductionAccessEnabled: false } },
      /mode d’essai/,
      /production/,
    ],
    [
      'a day’s quota nearly used',
      { account: { ...ACCOUNT, SendQuota: { Max24HourSend: 200, SentLast24Hours: 199 } } },
      /199 e-mails sur 200/,
      /quota/,
    ],
    ['an unknown sender', { identity: [404, 'NotFoundException'] }, /ne connaît ni/, /EMAIL_FROM/],
    [
      'a sender not yet verified',
      { identity: { VerifiedForSendingStatus: false } },
      /ne connaît ni/,
      /EMAIL_FROM/,
    ],
    [
      'no DKIM',
      { identity: { ...IDENTITY, DkimAttributes: { SigningEnabled: false } } },
      /sans DKIM/,
      /DNS/,
    ],
    ['no configuration set', { events: [404, 'NotFoundException'] }, /n’existe pas/, /EMAIL_URL/],
    ['events that go elsewhere', { events: {} }, /ne publie pas/, /SES_SNS_TOPIC_ARNS/],
    ['no right to send', { send: [403, 'AccessDeniedException'] }, /interdit/, /ses:SendRawEmail/],
    ['sending paused', { send: [400, 'SendingPausedException'] }, /Paused/, /réseau/],
    ['wrong keys', { account: [403, 'UnrecognizedClientException'] }, /refusées/, /clés AWS/],
    ['trouble at SES', { account: [503, 'ServiceUnavailable'] }, /pas de réponse/, /réseau/],
  ])('%s', async (_name, answers, detail, action) => {
    const found = await look(answers);
    expect(found.detail).toMatch(detail);
    expect(found.action).toMatch(action);
  });

  test('other people’s idea of SES passes, as far as it goes', async () => {
    const ses = await npmSes();
    onTestFinished(() => ses.close());
    const address = { region: 'eu-west-3', endpoint: ses.origin, configurationSet: null };
    const given = { address, from: FROM, topicArns: [], credentials: SES_KEYS };
    expect(await sesCheck(given)).toMatchObject({ action: null });
  });

  test('nobody', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const address = { region: 'eu-west-3', endpoint, configurationSet: null };
    const found = await sesCheck({ address, from: FROM, topicArns: [], credentials: SES_KEYS });
    expect(found.detail).toContain('ECONNREFUSED');
    expect(found.action).toContain('EMAIL_URL');
  });
});
