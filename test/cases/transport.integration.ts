// Cases 1 to 22: what arrives at the door, how often, and what dies on the way. « 1111 » is one
// order, one invoice, one e-mail and one call of the partner (test/support/book-story.ts).

import { connect as dial, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import type { Transact } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { retryPayment } from '#application/retry-payment.ts';
import { type ConfigError, parseConfig } from '#src/config.ts';
import { BILAN, MONTHLY, of } from '#test/support/case-products.ts';
import { type Cases, type StripeEvent, secondsOf, startCases } from '#test/support/cases.ts';

const BY = { actor: 'the test', why: null };

let the: Cases;
beforeAll(async () => {
  the = await startCases();
});
afterAll(() => the.close());
beforeEach(() => the.begin());

const COMPLETED = 'checkout.session.completed';
const paid = (): StripeEvent => the.event(COMPLETED, the.buy(BILAN).session);
const signedAs = (signature: string) => ({ headers: { 'stripe-signature': signature } });

async function receivedCount(): Promise<number> {
  const { count } = await the.books.db
    .selectFrom('stripe_event')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Nothing stored as an event, and no effect; whatever the case posted. */
async function expectNothing(before: number): Promise<void> {
  await the.work();
  expect(await receivedCount()).toBe(before);
  expect(await the.outcome()).toBe('0000');
}

/** The ordinals of all invoices so far are exactly 1 to n. */
async function expectGapless(): Promise<void> {
  const rows = await the.books.db
    .selectFrom('invoice')
    .select(['year', 'ordinal', 'issued_at'])
    .orderBy('year')
    .orderBy('ordinal')
    .execute();
  const ofYear = Map.groupBy(rows, ({ year }) => year);
  for (const issued of ofYear.values()) {
    expect(issued.map(({ ordinal }) => ordinal)).toEqual(issued.map((_, index) => index + 1));
    const times = issued.map(({ issued_at }) => issued_at.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
}

test('1 no Stripe-Signature: 400, nothing', async () => {
  const before = await receivedCount();
  const body = JSON.stringify(paid());
  const response = await fetch(`${the.url}/webhooks/stripe`, { method: 'POST', body });
  expect(response.status).toBe(400);
  await expectNothing(before);
});

test('2 the wrong secret, or the live endpoint’s at the test endpoint: 400, nothing', async () => {
  const before = await receivedCount();
  expect(await the.post(paid(), { secret: 'whsec_another' })).toBe(400);
  expect(await the.post({ ...paid(), livemode: true }, { secret: 'whsec_live' })).toBe(400);
  await expectNothing(before);
});

test('3 one byte changed, or the JSON written anew by a proxy: 400, nothing', async () => {
  const before = await receivedCount();
  const body = JSON.stringify(paid(), null, 2);
  const signed = signedAs(the.sign(body));
  expect(await the.post(body.replace('"livemode": false', '"livemode": False'), signed)).toBe(400);
  expect(await the.post(JSON.stringify(JSON.parse(body)), signed)).toBe(400);
  await expectNothing(before);
});

test('4 a signature 301 s old or an hour ahead: 400; 300 s old: taken', async () => {
  const before = await receivedCount();
  const body = JSON.stringify(paid());
  const at = (skewS: number) => the.post(body, signedAs(the.sign(body, { skewS })));
  expect([await at(-301), await at(3600), await at(301)]).toEqual([400, 400, 400]);
  await expectNothing(before);
  expect(await at(-300)).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('5 a valid request captured and played again within 5 minutes: 200, no second effect', async () => {
  const body = JSON.stringify(paid());
  const captured = signedAs(the.sign(body));
  expect(await the.post(body, captured)).toBe(200);
  await the.work();
  the.books.clock.advance(299_000);
  expect(await the.post(body, captured)).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('6 two v1 of which the second is ours: taken; only v0, an empty v1, t=abc, twice: 400', async () => {
  const before = await receivedCount();
  const body = JSON.stringify(paid());
  const good = the.sign(body);
  const v1 = good.split('v1=')[1];
  const odd = [
    good.replace('v1=', 'v0='),
    `${good.split(',')[0]},v1=`,
    `t=abc,v1=${v1}`,
    `${good}, ${good}x`,
  ];
  for (const header of ['', 'v1', '=', ...odd.slice(0, 3)]) {
    expect(await the.post(body, signedAs(header)), header).toBe(400);
  }
  expect(await rawPost(body, [`Stripe-Signature: ${good}`, `Stripe-Signature: ${good}`])).toMatch(
    /^HTTP\/1.1 400/,
  );
  await expectNothing(before);
  const foreign = the.sign(body, { secret: 'whsec_another' });
  expect(await the.post(body, signedAs(`${foreign},v1=${v1}`))).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('7 a secret that is rolled: both are taken while both are set, the old one not after', async () => {
  const both = await the.openDoor({ secrets: ['whsec_old', 'whsec_new'] });
  expect(await the.post(paid(), { to: both, secret: 'whsec_old' })).toBe(200);
  expect(await the.post(paid(), { to: both, secret: 'whsec_new' })).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('2222');
  const rolled = await the.openDoor({ secrets: ['whsec_new'] });
  expect(await the.post(paid(), { to: rolled, secret: 'whsec_old' })).toBe(400);
});

test.each(['', 'whsec_a\n', ' whsec_a', 'whsec_a,', 'whsec_a,,whsec_b', 'whsec_a whsec_b'])(
  '8 the webhook secret %j refuses to start',
  (secret) => {
    const env = { STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_WEBHOOK_SECRETS: secret };
    const faults = faultsOf(env);
    expect(faults.join('\n')).toContain('STRIPE_WEBHOOK_SECRETS');
    expect(faults.join('\n')).not.toContain('whsec_a');
  },
);

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

test('9 signed, but not JSON, null, [], a text or {}: 400, nothing', async () => {
  const before = await receivedCount();
  for (const body of ['hello', 'null', '[]', '"x"', '{}', '17', '{"object":"event"}']) {
    expect(await the.post(body), body).toBe(400);
  }
  await expectNothing(before);
});

test('10 any content type will do, none too; a compressed body is 415', async () => {
  const types = ['text/plain', 'application/json', 'application/json; charset=utf-8', 'x/y'];
  for (const type of types) {
    expect(await the.post(paid(), { headers: { 'content-type': type } }), type).toBe(200);
  }
  const bare = JSON.stringify(paid());
  expect(await rawPost(bare, [`Stripe-Signature: ${the.sign(bare)}`])).toMatch(/^HTTP\/1.1 200/);
  const body = JSON.stringify(paid());
  const response = await fetch(`${the.url}/webhooks/stripe`, {
    method: 'POST',
    body: new Uint8Array(gzipSync(body)),
    headers: { 'content-encoding': 'gzip', 'stripe-signature': the.sign(body) },
  });
  expect(response.status).toBe(415);
  await the.work();
  expect(await the.outcome()).toBe('5555');
});

test('11 another method is 405, another path 404, and a slash at the end no redirect', async () => {
  const to = `${the.url}/webhooks/stripe`;
  for (const method of ['GET', 'PUT', 'HEAD', 'DELETE']) {
    expect((await fetch(to, { method })).status, method).toBe(405);
  }
  expect((await fetch(`${the.url}/webhook/stripe`, { method: 'POST' })).status).toBe(404);
  const body = JSON.stringify(paid());
  const headers = { 'stripe-signature': the.sign(body) };
  const slash = await fetch(`${to}/`, { method: 'POST', body, headers, redirect: 'manual' });
  expect(slash.status).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('12 nothing: 400; a megabyte: taken; 20 MB: 413 unread; a body that drips: cut off', async () => {
  const before = await receivedCount();
  expect(await the.post('')).toBe(400);
  const announced = await rawPost('{"a":', [
    'Content-Length: 20971520',
    'Stripe-Signature: t=1,v1=x',
  ]);
  expect(announced).toMatch(/^HTTP\/1.1 413/);
  const impatient = await the.openDoor({ requestTimeoutMs: 150 });
  const begun = performance.now();
  const answer = await rawPost(
    '{"a":',
    ['Content-Length: 500', 'Stripe-Signature: t=1,v1=x'],
    impatient,
  );
  expect(answer).toMatch(/^(HTTP\/1.1 40[08]|$)/);
  expect(performance.now() - begun).toBeLessThan(3_000);
  await expectNothing(before);
  expect(await the.post({ ...paid(), filler: 'x'.repeat(1024 * 1024) })).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('13 any script, NUL, lone surrogates, line breaks: signed as bytes, printed as one clean line', async () => {
  const name = 'Éloïse 🎉\u0000 \uFEFFMartin\r\nBcc: x@y.fr \u202Etfel\uD800';
  const { session } = the.buy({ ...BILAN, buyer: { name } });
  the.changeLines(session, () => ({ description: `\u202E${name}` }));
  const body = JSON.stringify(the.event(COMPLETED, session)).replace('🎉', '\\ud83c\\udf89');
  expect(body).toContain('\\u0000');
  expect(await the.post(body)).toBe(200);
  // No BOM ever comes from Stripe: the SDK decodes before it signs, and refuses it.
  expect(await the.post(`\uFEFF${JSON.stringify(paid())}`)).toBe(400);
  await the.work();
  expect(await the.outcome()).toBe('1111');
  const [invoice] = await the.invoices();
  expect(invoice?.buyer.name).toBe('Éloïse 🎉 Martin Bcc: x@y.fr tfel');
  expect(the.calls()[0].customer).toMatchObject({
    first_name: 'Éloïse',
    last_name: '🎉 Martin Bcc: x@y.fr tfel',
  });
});

test('14 Stripe hangs up before our answer: the event is ours, and its repetition known', async () => {
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const stored = Promise.withResolvers<string>();
  const slow = await the.openDoor({
    async receive(event) {
      entered.resolve();
      await gate.promise;
      const outcome = await receiveEvent(the.books.base, event);
      stored.resolve(outcome);
      return outcome;
    },
  });
  const event = paid();
  const body = JSON.stringify(event);
  const socket = await rawSend(body, [`Stripe-Signature: ${the.sign(body)}`], slow);
  await entered.promise;
  socket.destroy();
  gate.resolve();
  expect(await stored.promise).toBe('stored');
  expect(await the.post(event)).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('15 the database is away, or full in the middle: 503, nothing half-written; later 1111', async () => {
  const before = await receivedCount();
  const { clock, secrets, transact } = the.books;
  const away = connect('postgres://x:x@127.0.0.1:1/none', { connectionsMax: 1 });
  const noDatabase = postgresTransact(away, { clock, secrets });
  const diskFull: Transact = (work) =>
    transact((tx) =>
      work({
        ...tx,
        inbox: {
          ...tx.inbox,
          async store(events, at) {
            await tx.inbox.store(events, at);
            throw new Error('No space left on device');
          },
        },
      }),
    );
  const event = paid();
  for (const broken of [noDatabase, diskFull]) {
    const to = await the.openDoor({
      receive: (it) => receiveEvent({ transact: broken, clock }, it),
    });
    expect(await the.post(event, { to })).toBe(503);
  }
  await away.destroy();
  await expectNothing(before);
  expect(await the.post(event)).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('16 we die after any commit, before what it promised: the books resume it, still 1111', async () => {
  const event = paid();
  const die = async () => {
    await the.loseJobs();
    the.books.clock.advance(31_000);
  };
  await the.post(event);
  await die();
  expect(await the.recover()).toMatchObject({ requeued: 1 });
  await resolvePayment(the.needs, event.id);
  await die();
  expect(await the.recover()).toMatchObject({ requeued: 1 });
  const [invoice] = await the.invoices();
  await renderInvoice(the.needs, invoice?.number ?? '');
  await die();
  await the.recover(); // deliveries are claimed from the books, job or no job
  expect(await the.outcome()).toBe('1111');
  await die();
  expect(await the.recover()).toMatchObject({ requeued: 0 });
});

test('17 the same event 50 times at once: 50 × 200, one of each', async () => {
  const event = paid();
  const statuses = await Promise.all(Array.from({ length: 50 }, () => the.post(event)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  await the.work();
  expect(await the.outcome()).toBe('1111');
  await expectGapless();
});

test('18 50 orders at once, some rolled back first: numbers without a gap', async () => {
  const events = Array.from({ length: 50 }, paid);
  await Promise.all(events.map((event) => the.post(event)));
  let commits = 0;
  const flaky: Transact = (work) =>
    the.books.transact(async (tx) => {
      const result = await work(tx);
      commits += 1;
      if (commits % 5 === 0) throw new Error('the connection broke before the commit');
      return result;
    });
  const needs = { ...the.needs, transact: flaky };
  await Promise.allSettled(events.map(({ id }) => resolvePayment(needs, id)));
  await the.work();
  expect(await the.outcome()).toBe('50 50 50 50');
  await expectGapless();
});

test('19 two events of one type about one object: one of each', async () => {
  const { session } = the.buy(BILAN);
  await the.post(the.event(COMPLETED, session));
  await the.post(the.event(COMPLETED, session));
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('20 one event at two endpoints, each with its own secret: one of each', async () => {
  const other = await the.openDoor({ secrets: ['whsec_second'] });
  const event = paid();
  expect(await the.post(event)).toBe(200);
  expect(await the.post(event, { to: other, secret: 'whsec_second' })).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');
});

test('21 sent again by hand 10 days later: nothing; sent again when its cause is mended: once', async () => {
  const { session } = the.buy(BILAN);
  const event = await the.hear(COMPLETED, session);
  await the.pass(10 * 86_400_000);
  expect(await the.post(event)).toBe(200);
  await the.work();
  expect(await the.outcome()).toBe('1111');

  await the.begin();
  const stopped = await the.hear(COMPLETED, the.buy(of('prod_sans')).session);
  expect(await the.outcome()).toBe('0000 Q no-partner');
  the.change('prod_sans', { metadata: { partner: 'notaria' } });
  for (let times = 0; times < 2; times += 1) {
    expect(await the.post(stopped)).toBe(200);
    await the.work();
  }
  the.change('prod_sans', { metadata: {} });
  expect(await the.outcome()).toBe('1111');
  expect(the.alerts()).toHaveLength(1);
});

test('22 an event of more than 30 days ago waits for a person, who may let it pass', async () => {
  const { invoice } = the.buy(MONTHLY);
  const daysAgo = (days: number) => ({
    created: secondsOf(the.books.clock.now()) - days * 86_400 - 1,
  });
  await the.hear('customer.created', invoice, daysAgo(400));
  expect(await the.outcome()).toBe('0000');
  await the.hear('invoice.paid', invoice, daysAgo(30));
  await the.hear('invoice.payment_succeeded', invoice, daysAgo(30));
  expect(await the.outcome()).toBe('0000 Q too-old');
  expect(the.alerts()).toHaveLength(1);
  await retryPayment(the.books.base, invoice, BY);
  await the.work();
  expect(await the.outcome()).toBe('1111');

  await the.begin();
  await the.hear(COMPLETED, the.buy(BILAN).session, daysAgo(29));
  expect(await the.outcome()).toBe('1111');
});

/** Bytes as they are; what comes back until the server hangs up or has answered. */
async function rawPost(body: string, headers: readonly string[], to = the.url): Promise<string> {
  const socket = await rawSend(body, headers, to);
  let answer = '';
  try {
    for await (const chunk of socket) {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) break;
    }
  } catch {
    // The server hung up.
  }
  socket.destroy();
  return answer;
}

async function rawSend(body: string, headers: readonly string[], to: string): Promise<Socket> {
  const socket = dial(Number(new URL(to).port), '127.0.0.1');
  socket.on('error', () => {});
  const length = headers.some((header) => header.startsWith('Content-Length'))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = ['POST /webhooks/stripe HTTP/1.1', 'Host: x', ...headers, ...length];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}
