// Everything a partner's server, network or name can do to a call, over real sockets: each way of
// not answering has its word in the log, none takes longer than the deadline, none throws.

import { type AddressInfo, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aRequest } from '#test/contracts/partner-caller.ts';
import { leadingTo, partnerCalls, SHORTLY } from '#test/support/partner-calls.ts';
import type { ScriptedAnswer } from '#test/support/partner-server.ts';

const partner = partnerCalls();
// The deadline and what a busy machine may add to it.
const SOON_MS = SHORTLY.timeoutMs + 900;

describe('no answer that counts', () => {
  const noAnswer = { result: 'unavailable', report: { statusCode: null } };

  test.each([
    ['silence', 'hang', null],
    ['an interim answer and then silence', rawStay('HTTP/1.1 102 Processing\r\n\r\n'), null],
    ['half a header and then silence', rawStay('HTTP/1.1 200 OK\r\nX-A: b'), null],
    ['a body that drips', { dripEveryMs: 50 }, '200'],
    [
      'a body that is promised and does not come',
      rawStay('HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n'),
      '404',
    ],
    [
      'a chunk that is promised and does not come',
      rawStay('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'),
      '200',
    ],
  ] as const)('is %s, when the time is up', async (_, answer, begun) => {
    const outcome = await partner.postTo(answer, SHORTLY);
    expect(outcome).toMatchObject(noAnswer);
    expect(outcome.report.outcome).toBe('timeout');
    expect(outcome.report.durationMs).toBeGreaterThanOrEqual(SHORTLY.timeoutMs - 5);
    expect(outcome.report.durationMs).toBeLessThan(SOON_MS);
    expect(outcome.report.detail).toBe(
      begun === null
        ? 'Aucune réponse en 600\u00a0ms.'
        : `La réponse ${begun} n’était pas terminée après 600\u00a0ms.`,
    );
    expect(outcome.report.response === null).toBe(begun === null);
    await expect.poll(() => partner.server.openSockets()).toBe(0);
  });

  test('keeps in the log what the partner had begun to say', async () => {
    const { report } = await partner.postTo({ dripEveryMs: 50 }, SHORTLY);
    expect(report.response?.body).toMatch(/^\.{3,}$/);
    expect(report.response?.truncated).toBe(true);
  });

  test.each([
    ['a connection that is reset', 'reset', null],
    ['a connection that is closed without a word', { raw: '' }, null],
    ['a connection that is closed in the headers', { raw: 'HTTP/1.1 200 OK\r\nX-A' }, null],
    ['a connection that is reset in the body', 'reset-in-body', 'cinq!'],
    [
      'a body shorter than promised',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc' },
      'abc',
    ],
  ] as const)('is %s', async (_, answer, begun) => {
    const outcome = await partner.postTo(answer);
    expect(outcome).toMatchObject(noAnswer);
    expect(outcome.report.outcome).toBe('connection-lost');
    expect(outcome.report.response?.body ?? null).toBe(begun);
    expect(outcome.report.detail).toMatch(
      /a coupé la connexion avant la fin de sa réponse \(.*\)\.$/,
    );
  });

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html>bonjour</html>'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\n\r\n'],
    ['a NUL in a header', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n'],
    ['a flood of headers', `HTTP/1.1 200 OK\r\n${'X-Flood: abcdefgh\r\n'.repeat(2_000)}\r\n`],
    ['one endless header', `HTTP/1.1 200 OK\r\nX-Flood: ${'a'.repeat(40_000)}`],
    ['a go-ahead nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n'],
    ['status 600', 'HTTP/1.1 600 Quoi\r\nContent-Length: 0\r\n\r\n'],
    ['status 999', 'HTTP/1.1 999 Quoi\r\nContent-Length: 0\r\n\r\n'],
  ])('is %s', async (_, raw) => {
    const outcome = await partner.postTo({ raw });
    expect(outcome.result).toBe('unavailable');
    expect(outcome.report.outcome).toBe('bad-answer');
    expect(outcome.report.detail).toMatch(/\.$/);
  });

  test.each(['000', '042', '099'])('is status %s, which is none', async (status) => {
    const outcome = await partner.postTo({
      raw: `HTTP/1.1 ${status} Quoi\r\nContent-Length: 0\r\n\r\n`,
    });
    expect(outcome).toMatchObject(noAnswer);
    expect(outcome.report.outcome).toBe('bad-answer');
  });

  test('is whatever else a server can write: a call never throws for it', async () => {
    const fuzzed = partner.client({ timeoutMs: 40 });
    const answers = fc.array(fc.constantFrom(...PIECES_OF_HTTP), { minLength: 1, maxLength: 12 });
    const played = fc.asyncProperty(answers, async (pieces) => {
      partner.server.next({ raw: pieces.join('') });
      const { result, report } = await fuzzed.post(aRequest(partner.server.url));
      expect(['accepted', 'refused', 'unavailable']).toContain(result);
      expect(report.statusCode === null).toBe(report.response?.truncated ?? true);
    });
    await fc.assert(played, { numRuns: 300, endOnFailure: true });
  });
});

