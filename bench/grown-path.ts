// Whether the whole path is as fast with a million orders on the books as with none: the program, its
// Chromium and its neighbours on both, in turn, round after round. growth.ts looks at the database's
// steps one by one; here they are what they are among the rest.
//
//   node bench/million.ts --data-dir DIR          once
//   node bench/grown-path.ts --data-dir DIR [--json] [--quick] [--rounds 5] [--orders 600]
//
// The books in DIR hold some thousands of orders more at the end.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { delay } from '#chaos/waiting.ts';
import { type BenchWorld, startBenchWorld } from './bench-world.ts';
import { figure, note, tellReport } from './figures.ts';

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    orders: { type: 'string' },
  },
});
const booksFolder = values['data-dir'] ?? process.env.GROWN_DATA_DIR;
if (booksFolder === undefined) {
  note(
    'No --data-dir (or GROWN_DATA_DIR): make one with « node bench/million.ts --data-dir DIR ».',
  );
  process.exit(2);
}
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const orders = Number(values.orders ?? (values.quick ? 200 : 600));
const WARM_UP = values.quick ? 200 : 1_000;

type Pace = { readonly perSecond: number; readonly cpuMs: number };

const folders = await Promise.all(
  ['empty', 'grown'].map((name) => mkdtemp(join(tmpdir(), `bench-${name}-`))),
);
const worlds: BenchWorld[] = [];
try {
  const [folderOfEmpty, folderOfGrown] = folders as [string, string];
  const common = { roles: ['serve'] as const, env: { LOG_LEVEL: 'error' } };
  const empty = await startBenchWorld({ ...common, folder: folderOfEmpty });
  worlds.push(empty);
  const grown = await startBenchWorld({ ...common, folder: folderOfGrown, booksFolder });
  worlds.push(grown);
  for (const world of worlds) await sell(world, WARM_UP);
  const measured: { readonly empty: Pace; readonly grown: Pace }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? empty : grown;
    const paces = new Map<BenchWorld, Pace>();
    for (const world of [first, first === empty ? grown : empty]) {
      paces.set(world, await sell(world, orders));
    }
    measured.push({ empty: paces.get(empty) as Pace, grown: paces.get(grown) as Pace });
    note(JSON.stringify(measured.at(-1)));
  }
  const shares = (of: (pace: Pace) => number) => measured.map((it) => of(it.grown) / of(it.empty));
  tellReport(
    {
      figures: [
        figure('whole path, a million ÷ empty', {
          ...{ unit: '×', better: 'more', limit: 0.9 },
          rounds: shares(({ perSecond }) => perSecond),
        }),
        figure('whole path, processor an order, a million ÷ empty', {
          ...{ unit: '×', better: 'less' },
          rounds: shares(({ cpuMs }) => cpuMs),
        }),
        figure('whole path on a million: orders/s', {
          ...{ unit: '/s', better: 'more' },
          rounds: measured.map(({ grown: { perSecond } }) => perSecond),
        }),
      ],
      details: measured,
    },
    values,
  );
} finally {
  for (const world of worlds) await world.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
process.exit(0);

/** From the first webhook to the last mail and call; what follows at once is not the next one's. */
async function sell(world: BenchWorld, count: number): Promise<Pace> {
  const cpuBefore = total(await world.cpu());
  const startedAt = performance.now();
  const sending = world.send(count);
  await world.arrived(count, 300_000);
  const seconds = (performance.now() - startedAt) / 1000;
  await sending;
  const cpuMs = (total(await world.cpu()) - cpuBefore) / count;
  await delay(1_000);
  return { perSecond: count / seconds, cpuMs };
}

function total(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((sum, ms) => sum + ms, 0);
}
