// Calls through an egress proxy, over real sockets: what it learns (a name), what it does not (all
// the rest), and that its own failures are told apart from the partner's in the attempt log.

import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PartnerClientOptions } from '#adapters/partner/partner-client.ts';
import { aRequest } from '#test/contracts/partner-caller.ts';
import { type ConnectProxy, startConnectProxy } from '#test/support/connect-proxy.ts';
import { leadingTo, partnerCalls, SHORTLY } from '#test/support/partner-calls.ts';
import { type PartnerServer, startPartnerServer } from '#test/support/partner-server.ts';
import { testAuthority } from '#test/support/tls-certificates.ts';

const NAME = 'api.partenaire.example';
const PUBLIC = '93.184.215.14';
const authority = testAuthority();
const certificate = authority.issue({ names: [NAME] });
const partner = partnerCalls();
let secure: PartnerServer;
let proxy: ConnectProxy;

beforeEach(async () => {
  secure = await startPartnerServer({ tls: certificate });
  proxy = await startConnectProxy({ port: secure.port });
});
afterEach(async () => {
  await partner.closeClients();
  await proxy.close();
  await secure.close();
});

const proxied = (changes: Partial<PartnerClientOptions> = {}): Partial<PartnerClientOptions> => ({
  allowInsecure: false,
  ca: authority.certificate,
  resolve: leadingTo(PUBLIC),
  proxy: { url: proxy.url },
  ...changes,
});
const post = (changes: Partial<PartnerClientOptions> = {}, url = `https://${NAME}/orders`) =>
  partner.post({ url }, proxied(changes));
const unknownName = () =>
  Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }));

