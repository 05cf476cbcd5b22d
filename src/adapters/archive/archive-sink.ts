// Where an archive is written: one tar file, or a folder. Either is whole or not there, and takes its
// entries one after the other, so that memory holds a single one.

import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

export type ArchiveSink = {
  /** `name` is a path of plain names. */
  add(name: string, bytes: Uint8Array): Promise<void>;
  /** The same from a file of that size, without holding it. */
  addFile(name: string, path: string, sizeBytes: number): Promise<void>;
  /** All is written and has its name when this resolves. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
};

/** A `.tar` for a path that ends so, else a folder. Throws when the path is taken. */
export async function archiveSink(path: string, root: string, at: Date): Promise<ArchiveSink> {
  await mustBeFree(path);
  return path.endsWith('.tar') ? tarSink(path, root, at) : folderSink(path);
}

async function mustBeFree(path: string): Promise<void> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return;
  await file.close();
  throw Object.assign(new Error(`${path} exists`), { code: 'EEXIST' });
}

function tarSink(path: string, root: string, at: Date): ArchiveSink {
  const part = `${path}.part`;
  const tar = pack();
  const written = pipeline(tar, createWriteStream(part));
  let broken: unknown;
  written.catch((error: unknown) => {
    broken = error;
  });

  // As a stream: of bytes given at once, tar-stream would take any number without waiting.
  async function addStream(name: string, size: number, from: Readable): Promise<void> {
    try {
      const entry = tar.entry({ name: `${root}/${name}`, size, mode: 0o644, mtime: at });
      const taken = pipeline(from, entry);
      taken.catch(() => {});
      // A full disk ends the pipeline, and then nobody takes the entry.
      await Promise.race([taken, written.then(() => taken)]);
    } catch (error) {
      throw broken ?? error; // what ended the pipeline, not what that broke
    }
  }

  return {
    add: (name, bytes) => addStream(name, bytes.byteLength, Readable.from([Buffer.from(bytes)])),
    addFile: (name, file, sizeBytes) => addStream(name, sizeBytes, createReadStream(file)),
    async finish() {
      tar.finalize();
      await written;
      const file = await open(part, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    },
    async abandon() {
      tar.destroy();
      await written.catch(() => {});
      await rm(part, { force: true });
    },
  };
}

function folderSink(path: string): ArchiveSink {
  const part = `${path}.part`;
  const folders = new Set<string>();

  async function placeOf(name: string): Promise<string> {
    const file = join(part, name);
    const folder = dirname(file);
    if (!folders.has(folder)) await mkdir(folder, { recursive: true });
    folders.add(folder);
    return file;
  }

  return {
    add: async (name, bytes) => writeFile(await placeOf(name), bytes),
    addFile: async (name, file) => copyFile(file, await placeOf(name)),
    finish: () => rename(part, path),
    abandon: () => rm(part, { recursive: true, force: true }),
  };
}
