// The guard between a name that a stranger controls and our own network: which addresses are
// public, and what the lookup of a connection hands on.

import { BlockList, type LookupFunction } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BlockedAddress,
  guardedLookup,
  isPublicAddress,
} from '#adapters/partner/public-address.ts';
import { type ResolveHost, UnknownHost } from '#adapters/partner/resolve-host.ts';

describe('an address that may be dialled', () => {
  test.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '192.167.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2000::1',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2606:4700::1111',
    '2a01:e0a::1',
    '3ffe::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('an address that may not be dialled', () => {
  test.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.255.255.255'],
    ['private', '10.0.0.0'],
    ['private', '10.255.255.255'],
    ["a carrier's", '100.64.0.0'],
    ["a carrier's", '100.127.255.255'],
    ["a cloud's metadata", '100.100.100.200'],
    ["a cloud's metadata", '169.254.169.254'],
    ["a cloud's metadata", '168.63.129.16'],
    ["a cloud's metadata", 'fd00:ec2::254'],
    ['this machine', '127.0.0.1'],
    ['this machine', '127.255.255.255'],
    ['private', '172.16.0.0'],
    ['private', '172.31.255.255'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['a 6to4 relay', '192.88.99.1'],
    ['private', '192.168.1.1'],
    ['benchmarks', '198.18.0.1'],
    ['benchmarks', '198.19.255.255'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['this machine', '::1'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, even if public', '::ffff:8.8.8.8'],
    ['mapped, in hex', '::ffff:808:808'],
    ['compatible', '::8.8.8.8'],
    ['NAT64', '64:ff9b::8.8.8.8'],
    ['local NAT64', '64:ff9b:1::1'],
    ['discard', '100::1'],
    ['Teredo', '2001::1'],
    ['ORCHID', '2001:20::1'],
    ['protocol assignments', '2001:1ff:ffff::1'],
    ['documentation', '2001:db8::1'],
    ['6to4', '2002:7f00:1::'],
    ['6to4, even if public', '2002:808:808::1'],
    ['documentation', '3fff:fff::1'],
    ['unassigned', '4000::1'],
    ['segment routing', '5f00::1'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fdff::1'],
    ['link-local', 'fe80::1'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['with a zone', '2606:4700::1%eth0'],
    ['in a form no resolver gives', '0x7f.1'],
    ['in a form no resolver gives', '2130706433'],
    ['a name', 'localhost'],
    ['nothing', ''],
  ])('%s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test("agrees with Node's own block list on any IPv4 address", () => {
    const special = new BlockList();
    for (const range of IPV4_SPECIAL) {
      const [network = '', bits] = range.split('/');
      special.addSubnet(network, Number(bits), 'ipv4');
    }
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(address)).toBe(!special.check(address, 'ipv4'));
      }),
      { numRuns: 2_000, examples: [['192.0.0.255'], ['192.0.1.0'], ['99.255.255.255']] },
    );
  });

  test('hides in no IPv6 address that carries an IPv4 address inside', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::', '::ffff:', '64:ff9b::'), (inner, prefix) => {
        expect(isPublicAddress(prefix + inner)).toBe(false);
      }),
    );
  });
});

describe('the lookup of a connection', () => {
  const PUBLIC = [
    { address: '93.184.215.14', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ];
  const known =
    (...addresses: { address: string; family: number }[]): ResolveHost =>
    async () =>
      addresses;

  test('hands on the very addresses it checked, all or the first, as asked', async () => {
    const lookup = guardedLookup(known(...PUBLIC), { publicOnly: true });
    expect(await ask(lookup, { all: true })).toEqual([PUBLIC, undefined]);
    expect(await ask(lookup, {})).toEqual(['93.184.215.14', 4]);
    expect(await ask(lookup, { family: 6 })).toEqual(['2606:4700::1111', 6]);
    expect(await ask(lookup, { all: true, family: 4 })).toEqual([[PUBLIC[0]], undefined]);
  });

  test('refuses them all when one is not public, wherever it stands', async () => {
    const inside = { address: '192.168.1.1', family: 4 };
    for (const addresses of [
      [inside, ...PUBLIC],
      [...PUBLIC, inside],
    ]) {
      const lookup = guardedLookup(known(...addresses), { publicOnly: true });
      const refusal = await ask(lookup, { all: true }).catch((error) => error);
      expect(refusal).toBeInstanceOf(BlockedAddress);
      expect(refusal).toMatchObject({ host: 'a.example', address: '192.168.1.1' });
    }
  });

  test('refuses a private address of the family that was not asked for', async () => {
    const addresses = [...PUBLIC, { address: '::1', family: 6 }];
    const lookup = guardedLookup(known(...addresses), { publicOnly: true });
    await expect(ask(lookup, { family: 4 })).rejects.toBeInstanceOf(BlockedAddress);
  });

  test('lets private addresses through when told so', async () => {
    const lookup = guardedLookup(known({ address: '127.0.0.1', family: 4 }), { publicOnly: false });
    expect(await ask(lookup, {})).toEqual(['127.0.0.1', 4]);
  });

  test('says that a name is unknown in one way, whoever did not know it', async () => {
    const cause = Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' });
    const lookup = guardedLookup(() => Promise.reject(cause), { publicOnly: true });
    const failure = await ask(lookup, {}).catch((error) => error);
    expect(failure).toBeInstanceOf(UnknownHost);
    expect(failure).toMatchObject({ host: 'a.example', code: 'ESERVFAIL', cause });
    const empty = guardedLookup(known(), { publicOnly: true });
    await expect(ask(empty, { all: true })).rejects.toBeInstanceOf(UnknownHost);
  });
});

// The program's list once more, so that a slip in one of the two is seen.
const IPV4_SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/3', '168.63.129.16/32'],
];

function ask(lookup: LookupFunction, options: { all?: boolean; family?: 4 | 6 }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup('a.example', options, (error, address, family) =>
      error ? reject(error) : resolve([address, family]),
    );
  });
}