describe('through an egress proxy', () => {
  test('a partner is called by its name, in a tunnel of TLS', async () => {
    const { result, report } = await post();
    expect(result).toBe('accepted');
    expect(report).toMatchObject({ outcome: 'accepted', statusCode: 200, detail: null });
    expect(secure.requests).toMatchObject([
      { method: 'POST', path: '/orders', headers: { host: NAME } },
    ]);
    expect(proxy.asked).toMatchObject([
      { authority: `${NAME}:443`, headers: { host: `${NAME}:443` } },
    ]);
    expect(proxy.plainRequests()).toBe(0);
  });

  test('the proxy can read neither key, nor signature, nor order, nor answer', async () => {
    secure.next({ status: 200, body: 'bien reçu, merci' });
    const { report } = await post();
    expect(report.response?.body).toBe('bien reçu, merci');
    const request = aRequest('');
    const carried = proxy.carried();
    expect(carried.length).toBeGreaterThan(1_000);
    for (const word of [request.apiKey ?? '', 'X-API-KEY', 'x-api-key', 'order_id', 'webhook-'])
      expect(carried).not.toContain(word);
    expect(carried).not.toContain('/orders');
    expect(carried).not.toContain('merci');
  });

  test('the partner and the log see nothing of the proxy', async () => {
    const credentials = 'comptappart:un-mot-de-passe-de-proxy';
    const asking = await startConnectProxy({ port: secure.port, credentials });
    const url = new URL(asking.url);
    [url.username = '', url.password = ''] = credentials.split(':');
    const { report } = await post({ proxy: { url } });
    expect(report.outcome).toBe('accepted');
    expect(JSON.stringify(report)).not.toMatch(/mot-de-passe|proxy/i);
    expect(JSON.stringify(secure.requests)).not.toMatch(/mot-de-passe|proxy/i);
    await asking.close();
  });

  test('credentials may hold any character', async () => {
    const credentials = 'compt@appart:p:ä/ss?%';
    const asking = await startConnectProxy({
      port: secure.port,
      credentials: Buffer.from(credentials).toString('latin1'),
    });
    const url = new URL(asking.url);
    url.username = encodeURIComponent('compt@appart');
    url.password = encodeURIComponent('p:ä/ss?%');
    expect((await post({ proxy: { url } })).report.outcome).toBe('accepted');
    await asking.close();
  });

  test('the connections are used again, tunnel and all', async () => {
    const shared = partner.client(proxied());
    for (let call = 0; call < 5; call += 1) await shared.post(aRequest(`https://${NAME}/orders`));
    expect(secure.requests).toHaveLength(5);
    expect(proxy.asked.length).toBeLessThan(3);
    await shared.close();
    await expect.poll(() => proxy.openSockets()).toBe(0);
  });

  test.each([
    ['HTTP/1.0', 'HTTP/1.0 200 Connection established\r\nProxy-agent: Apache\r\n\r\n'],
    ['a length of nothing', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['chunks that are none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['an end that is none', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'],
  ])('a proxy may speak as old proxies do: %s', async (_, greeting) => {
    proxy.behave({ greeting });
    expect((await post()).report.outcome).toBe('accepted');
  });

  test('many calls at once have a tunnel each', async () => {
    const shared = partner.client(proxied());
    secure.always({ status: 200, afterMs: 100 });
    const calls = Array.from({ length: 12 }, () => shared.post(aRequest(`https://${NAME}/orders`)));
    const outcomes = (await Promise.all(calls)).map(({ report }) => report.outcome);
    expect(new Set(outcomes)).toEqual(new Set(['accepted']));
    expect(proxy.asked.length).toBe(12);
  });

  test('a proxy that is itself reached over TLS must prove its name', async () => {
    const ours = testAuthority('The network’s own authority');
    const tls = ours.issue({ names: ['localhost'] });
    const overTls = await startConnectProxy({ port: secure.port, tls });
    const url = new URL(overTls.url);
    url.hostname = 'localhost';
    const good = await post({ proxy: { url, ca: ours.certificate } });
    expect(good.report.outcome).toBe('accepted');
    const bad = await post({ proxy: { url } });
    expect(bad.report).toMatchObject({
      outcome: 'unreachable',
      detail: expect.stringMatching(/proxy de sortie de ComptAppart est injoignable.*UNABLE_TO_/),
    });
    await overTls.close();
  });
});

describe('the guard, before the proxy is asked', () => {
  test.each([
    ['http://api.partenaire.example/', 'HTTPS est exigé'],
    ['https://169.254.169.254/', 'pas une adresse IP'],
    ['https://[::1]/', 'pas une adresse IP'],
    ['https://localhost/', 'il y manque un point'],
    ['https://metadata.google.internal/', 'nom de réseau privé'],
  ])('refuses %s by the look of it', async (url, words) => {
    const { result, report } = await post({}, url);
    expect(result).toBe('refused');
    expect(report.outcome).toBe('blocked-address');
    expect(report.detail).toContain(words);
    expect(proxy.connections()).toBe(0);
  });

  test('refuses a name that leads inside, as far as our own DNS knows', async () => {
    const { result, report } = await post({ resolve: leadingTo(PUBLIC, '10.0.0.1') });
    expect(result).toBe('refused');
    expect(report).toMatchObject({
      outcome: 'blocked-address',
      detail: `${NAME} mène à 10.0.0.1, qui n’est pas une adresse publique d’Internet.`,
    });
    expect(proxy.connections()).toBe(0);
  });

  test('leaves a name that our DNS does not know to the proxy', async () => {
    expect((await post({ resolve: unknownName })).report.outcome).toBe('accepted');
  });

  test('does not wait long for a DNS that is silent, as where only the proxy has one', async () => {
    const { report } = await post({ resolve: () => new Promise(() => {}) });
    expect(report.outcome).toBe('accepted');
    expect(report.durationMs).toBeGreaterThan(1_000);
    expect(report.durationMs).toBeLessThan(4_000);
  });
});

describe('a proxy that opens no tunnel', () => {
  const server = `${NAME}, port 8443`;
  const url = `https://${NAME}:8443/orders`;
  const OURS = 'Le proxy de sortie de ComptAppart';
  const NO_HTTP = 'est injoignable ou ne répond pas en HTTP';
  const FLOOD = `HTTP/1.1 200 OK\r\nX-Flood: ${'a'.repeat(40_000)}`;

  test.each([
    ['403', { status: 403 }, `refuse d’ouvrir une connexion vers ${server} (réponse 403).`],
    ['407', { status: 407 }, 'ne reconnaît pas nos identifiants (réponse 407).'],
    ['302', { status: 302 }, `refuse d’ouvrir une connexion vers ${server} (réponse 302).`],
    ['502', { status: 502 }, `n’a pas pu joindre ${server} (réponse 502).`],
    ['504', { status: 504 }, `n’a pas pu joindre ${server} (réponse 504).`],
    ['a reset', 'reset', `${NO_HTTP} (ECONNRESET).`],
    ['another protocol', { raw: 'SSH-2.0-OpenSSH_9.2\r\n' }, `${NO_HTTP} (HTTPParserError).`],
    ['a flood of headers', { raw: FLOOD }, `${NO_HTTP} (UND_ERR_HEADERS_OVERFLOW).`],
  ] as const)(
    'but %s is no answer of the partner, and is tried again',
    async (_, behaviour, detail) => {
      proxy.behave(behaviour);
      const { result, report } = await post({}, url);
      expect(result).toBe('unavailable');
      expect(report).toMatchObject({ outcome: 'unreachable', statusCode: null, response: null });
      expect(report.detail).toBe(`${OURS} ${detail}`);
      expect(secure.connections()).toBe(0);
      await expect.poll(() => proxy.openSockets()).toBe(0);
    },
  );

  test('is told apart when it is not there at all', async () => {
    const { url: gone } = proxy;
    await proxy.close();
    const { result, report } = await post({ proxy: { url: gone } });
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({
      outcome: 'unreachable',
      detail: `${OURS} ${NO_HTTP} (ECONNREFUSED).`,
    });
    proxy = await startConnectProxy({ port: secure.port });
  });

  test('and says nothing is given up at the deadline', async () => {
    proxy.behave('hang');
    const { result, report } = await post(SHORTLY);
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({
      outcome: 'timeout',
      statusCode: null,
      detail: `La connexion avec ${NAME} (par le proxy de sortie) n’était pas établie après 600\u00a0ms.`,
    });
    expect(report.durationMs).toBeLessThan(SHORTLY.timeoutMs + 900);
    await expect.poll(() => proxy.openSockets()).toBe(0);
    expect(secure.connections()).toBe(0);
  });

  test('and does not even take the connection is given up at the deadline', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const dead = new URL(`https://127.0.0.1:${port}`);
    const { report } = await post({ ...SHORTLY, proxy: { url: dead } });
    expect(report.outcome).toBe('timeout');
    expect(report.durationMs).toBeLessThan(SHORTLY.timeoutMs + 900);
    mute.close();
  });
});

