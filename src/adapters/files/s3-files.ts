// Files in a bucket of S3, or of a server that speaks its language. Written once: S3 itself refuses
// a second file under the same key, and checks what it received against our digest. A foreign
// server may do neither, so it is asked first, read back and compared. Files stay private; a file's
// own digest lies beside it and is compared at each reading, since an invoice is legal to the byte.

import { createHash } from 'node:crypto';
import { boundBy } from '#adapters/aws-deadline.ts';
import type { Clock, FileStore, Notes } from '#application/ports.ts';
import { mustBeFileKey } from './file-key.ts';
import { inTurn } from './in-turn.ts';
import { s3Bucket } from './s3-bucket.ts';
import { type S3ClientOptions, s3Connection } from './s3-client.ts';
import { S3Fault, s3Fault } from './s3-faults.ts';

export type S3FilesOptions = S3ClientOptions & {
  readonly clock: Clock;
  readonly notes: Notes;
};

export type S3Files = FileStore & { close(): Promise<void> };

/** Loads the SDK with the first file. Failures are thrown as S3Fault. */
export function s3Files(options: S3FilesOptions): S3Files {
  const { address } = options;
  const connection = s3Connection(options);
  const bucket = s3Bucket({ ...options, connection });
  const oneByOne = inTurn();
  let sign: ReturnType<typeof import('./s3-links.ts').s3Links> | null = null;

  async function lookAndStore(
    key: string,
    bytes: Uint8Array,
    contentType: string,
  ): Promise<'stored' | 'exists'> {
    if (await bucket.exists(key)) return 'exists';
    const put = await bucket.store(key, bytes, contentType);
    if (put.kind === 'exists') return 'exists';
    const found = await bucket.read(key);
    if (Buffer.compare(found.bytes, bytes) === 0) return 'stored';
    // Another process wrote between our look and now; its file has a digest of its own.
    const isOurs = found.sha256 === null ? found.etag === put.etag : found.sha256 === hex(bytes);
    if (!isOurs) return 'exists';
    // Nobody has recorded it yet. Left there, the next try would take it for the master.
    await bucket.remove(key);
    throw damaged(key);
  }

  function damaged(key: string): S3Fault {
    const file = `s3://${address.bucket}/${address.prefix}${key}`;
    return new S3Fault('damaged', 'read', `the bytes of ${file} are not those that were stored`);
  }

  return {
    async put(key, bytes, contentType) {
      mustBeFileKey(key);
      if (!address.isForeign) return (await bucket.store(key, bytes, contentType)).kind;
      return oneByOne(key, () => lookAndStore(key, bytes, contentType));
    },

    async get(key) {
      mustBeFileKey(key);
      const { bytes, sha256 } = await bucket.read(key);
      // Absent on files that somebody copied here by other means; the books hold a digest, too.
      if (sha256 !== null && sha256 !== hex(bytes)) throw damaged(key);
      return bytes;
    },

    async signedUrl(key, expiresAt) {
      mustBeFileKey(key);
      try {
        const s3 = await connection.open();
        sign ??= (await import('./s3-links.ts')).s3Links(options);
        return await boundBy(connection.deadline(), sign(s3, key, expiresAt));
      } catch (error) {
        throw s3Fault(error, { address, verb: 'sign a link to', key });
      }
    },

    close: () => connection.close(),
  };
}

function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
