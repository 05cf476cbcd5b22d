// The door Stripe knocks at, over real HTTP, on the real database: what is signed is stored once,
// everything else is refused with the right status and leaves nothing behind.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as dial } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp } from '#adapters/http/app.ts';
import { BODY_BYTES_MAX } from '#adapters/http/stripe-webhook.ts';
import { connect } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { eventIntake } from '#application/event-intake.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';

const SECRETS = ['whsec_old', 'whsec_new'];
const now = () => Math.floor(Date.now() / 1000);

let books: TestBooks;
let server: Server;
let url: string;
const errors: string[] = [];

beforeAll(async () => {
  books = await testBooks();
  books.clock.now = () => new Date();
  ({ server, url } = await serve(eventIntake(books.base).receive));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await books.close();
});

async function serve(receive: Parameters<typeof httpApp>[0]['webhook']['receive']) {
  const stripe = stripeClient({ secretKey: 'sk_test_x', apiBase: null });
  const log = { error: (_fields: object, message: string) => void errors.push(message) };
  const { alerts, clock } = books.base;
  const app = httpApp({
    webhook: { stripe, webhookSecrets: SECRETS, livemode: false, receive, alerts, clock, log },
    sesWebhook: null,
    readiness: {
      checkDatabase: async () => void (await sql`select 1`.execute(books.db)),
      isStopping: () => false,
    },
    files: null,
    pages: null,
    sandbox: null,
    log,
  });
  const listening = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return { server: listening, url: `http://127.0.0.1:${port}` };
}

let made = 0;
function event(overrides: object = {}): string {
  made += 1;
  return JSON.stringify({
    id: `evt_http_${made}`,
    object: 'event',
    type: 'checkout.session.completed',
    api_version: '2026-10-28.endive',
    created: now(),
    livemode: false,
    data: { object: { id: 'cs_test_1', object: 'checkout.session' } },
    ...overrides,
  });
}

function v1(body: string | Buffer, secret = 'whsec_new', t = now()): string {
  const mac = createHmac('sha256', secret).update(`${t}.`).update(body).digest('hex');
  return mac;
}
const signed = (body: string | Buffer, secret = 'whsec_new', t = now()) =>
  `t=${t},v1=${v1(body, secret, t)}`;

