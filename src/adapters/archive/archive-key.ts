// The key that signs archives: Ed25519, derived from SECRETS_KEY, so that there is one secret to keep
// and any machine of ours can sign and recognise. Whoever holds an archive needs only its public key,
// and the fingerprint that was noted when it was made.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

export type ArchiveKey = {
  readonly publicPem: string;
  readonly fingerprint: string;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
};

// RFC 8410: PKCS #8 around the 32 bytes of an Ed25519 seed.
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The signing key of an installation, from its SECRETS_KEY. */
export function archiveKey(secretsKey: Buffer): ArchiveKey {
  const seed = Buffer.from(hkdfSync('sha256', secretsKey, '', 'archive signature', 32));
  const key = Buffer.concat([PKCS8_HEAD, seed]);
  const secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  const open = createPublicKey(secret);
  return {
    publicPem: open.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(open),
    sign: (bytes) => sign(null, bytes, secret),
  };
}

/** The key of a PEM text and its fingerprint; null when it is no Ed25519 public key. */
export function publicKeyOf(pem: string): {
  readonly fingerprint: string;
  isSignature(bytes: Uint8Array, of: Uint8Array): boolean;
} | null {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') return null;
    return {
      fingerprint: fingerprintOf(key),
      isSignature: (signature, of) => verify(null, of, key, signature),
    };
  } catch {
    return null;
  }
}

/** sha256 of the key in its standard form, in groups of four that a person can compare. */
function fingerprintOf(key: KeyObject): string {
  const hex = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return (hex.match(/.{4}/g) ?? []).slice(0, 10).join(' ');
}
