// Asking the DNS, with a name server of our own on a real socket, since the ways in which partners'
// name servers are broken are what this is about.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsResolve, systemResolve } from '#adapters/partner/resolve-host.ts';
import { type NameScript, type NameServer, startNameServer } from '#test/support/name-server.ts';

const IPV4 = { address: '93.184.215.14', family: 4 };
const IPV6 = { address: '2606:4700::1111', family: 6 };
const BOTH = [IPV4.address, IPV6.address];
const MANY = Array.from({ length: 1_500 }, (_, index) => `93.184.${index >> 8}.${index & 255}`);

const ZONE: Readonly<Record<string, NameScript>> = {
  'both.example': BOTH,
  'four.example': [IPV4.address],
  'six.example': [IPV6.address],
  'alias.example': { alias: 'alias-of-alias.example' },
  'alias-of-alias.example': { alias: 'both.example' },
  'half-dead.example': { A: BOTH, AAAA: 'silence' },
  'half-broken.example': { A: 'servfail', AAAA: BOTH },
  'half-mad.example': { A: BOTH, AAAA: 'garbage' },
  'broken.example': 'servfail',
  'closed.example': 'refused',
  'empty.example': [],
  'dead.example': 'silence',
  'mad.example': 'garbage',
  'alias-of-nothing.example': { alias: 'nothing.example' },
  'alias-of-itself.example': { alias: 'alias-of-itself.example' },
  'many.example': MANY,
};

let server: NameServer;
const resolve = (host: string) => dnsResolve([server.address])(host);

beforeAll(async () => {
  server = await startNameServer();
  for (const [name, answer] of Object.entries(ZONE)) server.says(name, answer);
});
afterAll(() => server.close());

describe('a name', () => {
  test.each([
    ['both.example', [IPV4, IPV6]],
    ['four.example', [IPV4]],
    ['six.example', [IPV6]],
    ['alias.example', [IPV4, IPV6]],
    ['half-broken.example', [IPV6]],
    ['half-mad.example', [IPV4]],
  ])('%s has all addresses that its servers give, IPv4 first', async (host, addresses) => {
    expect(await resolve(host)).toEqual(addresses);
  });

  test('with more addresses than a datagram holds has them all', async () => {
    expect((await resolve('many.example')).map(({ address }) => address)).toEqual(MANY);
  });

  test('whose servers are silent about IPv6 costs little', async () => {
    const startedAt = performance.now();
    expect(await resolve('half-dead.example')).toEqual([IPV4]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('whose servers fail is not looked for elsewhere', async () => {
    await expect(resolve('broken.example')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await expect(resolve('closed.example')).rejects.toMatchObject({ code: 'EREFUSED' });
  });

  test.concurrent.each(['dead.example', 'mad.example'])(
    '%s, whose servers never answer, is given up in time to tell of it',
    async (host) => {
      const startedAt = performance.now();
      await expect(resolve(host)).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
      expect(performance.now() - startedAt).toBeLessThan(6_000);
    },
  );

  test('that the DNS does not know is looked for in the hosts file', async () => {
    expect(await resolve('localhost')).toEqual(await systemResolve('localhost'));
  });

  test.each([
    'nulle-part.invalid',
    'empty.example',
    'alias-of-nothing.example',
    'alias-of-itself.example',
  ])('%s, which leads nowhere, is unknown', async (host) => {
    await expect(resolve(host)).rejects.toMatchObject({
      code: expect.stringMatching(/^E(NOTFOUND|AI_)/),
    });
  });
});
