// Asking the DNS, with a name server of our own on a real UDP socket, since the ways in which
// partners' name servers are broken are what this is about.

import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsResolve, systemResolve } from '#adapters/partner/resolve-host.ts';

const A = 1;
const AAAA = 28;
const IPV4 = { address: '93.184.215.14', family: 4 };
const IPV6 = { address: '2606:4700::1111', family: 6 };
const BYTES = {
  [A]: Buffer.from([93, 184, 215, 14]),
  [AAAA]: Buffer.from('26064700000000000000000000001111', 'hex'),
};
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

/** What the server says of a name: an address, nothing at all, or a failure. */
const ZONE: Record<string, Partial<Record<number, 'address' | 'none' | 'silence' | number>>> = {
  'both.example': { [A]: 'address', [AAAA]: 'address' },
  'four.example': { [A]: 'address', [AAAA]: 'none' },
  'six.example': { [A]: 'none', [AAAA]: 'address' },
  'half-dead.example': { [A]: 'address', [AAAA]: 'silence' },
  'half-broken.example': { [A]: SERVER_FAILURE, [AAAA]: 'address' },
  'broken.example': { [A]: SERVER_FAILURE, [AAAA]: SERVER_FAILURE },
};

let nameServer: Socket;
let servers: string[];

beforeAll(async () => {
  nameServer = createSocket('udp4');
  nameServer.on('message', (query, from) => {
    const reply = replyTo(query);
    if (reply) nameServer.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => nameServer.bind(0, '127.0.0.1', resolve));
  servers = [`127.0.0.1:${nameServer.address().port}`];
});
afterAll(() => nameServer.close());

describe('a name', () => {
  test.each([
    ['both.example', [IPV4, IPV6]],
    ['four.example', [IPV4]],
    ['six.example', [IPV6]],
    ['half-broken.example', [IPV6]],
  ])('%s has all addresses that its servers give, IPv4 first', async (host, addresses) => {
    expect(await dnsResolve(servers)(host)).toEqual(addresses);
  });

  test('whose servers are silent about IPv6 costs little', async () => {
    const startedAt = performance.now();
    expect(await dnsResolve(servers)('half-dead.example')).toEqual([IPV4]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('whose servers fail is not looked for elsewhere', async () => {
    await expect(dnsResolve(servers)('broken.example')).rejects.toMatchObject({
      code: 'ESERVFAIL',
    });
  });

  test('that the DNS does not know is looked for in the hosts file', async () => {
    expect(await dnsResolve(servers)('localhost')).toEqual(await systemResolve('localhost'));
  });

  test('that nobody knows is unknown', async () => {
    const failure = dnsResolve(servers)('nulle-part.invalid');
    await expect(failure).rejects.toMatchObject({
      code: expect.stringMatching(/^E(NOTFOUND|AI_)/),
    });
  });
});

function replyTo(query: Buffer): Buffer | null {
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + size).toString());
    at += 1 + size;
  }
  const type = query.readUInt16BE(at + 1);
  const known = ZONE[labels.join('.').toLowerCase()];
  const saying = known ? known[type] : NO_SUCH_NAME;
  if (saying === 'silence') return null;
  const reply = Buffer.from(query.subarray(0, at + 5));
  reply.writeUInt16BE(0x8180 | (typeof saying === 'number' ? saying : 0), 2);
  reply.writeUInt16BE(saying === 'address' ? 1 : 0, 6);
  reply.writeUInt32BE(0, 8);
  if (saying !== 'address') return reply;
  const data = type === A ? BYTES[A] : BYTES[AAAA];
  const record = [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length];
  return Buffer.concat([reply, Buffer.from(record), data]);
}
