// The few requests that are made to a bucket, in the words of the store: what is asked for stands
// here, what it is good for in s3-files.ts. Every failure becomes an S3Fault that says which right
// or setting is missing.

import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { boundBy } from '#adapters/aws-deadline.ts';
import type { Clock } from '#application/ports.ts';
import type { S3, S3Connection } from './s3-client.ts';
import { type S3Deed, type S3Error, s3Fault } from './s3-faults.ts';
import type { S3Address, S3Lock } from './s3-url.ts';

export type S3Bucket = {
  /** `exists`: the server refused, because the key is taken. */
  store(
    key: string,
    bytes: Uint8Array,
    contentType: string,
  ): Promise<
    { readonly kind: 'stored'; readonly etag: string | null } | { readonly kind: 'exists' }
  >;
  /** `sha256` is what lies beside the file, in hex; null when nothing does. */
  read(key: string): Promise<{
    readonly bytes: Uint8Array;
    readonly etag: string | null;
    readonly sha256: string | null;
  }>;
  exists(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
};

type Needs = {
  readonly address: S3Address;
  readonly connection: S3Connection;
  readonly clock: Clock;
};

const TRIES_MAX = 4;

/** Keys are without the prefix. */
export function s3Bucket({ address, connection, clock }: Needs): S3Bucket {
  // Turned off by the first foreign server that says that it does not know how.
  let knowsConditions = true;

  async function on<T>(
    deed: Omit<S3Deed, 'address'>,
    work: (s3: S3, at: Place, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const at = { Bucket: address.bucket, Key: address.prefix + deed.key };
    try {
      const s3 = await connection.open();
      const deadline = connection.deadline();
      return await boundBy(deadline, work(s3, at, deadline));
    } catch (error) {
      throw s3Fault(error, { ...deed, address });
    }
  }

  return {
    store: (key, bytes, contentType) =>
      on({ verb: 'store', key }, async ({ sdk, client }, at, abortSignal) => {
        const name = key.slice(key.lastIndexOf('/') + 1);
        const input = {
          ...at,
          ...asFile(bytes, contentType),
          ...lockOf(address.lock, clock.now()),
          ContentDisposition: `inline; filename="${name}"`,
        };
        for (let tries = 1; ; tries += 1) {
          const guard = knowsConditions ? conditions(bytes) : md5(bytes);
          try {
            const command = new sdk.PutObjectCommand({ ...input, ...guard });
            const { ETag = null } = await client.send(command, { abortSignal });
            return { kind: 'stored', etag: ETag };
          } catch (error) {
            const status = statusOf(error);
            if (status === 412) return { kind: 'exists' };
            if (status === 501 && address.isForeign && knowsConditions) {
              knowsConditions = false;
            } else if (status === 409 && tries < TRIES_MAX) {
              await wait(100 * tries); // somebody writes the same key at this very moment
            } else {
              throw error;
            }
          }
        }
      }),

    read: (key) =>
      on({ verb: 'read', key }, async ({ sdk, client }, at, abortSignal) => {
        const found = await client.send(new sdk.GetObjectCommand(at), { abortSignal });
        if (!found.Body) throw new Error('an answer without a body');
        const body = found.Body as Readable & typeof found.Body;
        const end = () => body.destroy(abortSignal.reason);
        abortSignal.addEventListener('abort', end, { once: true });
        const bytes = await body.transformToByteArray();
        abortSignal.removeEventListener('abort', end);
        return { bytes, etag: found.ETag ?? null, sha256: found.Metadata?.sha256 ?? null };
      }),

    exists: (key) =>
      on({ verb: 'look at', key }, async ({ sdk, client }, at, abortSignal) => {
        try {
          await client.send(new sdk.HeadObjectCommand(at), { abortSignal });
          return true;
        } catch (error) {
          if (statusOf(error) === 404) return false;
          throw error;
        }
      }),

    remove: (key) =>
      on({ verb: 'delete', key }, async ({ sdk, client }, at, abortSignal) => {
        await client.send(new sdk.DeleteObjectCommand(at), { abortSignal });
      }),
  };
}

type Place = { readonly Bucket: string; readonly Key: string };

function asFile(bytes: Uint8Array, contentType: string) {
  return {
    Body: Buffer.from(bytes), // never a stream: some servers keep its framing in the file
    ContentType: contentType,
    CacheControl: 'private, no-store',
    Metadata: { sha256: digest('sha256', bytes).toString('hex') },
  };
}

function conditions(bytes: Uint8Array) {
  return { IfNoneMatch: '*', ChecksumSHA256: digest('sha256', bytes).toString('base64') };
}

function md5(bytes: Uint8Array) {
  return { ContentMD5: digest('md5', bytes).toString('base64') };
}

// Until the end of the year, since the financial year of which the law speaks ends by then.
function lockOf(lock: S3Lock | null, now: Date) {
  if (lock === null) return {};
  const end = new Date(Date.UTC(now.getUTCFullYear() + lock.years + 1, 0, 1));
  return { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: end };
}

function digest(kind: 'sha256' | 'md5', bytes: Uint8Array): Buffer {
  return createHash(kind).update(bytes).digest();
}

function statusOf(error: unknown): number | undefined {
  return (error as S3Error).$metadata?.httpStatusCode;
}
