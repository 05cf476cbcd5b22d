// What SES tells by way of SNS, over real HTTP, on the real database: only SNS's own word about our
// own topics counts, the same word twice counts once, and a customer without an invoice is seen on
// the notification and told to a person once.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { httpApp } from '#adapters/http/app.ts';
import type { FetchText } from '#adapters/http/sns-signature.ts';
import { SNS_BYTES_MAX } from '#adapters/http/sns-webhook.ts';
import { listNotifications } from '#adapters/postgres/notification-lists.ts';
import { journeyOfPayment } from '#adapters/postgres/payment-journey.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { recordMailEvent } from '#application/record-mail-event.ts';
import { commandLine } from '#test/support/command-line.ts';
import {
  BOUNCE,
  CERTIFICATE_URL,
  type SnsFields,
  type SnsTopic,
  sesWords,
  snsTopic,
  TOPIC,
} from '#test/support/sns-topic.ts';
import { type ToldBooks, toldBooks } from '#test/support/told-books.ts';

let books: ToldBooks;
let topic: SnsTopic;
let url: string;
let server: Server;
/** The e-mails of the two orders. */
let ids: readonly string[];
const logged: string[] = [];
const HOUR_MS = 3_600_000;
const now = () => books.clock.now();

beforeAll(async () => {
  books = await toldBooks();
  topic = snsTopic({ now });
  ({ server, url } = await serve(topic.fetchText));
  const rows = await books.db
    .selectFrom('notification')
    .select('id')
    .where('channel', '=', 'email')
    .orderBy('order_id')
    .execute();
  ids = rows.map(({ id }) => id);
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await books.close();
});
beforeEach(() => {
  books.raised.length = 0;
  books.noted.length = 0;
  logged.length = 0;
});

async function serve(fetchText: FetchText, topicArns: readonly string[] = [TOPIC]) {
  const { alerts, clock, notes } = books.base;
  const tell = (_fields: object, message: string) => void logged.push(message);
  const log = { error: tell, info: tell };
  const stripe = stripeClient({ secretKey: 'sk_test_x', apiBase: null });
  const app = httpApp({
    webhook: {
      stripe,
      webhookSecrets: [],
      livemode: false,
      receive: async () => 'stored',
      alerts,
      clock,
      log,
    },
    sesWebhook: {
      topicArns,
      record: (event, snsMessageId) => recordMailEvent(books.base, { ...event, snsMessageId }),
      notes,
      clock,
      log,
      fetchText,
    },
    readiness: { checkDatabase: async () => {}, isStopping: () => false },
    files: null,
    pages: null,
    sandbox: null,
    log,
  });
  const listening = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return { server: listening, url: `http://127.0.0.1:${port}/webhooks/ses` };
}

