// Partners' servers that mean harm or know no better, below what node:http can be made to do: bytes
// at the wrong moment, without end, in another protocol. None may throw, hold a call past its
// deadline, fill our memory, or put into the attempt log what PostgreSQL or a reader cannot bear.

import { createServer as createH2Server, createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { aRequest } from '#test/contracts/partner-caller.ts';
import { type TestDatabase, testDatabase } from '#test/support/database.ts';
import { leadingTo, partnerCalls, SHORTLY } from '#test/support/partner-calls.ts';
import { testAuthority } from '#test/support/tls-certificates.ts';

const partner = partnerCalls();
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
const KEPT_BYTES = 16_384;

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server of bare sockets; answers how often it was connected to. */
async function bare(onSocket: (socket: Socket) => void) {
  let connections = 0;
  const port = await listening(
    createServer((socket) => {
      connections += 1;
      onSocket(socket);
    }),
  );
  return { url: `http://127.0.0.1:${port}/`, connections: () => connections };
}

/** Writes the piece again and again, as fast as it is read. */
function pour(socket: Socket, piece: string): void {
  const on = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', on);
  on();
}

const onceAsked = (answer: (socket: Socket) => void) =>
  bare((socket) => socket.once('data', () => answer(socket)));

describe('an answer at the wrong moment', () => {
  test.each([
    ['before the request, by a server that reads on', false],
    ['before the request, by a server that hangs up', true],
  ])('%s, counts once', async (_, hangsUp) => {
    const server = await bare((socket) => {
      socket.write(OK);
      socket.resume();
      if (hangsUp) socket.end();
    });
    const { report } = await partner.post({ url: server.url });
    // Which of the two the client meets first is the network's choice; never is it a success of
    // something else, and never more than one connection.
    expect(['accepted', 'connection-lost', 'bad-answer']).toContain(report.outcome);
    expect(server.connections()).toBe(1);
  });

  test('while the request is still on its way ends the call', async () => {
    const body = 'x'.repeat(8_000_000);
    const refusal = 'HTTP/1.1 413 Trop\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const server = await bare((socket) => socket.pause().write(refusal));
    const { result, report } = await partner.post({ url: server.url, body });
    expect(result).toBe('refused');
    expect(report).toMatchObject({ outcome: 'refused', statusCode: 413 });
  });

  test.each([
    ['in the same breath', 0],
    ['a moment later', 15],
  ])('ahead of the next request, %s, is not taken for its answer', async (_, laterMs) => {
    let asked = 0;
    const server = await bare((socket) => {
      socket.on('data', () => {
        asked += 1;
        if (laterMs === 0) return socket.write(OK.replace('abc', `a${asked}.`) + OK);
        socket.write(OK.replace('abc', `a${asked}.`));
        setTimeout(() => socket.write(OK), laterMs);
      });
    });
    const shared = partner.client();
    for (const turn of [1, 2, 3]) {
      const { report } = await shared.post(aRequest(server.url));
      expect(report.response?.body).toBe(`a${turn}.`);
      await new Promise((resolve) => setTimeout(resolve, 2 * laterMs));
    }
    expect(asked).toBe(3);
  });

  test('longer than it says does not spoil the next call', async () => {
    const server = await bare((socket) => socket.on('data', () => socket.write(`${OK}def`)));
    const shared = partner.client();
    for (let turn = 0; turn < 3; turn += 1) {
      const { report } = await shared.post(aRequest(server.url));
      expect(report).toMatchObject({ outcome: 'accepted', response: { body: 'abc' } });
    }
    expect(server.connections()).toBe(3);
  });
});

describe('a connection that the server closes', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['with its answer, without saying so', (socket) => socket.end(OK)],
    ['with a reset after its answer', (socket) => socket.write(OK, () => socket.resetAndDestroy())],
  ])('%s, is not used for the next call', async (_, answer) => {
    const server = await bare((socket) => socket.on('data', () => answer(socket)));
    const shared = partner.client();
    for (let turn = 0; turn < 40; turn += 1) {
      expect((await shared.post(aRequest(server.url))).report.outcome).toBe('accepted');
    }
    expect(server.connections()).toBe(40);
  });
});

