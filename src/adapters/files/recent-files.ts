// The files that this process has just stored, kept for the mail that attaches them a moment later: it
// need not fetch from the store, perhaps over the network, what was handed to it. The store stays the
// master; only bytes that it took as new are kept, and few of them.

import type { FileStore } from '#application/ports.ts';

/** The same store; `get` answers from memory for the last `bytesMax` bytes that it stored. */
export function recentFiles<S extends FileStore>(store: S, bytesMax = 8_000_000): S {
  const kept = new Map<string, Uint8Array>();
  let size = 0;

  function forget(key: string): void {
    size -= kept.get(key)?.byteLength ?? 0;
    kept.delete(key);
  }

  return {
    ...store,
    async put(key, bytes, contentType) {
      const put = await store.put(key, bytes, contentType);
      if (put === 'stored' && bytes.byteLength <= bytesMax) {
        kept.set(key, bytes);
        size += bytes.byteLength;
        for (const oldest of kept.keys()) {
          if (size <= bytesMax) break;
          forget(oldest);
        }
      }
      return put;
    },
    async get(key) {
      const bytes = kept.get(key);
      if (bytes === undefined) return store.get(key);
      forget(key); // one mail attaches it; another try reads the store
      return bytes;
    },
  };
}
