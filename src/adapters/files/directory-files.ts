// Files in a folder, handed out by signed links: the development and single-machine store. A link
// carries its expiry and an HMAC over key and expiry, so it can be neither forged nor stretched, and
// nothing about it is stored. Files are written once: whole, synced to disk, never overwritten.

import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inBatches } from '#application/in-batches.ts';
import type { Clock, FileStore } from '#application/ports.ts';
import { isFileKey, mustBeFileKey } from './file-key.ts';

export type DirectoryFiles = FileStore & {
  /** The file of a link that is genuine and still alive, or why not. */
  openLink(
    key: string,
    query: { readonly expires: unknown; readonly signature: unknown },
  ): Promise<Uint8Array | 'forged' | 'expired' | 'missing'>;
};

export type DirectoryFilesOptions = {
  readonly dir: string;
  /** Origin that serves `/files/…`, without a slash at the end. */
  readonly publicUrl: string;
  /** SECRETS_KEY; links are signed with a key derived from it. */
  readonly secretsKey: Buffer;
  /** Links signed with a key that was replaced open until they expire. */
  readonly oldSecretsKeys?: readonly Buffer[];
  readonly clock: Clock;
};

export function directoryFiles(options: DirectoryFilesOptions): DirectoryFiles {
  const { dir, clock } = options;
  const linkKey = linkKeyOf(options.secretsKey);
  const linkKeys = [linkKey, ...(options.oldSecretsKeys ?? []).map(linkKeyOf)];

  // Names that appear while a folder is being synced share the next one.
  const syncedFolder = inBatches(syncFolders, { most: 100, apartMs: 0 });

  function pathOf(key: string): string {
    mustBeFileKey(key);
    return join(dir, key);
  }

  function signatureOf(key: string, expires: number, by = linkKey): Buffer {
    return createHmac('sha256', by).update(`${key}\n${expires}`).digest();
  }

  function isGenuine(given: Buffer, key: string, expires: number): boolean {
    return linkKeys.some((by) => {
      const right = signatureOf(key, expires, by);
      return given.length === right.length && timingSafeEqual(given, right);
    });
  }

  return {
    async put(key, bytes) {
      const path = pathOf(key);
      const temporary = `${path}.${randomUUID()}.tmp`;
      await writeSynced(temporary, bytes).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await mkdir(dirname(path), { recursive: true });
        await writeSynced(temporary, bytes);
      });
      try {
        await link(temporary, path); // fails when the name is taken, unlike a rename
        await syncedFolder(dirname(path));
        return 'stored';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'exists';
        throw error;
      } finally {
        await unlink(temporary);
      }
    },

    async get(key) {
      return readFile(pathOf(key));
    },

    async signedUrl(key, expiresAt) {
      pathOf(key);
      const expires = Math.floor(expiresAt.getTime() / 1000);
      const signature = signatureOf(key, expires).toString('base64url');
      return `${options.publicUrl}/files/${key}?expires=${expires}&signature=${signature}`;
    },

    async openLink(key, { expires, signature }) {
      if (typeof expires !== 'string' || typeof signature !== 'string') return 'forged';
      if (!/^\d{1,12}$/.test(expires) || !isFileKey(key)) return 'forged';
      const given = Buffer.from(signature, 'base64url');
      if (!isGenuine(given, key, Number(expires))) return 'forged';
      if (Number(expires) * 1000 <= clock.now().getTime()) return 'expired';
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
        throw error;
      }
    },
  };
}

function linkKeyOf(secretsKey: Buffer): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secretsKey, '', 'file links', 32)));
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

// Without it the name, not the content, could be lost when the machine loses power.
async function syncFolders(dirs: readonly string[]): Promise<readonly undefined[]> {
  await Promise.all([...new Set(dirs)].map(syncFolder));
  return dirs.map(() => undefined);
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
