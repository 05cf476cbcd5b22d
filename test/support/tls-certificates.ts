// Certificates for tests, made as they are needed: no private key lies in the repository, none
// expires in somebody's future, and an expired one can be had at once. Node reads X.509 but does
// not write it, so the few structures of RFC 5280 that a server certificate needs are put together
// here by hand.

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type ServerCertificate = { readonly key: string; readonly cert: string };
export type CertificateWish = {
  readonly names: readonly string[];
  readonly validFrom?: Date;
  readonly validTo?: Date;
};
export type TestAuthority = {
  /** PEM, for `ca`. */
  readonly certificate: string;
  issue(wish: CertificateWish): ServerCertificate;
  /** PEM of a certificate for somebody's own key. */
  vouchFor(key: KeyObject, wish: CertificateWish): string;
};

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
type Certified = CertificateWish & { readonly subject: string; readonly isAuthority: boolean };

const DAY_MS = 24 * 60 * 60 * 1000;

/** A certificate authority that nobody trusts but who is told to. */
export function testAuthority(name = 'ComptAppart test authority'): TestAuthority {
  const own = newKeyPair();
  const self = { subject: name, names: [], isAuthority: true };
  return {
    certificate: pem(certificate({ ...self, key: own.publicKey }, { name, key: own.privateKey })),
    issue(wish) {
      const pair = newKeyPair();
      const subject = { ...wish, subject: wish.names[0] ?? 'nobody', isAuthority: false };
      const cert = certificate({ ...subject, key: pair.publicKey }, { name, key: own.privateKey });
      return { key: privatePem(pair), cert: pem(cert) };
    },
    vouchFor(key, wish) {
      const subject = { ...wish, subject: wish.names[0] ?? 'nobody', isAuthority: false };
      return pem(certificate({ ...subject, key }, { name, key: own.privateKey }));
    },
  };
}

/** A certificate that vouches for itself. */
export function selfSigned(wish: CertificateWish): ServerCertificate {
  const pair = newKeyPair();
  const name = wish.names[0] ?? 'nobody';
  const subject = { ...wish, subject: name, isAuthority: false, key: pair.publicKey };
  return { key: privatePem(pair), cert: pem(certificate(subject, { name, key: pair.privateKey })) };
}

function certificate(
  of: Certified & { readonly key: KeyObject },
  by: { readonly name: string; readonly key: KeyObject },
): Buffer {
  const from = of.validFrom ?? new Date(Date.now() - DAY_MS);
  const to = of.validTo ?? new Date(Date.now() + DAY_MS);
  const spki = of.key.export({ type: 'spki', format: 'der' });
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(by.name),
    sequence(utcTime(from), utcTime(to)),
    commonName(of.subject),
    spki,
    der(0xa3, sequence(...extensions(of, spki))),
  );
  return sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, by.key)));
}

function extensions(of: Certified, spki: Buffer): Buffer[] {
  const dnsNames = of.names.map((name) => der(0x82, Buffer.from(name)));
  const keyId = createHash('sha256').update(spki).digest().subarray(0, 20);
  return [
    extension('551d13', sequence(...(of.isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))),
    extension('551d0e', der(0x04, keyId)),
    ...(dnsNames.length === 0 ? [] : [extension('551d11', sequence(...dnsNames))]),
  ];
}

// Distinguished Encoding Rules: a tag, a length, a content.
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function integer(positive: Buffer): Buffer {
  return der(0x02, positive);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.from([0]), bytes);
}

function utcTime(at: Date): Buffer {
  const digits = at.toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), der(0x04, value));
}

const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'));

function newKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function privatePem(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