describe('a partner that cannot be reached', () => {
  test('refuses the connection', async () => {
    const port = await freePort();
    const { result, report } = await partner.post({ url: `http://127.0.0.1:${port}/` });
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({
      outcome: 'connection-refused',
      statusCode: null,
      response: null,
      detail: `Le serveur 127.0.0.1, port ${port} refuse la connexion (ECONNREFUSED).`,
    });
  });

  test('refuses it at each of its addresses', async () => {
    const url = `http://partenaire.example:${await freePort()}/`;
    const { report } = await partner.post(
      { url },
      { resolve: leadingTo('127.0.0.1', '127.0.0.2') },
    );
    expect(report.outcome).toBe('connection-refused');
  });

  test('is reached at its second address when the first is dead', async () => {
    const url = `http://partenaire.example:${partner.server.port}/`;
    const { report } = await partner.post(
      { url },
      { resolve: leadingTo('127.0.0.2', '127.0.0.1') },
    );
    expect(report).toMatchObject({ outcome: 'accepted', statusCode: 200 });
    expect(partner.server.requests).toHaveLength(1);
  });

  test('has no name in the DNS', async () => {
    const unknown = Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    const url = 'https://partenaire.example/';
    const { result, report } = await partner.post(
      { url },
      { resolve: () => Promise.reject(unknown) },
    );
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({
      outcome: 'dns',
      detail: 'Le nom partenaire.example est introuvable dans le DNS (ENOTFOUND).',
    });
  });

  test('has name servers that never answer', async () => {
    const url = 'https://partenaire.example/';
    const { report } = await partner.post(
      { url },
      { ...SHORTLY, resolve: () => new Promise(() => {}) },
    );
    expect(report.outcome).toBe('timeout');
    expect(report.durationMs).toBeLessThan(SOON_MS);
  });

  test('whose name is found after the deadline gets no late request', async () => {
    const url = `http://partenaire.example:${partner.server.port}/`;
    const resolve = async () => {
      await new Promise((resolved) => setTimeout(resolved, SHORTLY.timeoutMs + 100));
      return [{ address: '127.0.0.1', family: 4 }];
    };
    expect((await partner.post({ url }, { ...SHORTLY, resolve })).report.outcome).toBe('timeout');
    await new Promise((resolved) => setTimeout(resolved, 300));
    expect(partner.server.requests).toHaveLength(0);
  });

  test('takes the connection and never shakes hands', async () => {
    const mute = createServer(() => {});
    const port = await listen(mute);
    const { report } = await partner.post({ url: `https://127.0.0.1:${port}/` }, SHORTLY);
    expect(report.outcome).toBe('timeout');
    expect(report.durationMs).toBeLessThan(SOON_MS);
    mute.close();
  });

  test('does not hold up another partner behind the same host', async () => {
    partner.server.always((request) => (request.path === '/lent' ? 'hang' : { status: 200 }));
    const shared = partner.client({ timeoutMs: 2_000 });
    const slow = Array.from({ length: 40 }, () =>
      shared.post(aRequest(partner.server.url.replace('/api/comptappart/orders', '/lent'))),
    );
    await expect.poll(() => partner.server.requests.length).toBe(40);
    const { report } = await shared.post(aRequest(partner.server.url));
    expect(report).toMatchObject({ outcome: 'accepted', statusCode: 200 });
    const outcomes = (await Promise.all(slow)).map((answer) => answer.report.outcome);
    expect(new Set(outcomes)).toEqual(new Set(['timeout']));
  });
});

const PIECES_OF_HTTP = [
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 204 No\r\n', 'HTTP/1.0 302 \r\n', 'HTTP/1.1 103 A\r\n'],
  ...['HTTP/1.1 100 C\r\n', 'HTTP/1.1 101 S\r\n', 'HTTP/1.1 042 A\r\n', 'HTTP/2.0 500\r\n'],
  ...['Content-Length: 3\r\n', 'Content-Length: -1\r\n', 'Transfer-Encoding: chunked\r\n'],
  ...['Transfer-Encoding: gzip, chunked\r\n', 'Connection: close\r\n', 'Upgrade: h2c\r\n'],
  ...['Connection: upgrade\r\n', 'Keep-Alive: timeout=0\r\n', 'Trailer: A\r\n', 'A: b\r\n'],
  ...['\r\n', '\n', '\r', '\0', '3\r\nabc\r\n', '0\r\n', 'ffffffff\r\n', '-1\r\n', 'abc', ':'],
];

function rawStay(raw: string): ScriptedAnswer {
  return { raw, stay: true };
}

function listen(listener: Server): Promise<number> {
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
}

async function freePort(): Promise<number> {
  const taken = createServer();
  const port = await listen(taken);
  await new Promise((resolve) => taken.close(resolve));
  return port;
}
