// The store of the PDFs, for commands that read them: the same STORAGE_URL as the program's.

import { storeOfUrl } from '#adapters/files/store-of-url.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { FileStore } from '#application/ports.ts';
import { oldSecretsKeysOf, secretsKeyOf } from './books.ts';
import type { CliConfig } from './cli.ts';

/** Lends the store for the length of `work`. */
export async function withFiles<T>(
  config: CliConfig,
  work: (files: FileStore) => Promise<T>,
): Promise<T> {
  const store = storeOfUrl(config.storageUrl, {
    publicUrl: config.publicUrl,
    secretsKey: await secretsKeyOf(config),
    oldSecretsKeys: oldSecretsKeysOf(config),
    clock: systemClock,
    notes: { note: () => {} }, // a command's output is its answer
  });
  try {
    return await work(store.files);
  } finally {
    await store.close();
  }
}
