// Encryption at rest for the few secrets the database holds (partners' API keys and signing
// secrets): AES-256-GCM under SECRETS_KEY. A stolen dump without the key is worth nothing, and a
// ciphertext moved to another row does not open, because its place is authenticated with it. Each
// box names the key it was sealed with, so that a key can be replaced while old boxes still open.

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

export type SecretBox = {
  /** `place` names the row and column, such as `partner/demo/api_key`. Always the current key. */
  seal(plain: string, place: string): Buffer;
  /** Throws when none of the keys, the place or the ciphertext is the one it was sealed with. */
  open(sealed: Buffer, place: string): string;
  /** Id of the key that opens it; null when none of ours does. */
  keyOf(sealed: Buffer, place: string): string | null;
  /** Id of the key that seals: eight hex digits, which tell nothing of the key. */
  readonly currentKey: string;
};

/** Without the key's id, from before keys could be replaced: every key is tried. */
const UNNAMED = 1;
const NAMED = 2;
const ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Key = { readonly id: Buffer; readonly secret: KeyObject };

/**
 * A box under a key of 32 bytes; what `old` ones have sealed still opens. Throws RangeError on a key
 * of any other length.
 */
export function secretBox(current: Buffer, old: readonly Buffer[] = []): SecretBox {
  const sealing = keyWithId(current);
  const keys = [sealing, ...old.map(keyWithId)];

  function opened(sealed: Buffer, place: string): { readonly plain: string; readonly key: Key } {
    const isNamed = sealed[0] === NAMED;
    if (!isNamed && sealed[0] !== UNNAMED) throw new Error(`unknown version ${sealed[0]}`);
    const id = isNamed ? sealed.subarray(1, 1 + ID_BYTES) : null;
    const fitting = id ? keys.filter((key) => key.id.equals(id)) : keys;
    let failure: unknown = new Error(`its key ${id?.toString('hex')} is not among ours`);
    for (const key of fitting) {
      try {
        return { plain: decrypted(sealed, isNamed ? 1 + ID_BYTES : 1, key, place), key };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  return {
    currentKey: sealing.id.toString('hex'),
    seal(plain, place) {
      const head = Buffer.concat([Buffer.from([NAMED]), sealing.id]);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing.secret, nonce).setAAD(
        Buffer.from(place),
      );
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([head, nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, place) {
      try {
        return opened(sealed, place).plain;
      } catch (cause) {
        throw new Error(`A secret does not open (${place}): is SECRETS_KEY the right one?`, {
          cause,
        });
      }
    },
    keyOf(sealed, place) {
      try {
        return opened(sealed, place).key.id.toString('hex');
      } catch {
        return null;
      }
    },
  };
}

/** The id under which boxes name a key, for keys that are only known by their bytes. */
export function keyIdOf(key: Buffer): string {
  return keyWithId(key).id.toString('hex');
}

function keyWithId(bytes: Buffer): Key {
  if (bytes.length !== 32) throw new RangeError('SECRETS_KEY must be 32 bytes');
  const id = Buffer.from(hkdfSync('sha256', bytes, '', 'secret box key id', ID_BYTES));
  return { id, secret: createSecretKey(bytes) };
}

function decrypted(sealed: Buffer, at: number, { secret }: Key, place: string): string {
  const [nonceEnd, tagEnd] = [at + NONCE_BYTES, at + NONCE_BYTES + TAG_BYTES];
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(at, nonceEnd), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(nonceEnd, tagEnd));
  return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]).toString(
    'utf8',
  );
}
