// How a command reaches the books: the database of DATABASE_URL, or the embedded one as a visitor
// who joins the running server, or starts one and ends it. A command does not change a schema under
// a running program, so an outdated one is told; an embedded database without any tables is new,
// and simply made.

import { join } from 'node:path';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { sandboxSecrets } from '#adapters/sandbox/sandbox-secrets.ts';
import { type SecretBox, secretBox } from '#adapters/secret-box.ts';
import { migrate, mustBeSupported } from '#db/migrate.ts';
import { schemaState } from '#db/schema-state.ts';
import type { CliConfig } from './cli.ts';
import { Fault } from './faults.ts';
import { fr } from './layout.ts';

const CONNECTIONS_MAX = 4;

/** Lends the address of a running database for the length of `work`, whatever its schema. */
export async function withDatabaseUrl<T>(
  config: CliConfig,
  work: (url: string) => Promise<T>,
): Promise<T> {
  if (config.databaseUrl) return work(config.databaseUrl.reveal());
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, role: 'visitor' });
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
  }
}

/** Lends the books, their schema up to date. Throws a Fault that asks for `migrate` otherwise. */
export function withBooks<T>(config: CliConfig, work: (db: Database) => Promise<T>): Promise<T> {
  return withDatabaseUrl(config, async (url) => {
    await mustBeUpToDate(config, url);
    const db = connect(url, { connectionsMax: CONNECTIONS_MAX });
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  });
}

async function mustBeUpToDate(config: CliConfig, url: string): Promise<void> {
  const pending = await pendingOrMade(config, url);
  if (pending.length === 0) return;
  const what = isWhole(pending) ? 'n’a pas encore ses tables' : 'n’est pas à jour';
  throw new Fault(fr`La base de données ${what} : lancez « comptappart migrate ».`);
}

/** The migrations that wait. A new embedded database is made whole first: nobody else would. */
export async function pendingOrMade(config: CliConfig, url: string): Promise<readonly string[]> {
  const state = await schemaState(url);
  mustBeSupported(state);
  const { pending } = state;
  if (config.databaseUrl !== null || !isWhole(pending)) return pending;
  await migrate(url);
  return [];
}

// They run in order: while the first one waits, none has run.
function isWhole(pending: readonly string[]): boolean {
  return pending[0]?.startsWith('0001-') ?? false;
}

/** The box that opens what the database keeps sealed. In the sandbox its key is in DATA_DIR. */
export async function openSecretBox(config: CliConfig): Promise<SecretBox> {
  return secretBox(await secretsKeyOf(config), oldSecretsKeysOf(config));
}

/** The keys of SECRETS_KEYS_OLD. */
export function oldSecretsKeysOf({ secretsKeysOld }: CliConfig): readonly Buffer[] {
  return secretsKeysOld.map((key) => Buffer.from(key.reveal(), 'base64'));
}

/** The 32 bytes of SECRETS_KEY, or those that the sandbox made for itself. */
export async function secretsKeyOf({ secretsKey, dataDir }: CliConfig): Promise<Buffer> {
  const key =
    secretsKey?.reveal() ?? (await sandboxSecrets(join(dataDir, 'sandbox.json'))).secretsKey;
  return Buffer.from(key, 'base64');
}