async function post(body: SnsFields | string, to = url) {
  const response = await fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function events(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from mail_event`.execute(books.db);
  return rows[0]?.n ?? -1;
}

describe('a mail that comes back', () => {
  test('is seen on its notification, which stays sent, and told to a person', async () => {
    const message = topic.message(sesWords('Bounce', BOUNCE, { notificationId: ids[0] ?? '' }));
    expect(await post(message)).toEqual({ status: 200, text: '{"outcome":"recorded"}' });
    const listed = await listNotifications(books.db, { limit: 10 });
    expect(listed.find(({ id }) => id === ids[0])).toMatchObject({
      state: 'completed',
      mailEvent: {
        kind: 'bounced',
        at: new Date('2026-11-22T13:32:25Z'),
        detail: 'Permanent/NoEmail: smtp; 550 5.1.1 <[…]>: user […] unknown',
      },
    });
    expect(listed.find(({ id }) => id === ids[1])?.mailEvent).toBeNull();
    expect(books.raised).toEqual([
      {
        kind: 'mail-returned',
        message: `The mail of order ${books.told} was taken and then bounced`,
        ids: { notificationId: ids[0], orderId: books.told },
      },
    ]);
  });

  test('told again by the same message changes nothing', async () => {
    const [notificationId = ''] = ids;
    const message = topic.message(sesWords('Complaint', {}, { notificationId }));
    const before = await events();
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(message)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(answers.filter(({ text }) => text.includes('recorded'))).toHaveLength(1);
    expect(await events()).toBe(before + 1);
    expect(books.raised).toHaveLength(1);
  });

  test('told by several messages is on record each time, and told to a person once', async () => {
    const [, notificationId = ''] = ids;
    const words = sesWords('Bounce', BOUNCE, { notificationId });
    const before = await events();
    await Promise.all([1, 2, 3].map(() => post(topic.message(words))));
    expect(await events()).toBe(before + 3);
    expect(books.raised).toHaveLength(1);
  });

  test('and one that arrived, in the order in which it happened', async () => {
    const [, notificationId = ''] = ids;
    const at = (timestamp: string) => ({ ...BOUNCE, timestamp });
    const words = { notificationId };
    await post(topic.message(sesWords('Complaint', at('2026-11-22T16:00:00Z'), words)));
    await post(topic.message(sesWords('Delivery', at('2026-11-22T13:32:22Z'), words)));
    const journey = await journeyOfPayment(books.db, 'pi_2');
    const mail = journey?.orders[0]?.notifications.find(({ id }) => id === notificationId);
    expect(mail?.state).toBe('completed');
    const kinds = mail?.mailEvents.map(({ kind }) => kind);
    expect([kinds?.[0], kinds?.at(-1)]).toEqual(['delivered', 'complained']);
  });

  test('is found by SES’s own id when SES gives ours not back', async () => {
    const [notification_id = ''] = ids;
    await books.db
      .insertInto('attempt')
      .values({
        notification_id,
        number: 9,
        round: 1,
        lease_token: crypto.randomUUID(),
        started_at: new Date('2026-11-22T13:32:20Z'),
        message_id: 'ses-by-id',
      })
      .execute();
    const told = (words: object) => post(topic.message(sesWords('Delivery', {}, words)));
    expect((await told({ messageId: 'ses-by-id' })).text).toContain('recorded');
    expect((await told({ messageId: 'ses-other' })).text).toContain('unknown');
    const later = { messageId: 'ses-by-id', sentAt: '2026-11-25T13:32:21Z' };
    expect((await told(later)).text).toContain('unknown');
  });

  test('can be read by an operator', async () => {
    const env = { SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') };
    const cli = commandLine({ ...env, DATABASE_URL: books.url });
    const list = await cli.run(['notifications', 'list']);
    expect(list.stdout.replace(/\n +/g, ' ')).toContain(
      'Signalée comme indésirable par le destinataire',
    );
    const order = await cli.run(['orders', 'show', String(books.told)]);
    expect(order.stdout).toContain('Rejetée par la boîte du destinataire');
    expect(order.stdout).toContain('Permanent/NoEmail: smtp; 550 5.1.1');
    type Order = { order: { notifications: { mailEvents: { kind: string }[] }[] } };
    const { document } = await cli.json<Order>(['orders', 'show', String(books.told)]);
    expect(document.order.notifications[0]?.mailEvents.at(-1)?.kind).toBe('bounced');
  });
});

describe('what is none of our business is taken and forgotten', () => {
  test.each([
    ['a mail of another program', sesWords('Bounce', BOUNCE, { messageId: 'theirs' })],
    ['an id that is no id', sesWords('Bounce', BOUNCE, { notificationId: "' or true --" })],
    ['an open', sesWords('Open', {})],
    ['SES’s own test', 'Successfully validated SNS topic for Amazon SES event publishing.'],
  ])('%s', async (_name, text) => {
    const before = await events();
    expect((await post(topic.message(text))).status).toBe(200);
    expect(await events()).toBe(before);
    expect(books.raised).toEqual([]);
  });
});

const GOOD = () => topic.message(sesWords('Bounce', BOUNCE, { notificationId: ids[0] ?? '' }));

test('a webhook is no mail, whatever SES says', async () => {
  const { id } = await books.db
    .selectFrom('notification')
    .select('id')
    .where('channel', '=', 'webhook')
    .limit(1)
    .executeTakeFirstOrThrow();
  const { text } = await post(topic.message(sesWords('Bounce', BOUNCE, { notificationId: id })));
  expect(text).toContain('unknown');
});

describe('what is not SNS’s own word about our topic is refused', () => {
  const FOREIGN = 'arn:aws:sns:eu-west-3:999999999999:ses-events';
  const ELSEWHERE = CERTIFICATE_URL.replace('eu-west-3', 'eu-west-1');

  async function refused(message: SnsFields | string, status = 403) {
    const before = await events();
    const answer = await post(message);
    expect(answer.status, answer.text).toBe(status);
    expect(await events()).toBe(before);
    expect(books.raised).toEqual([]);
  }

  test('any signed field changed, added or left out', async () => {
    const good = GOOD();
    const changed = { Message: `${good.Message} `, MessageId: 'x', Subject: 'x' };
    const at = new Date(now().getTime() + 1).toISOString();
    for (const [name, value] of Object.entries({ ...changed, Timestamp: at })) {
      await refused({ ...good, [name]: value });
    }
    const { Message: _, ...without } = good;
    await refused(without, 400);
    expect((await post(good)).status).toBe(200);
  });

  test('the right words under another key', async () => {
    await refused(snsTopic({ now }).message(sesWords('Bounce', BOUNCE)));
  });

  test('SHA-1 where SHA-256 was signed, and the reverse', async () => {
    await refused({ ...GOOD(), SignatureVersion: '1' });
    await refused({ ...GOOD(), SignatureVersion: '3' });
    await refused({ ...GOOD(), Signature: '' }, 400);
  });

  test('a topic that is not ours, before anything is fetched', async () => {
    const before = topic.fetched.length;
    await refused(topic.message('x', { TopicArn: FOREIGN }));
    await refused(topic.message('x', { TopicArn: `${TOPIC}2` }));
    expect(topic.fetched).toHaveLength(before);
  });

  test.each([
    ['in clear', CERTIFICATE_URL.replace('https', 'http')],
    ['of another region', ELSEWHERE],
    ['of somebody else', CERTIFICATE_URL.replace('amazonaws.com', 'amazonaws.com.evil.example')],
    ['of somebody else, by user name', CERTIFICATE_URL.replace('sns.', 'sns.amazonaws.com@')],
    ['on another port', CERTIFICATE_URL.replace('.com/', '.com:8443/')],
    ['of another service', CERTIFICATE_URL.replace('sns.', 's3.')],
    ['with another path', CERTIFICATE_URL.replace('Simple', 'bucket/Simple')],
    ['with a question', `${CERTIFICATE_URL}?x=.pem`],
    ['that is no address', 'nowhere'],
  ])('a certificate %s', async (_name, SigningCertURL) => {
    const before = topic.fetched.length;
    await refused(topic.message('x', { SigningCertURL }));
    expect(topic.fetched).toHaveLength(before);
  });

  test('a message older than SNS would ever repeat, or from the future', async () => {
    const at = (ms: number) => new Date(now().getTime() + ms).toISOString();
    await refused(topic.message('x', { Timestamp: at(-2 * HOUR_MS - 1) }));
    await refused(topic.message('x', { Timestamp: at(HOUR_MS) }));
    expect((await post(topic.message('x', { Timestamp: at(-HOUR_MS) }))).status).toBe(200);
  });

  test('often, and the log hears of each reason once a minute', async () => {
    const own = await serve(topic.fetchText);
    const stranger = { ...GOOD(), TopicArn: FOREIGN };
    for (const message of [stranger, stranger, '{}', stranger, '{}']) await post(message, own.url);
    books.clock.advance(60_000);
    await post(stranger, own.url);
    expect(books.noted.map((it) => it.slice(it.lastIndexOf(' ') + 1))).toEqual([
      'unknown-topic',
      'not-sns',
      'unknown-topic',
    ]);
    own.server.close();
  });

  test('a certificate that has run out', async () => {
    const past = snsTopic({ now, validTo: new Date(now().getTime() - 1) });
    const own = await serve(past.fetchText);
    expect((await post(past.message('x'), own.url)).status).toBe(403);
    own.server.close();
  });

  test.each([
    ['nothing', ''],
    ['no JSON', 'Bounce'],
    ['a list', '[]'],
    ['another type', '{"Type":"Nonsense"}'],
    ['members of other kinds', '{"Type":"Notification","MessageId":{},"TopicArn":[]}'],
  ])('%s', async (_name, body) => {
    await refused(body, 400);
  });

  test('more than SNS ever sends', async () => {
    await refused('x'.repeat(SNS_BYTES_MAX + 1), 413);
  });
});

test('both kinds of signature are known', async () => {
  for (const SignatureVersion of ['1', '2']) {
    expect(
      (await post(topic.message('x', { SignatureVersion, Subject: 'Amazon SES' }))).status,
    ).toBe(200);
  }
});

test('the certificate is fetched once, also when many messages come at once', async () => {
  const fresh = snsTopic({ now });
  const own = await serve(fresh.fetchText);
  await Promise.all(Array.from({ length: 8 }, () => post(fresh.message('x'), own.url)));
  expect(fresh.fetched).toEqual([CERTIFICATE_URL]);
  own.server.close();
});

test('a certificate that cannot be had now is asked for again, and SNS to come back', async () => {
  let isAway = true;
  const own = await serve(async (address) => {
    if (isAway) throw new Error('away');
    return topic.fetchText(address);
  });
  const message = GOOD();
  expect((await post(message, own.url)).status).toBe(503);
  isAway = false;
  expect((await post(message, own.url)).status).toBe(200);
  own.server.close();
});

describe('a subscription', () => {
  test('to our topic is confirmed', async () => {
    expect(await post(topic.confirmation())).toEqual({
      status: 200,
      text: '{"outcome":"confirmed"}',
    });
    expect(topic.fetched.at(-1)).toContain('Action=ConfirmSubscription');
    expect(logged).toEqual(['SNS will tell us what becomes of our mails']);
  });

  test.each([
    ['another host', 'https://evil.example/?Action=ConfirmSubscription&TopicArn='],
    ['another deed', 'https://sns.eu-west-3.amazonaws.com/?Action=DeleteTopic&TopicArn='],
    ['a machine inside', 'http://169.254.169.254/?Action=ConfirmSubscription&TopicArn='],
  ])('that would lead us to %s is refused, however signed', async (_name, address) => {
    const before = topic.fetched.length;
    const message = topic.confirmation({ SubscribeURL: address + TOPIC });
    expect((await post(message)).status).toBe(403);
    expect(topic.fetched).toHaveLength(before);
  });

  test('that ends is told, and not taken up again by itself', async () => {
    const before = topic.fetched.length;
    expect((await post(topic.confirmation({ Type: 'UnsubscribeConfirmation' }))).status).toBe(200);
    expect(topic.fetched).toHaveLength(before);
    expect(books.noted).toEqual(['SNS will no longer tell us what becomes of our mails']);
  });
});
