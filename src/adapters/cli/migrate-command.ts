// `migrate`: brings the database to the shape this release expects, or says what is missing.

import { migrate, pendingMigrations } from '#db/migrate.ts';
import { withDatabaseUrl } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { fr } from './layout.ts';

export async function migrateBase(
  cli: Cli,
  { check = false }: { readonly check?: boolean },
): Promise<Answer> {
  const { config } = cli.configure();
  return withDatabaseUrl(config, async (url) => {
    if (!check) {
      const ran = await migrate(url);
      const text =
        ran.length === 0
          ? 'La base de données est déjà à jour.'
          : fr`La base de données est à jour. Migrations passées :\n${listed(ran)}`;
      return { json: { ran }, text };
    }
    const pending = await pendingMigrations(url);
    if (pending.length === 0) return { json: { pending }, text: 'La base de données est à jour.' };
    const text = fr`Il manque à la base de données :\n${listed(pending)}`;
    return { json: { pending }, text, isFailure: true };
  });
}

function listed(names: readonly string[]): string {
  return names.map((name) => `  ${name}`).join('\n');
}
