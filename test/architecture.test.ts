// The walls of the house. Domain imports only itself; application adds its ports; packages and the
// platform belong to the adapters. Time, chance and the process are never taken from the air. The
// planted faults prove that the checks can fail.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
// The entry hands it to config.ts; the embedded server passes PATH and the like on to its children.
const MAY_SEE_ENV = ['src/cli.ts', 'src/adapters/postgres/embedded-launch.ts'];
const AMBIENT = /\bnew Date\(\)|\bDate\.now\(|\bMath\.random\(|\bprocess\.|\brandomUUID\(/;

/** What is wrong with a source file at that path (relative to the root), one sentence a fault. */
function faultsOf(path: string, source: string): string[] {
  const layer = /^src\/(domain|application|adapters)\//.exec(path)?.[1];
  const faults: string[] = [];
  for (const [, target = ''] of source.matchAll(IMPORT)) {
    if (!mayImport(layer, target)) faults.push(`${path} must not import ${target}`);
  }
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  if ((layer === 'domain' || layer === 'application') && AMBIENT.test(code)) {
    faults.push(`${path} takes ${AMBIENT.exec(code)?.[0]} from the air`);
  }
  const readsEnv = /\bprocess\.env\b/.test(code) && path.startsWith('src/');
  if (readsEnv && !MAY_SEE_ENV.includes(path)) faults.push(`${path} reads process.env`);
  return faults;
}

function mayImport(layer: string | undefined, target: string): boolean {
  const sibling = target.startsWith('./');
  switch (layer) {
    case 'domain':
      return sibling || target.startsWith('#domain/');
    case 'application':
      return sibling || target.startsWith('#domain/') || target.startsWith('#application/');
    case 'adapters':
      // Adapters know nothing of the programs built from them.
      return !target.startsWith('../') && !/^#(src|test)\//.test(target);
    default:
      return true;
  }
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

test('every source file keeps within its walls', () => {
  const paths = sourcesUnder('src');
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.flatMap((path) => faultsOf(path, readFileSync(join(ROOT, path), 'utf8')))).toEqual(
    [],
  );
});

test.each([
  ['a package in the domain', 'src/domain/x.ts', "import pg from 'pg';"],
  ['a type of an adapter', 'src/domain/x.ts', "import type { A } from '#adapters/a.ts';"],
  ['a way around by relative path', 'src/domain/x.ts', "import { a } from '../adapters/a.ts';"],
  ['a dynamic import', 'src/application/x.ts', "await import('node:fs');"],
  ['a platform module', 'src/application/x.ts', "import { randomBytes } from 'node:crypto';"],
  ['the clock taken from the air', 'src/domain/x.ts', 'const now = new Date();'],
  ['chance taken from the air', 'src/application/x.ts', 'const id = Math.random();'],
  ['the environment read in an adapter', 'src/adapters/x/y.ts', 'const port = process.env.PORT;'],
  [
    'an adapter that knows the program',
    'src/adapters/x/y.ts',
    "import { c } from '#src/compose.ts';",
  ],
])('%s is caught', (_fault, path, source) => {
  expect(faultsOf(path, source)).toHaveLength(1);
});
