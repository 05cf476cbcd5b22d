// The house rules that a machine can check: how long a file may grow, that it opens by saying what
// lives in it, that no name could stand in any project. The list of exceptions may only shrink.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINES_MAX = 300;
const LONGER_FOR_A_REASON: Readonly<Record<string, string>> = {
  'src/application/ports.ts': 'every port on one page',
};
const SAYS_NOTHING = /(^|[-/])(utils?|helpers?|common|misc|lib|shared|types|manager|service)\.ts$/;

type Source = { readonly path: string; readonly text: string };

const sources: Source[] = ['src', 'db'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') })),
);

function faultsOf({ path, text }: Source): string[] {
  const lines = text.split('\n').length - 1;
  return [
    ...(lines > LINES_MAX && !(path in LONGER_FOR_A_REASON) ? [`${path} has ${lines} lines`] : []),
    ...(/^(#!.*\n)?\/\/ \S/.test(text) ? [] : [`${path} does not open by saying what lives in it`]),
    ...(SAYS_NOTHING.test(path) ? [`${path} has a name that says nothing`] : []),
  ];
}

describe('the sources', () => {
  test('keep the house rules', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap(faultsOf)).toEqual([]);
  });

  test('need every exception that is listed', () => {
    for (const path of Object.keys(LONGER_FOR_A_REASON)) {
      const source = sources.find((it) => it.path === path);
      expect(source?.text.split('\n').length, path).toBeGreaterThan(LINES_MAX);
    }
  });
});

test.each([
  ['a file that is too long', { path: 'src/a.ts', text: `// What.\n${'x\n'.repeat(LINES_MAX)}` }],
  ['a file that says nothing of itself', { path: 'src/a.ts', text: 'const a = 1;\n' }],
  ['a drawer for anything', { path: 'src/adapters/http/utils.ts', text: '// What.\n' }],
])('%s is caught', (_what, source) => {
  expect(faultsOf(source)).toHaveLength(1);
});
