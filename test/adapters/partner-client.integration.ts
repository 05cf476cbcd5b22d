// The partner client over real sockets: what it sends, byte for byte, what it keeps of an answer,
// and how it treats its connections. Its failures have files of their own.

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { partnerClient } from '#adapters/partner/partner-client.ts';
import { signatureHeaders } from '#adapters/partner/standard-webhooks.ts';
import { aRequest, partnerCallerContract } from '#test/contracts/partner-caller.ts';
import { partnerCalls, SHORTLY } from '#test/support/partner-calls.ts';
import { startPartnerServer } from '#test/support/partner-server.ts';

const KEPT_BYTES = 16_384;

partnerCallerContract('the partner client', async () => {
  const server = await startPartnerServer();
  const caller = partnerClient({ timeoutMs: 1_500, allowInsecure: true });
  return {
    caller,
    url: server.url,
    behave: (behaviour) => server.always(behaviour === 'silent' ? 'hang' : behaviour),
    received: () => server.requests.map((request) => request.body),
    async close() {
      await caller.close();
      await server.close();
    },
  };
});

const partner = partnerCalls();

describe('the request a partner receives', () => {
  test('is a POST with the headers of the guide and nothing undici likes to add', async () => {
    await partner.post({ url: partner.server.url.replace('orders', 'orders?site=12') });
    const [received] = partner.server.requests;
    expect(received).toMatchObject({ method: 'POST', path: '/api/comptappart/orders?site=12' });
    const { 'webhook-signature': signature, ...headers } = received?.headers ?? {};
    expect(headers).toEqual({
      host: `127.0.0.1:${partner.server.port}`,
      connection: 'keep-alive',
      'content-length': '43',
      'content-type': 'application/json',
      'user-agent': 'ComptAppart-Webhook/1.0',
      'accept-encoding': 'identity',
      'x-api-key': 'une-cle-de-partenaire-assez-longue-8e21',
      'webhook-id': '0d6f9c3e-5a52-4f0e-9a53-6a1f4b0f7f11',
      'webhook-timestamp': '1772706030',
    });
    expect(signature).toMatch(/^v1,/);
    const names = received?.rawHeaders.filter((_, index) => index % 2 === 0);
    expect(names).toEqual(expect.arrayContaining(['Content-Type', 'User-Agent', 'X-API-KEY']));
  });

  test('is signed over the bytes that arrive', async () => {
    const given = { ...aRequest(partner.server.url), body: '{"nom":"Zoé 🏠","prix":99.99}' };
    const { report } = await partner.post(given);
    const [received] = partner.server.requests;
    const expected = signatureHeaders({
      id: given.notificationId,
      sentAt: given.sentAt,
      body: received?.body ?? '',
      secrets: [given.signingSecret],
    });
    expect(received?.headers).toMatchObject(expected);
    expect(report.request?.headers).toMatchObject(expected);
  });

  test('carries two signatures while two secrets are valid', async () => {
    const { signingSecret } = aRequest(partner.server.url);
    const old = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    await partner.post({ signingSecret: `${signingSecret} ${old}` });
    await partner.post({ signingSecret });
    const [both, one] = partner.server.requests.map(({ headers }) => headers['webhook-signature']);
    expect(String(both).split(' ')).toHaveLength(2);
    expect(String(both)).toContain(one);
  });

  test('is not sent with an API key that no header can carry', async () => {
    for (const apiKey of [
      '',
      'une clé accentuée qui est bien assez longue',
      'a\r\nX-Admin: 1',
      ' a',
    ]) {
      const { result, report } = await partner.post({ apiKey });
      expect(result).toBe('refused');
      expect(report).toMatchObject({ outcome: 'not-configured', statusCode: null });
    }
    expect(partner.server.connections()).toBe(0);
  });

  test('is sent once, even when the connection breaks', async () => {
    await partner.postTo('reset');
    expect(partner.server.requests).toHaveLength(1);
    expect(partner.server.connections()).toBe(1);
  });
});