describe('behind the proxy', () => {
  test('a partner that answers too late is cut at the deadline, and the tunnel with it', async () => {
    secure.next('hang');
    const { report } = await post(SHORTLY);
    expect(report).toMatchObject({ outcome: 'timeout', detail: 'Aucune réponse en 600\u00a0ms.' });
    await expect.poll(() => proxy.openSockets()).toBe(0);
  });

  test('a partner’s own refusal is final, as without a proxy', async () => {
    secure.next({ status: 403 });
    expect(await post()).toMatchObject({
      result: 'refused',
      report: { outcome: 'refused', statusCode: 403 },
    });
  });

  test.each([
    ['nobody trusts', {}, { ca: testAuthority('Somebody else').certificate }, 'UNABLE_TO_VERIFY'],
    ['has expired', { validTo: new Date(Date.now() - 1_000) }, {}, 'le certificat a expiré'],
    ['is of another name', { names: ['autre.example'] }, {}, 'celui d’un autre nom'],
  ])('a certificate that %s gets no request', async (_, wish, options, words) => {
    const tls = authority.issue({ names: [NAME], ...wish });
    const bad = await startPartnerServer({ tls });
    const toBad = await startConnectProxy({ port: bad.port });
    const { result, report } = await post({ ...options, proxy: { url: toBad.url } });
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('tls');
    expect(report.detail).toContain(words);
    expect(report.detail).toContain(`${NAME} (par le proxy de sortie)`);
    expect(bad.requests).toHaveLength(0);
    await toBad.close();
    await bad.close();
  });

  test.each([0, 3_000])('a tunnel cut after %i bytes is a lost connection', async (bytes) => {
    proxy.behave({ resetAfterBytes: bytes });
    secure.always({ status: 200, body: 'x'.repeat(12_000) });
    const { result, report } = await post();
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'connection-lost', statusCode: null });
    expect(report.detail).toContain(`${NAME} (par le proxy de sortie)`);
  });

  test('a proxy that dies is used again when it is back', async () => {
    const shared = partner.client(proxied());
    const call = () => shared.post(aRequest(`https://${NAME}/orders`));
    secure.next({ status: 200, headers: { connection: 'close' } });
    expect((await call()).result).toBe('accepted');
    proxy.behave({ status: 502 });
    expect((await call()).report.outcome).toBe('unreachable');
    proxy.behave('tunnel');
    expect((await call()).result).toBe('accepted');
  });
});

describe('in local tests', () => {
  test('plain HTTP and this machine are called directly', async () => {
    const shared = partner.client(
      proxied({ allowInsecure: true, resolve: leadingTo('127.0.0.1') }),
    );
    const http = await shared.post(aRequest(partner.server.url));
    expect(http.report.outcome).toBe('accepted');
    const local = await shared.post(aRequest(`https://127.0.0.1:${secure.port}/`));
    expect(local.report.outcome).toBe('tls'); // the certificate is of another name
    expect(proxy.connections()).toBe(0);
  });

  test('anything else goes through it, also without a public address', async () => {
    const shared = partner.client(proxied({ allowInsecure: true, resolve: leadingTo('10.0.0.1') }));
    const { report } = await shared.post(aRequest(`https://${NAME}:9443/`));
    expect(report.outcome).toBe('accepted');
    expect(proxy.asked).toMatchObject([{ authority: `${NAME}:9443` }]);
  });
});
