// A list that grows with the archive and is needed at its end: kept in a temporary file, so that a
// million documents cost no memory while the others are written.

import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type LineFile = {
  add(line: string): Promise<void>;
  /** The file with all lines so far, each with its line feed. */
  whole(): Promise<{ readonly path: string; readonly sizeBytes: number }>;
  /** Of all lines so far, lower-case hex. */
  sha256(): string;
  remove(): Promise<void>;
};

const WRITE_AT = 64 * 1024;

export async function lineFile(): Promise<LineFile> {
  const folder = await mkdtemp(join(tmpdir(), 'comptappart-archive-'));
  const path = join(folder, 'lines');
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let waiting = '';
  let sizeBytes = 0;

  async function flush(): Promise<void> {
    await file.writeFile(waiting);
    waiting = '';
  }

  return {
    async add(line) {
      waiting += `${line}\n`;
      sizeBytes += Buffer.byteLength(line) + 1;
      hash.update(`${line}\n`);
      if (waiting.length > WRITE_AT) await flush();
    },
    async whole() {
      await flush();
      return { path, sizeBytes };
    },
    sha256: () => hash.copy().digest('hex'),
    async remove() {
      await file.close();
      await rm(folder, { recursive: true });
    },
  };
}