async function post(
  body: string | Buffer,
  headers: Record<string, string> = { 'stripe-signature': signed(body) },
  to = url,
) {
  const response = await fetch(`${to}/webhooks/stripe`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const answer = (await response.json()) as {
    received?: boolean;
    duplicate?: boolean;
    error?: string;
  };
  return { status: response.status, ...answer };
}

async function storedCount(): Promise<{ events: number; jobs: number }> {
  const { rows } = await sql<{ events: number; jobs: number }>`
    select (select count(*)::int from stripe_event) as events,
      (select count(*)::int from graphile_worker.jobs) as jobs`.execute(books.db);
  return rows[0] ?? { events: -1, jobs: -1 };
}

test('a signed event is stored with its job, and known the second time', async () => {
  const before = await storedCount();
  const body = event();
  expect(await post(body)).toEqual({ status: 200, received: true, duplicate: false });
  expect(await post(body)).toEqual({ status: 200, received: true, duplicate: true });
  expect(await storedCount()).toEqual({ events: before.events + 1, jobs: before.jobs + 1 });
});

test('the same event 50 times at once is one row and one job', async () => {
  const before = await storedCount();
  const body = event();
  const answers = await Promise.all(Array.from({ length: 50 }, () => post(body)));
  expect(answers.every((answer) => answer.status === 200)).toBe(true);
  expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
  expect(await storedCount()).toEqual({ events: before.events + 1, jobs: before.jobs + 1 });
});

test('any of the configured secrets will do, also as the second signature of a header', async () => {
  const body = event();
  expect(await post(body, { 'stripe-signature': signed(body, 'whsec_old') })).toMatchObject({
    status: 200,
  });
  const other = event();
  const t = now();
  const two = `t=${t},v1=${v1(other, 'whsec_unknown', t)},v1=${v1(other, 'whsec_new', t)}`;
  expect(await post(other, { 'stripe-signature': two })).toMatchObject({ status: 200 });
});

test('names of any script, a megabyte of text, and text/plain are taken as they come', async () => {
  const before = await storedCount();
  const name = 'Éloïse 🎉 \u202E\u0000 שלום';
  const body = event({ data: { object: { id: 'cs_1', name, filler: 'x'.repeat(1024 * 1024) } } });
  const answer = await post(body, {
    'stripe-signature': signed(body),
    'content-type': 'text/plain',
  });
  expect(answer.status).toBe(200);
  const lone = `${event().slice(0, -1)},"note":"\\ud800 \\u0000"}`;
  expect(await post(lone)).toMatchObject({ status: 200 });
  expect((await storedCount()).events).toBe(before.events + 2);
});

const BODY = '{"object":"event"}';
test.each<[string, string | Buffer, (body: string | Buffer) => Record<string, string>]>([
  ['no signature', BODY, () => ({})],
  ['an empty signature', BODY, () => ({ 'stripe-signature': '' })],
  ['the wrong secret', BODY, (b) => ({ 'stripe-signature': signed(b, 'whsec_other') })],
  ['another body’s signature', BODY, () => ({ 'stripe-signature': signed('{}') })],
  [
    'a signature five minutes and a second old',
    BODY,
    (b) => ({ 'stripe-signature': signed(b, 'whsec_new', now() - 301) }),
  ],
  [
    'a signature an hour ahead',
    BODY,
    (b) => ({ 'stripe-signature': signed(b, 'whsec_new', now() + 3600) }),
  ],
  ['only a v0 signature', BODY, (b) => ({ 'stripe-signature': signed(b).replace('v1=', 'v0=') })],
  ['an empty v1', BODY, () => ({ 'stripe-signature': `t=${now()},v1=` })],
  ['a timestamp that is none', BODY, (b) => ({ 'stripe-signature': `t=abc,v1=${v1(b)}` })],
  ['no timestamp', BODY, (b) => ({ 'stripe-signature': `v1=${v1(b)}` })],
  ['garbage', BODY, () => ({ 'stripe-signature': '=,=,,t=1,v1=zz' })],
  ['an empty body', '', (b) => ({ 'stripe-signature': signed(b) })],
  ['a body that is not JSON', 'hello', (b) => ({ 'stripe-signature': signed(b) })],
  ['a signed null', 'null', (b) => ({ 'stripe-signature': signed(b) })],
  ['a signed []', '[]', (b) => ({ 'stripe-signature': signed(b) })],
  ['a signed {}', '{}', (b) => ({ 'stripe-signature': signed(b) })],
  ['a signed text', '"x"', (b) => ({ 'stripe-signature': signed(b) })],
  ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), (b) => ({ 'stripe-signature': signed(b) })],
  [
    'an event without a type',
    event({ type: undefined }),
    (b) => ({ 'stripe-signature': signed(b) }),
  ],
  [
    'an event without livemode',
    event({ livemode: undefined }),
    (b) => ({ 'stripe-signature': signed(b) }),
  ],
  ['an event with an empty id', event({ id: '' }), (b) => ({ 'stripe-signature': signed(b) })],
  [
    'an event with an object for an id',
    event({ id: {} }),
    (b) => ({ 'stripe-signature': signed(b) }),
  ],
  ['an event without data', event({ data: null }), (b) => ({ 'stripe-signature': signed(b) })],
  [
    'an event of a fractional second',
    event({ created: 1.5 }),
    (b) => ({ 'stripe-signature': signed(b) }),
  ],
])('%s is refused with 400 and leaves nothing', async (_what, body, headersOf) => {
  const before = await storedCount();
  expect(await post(body, headersOf(body))).toMatchObject({
    status: 400,
    error: expect.any(String),
  });
  expect(await storedCount()).toEqual(before);
});

