// The files of db/migrations, in the order of their names, which is the order in which they run.

import { readdir, readFile } from 'node:fs/promises';

const FOLDER = new URL('./migrations/', import.meta.url);

export type MigrationFile = {
  /** `0012-side-by-side`. */
  readonly name: string;
  readonly text: string;
  /** Begins with `-- apart`: runs outside a transaction, one statement at a time. */
  readonly isApart: boolean;
};

/** All of them, oldest first. `folder` stands in for ours. */
export async function migrationFiles(folder: URL = FOLDER): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8');
      return { name: name.slice(0, -'.sql'.length), text, isApart: /^-- apart\b/.test(text) };
    }),
  );
}

/** Statements, each with the comment before it; a function's body between `$$` stays whole. */
export function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  let isBody = false;
  for (const line of text.split('\n')) {
    current += `${line}\n`;
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) isBody = !isBody;
    if (isBody || !/;\s*(?:--.*)?$/.test(line)) continue;
    statements.push(current.trim());
    current = '';
  }
  return statements;
}
