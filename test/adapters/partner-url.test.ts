// Which URLs an operator may save for a partner, and where their hosts may lead. The list of
// spellings is the one attackers use: each must end at the same refusal as the plain form.

import { describe, expect, test } from 'vitest';
import { checkPartnerHost, checkPartnerUrl } from '#adapters/partner/partner-url.ts';
import type { ResolveHost } from '#adapters/partner/resolve-host.ts';

const check = (text: string) => checkPartnerUrl(text, { allowInsecure: false });
const problemOf = (text: string) => {
  const checked = check(text);
  return checked.ok ? null : checked.problem;
};

describe("a partner's URL", () => {
  test.each([
    ['https://api.partenaire.fr/comptappart', 'https://api.partenaire.fr/comptappart'],
    ['https://api.partenaire.fr', 'https://api.partenaire.fr/'],
    ['https://api.partenaire.fr:443/a', 'https://api.partenaire.fr/a'],
    ['https://api.partenaire.fr:8443/a?b=c&d', 'https://api.partenaire.fr:8443/a?b=c&d'],
    ['  https://API.Partenaire.FR/A \n', 'https://api.partenaire.fr/A'],
    ['HTTPS://api.partenaire.fr/@a', 'https://api.partenaire.fr/@a'],
    ['https://dépôt.partenaire.fr/é', 'https://xn--dpt-bma0d.partenaire.fr/%C3%A9'],
    ['https://a_b.partenaire.fr/', 'https://a_b.partenaire.fr/'],
    ['https://10.partenaire.fr/', 'https://10.partenaire.fr/'],
  ])('%j is taken', (text, url) => {
    expect(check(text)).toEqual({ ok: true, url });
  });

  test.each([
    '',
    'api.partenaire.fr/comptappart',
    '/comptappart',
    '//api.partenaire.fr',
    'https:api.partenaire.fr',
    'https:/api.partenaire.fr',
    'https:\\\\api.partenaire.fr',
    'https://api.partenaire.fr\\@127.0.0.1/',
    'https://api.partenaire.fr/a b',
    'https://api.par\ttenaire.fr/',
    'https://api.partenaire.fr/\u0000',
    'https://',
    'https://api..partenaire.fr:99999/',
    'ftp://api.partenaire.fr/',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('%j is not complete', (text) => {
    expect(problemOf(text)).toMatch(/^L’URL doit être complète/);
  });

  test('over HTTP is refused', () => {
    expect(problemOf('http://api.partenaire.fr/')).toMatch(/HTTPS est exigé/);
  });

  test.each([
    'https://marie@api.partenaire.fr/',
    'https://marie:secret@api.partenaire.fr/',
    'https://:secret@api.partenaire.fr/',
    'https://@api.partenaire.fr/',
    'https://api.partenaire.fr@127.0.0.1/',
  ])('%j with credentials is refused', (text) => {
    expect(problemOf(text)).toMatch(/ni nom d’utilisateur ni mot de passe/);
  });

  test.each(['https://api.partenaire.fr/#a', 'https://api.partenaire.fr/?a#'])(
    '%j with a fragment is refused',
    (text) => {
      expect(problemOf(text)).toContain('«\u00a0#\u00a0»');
    },
  );

  test.each([
    'https://8.8.8.8/',
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://017700000001/',
    'https://0177.0.0.1/',
    'https://%31%32%37.0.0.1/',
    'https://１２７.０.０.１/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://[::1]/',
    'https://[2606:4700::1111]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]:8443/',
  ])('%j is an address, not a name, and refused', (text) => {
    expect(problemOf(text)).toMatch(/pas une adresse IP/);
  });

  test.each(['https://localhost/', 'https://intranet:8443/', 'https://xn--9ca/'])(
    '%j lacks a dot and is refused',
    (text) => {
      expect(problemOf(text)).toMatch(/n’est pas un nom de domaine complet/);
    },
  );

  test.each([
    'https://localhost./',
    'https://api.partenaire.fr./',
    'https://api..partenaire.fr/',
    'https://-api.partenaire.fr/',
    'https://api-.partenaire.fr/',
    'https://*.partenaire.fr/',
    `https://${'a'.repeat(64)}.fr/`,
    `https://${'a.'.repeat(126)}fr/`,
  ])('%j names no valid domain and is refused', (text) => {
    expect(problemOf(text)).toMatch(/n’est pas un nom de domaine valable/);
  });

  test.each([1, 22, 25, 80, 444, 1023])('port %i is refused', (port) => {
    expect(problemOf(`https://api.partenaire.fr:${port}/`)).toMatch(/^Le port doit être 443/);
  });

  test('port 0 is refused', () => {
    expect(problemOf('https://api.partenaire.fr:0/')).toBe('Le port 0 n’existe pas.');
  });

  test('of more than 2048 characters is refused, also when only its normal form is', () => {
    const base = 'https://api.partenaire.fr/';
    expect(check(base.padEnd(2048, 'a')).ok).toBe(true);
    expect(problemOf(base.padEnd(2049, 'a'))).toMatch(/2048 caractères/);
    expect(problemOf(base.padEnd(1000, 'é'))).toMatch(/2048 caractères/);
  });

  test('each problem is one French sentence', () => {
    const wrong = ['', 'http://a.fr', 'https://a@b.fr', 'https://a.fr/#', 'https://a', 'https://1'];
    for (const text of wrong) expect(problemOf(text)).toMatch(/^[A-Za-zÀ-ÿ].*\.$/);
  });
});

describe('in local tests', () => {
  const insecure = (text: string) => checkPartnerUrl(text, { allowInsecure: true });

  test.each([
    'http://localhost:3000/',
    'http://127.0.0.1:80/orders',
    'https://[::1]:8443/',
    'http://partner/',
  ])('%j is taken', (url) => {
    expect(insecure(url)).toEqual({ ok: true, url: url.replace(':80/', '/') });
  });

  test.each(['http://a:b@localhost/', 'http://localhost/#a', 'ftp://localhost/', 'localhost:3000'])(
    '%j is refused all the same',
    (text) => {
      expect(insecure(text).ok).toBe(false);
    },
  );
});

describe("the host of a partner's URL", () => {
  const URL_TO_CHECK = 'https://api.partenaire.fr:8443/orders';
  const leadingTo =
    (...addresses: string[]): ResolveHost =>
    async (host) => {
      expect(host).toBe('api.partenaire.fr');
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    };

  test('may lead to public addresses', async () => {
    const resolve = leadingTo('93.184.215.14', '2606:4700::1111');
    expect(await checkPartnerHost(URL_TO_CHECK, { resolve })).toEqual({ kind: 'public' });
  });

  test('may not lead to a private address, even beside a public one', async () => {
    const resolve = leadingTo('93.184.215.14', '10.0.0.5');
    expect(await checkPartnerHost(URL_TO_CHECK, { resolve })).toEqual({
      kind: 'private',
      problem: 'api.partenaire.fr mène à 10.0.0.5, qui n’est pas une adresse publique d’Internet.',
    });
  });

  test('that is unknown to the DNS is told apart from a private one', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));
    const checked = await checkPartnerHost(URL_TO_CHECK, { resolve });
    expect(checked).toEqual({
      kind: 'unresolved',
      problem: 'Le nom api.partenaire.fr est introuvable dans le DNS pour le moment.',
    });
  });

  test('is not looked up in local tests', async () => {
    const resolve = () => Promise.reject(new Error('not asked for'));
    const checked = await checkPartnerHost('http://10.0.0.5/', { allowInsecure: true, resolve });
    expect(checked).toEqual({ kind: 'public' });
  });
});
