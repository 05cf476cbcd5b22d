// What the documents claim of the code, checked against the code: paths exist, the picture of the
// notification's life has the machine's edges, every variable has its row.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NOTIFICATION_EDGES } from '#domain/notification.ts';

const ROOT = new URL('..', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, ROOT), 'utf8');
const exists = (name: string) => existsSync(fileURLToPath(new URL(name, ROOT)));

test.each(['ARCHITECTURE.md', 'README.md', 'CONTRIBUTING.md', 'db/README.md'])(
  'every path that %s names exists',
  (name) => {
    const text = read(name);
    const quoted = [...text.matchAll(/`((?:src|db|test|docs)\/[\w./-]+)`/g)].map(
      (it) => it[1] ?? '',
    );
    const linked = [...text.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((it) => it[1] ?? '');
    expect([...quoted, ...linked].filter((path) => !exists(path))).toEqual([]);
  },
);

test('the picture of a notification’s life has exactly the edges of the machine', () => {
  const mermaid = /```mermaid\n([\s\S]*?)```/.exec(read('ARCHITECTURE.md'))?.[1] ?? '';
  const drawn = [...mermaid.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map((it) => `${it[1]} ${it[2]}`);
  const edges = Object.entries(NOTIFICATION_EDGES).flatMap(([a, to]) => to.map((b) => `${a} ${b}`));
  expect(drawn.toSorted()).toEqual(edges.toSorted());
});

test('every variable that the program reads has its row in the README, and no other', () => {
  const named = (text: string, pattern: RegExp) =>
    new Set([...text.matchAll(pattern)].map((it) => it[1]).filter((it) => it !== undefined));
  const inCode = named(read('src/config.ts'), /'([A-Z]+(?:_[A-Z]+)+|PORT|HOST)'/g);
  const table = /\| variable[\s\S]*?\n\n/.exec(read('README.md'))?.[0] ?? '';
  const firstCells = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map((it) => it[1]).join(' ');
  expect(named(firstCells, /`([A-Z_]+)`/g)).toEqual(inCode);
});
