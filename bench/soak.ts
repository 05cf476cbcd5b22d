// Whether memory stays flat: many orders through the real program at the pace it can hold, and the
// memory of the whole tree looked at again and again, by part. Flat is what the second half of the
// looks says: the first is warming up. The slope comes with its spread, for memory is never quiet.
//
//   node bench/soak.ts [--json] [--quick] [--orders 20000] [--roles serve]

import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Role } from '#chaos/program-process.ts';
import { delay } from '#chaos/waiting.ts';
import { type PartsOfAll, startBenchWorld } from './bench-world.ts';
import { figure, note, rounded, tellReport } from './figures.ts';

/** MB by part after so many orders. */
type Look = { readonly orders: number; readonly mb: PartsOfAll; readonly whole: number };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    orders: { type: 'string' },
    roles: { type: 'string', default: 'serve' },
  },
});
const orders = Number(values.orders ?? (values.quick ? 1_000 : 20_000));
const LOOKS = 20;
/** What a thousand orders more may cost and still be called flat. */
const FLAT_MB = 2;

const folder = await mkdtemp(join(tmpdir(), 'bench-soak-'));
const world = await startBenchWorld({
  folder,
  roles: values.roles.split(',') as Role[],
  env: { LOG_LEVEL: 'error' },
});
try {
  const each = Math.ceil(orders / LOOKS);
  const looks: Look[] = [await look(0)];
  for (let done = each; done <= orders; done += each) {
    const [{ calls }] = await Promise.all([world.arrived(each, 600_000), world.send(each)]);
    if (calls.length < each) throw new Error('an order was lost');
    await delay(1_000); // what is only garbage may go
    looks.push(await look(done));
    note(JSON.stringify({ ...looks.at(-1), load: loadavg()[0] }));
  }
  report(looks);
} finally {
  await world.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

async function look(done: number): Promise<Look> {
  const mb = Object.fromEntries(
    Object.entries(await world.memory()).map(([part, value]) => [part, rounded(value)]),
  );
  return { orders: done, mb, whole: Object.values(mb).reduce((sum, value) => sum + value, 0) };
}

function report(looks: readonly Look[]): void {
  const late = looks.slice(Math.floor(looks.length / 2));
  const parts = ['whole tree', ...Object.keys(late[0]?.mb ?? {})];
  const of = (part: string) => (it: Look) =>
    part === 'whole tree' ? it.whole : (it.mb[part] ?? 0);
  const slopes = Object.fromEntries(parts.map((part) => [part, slopeOf(late, of(part))]));
  const figures = parts.flatMap((part) => [
    figure(`soak: memory of ${part}`, {
      ...{ unit: 'MB', better: 'less', rounds: late.map(of(part)) },
    }),
    figure(`soak: growth of ${part} per 1,000 orders`, {
      ...{ unit: 'MB', better: 'less', rounds: [slopes[part]?.slope ?? Number.NaN] },
    }),
  ]);
  tellReport({ figures, details: { looks, slopes } }, values);
  if (values.json) return;
  console.log('\nMB more per 1,000 orders, over the second half (slope ± two standard errors)');
  for (const [part, { slope, spread }] of Object.entries(slopes)) {
    const word = slope - spread > FLAT_MB ? 'GROWS' : slope + spread <= FLAT_MB ? 'flat' : 'unsure';
    console.log(`  ${part.padEnd(12)}${rounded(slope)} ± ${rounded(spread)}  ${word}`);
  }
}

/** The straight line through the looks, in MB per 1,000 orders, and two standard errors of it. */
function slopeOf(looks: readonly Look[], of: (it: Look) => number) {
  const points = looks.map((it) => ({ x: it.orders / 1000, y: of(it) }));
  const mean = (pick: (point: { readonly x: number; readonly y: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const sxx = points.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0) / sxx;
  const rest = points.reduce((sum, { x, y }) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { slope, spread: 2 * Math.sqrt(rest / Math.max(1, points.length - 2) / sxx) };
}
