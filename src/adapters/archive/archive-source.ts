// Reading an archive back, tar or folder, entry by entry in the order in which SHA256SUMS names them:
// that is the order of writing in a tar, and the list itself leads through a folder.

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { extract } from 'tar-stream';

export type ArchiveEntry = {
  readonly name: string;
  /** To be read to its end before the next entry is asked for. */
  readonly stream: AsyncIterable<Uint8Array>;
};

/** What stands in every archive after the files that SHA256SUMS names. */
export const LAST_ENTRIES = ['SHA256SUMS', 'SEAL.txt', 'SEAL.sig', 'public-key.pem'];

/** The entries. Throws when there is nothing at the path, or no tar. */
export async function* archiveEntries(path: string): AsyncGenerator<ArchiveEntry> {
  if ((await stat(path)).isDirectory()) yield* folderEntries(path);
  else yield* tarEntries(path);
}

async function* tarEntries(path: string): AsyncGenerator<ArchiveEntry> {
  const tar = extract();
  const file = createReadStream(path);
  file.on('error', (error) => tar.destroy(error));
  file.pipe(tar);
  try {
    for await (const entry of tar) {
      if (entry.header.type === 'file') {
        // Without the folder that holds it all.
        const stream = entry as unknown as AsyncIterable<Uint8Array>; // streamx's own type says less
        yield { name: entry.header.name.replace(/^[^/]*\//, ''), stream };
      }
      entry.resume();
    }
  } finally {
    file.destroy();
  }
}

async function* folderEntries(path: string): AsyncGenerator<ArchiveEntry> {
  const listed = new Set(LAST_ENTRIES);
  const lines = createInterface({ input: createReadStream(join(path, 'SHA256SUMS')) });
  for await (const line of lines) {
    const name = line.slice(66);
    // A list made by somebody else must not lead out of the folder.
    if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(name)) continue;
    listed.add(name);
    if (await isFile(join(path, name))) yield { name, stream: createReadStream(join(path, name)) };
  }
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = relative(path, join(entry.parentPath, entry.name));
    if (!entry.isFile() || listed.has(name)) continue;
    yield { name, stream: createReadStream(join(path, name)) };
  }
  for (const name of LAST_ENTRIES) {
    if (await isFile(join(path, name))) yield { name, stream: createReadStream(join(path, name)) };
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (it) => it.isFile(),
    () => false,
  );
}
