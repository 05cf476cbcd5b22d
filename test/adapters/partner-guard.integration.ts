// The list of what the guard refuses, in every spelling we know of, each tried twice: where an
// operator saves the URL, and where a call would dial it although it stands on the books. Names are
// asked of a name server of the test's own, which lies, changes its mind and falls silent.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPartnerOptions } from '#adapters/cli/partner-options.ts';
import { checkPartnerHost, checkPartnerUrl } from '#adapters/partner/partner-url.ts';
import { BlockedAddress, guardedLookup } from '#adapters/partner/public-address.ts';
import { dnsResolve, type ResolveHost } from '#adapters/partner/resolve-host.ts';
import { type NameScript, type NameServer, startNameServer } from '#test/support/name-server.ts';
import { partnerCalls } from '#test/support/partner-calls.ts';
import { REFUSED_ADDRESSES, REFUSED_SPELLINGS } from '#test/support/refused-urls.ts';

const partner = partnerCalls();
let dns: NameServer;
let resolve: ResolveHost;
const questionsAbout = (name: string) => dns.questions.filter((it) => it.endsWith(` ${name}`));

beforeEach(async () => {
  dns = await startNameServer();
  resolve = dnsResolve([dns.address]);
});
afterEach(() => dns.close());

/** What would happen to the URL when it is saved: a refusal, or where its name leads. */
async function save(typed: string): Promise<'refused' | 'public' | 'private' | 'unresolved'> {
  const checked = checkPartnerUrl(typed, { allowInsecure: false });
  return checked.ok ? (await checkPartnerHost(checked.url, { resolve })).kind : 'refused';
}

const dial = async (url: string) =>
  (await partner.post({ url }, { allowInsecure: false, resolve })).report;

const PUBLIC = ['93.184.215.14', '2606:4700::1111'];

describe('refused when saved and when dialled', () => {
  const asHost = (address: string) => (address.includes(':') ? `[${address}]` : address);
  const table = [
    ...REFUSED_SPELLINGS.map(([what, url]) => [what, url, null] as const),
    ...REFUSED_ADDRESSES.flatMap(
      ([what, address]) =>
        [
          [what, `https://${asHost(address)}:PORT/`, null],
          [`a name that leads to: ${what}`, 'https://piege.example:PORT/', address],
        ] as const,
    ),
  ];

  test.each(table)('%s: %j %s', async (_, spelling, address) => {
    const url = spelling.replace('PORT', String(partner.server.port));
    if (address !== null) dns.says('piege.example', [address]);
    expect(await save(url)).toBe(address === null ? 'refused' : 'private');
    const report = await dial(url);
    expect(report).toMatchObject({ outcome: 'blocked-address', statusCode: null, response: null });
    expect(report.detail).toMatch(/\.$/);
    expect(partner.server.connections()).toBe(0);
    // A host that is an address, or no public name, is never asked about.
    expect(dns.questions.length > 0).toBe(address !== null);
  });

  test('is a list that is long enough', () => {
    expect(new Set(table.map(([, url, address]) => address ?? url)).size).toBeGreaterThan(150);
  });
});

