// Whether a file could not be read because the store is away or refuses us, which says nothing about
// the file. An audit that took an outage for a loss would cry wolf.

import { S3Fault } from './s3-faults.ts';

const NO_SUCH_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

/** False for a file that is not there, and for a key that cannot name one. */
export function isStoreAway(error: unknown): boolean {
  if (error instanceof S3Fault) return error.kind !== 'no-file';
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && !NO_SUCH_FILE.has(code);
}
