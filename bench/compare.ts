// `npm run bench:compare -- before.json after.json`: which figures of two runs differ by more than they
// differ within one. Two runs of the same machine, that is; of different ones only the ratios say
// something, and this says so.
//
//   npm run bench -- --json > before.json

import { readFile } from 'node:fs/promises';
import { type BenchRun, columns, type Figure, verdictOf } from './figures.ts';

const [beforeFile, afterFile] = process.argv.slice(2);
if (beforeFile === undefined || afterFile === undefined) {
  console.error('two files are needed: npm run bench:compare -- before.json after.json');
  process.exit(2);
}
const [before, after] = await Promise.all([read(beforeFile), read(afterFile)]);
for (const what of ['cpu', 'cores', 'node', 'quick']) {
  const [was, is] = [before.machine[what], after.machine[what]];
  if (was !== is) console.log(`Not the same ${what}: ${was} before, ${is} after.`);
}
const [was, is] = [figuresOf(before), figuresOf(after)];
const names = new Set([...was.keys(), ...is.keys()]);
const lines = [...names].map((name) => lineOf(name, was.get(name), is.get(name)));
console.log(columns([['', 'figure', 'before', 'after', 'change'], ...lines]));
const worse = lines.filter(([verdict]) => verdict === 'worse').length;
const better = lines.filter(([verdict]) => verdict === 'better').length;
console.log(`${better} better, ${worse} worse, beyond the spread of their rounds`);
process.exitCode = worse > 0 ? 1 : 0;

async function read(path: string): Promise<BenchRun> {
  const printed = await readFile(path, 'utf8');
  // `npm run` prints its own lines before.
  return JSON.parse(printed.slice(printed.indexOf('{\n'))) as BenchRun;
}

function figuresOf({ benches }: BenchRun): ReadonlyMap<string, Figure> {
  const all = Object.entries(benches).flatMap(([bench, report]) =>
    'failed' in report ? [] : report.figures.map((it) => [`${bench}: ${it.name}`, it] as const),
  );
  return new Map(all);
}

function lineOf(name: string, a: Figure | undefined, b: Figure | undefined): readonly string[] {
  const shown = (it: Figure | undefined): string => (it ? `${it.value} ${it.unit}` : '–');
  const change = a && b && a.value !== 0 ? `${percent(b.value / a.value - 1)}` : '';
  const verdict = verdictOf(a, b);
  return [verdict === 'same' ? '' : verdict, name, shown(a), shown(b), change];
}

function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return `${rounded > 0 ? '+' : ''}${rounded} %`;
}
