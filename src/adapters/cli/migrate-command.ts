// `migrate`: brings the database to the shape this release expects, or says what is missing.

import { migrate } from '#db/migrate.ts';
import { schemaState } from '#db/schema-state.ts';
import { withDatabaseUrl } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { fr } from './layout.ts';

export type MigrateWish = {
  readonly check?: boolean;
  /** Milliseconds. */
  readonly statementTimeout?: number;
};

export async function migrateBase(cli: Cli, wish: MigrateWish): Promise<Answer> {
  const { config } = cli.configure();
  return withDatabaseUrl(config, (url) => (wish.check ? checkBase(url) : runBase(cli, url, wish)));
}

async function runBase(cli: Cli, url: string, { statementTimeout }: MigrateWish): Promise<Answer> {
  const ran = await migrate(url, {
    ...(statementTimeout !== undefined && { statementTimeoutMs: statementTimeout }),
    tell: (message) => cli.remark(message),
  });
  const text =
    ran.length === 0
      ? 'La base de données est déjà à jour.'
      : fr`La base de données est à jour. Migrations passées :\n${listed(ran)}`;
  return { json: { ran }, text };
}

async function checkBase(url: string): Promise<Answer> {
  const { pending, newer, isSupported } = await schemaState(url);
  const json = { pending, newer, isSupported };
  if (!isSupported) {
    const text = fr`La base de données est trop récente pour ce programme :\n${listed(newer)}`;
    return { json, text, isFailure: true };
  }
  if (pending.length > 0) {
    const text = fr`Il manque à la base de données :\n${listed(pending)}`;
    return { json, text, isFailure: true };
  }
  if (newer.length === 0) return { json, text: 'La base de données est à jour.' };
  const text = fr`La base de données est plus récente, et accepte encore ce programme :`;
  return { json, text: `${text}\n${listed(newer)}` };
}

function listed(names: readonly string[]): string {
  return names.map((name) => `  ${name}`).join('\n');
}
