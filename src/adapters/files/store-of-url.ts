// Which file store STORAGE_URL means, for the program and for commands alike. Links of the folder
// store lead to this program's own `/files/…`; those of S3 lead to S3, and nothing is served here.

import type { Clock, FileStore, Notes } from '#application/ports.ts';
import { type DirectoryFiles, directoryFiles } from './directory-files.ts';
import { s3Files } from './s3-files.ts';
import { parseS3Url, type S3Address } from './s3-url.ts';

export type StoreOptions = {
  /** Origin that serves `/files/…`, without a slash at the end. */
  readonly publicUrl: string;
  readonly secretsKey: Buffer;
  readonly oldSecretsKeys?: readonly Buffer[];
  readonly clock: Clock;
  readonly notes: Notes;
};

export type OpenStore = {
  readonly files: FileStore;
  /** What `/files/…` serves; null when links lead elsewhere. */
  readonly served: DirectoryFiles | null;
  close(): Promise<void>;
};

/** `file:DIR` or `s3://…`. Throws an Error that says what is wrong with STORAGE_URL. */
export function storeOfUrl(storageUrl: string, options: StoreOptions): OpenStore {
  if (storageUrl.startsWith('file:')) {
    const files = directoryFiles({ ...options, dir: storageUrl.slice('file:'.length) });
    return { files, served: files, close: async () => undefined };
  }
  const files = s3Files({ ...options, address: s3Address(storageUrl) });
  return { files, served: null, close: () => files.close() };
}

/** Throws an Error that says what is wrong with the variable. */
export function s3Address(storageUrl: string): S3Address {
  const address = parseS3Url(storageUrl);
  if ('fault' in address) throw new Error(`STORAGE_URL ${address.fault}`);
  return address;
}