describe('an answer', () => {
  test('is logged with its headers as text, a repeated one as a list', async () => {
    const headers = { 'X-Trace': 'abc', 'Set-Cookie': ['a=1', 'b=2'] };
    const { report } = await partner.postTo({ status: 201, headers, body: 'créée' });
    expect(report.response).toMatchObject({ body: 'créée', truncated: false });
    expect(report.response?.headers).toMatchObject({ 'x-trace': 'abc', 'set-cookie': 'a=1, b=2' });
  });

  test('may have headers with the names of JavaScript’s own properties', async () => {
    const raw =
      'HTTP/1.1 200 OK\r\n__proto__: a\r\n__proto__: b\r\nconstructor: c\r\nContent-Length: 0\r\n\r\n';
    const { result, report } = await partner.postTo({ raw });
    expect(result).toBe('accepted');
    expect(Object.entries(report.response?.headers ?? {})).toEqual(
      expect.arrayContaining([
        ['__proto__', 'a, b'],
        ['constructor', 'c'],
      ]),
    );
  });

  test('is stored without NUL and with what is not UTF-8 replaced', async () => {
    const body = Buffer.from([0x61, 0x00, 0xff, 0x62, 0xc3, 0xa9, 0xed, 0xa0, 0x80]);
    const { report } = await partner.postTo({ status: 400, body });
    expect(report.response?.body).toBe('a\ufffdbé\ufffd\ufffd\ufffd');
    expect(report.response?.body.isWellFormed()).toBe(true);
  });

  test('that echoes the request does not bring the API key into the log', async () => {
    const { apiKey } = aRequest(partner.server.url);
    const { report } = await partner.postTo({
      status: 500,
      headers: { 'X-Echo': `key=${apiKey}` },
      body: `{"X-API-KEY":"${apiKey}"}`,
    });
    expect(JSON.stringify(report)).not.toContain('une-cle-de-partenaire');
    expect(report.response?.headers['x-echo']).toBe('key=****8e21');
  });

  test('of exactly 16 KiB is kept whole', async () => {
    const { report } = await partner.postTo({ status: 200, body: 'x'.repeat(KEPT_BYTES) });
    expect(report.response?.body).toHaveLength(KEPT_BYTES);
    expect(report.response?.truncated).toBe(false);
  });

  test('longer than 16 KiB is cut there, between two characters, and marked', async () => {
    const { result, report } = await partner.postTo({ status: 200, body: `x${'é'.repeat(9_000)}` });
    expect(result).toBe('accepted');
    expect(report.response?.body).toBe(`x${'é'.repeat((KEPT_BYTES - 2) / 2)}`);
    expect(report.response?.truncated).toBe(true);
  });

  test('that never ends is hung up on, and its status counts', async () => {
    const { result, report } = await partner.postTo('endless');
    expect(result).toBe('accepted');
    expect(report).toMatchObject({ statusCode: 200, response: { truncated: true } });
    expect(report.response?.body).toHaveLength(KEPT_BYTES);
    await expect.poll(() => partner.server.openSockets()).toBe(0);
  });

  test('that is a compressed bomb stays compressed', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const headers = { 'content-encoding': 'gzip' };
    const { result, report } = await partner.postTo({ status: 200, headers, body: bomb });
    expect(result).toBe('accepted');
    expect(report.response?.body.length).toBeLessThanOrEqual(KEPT_BYTES);
    expect(report.response?.truncated).toBe(true);
  });

  test('that redirects is followed nowhere', async () => {
    const elsewhere = await startPartnerServer();
    for (const status of [301, 302, 303, 307, 308]) {
      const { report } = await partner.postTo({ status, headers: { Location: elsewhere.url } });
      expect(report).toMatchObject({ outcome: 'redirect', statusCode: status });
      expect(report.response?.headers.location).toBe(elsewhere.url);
    }
    expect(elsewhere.connections()).toBe(0);
    await elsewhere.close();
  });

  test('after other interim answers is the one that counts', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(3);
    const { report } = await partner.postTo({ raw: `${hints}HTTP/1.1 204 No Content\r\n\r\n` });
    expect(report).toMatchObject({ outcome: 'accepted', statusCode: 204 });
  });

  test('before the request was asked for, by a server in a hurry, counts', async () => {
    const { report } = await partner.postTo({
      raw: 'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnon',
    });
    expect(report).toMatchObject({ outcome: 'refused', response: { body: 'non' } });
  });

  test('in HTTP/1.0, ended by the connection alone, counts', async () => {
    const { report } = await partner.postTo({ raw: 'HTTP/1.0 200 OK\r\n\r\nbien reçu' });
    expect(report).toMatchObject({ outcome: 'accepted', response: { body: 'bien reçu' } });
  });
});

describe('the connections of a client', () => {
  test('are used again in a burst', async () => {
    const shared = partner.client();
    for (let call = 0; call < 10; call += 1) await shared.post(aRequest(partner.server.url));
    expect(partner.server.requests).toHaveLength(10);
    expect(partner.server.connections()).toBeLessThan(5);
  });

  test('are not kept until the partner closes them under a call', async () => {
    const shared = partner.client();
    await shared.post(aRequest(partner.server.url));
    await expect.poll(() => partner.server.openSockets(), { timeout: 4_000 }).toBe(0);
    expect((await shared.post(aRequest(partner.server.url))).result).toBe('accepted');
  });

  test('are closed when the calls under way have ended, and no call begins after', async () => {
    partner.server.next({ status: 200, afterMs: 200 });
    const shared = partner.client();
    const call = shared.post(aRequest(partner.server.url));
    await expect.poll(() => partner.server.requests.length).toBe(1);
    await shared.close();
    expect((await call).result).toBe('accepted');
    await expect.poll(() => partner.server.openSockets()).toBe(0);
    await expect(shared.post(aRequest(partner.server.url))).rejects.toThrow('closed');
  });

  test('do not keep a close waiting longer than the deadline', async () => {
    partner.server.always('hang');
    const shared = partner.client(SHORTLY);
    const calls = [
      shared.post(aRequest(partner.server.url)),
      partner
        .client({ ...SHORTLY, resolve: () => new Promise(() => {}) })
        .post(aRequest('http://partenaire.example/')),
    ];
    const startedAt = Date.now();
    await partner.closeClients();
    expect(Date.now() - startedAt).toBeLessThan(SHORTLY.timeoutMs + 900);
    const results = (await Promise.all(calls)).map((answer) => answer.report.outcome);
    expect(results).toEqual(['timeout', 'timeout']);
  });
});

test('a fault of the program is thrown, not logged as the partner’s', async () => {
  await expect(partner.post({ signingSecret: 'rien' })).rejects.toThrow('signing secret');
  const broken = () => {
    throw new TypeError('a bug');
  };
  await expect(partner.post({ url: 'http://a.example/' }, { resolve: broken })).rejects.toThrow();
});