describe('without end', () => {
  const begin = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  test('interim answers are cut short', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100);
    const server = await onceAsked((socket) => pour(socket, hint));
    const { result, report } = await partner.post({ url: server.url });
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'bad-answer', statusCode: null });
    expect(report.detail).toMatch(/51 interim answers and no other/);
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('trailers are cut short', async () => {
    const server = await onceAsked((socket) => {
      socket.write(`${begin}1\r\na\r\n0\r\n`);
      pour(socket, 'T: abc\r\n'.repeat(1_000));
    });
    const { report } = await partner.post({ url: server.url });
    expect(report).toMatchObject({ outcome: 'bad-answer', statusCode: null });
  });

  test.each<[string, string, string]>([
    ['the extension of a chunk', `${begin}1;`, 'a'.repeat(65_536)],
    ['the reason beside a status', 'HTTP/1.1 200 ', 'a'.repeat(65_536)],
  ])('%s holds neither the call nor our memory', async (_, start, piece) => {
    const server = await onceAsked((socket) => {
      socket.write(start);
      pour(socket, piece);
    });
    const before = process.memoryUsage().heapUsed;
    const { result, report } = await partner.post({ url: server.url }, SHORTLY);
    expect(result).toBe('unavailable');
    expect(['timeout', 'bad-answer']).toContain(report.outcome);
    expect(report.durationMs).toBeLessThan(SHORTLY.timeoutMs + 900);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('a header that drips is given up at the deadline', async () => {
    const server = await onceAsked((socket) => {
      const drops = setInterval(() => socket.write('a'), 10);
      socket.write('HTTP/1.1 200 OK\r\nX-A: ');
      socket.on('close', () => clearInterval(drops));
    });
    const { report } = await partner.post({ url: server.url }, SHORTLY);
    expect(report).toMatchObject({ outcome: 'timeout', statusCode: null, response: null });
    expect(report.durationMs).toBeLessThan(SHORTLY.timeoutMs + 900);
  });
});

describe('a redirect', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'file:///etc/passwd',
    '//127.0.0.1/',
    'gopher://10.0.0.1:6379/_FLUSHALL',
  ])('to %s is told and not followed', async (location) => {
    const { result, report } = await partner.postTo({ status: 307, headers: { location } });
    expect(result).toBe('refused');
    expect(report).toMatchObject({ outcome: 'redirect', statusCode: 307 });
    expect(report.response?.headers.location).toBe(location);
    expect(partner.server.requests).toHaveLength(1);
  });
});

describe('another protocol', () => {
  const NAME = 'partenaire.example';
  const authority = testAuthority();
  const certificate = authority.issue({ names: [NAME] });
  const trusted = { ca: authority.certificate, resolve: leadingTo('127.0.0.1') };
  const oldTls: TlsOptions = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };

  test('HTTP/2 alone, over TLS, is told', async () => {
    const server = createSecureServer({ ...certificate, allowHTTP1: false });
    const url = `https://${NAME}:${await listening(server as unknown as Server)}/`;
    const { result, report } = await partner.post({ url }, trusted);
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('tls');
    expect(report.detail).toContain('le serveur ne parle pas HTTP/1.1');
  });

  test('HTTP/2 in the clear is no answer', async () => {
    const url = `http://${NAME}:${await listening(createH2Server() as unknown as Server)}/`;
    expect((await partner.post({ url }, trusted)).report.outcome).toBe('bad-answer');
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is too old', async (maxVersion) => {
    const server = createTlsServer({ ...certificate, ...oldTls, maxVersion });
    const url = `https://${NAME}:${await listening(server)}/`;
    const { result, report } = await partner.post({ url }, trusted);
    expect(result).toBe('unavailable');
    expect(report.outcome).toBe('tls');
    expect(report.detail).toContain('la version de TLS est trop ancienne');
  });

  test('a cipher that hides nothing is refused', async () => {
    const weak = { ciphers: 'NULL@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...certificate, ...weak });
    const url = `https://${NAME}:${await listening(server)}/`;
    const { report } = await partner.post({ url }, trusted);
    expect(report.outcome).toBe('tls');
    expect(report.detail).toContain('aucun chiffrement n’est accepté des deux côtés');
  });

  test('a server that wants a certificate of ours gets none, and no request', async () => {
    let asked = 0;
    const wants = { requestCert: true, rejectUnauthorized: true };
    const server = createTlsServer({ ...certificate, ...wants }, () => {
      asked += 1;
    });
    const url = `https://${NAME}:${await listening(server)}/`;
    const { result, report } = await partner.post({ url }, trusted);
    expect(result).toBe('unavailable');
    expect(['tls', 'connection-lost']).toContain(report.outcome);
    expect(asked).toBe(0);
  });
});