test('a signature header sent twice is refused', async () => {
  const body = event();
  const raw = await rawRequest(
    `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
      `Stripe-Signature: ${signed(body)}\r\nStripe-Signature: ${signed(body)}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  expect(raw).toMatch(/^HTTP\/1.1 400/);
});

test('a thin event is refused with a hint at the setting', async () => {
  const body = JSON.stringify({
    id: 'evt_thin',
    object: 'v2.core.event',
    type: 'v1.checkout.session.completed',
    livemode: false,
    created: '2026-11-22T13:00:00Z',
  });
  const answer = await post(body);
  expect(answer.status).toBe(400);
  expect(answer.error).toContain('Snapshot');
});

test('an event of the other mode is refused and a person is told', async () => {
  const before = await storedCount();
  expect(await post(event({ livemode: true }))).toMatchObject({ status: 400 });
  expect(books.raised.at(-1)?.kind).toBe('livemode');
  expect(await storedCount()).toEqual(before);
});

test('20 MB are refused before they are read', async () => {
  const before = await storedCount();
  const raw = await rawRequest(
    'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=1,v1=x\r\n' +
      `Content-Length: ${20 * 1024 * 1024}\r\n\r\n{"a":`,
  );
  expect(raw).toMatch(/^HTTP\/1.1 413/);
  const chunk = 'x'.repeat(64 * 1024);
  const chunked =
    'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
    `10000\r\n${chunk}\r\n`.repeat(BODY_BYTES_MAX / chunk.length + 2);
  expect(await rawRequest(chunked)).toMatch(/^HTTP\/1.1 413/);
  expect(await storedCount()).toEqual(before);
});

test('a compressed body is refused with 415', async () => {
  const body = event();
  const headers = { 'stripe-signature': signed(body), 'content-encoding': 'gzip' };
  expect(await post(body, headers)).toMatchObject({ status: 415 });
});

test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'])('%s is refused with 405', async (method) => {
  const response = await fetch(`${url}/webhooks/stripe`, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toContain('POST');
});

test('a slash at the end is the same address, another path is 404', async () => {
  const body = event();
  const response = await fetch(`${url}/webhooks/stripe/`, {
    method: 'POST',
    body,
    headers: { 'stripe-signature': signed(body) },
    redirect: 'manual',
  });
  expect(response.status).toBe(200);
  expect((await fetch(`${url}/webhooks/other`, { method: 'POST' })).status).toBe(404);
});

test('without the database Stripe is told to come back, and readiness is off', async () => {
  const away = connect('postgres://x:x@127.0.0.1:1/none', { connectionsMax: 1 });
  const { clock, secrets } = books;
  const transact = postgresTransact(away, { clock, secrets });
  const other = await serve(eventIntake({ transact, clock }).receive);
  const body = event();
  const answer = await post(body, { 'stripe-signature': signed(body) }, other.url);
  expect(answer.status).toBe(503);
  expect(errors.at(-1)).toBe('the event could not be stored');
  other.server.close();
  await away.destroy();
});

test('when too much waits to be stored, Stripe is told to come back later', async () => {
  const limits = { batchEvents: 128, batchLength: 1_000, waitingLength: 1_000 };
  const other = await serve(eventIntake(books.base, limits).receive);
  const before = await storedCount();
  const body = event();
  const response = await fetch(`${other.url}/webhooks/stripe`, {
    method: 'POST',
    body,
    headers: { 'stripe-signature': signed(body) },
  });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
  expect(await storedCount()).toEqual(before);
  other.server.close();
});

test('an instant that no calendar knows makes no event', async () => {
  const body = event({ created: Number.MAX_SAFE_INTEGER });
  expect(await post(body, { 'stripe-signature': signed(body) })).toMatchObject({ status: 400 });
});

test('health says live and ready', async () => {
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({ status: 'ready' });
});

/** Sends bytes as they are and returns the beginning of the answer. */
async function rawRequest(text: string): Promise<string> {
  const socket = dial(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {}); // the server hangs up on what it does not want to read
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.includes('\r\n\r\n')) break;
  }
  socket.destroy();
  return answer;
}
