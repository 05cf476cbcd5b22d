// Encryption at rest for the few secrets the database holds (partners' API keys and signing
// secrets): AES-256-GCM under SECRETS_KEY. A stolen dump without the key is worth nothing, and a
// ciphertext moved to another row does not open, because its place is authenticated with it.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export type SecretBox = {
  /** `place` names the row and column, such as `partner/demo/api_key`. */
  seal(plain: string, place: string): Buffer;
  /** Throws when the key, the place or the ciphertext is not the one it was sealed with. */
  open(sealed: Buffer, place: string): string;
};

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A box under a key of 32 bytes. Throws RangeError on any other length. */
export function secretBox(key: Buffer): SecretBox {
  if (key.length !== 32) throw new RangeError('SECRETS_KEY must be 32 bytes');
  return {
    seal(plain, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, place) {
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      try {
        if (sealed[0] !== VERSION) throw new Error(`unknown version ${sealed[0]}`);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(place))
          .setAuthTag(tag);
        const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error(`A secret does not open (${place}): is SECRETS_KEY the right one?`, {
          cause,
        });
      }
    },
  };
}