describe('what is kept of an answer', () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await testDatabase();
    db = connect(database.url, { connectionsMax: 1 });
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  /** Whether PostgreSQL holds it, as the attempt's columns do, and gives it back the same. */
  async function expectStorable(response: { body: string; headers: object }): Promise<void> {
    const { rows } = await sql<{ body: string; headers: object }>`
      select ${response.body}::text as body, ${JSON.stringify(response.headers)}::jsonb as headers
    `.execute(db);
    expect(rows).toEqual([{ body: response.body, headers: response.headers }]);
  }

  test.each<[string, Uint8Array]>([
    ['NUL, alone and in the middle', Buffer.from('\0a\0\0b\0')],
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['half a character at its end', Buffer.from([0x61, 0xe2, 0x82])],
    ['halves of UTF-16', Buffer.from([0xed, 0xa0, 0x80, 0xed, 0xbf, 0xbf])],
    ['a longer form of NUL', Buffer.from([0xc0, 0x80, 0xe0, 0x80, 0x80])],
    ['UTF-16 with its mark', Buffer.from('\ufeffé', 'utf16le')],
    ['a compressed bomb', gzipSync(Buffer.alloc(20_000_000))],
    ['characters of four bytes, cut', Buffer.from(`a${'🏠'.repeat(5_000)}`)],
  ])('can be stored: %s', async (_, body) => {
    const { report } = await partner.postTo({ status: 400, body });
    const kept = report.response ?? { body: 'nothing', headers: {} };
    expect(kept.body.length).toBeLessThanOrEqual(KEPT_BYTES);
    expect(kept.body).not.toContain('\0');
    expect(kept.body.isWellFormed()).toBe(true);
    await expectStorable(kept);
  });

  test('can be stored: headers of any bytes', async () => {
    const head = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ');
    const value = Buffer.from([0x80, 0xff, 0xc3, 0xa9, 0x85]);
    const raw = Buffer.concat([head, value, Buffer.from('\r\n\r\n')]);
    const { report } = await partner.postTo({ raw });
    expect(report.outcome).toBe('accepted');
    await expectStorable(report.response ?? { body: '', headers: {} });
  });

  test('can be stored, whatever the bytes are', async () => {
    const shared = partner.client();
    const played = fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (body) => {
      partner.server.next({ status: 200, body });
      const { report } = await shared.post(aRequest(partner.server.url));
      await expectStorable(report.response ?? { body: 'nothing', headers: {} });
    });
    await fc.assert(played, { numRuns: 60 });
  });

  test('ends before the API key when the cut goes through an echo of it', async () => {
    const apiKey = aRequest('').apiKey ?? '';
    for (const kept of [apiKey.length - 1, 20, 6]) {
      const body = 'x'.repeat(KEPT_BYTES - kept) + apiKey + apiKey;
      const { report } = await partner.postTo({ status: 500, body });
      expect(report.response?.truncated).toBe(true);
      expect(report.response?.body).toMatch(/x\*\*\*\*$/);
      expect(JSON.stringify(report)).not.toContain(apiKey.slice(0, 6));
    }
  });
});
