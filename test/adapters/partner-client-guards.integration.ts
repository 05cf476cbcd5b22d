// What keeps a call from going to the wrong place: addresses that are not public are never dialled,
// and a server that cannot prove its name over TLS gets no request.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PartnerClientOptions } from '#adapters/partner/partner-client.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import { leadingTo, partnerCalls } from '#test/support/partner-calls.ts';
import { type PartnerServer, startPartnerServer } from '#test/support/partner-server.ts';
import { selfSigned, testAuthority } from '#test/support/tls-certificates.ts';

const partner = partnerCalls();

describe('outside local tests', () => {
  const guarded = { allowInsecure: false };

  test.each([
    ['10.0.0.1'],
    ['93.184.215.14', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['169.254.169.254'],
  ])('a name that leads to %s is refused before anything is dialled', async (...addresses) => {
    const url = `https://partenaire.example:${partner.server.port}/`;
    const { result, report } = await partner.post(
      { url },
      { ...guarded, resolve: leadingTo(...addresses) },
    );
    expect(result).toBe('refused');
    expect(report).toMatchObject({ outcome: 'blocked-address', statusCode: null, response: null });
    expect(report.detail).toMatch(/n’est pas une adresse publique/);
    expect(partner.server.connections()).toBe(0);
  });

  test.each(['http://partenaire.example/', 'https://127.0.0.1:PORT/', 'https://0x7f.1:PORT/'])(
    '%s, saved in other times, is refused without a lookup',
    async (url) => {
      const resolve = () => Promise.reject(new Error('not asked for'));
      const asked = { url: url.replace('PORT', String(partner.server.port)) };
      const { result, report } = await partner.post(asked, { ...guarded, resolve });
      expect(result).toBe('refused');
      expect(report.outcome).toBe('blocked-address');
      expect(partner.server.connections()).toBe(0);
    },
  );

  test('a name of the hosts file that means this machine is refused', async () => {
    const url = `https://localhost.localdomain:${partner.server.port}/`;
    const resolve = leadingTo('127.0.0.1');
    expect((await partner.post({ url }, { ...guarded, resolve })).report.outcome).toBe(
      'blocked-address',
    );
  });
});

describe('over TLS', () => {
  const authority = testAuthority();
  const NAME = 'partenaire.example';
  const DAY_MS = 86_400_000;
  const trusted = { ca: authority.certificate, resolve: leadingTo('127.0.0.1') };
  const startedWith = (tls: { key: string; cert: string }) => startPartnerServer({ tls });
  let secure: PartnerServer;
  beforeAll(async () => {
    secure = await startedWith(authority.issue({ names: [NAME] }));
  });
  afterAll(() => secure.close());

  const postBySecureName = (port: number, options: Partial<PartnerClientOptions> = {}) =>
    partner.post({ url: `https://${NAME}:${port}/` }, { ...trusted, ...options });
  const expectTlsFailure = ({ result, report }: DeliveryAnswer, words: string): void => {
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'tls', statusCode: null, response: null });
    expect(report.detail).toContain(words);
  };

  test('a partner with a good certificate is called', async () => {
    const { report } = await postBySecureName(secure.port);
    expect(report).toMatchObject({ outcome: 'accepted', statusCode: 200 });
    expect(secure.requests.at(-1)?.headers.host).toBe(`${NAME}:${secure.port}`);
  });

  test('an authority nobody trusts is refused', async () => {
    const stranger = testAuthority('Somebody else');
    const answer = await postBySecureName(secure.port, { ca: stranger.certificate });
    expectTlsFailure(answer, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test("the machine's own authorities do not trust a test's", async () => {
    const { ca: _, ...untold } = trusted;
    const answer = await partner.post({ url: `https://${NAME}:${secure.port}/` }, untold);
    expectTlsFailure(answer, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test.each([
    ['signed by itself', selfSigned({ names: [NAME] }), 'le certificat est auto-signé'],
    ['of another name', authority.issue({ names: ['autre.example'] }), 'celui d’un autre nom'],
    [
      'that has expired',
      authority.issue({ names: [NAME], validTo: new Date(Date.now() - DAY_MS / 2) }),
      'le certificat a expiré',
    ],
    [
      'that is not valid yet',
      authority.issue({ names: [NAME], validFrom: new Date(Date.now() + DAY_MS / 2) }),
      'n’est pas encore valable',
    ],
  ])('a certificate %s is refused', async (_, tls, words) => {
    const bad = await startedWith(tls);
    expectTlsFailure(await postBySecureName(bad.port), words);
    expect(bad.requests).toHaveLength(0);
    await bad.close();
  });

  test('a bad certificate is refused also where the environment says to trust anything', async () => {
    const bad = await startedWith(selfSigned({ names: [NAME] }));
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expectTlsFailure(await postBySecureName(bad.port), 'auto-signé');
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      await bad.close();
    }
  });

  test('a port that speaks plain HTTP is told as such', async () => {
    expectTlsFailure(await postBySecureName(partner.server.port), 'ce port ne parle pas TLS');
  });

  test('a partner at two addresses, both with a bad certificate, is refused', async () => {
    const bad = await startedWith(selfSigned({ names: [NAME] }));
    const resolve = leadingTo('127.0.0.1', '127.0.0.2');
    expectTlsFailure(await postBySecureName(bad.port, { resolve }), 'auto-signé');
    await bad.close();
  });
});
