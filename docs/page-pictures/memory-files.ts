// The documents of the pictures' shop, kept in memory: the pages link to them and nobody opens them.
// They keep the port's promises all the same, since the use cases are the real ones.

import type { FileStore } from '#application/ports.ts';

/** Written once; links name their key. */
export function memoryFiles(): FileStore {
  const held = new Map<string, Uint8Array>();
  return {
    async put(key, bytes) {
      if (held.has(key)) return 'exists';
      held.set(key, bytes);
      return 'stored';
    },
    async get(key) {
      const bytes = held.get(key);
      if (!bytes) throw new Error(`no file ${key}`);
      return bytes;
    },
    async signedUrl(key, expiresAt) {
      return `https://factures.example/${key}?expires=${Math.floor(expiresAt.getTime() / 1000)}`;
    },
  };
}