describe('a name server that', () => {
  const NAME = 'api.partenaire.example';
  const urlHere = () => `https://${NAME}:${partner.server.port}/`;

  test.each<[string, NameScript]>([
    ['puts a private address among many', [...PUBLIC, '1.1.1.1', '10.0.0.5', '8.8.8.8']],
    ['puts it last', [...Array.from({ length: 60 }, (_, n) => `93.184.216.${n}`), '127.0.0.1']],
    [
      'puts it behind more than a datagram holds',
      [...Array.from({ length: 999 }, (_, n) => `93.184.${n >> 8}.${n & 255}`), '127.0.0.1'],
    ],
    ['gives private IPv6 beside public IPv4', { A: PUBLIC, AAAA: ['fd00::1'] }],
    ['gives private IPv4 beside public IPv6', { A: ['10.0.0.1'], AAAA: PUBLIC }],
    ['knows IPv6 only, and a mapped address', { A: [], AAAA: ['::ffff:10.0.0.1'] }],
    ['fails for IPv4 and gives private IPv6', { A: 'servfail', AAAA: ['::1'] }],
    ['is silent about IPv6 and gives private IPv4', { A: ['127.0.0.1'], AAAA: 'silence' }],
    ['leads there by an alias', { alias: 'interne.example' }],
    ['leads there by a chain of aliases', { alias: 'maillon.example' }],
  ])('%s is refused both times', async (_, answer) => {
    dns.says(NAME, answer);
    dns.says('maillon.example', { alias: 'autre-maillon.example' });
    dns.says('autre-maillon.example', { alias: 'interne.example' });
    dns.says('interne.example', ['127.0.0.1', '::1']);
    expect(await save(urlHere())).toBe('private');
    expect(await dial(urlHere())).toMatchObject({ outcome: 'blocked-address', statusCode: null });
    expect(partner.server.connections()).toBe(0);
  });

  test('changes its mind after the saving is refused at the dial', async () => {
    dns.says(NAME, PUBLIC, ['127.0.0.1']);
    expect(await save(urlHere())).toBe('public');
    const report = await dial(urlHere());
    expect(report).toMatchObject({
      outcome: 'blocked-address',
      detail: `${NAME} mène à 127.0.0.1, qui n’est pas une adresse publique d’Internet.`,
    });
    expect(partner.server.connections()).toBe(0);
  });

  test('changes its mind between check and dial cannot: it is asked once', async () => {
    dns.says(NAME, PUBLIC, ['127.0.0.1', '::1']);
    const lookup = guardedLookup(resolve, { publicOnly: true });
    const lookUp = () =>
      new Promise((resolved, rejected) => {
        const settle = (error: Error | null, found: unknown) =>
          error ? rejected(error) : resolved(found);
        lookup(NAME, { all: true }, settle);
      });
    expect(await lookUp()).toEqual([
      { address: PUBLIC[0], family: 4 },
      { address: PUBLIC[1], family: 6 },
    ]);
    expect(questionsAbout(NAME)).toEqual([`A ${NAME}`, `AAAA ${NAME}`]);
    await expect(lookUp()).rejects.toBeInstanceOf(BlockedAddress);
  });

  test.each<[string, NameScript, RegExp]>([
    ['does not know the name', 'nxdomain', /introuvable dans le DNS \(E(NOTFOUND|AI_\w+)\)\.$/],
    ['knows it without an address', [], /introuvable dans le DNS/],
    ['fails', 'servfail', /introuvable dans le DNS \(ESERVFAIL\)\.$/],
    ['refuses', 'refused', /introuvable dans le DNS \(EREFUSED\)\.$/],
    ['talks nonsense', 'garbage', /introuvable dans le DNS/],
  ])(
    '%s does not keep the URL from being saved, and the call from being tried again',
    async (_, answer, detail) => {
      dns.says(NAME, answer);
      const [saved, { result, report }] = await Promise.all([
        save(urlHere()),
        partner.post({ url: urlHere() }, { allowInsecure: false, resolve }),
      ]);
      expect(saved).toBe('unresolved');
      expect(result).toBe('unavailable');
      expect(report).toMatchObject({ outcome: 'dns', statusCode: null });
      expect(report.detail).toMatch(detail);
    },
  );
});

describe('the command that saves a partner', () => {
  const NAME = 'api.partenaire.example';
  const typed = { stagingUrl: `https://${NAME}/orders` };
  const options = () => ({ allowInsecure: false, resolve });

  test('refuses a name that leads inside, whichever of the two URLs it is', async () => {
    dns.says(NAME, [...PUBLIC, '192.168.1.1']);
    for (const urls of [typed, { productionUrl: typed.stagingUrl }]) {
      await expect(checkPartnerOptions(urls, options())).rejects.toThrow(
        `${NAME} mène à 192.168.1.1, qui n’est pas une adresse publique d’Internet.`,
      );
    }
  });

  test('takes a name that is not published yet, and warns', async () => {
    const { changes, warnings } = await checkPartnerOptions(typed, options());
    expect(changes.stagingUrl).toBe(typed.stagingUrl);
    expect(warnings).toEqual([`Le nom ${NAME} est introuvable dans le DNS pour le moment.`]);
  });

  test('takes a public name without a word', async () => {
    dns.says(NAME, PUBLIC);
    expect((await checkPartnerOptions(typed, options())).warnings).toEqual([]);
  });
});
