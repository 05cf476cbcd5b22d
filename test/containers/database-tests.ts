// Which integration tests talk to PostgreSQL: those that reach, over whatever they import, a source
// that asks for a test database. Found rather than listed, so that a new test is taken along.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT = /from '(#test\/|\.\.?\/)([^']+)'/g;
const ASKS = /\b(?:testDatabase|emptyDatabase)\(/;
const DOOR = 'test/support/database.ts';

/** Paths relative to the root, sorted. */
export function databaseTests(): readonly string[] {
  const asks = new Map<string, boolean>();

  function reaches(path: string): boolean {
    const known = asks.get(path);
    if (known !== undefined) return known;
    asks.set(path, false); // against circles
    const text = readFileSync(join(ROOT, path), 'utf8');
    const found = (path !== DOOR && ASKS.test(text)) || importsOf(path, text).some(reaches);
    asks.set(path, found);
    return found;
  }

  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.integration.ts'))
    .map((name) => join('test', name))
    .filter(reaches)
    .sort();
}

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, base = '', rest = '']) =>
    base === '#test/'
      ? join('test', rest)
      : relative(ROOT, resolve(ROOT, dirname(path), base + rest)),
  );
}
