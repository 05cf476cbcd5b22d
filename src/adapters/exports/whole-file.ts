// A file that is either whole or not there: written beside its place as `.part`, synced, then renamed.
// The writer takes the next chunk when the disk has taken the last, so memory does not grow with it.

import { createWriteStream } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type Chunks = AsyncIterable<string | Uint8Array>;

/** Writes all chunks, then gives the file its name, over one that was there. Throws: nothing is. */
export async function writeWhole(path: string, chunks: Chunks): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(Readable.from(chunks, { objectMode: true }), createWriteStream(part));
    const file = await open(part, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await unlink(part).catch(() => {}); // it was never made
    throw error;
  }
}

/** Writes all chunks to stdout. A reader that goes away early (`| head`) ends it without an error. */
export async function writeToStdout(chunks: Chunks): Promise<void> {
  try {
    await pipeline(Readable.from(chunks, { objectMode: true }), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}
