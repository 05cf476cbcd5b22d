// The SDK of S3, loaded when it is first needed: importing it costs a quarter of a second, which no
// program that keeps its files elsewhere shall pay. Two clients share one set of keys: one that
// speaks to the store, one that only signs links, perhaps under the store's public name.

import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { AwsKeys } from '#adapters/aws-address.ts';
import type { S3Address } from './s3-url.ts';

export type S3ClientOptions = {
  readonly address: S3Address;
  /** Default: the SDK's chain (environment, shared files, web identity, container, machine). */
  readonly credentials?: AwsKeys | (() => Promise<AwsKeys>);
  readonly timeouts?: Partial<S3Timeouts>;
};

/** In milliseconds. `operationMs` bounds a whole operation, with its repetitions and its body. */
export type S3Timeouts = {
  readonly connectionMs: number;
  readonly requestMs: number;
  readonly operationMs: number;
};

export type S3 = {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
  readonly links: S3Client;
};

export type S3Connection = {
  open(): Promise<S3>;
  /** Ends an operation that takes longer than `operationMs` from now. */
  deadline(): AbortSignal;
  close(): Promise<void>;
};

const TIMEOUTS: S3Timeouts = { connectionMs: 5_000, requestMs: 10_000, operationMs: 30_000 };
const IDLE_MS = 10_000;
const CONNECTIONS_MAX = 32;

/** Opens nothing by itself. */
export function s3Connection(options: S3ClientOptions): S3Connection {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  let opened: Promise<S3> | null = null;
  return {
    open() {
      opened ??= openS3(options, timeouts);
      return opened;
    },
    deadline: () => AbortSignal.timeout(timeouts.operationMs),
    async close() {
      const s3 = await opened?.catch(() => null);
      s3?.client.destroy();
      s3?.links.destroy();
    },
  };
}

async function openS3(
  { address, credentials }: S3ClientOptions,
  timeouts: S3Timeouts,
): Promise<S3> {
  const sdk = await import('@aws-sdk/client-s3');
  const agent = { keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_MS };
  const common: S3ClientConfig = {
    region: address.region,
    // A name with dots fits no certificate of *.s3.amazonaws.com.
    forcePathStyle: address.isForeign || address.bucket.includes('.'),
  };
  const plain = {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
  const client = new sdk.S3Client({
    ...common,
    // Foreign stores know these newer checksums badly; ours travels with each file whoever keeps
    // it.
    ...(address.isForeign && plain),
    ...(address.endpoint !== null && { endpoint: address.endpoint }),
    ...(credentials && { credentials }),
    // Safe here, unlike for mail: nothing is ever overwritten, and a file that was stored by a
    // first try whose answer was lost is `exists`.
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: timeouts.connectionMs,
      requestTimeout: timeouts.requestMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  const linkEndpoint = address.linkEndpoint ?? address.endpoint;
  const links = new sdk.S3Client({
    ...common,
    ...plain, // or the link carries a demand for a checksum that no reader makes
    ...(linkEndpoint !== null && { endpoint: linkEndpoint }),
    credentials: client.config.credentials,
  });
  return { sdk, client, links };
}
