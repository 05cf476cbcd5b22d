// How fast paid orders become recorded, printed, mailed and announced on this machine, with all that
// it takes running beside, next to what bare Chromium prints of the same page in the same run. And
// where the time goes: ms of processor an order, by process, what is not the program's apart.
//
//   node bench/whole-path.ts [--json] [--quick] [--rounds 5] [--orders 1200] [--lines 1]
//        [--roles serve] [--only-path]

import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Role } from '#chaos/program-process.ts';
import { delay } from '#chaos/waiting.ts';
import { documentOf } from '#domain/invoice.ts';
import { type BareChromium, bareChromium, WAYS, type Way } from './bare-chromium.ts';
import { type BenchWorld, type PartsOfAll, startBenchWorld } from './bench-world.ts';
import { type Figure, figure, note, quantile, rounded, tellReport } from './figures.ts';
import { cpuByPart, treeOf } from './process-table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    orders: { type: 'string' },
    lines: { type: 'string', default: '1' },
    /** `serve`, or `web,worker` and so on. */
    roles: { type: 'string', default: 'serve' },
    /** Without bare Chromium: for profiles. */
    'only-path': { type: 'boolean', default: false },
    'node-options': { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const orders = Number(values.orders ?? (values.quick ? 150 : 1_200));
const lines = Number(values.lines);
const PAGES = [2, 3, 4]; // one is never the best here
const BARE_SECONDS = 1;
/** Not counted: caches, connections, compiled code, the database's statistics. */
const WARM_UP = values.quick ? 200 : 1_500;

type Round = {
  /** Orders a second, from the first webhook to the last mail and call. */
  readonly whole: number;
  readonly bare: Bare;
  readonly cpuMs: PartsOfAll;
  readonly transactions: number;
  readonly stripeRequests: number;
};

type BurstFigures = Omit<Round, 'bare'>;

/** By number of pages: PDFs a second, and ms of processor for one. */
type Bare = {
  readonly [W in Way]: { readonly rates: readonly number[]; readonly cpuMs: readonly number[] };
};

const NOTHING: Bare = { plain: { rates: [], cpuMs: [] }, own: { rates: [], cpuMs: [] } };

const folder = await mkdtemp(join(tmpdir(), 'bench-whole-'));
const world = await startBenchWorld({
  folder,
  roles: values.roles.split(',') as Role[],
  lines: [lines],
  env: { LOG_LEVEL: 'error' },
  ...(values['node-options'] !== undefined && { nodeOptions: values['node-options'] }),
});
let bare: BareChromium | null = null;
try {
  note(`${values.roles}; load ${loadavg()[0]}`);
  await burst(world, WARM_UP);
  if (!values['only-path']) {
    bare = await bareChromium(await aDocument(world), { folder, pagesMax: Math.max(...PAGES) });
    for (const way of WAYS) await bare.rate(way, Math.max(...PAGES), 1);
  }
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await oneRound(world, bare));
    note(JSON.stringify(measured.at(-1)));
  }
  await bare?.close();
  const sustained = Math.min(...measured.map(({ whole }) => whole));
  const half = await atHalf(world, sustained / 2, values.quick ? 5 : 15);
  const figures: Figure[] = [
    ...(bare === null ? [] : ratios(measured)),
    rate('whole path: orders/s', measured, (it) => it.whole),
    ...(bare === null ? [] : bareRatesOf(measured)),
    figure('p99 from webhook to partner’s request at half load', {
      ...{ unit: 'ms', better: 'less', limit: 1000, rounds: [half.p99] },
    }),
    figure('whole path: Stripe requests an order', {
      ...{ unit: 'count', better: 'less', limit: 1 },
      rounds: measured.map((it) => it.stripeRequests),
    }),
    figure('whole path: commits an order under load, the queue’s too', {
      ...{ unit: 'count', better: 'less', rounds: measured.map((it) => it.transactions) },
    }),
  ];
  const details = { rounds: measured, half, load: loadavg() };
  tellReport({ figures, details }, values);
  if (!values.json) tellCpu(measured);
} finally {
  await world.close();
  if (process.env.KEEP) note(folder);
  else await rm(folder, { recursive: true, force: true });
}
process.exit(0);

// Bare Chromium before and after, half each: the machine's mood changes within a round.
async function oneRound(of: BenchWorld, yardstick: BareChromium | null): Promise<Round> {
  if (yardstick === null) return { ...(await burst(of, orders)), bare: NOTHING };
  const before = await bareRates(yardstick);
  const path = await burst(of, orders);
  const after = await bareRates(yardstick);
  return {
    ...path,
    bare: { plain: mean(before, after, 'plain'), own: mean(before, after, 'own') },
  };
}

function mean(before: Bare, after: Bare, way: Way): Bare[Way] {
  const half = (of: keyof Bare[Way]) =>
    before[way][of].map((value, at) => (value + (after[way][of][at] ?? Number.NaN)) / 2);
  return { rates: half('rates'), cpuMs: half('cpuMs') };
}

async function bareRates(yardstick: BareChromium): Promise<Bare> {
  return { plain: await ratesOf(yardstick, 'plain'), own: await ratesOf(yardstick, 'own') };
}

async function ratesOf(yardstick: BareChromium, way: Way): Promise<Bare[Way]> {
  const rates: number[] = [];
  const cpuMs: number[] = [];
  for (const pages of PAGES) {
    const before = await ownCpuMs();
    const rateOf = await yardstick.rate(way, pages, BARE_SECONDS);
    cpuMs.push(((await ownCpuMs()) - before) / (rateOf * BARE_SECONDS));
    rates.push(rateOf);
  }
  return { rates, cpuMs };
}

/** Of this process and all its browsers; the program rests while it is asked for. */
async function ownCpuMs(): Promise<number> {
  const { user, system } = process.cpuUsage();
  const browsers = cpuByPart(await treeOf(process.pid)).get('chromium') ?? 0;
  return (user + system) / 1000 + browsers;
}

async function burst(of: BenchWorld, count: number): Promise<BurstFigures> {
  const cpuBefore = await of.cpu();
  const commitsBefore = await commits(of);
  const startedAt = performance.now();
  const sending = of.send(count);
  const { stripeRequests } = await of.arrived(count, 300_000);
  const seconds = (performance.now() - startedAt) / 1000;
  await sending;
  const cpuAfter = await of.cpu();
  await delay(1_100); // PostgreSQL's counters come late, and a browser at rest is the other side's due
  const transactions = ((await commits(of)) - commitsBefore) / count;
  const cpuMs = Object.fromEntries(
    Object.entries(cpuAfter).map(([part, ms]) => [part, (ms - (cpuBefore[part] ?? 0)) / count]),
  );
  return { whole: count / seconds, cpuMs, transactions, stripeRequests: stripeRequests / count };
}

/** Of everybody, Graphile Worker and the idle polls included. */
async function commits({ db }: BenchWorld): Promise<number> {
  const { rows } = await db.query<{ n: string }>(
    'select xact_commit as n from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]?.n);
}

async function aDocument({ db }: BenchWorld) {
  const { rows } = await db.query<{ content: string }>('select content from invoice limit 1');
  return documentOf(rows[0]?.content ?? '');
}

/** ms from the webhook's sending to the partner's request, at a steady rate. */
async function atHalf(of: BenchWorld, rateOf: number, seconds: number) {
  const count = Math.ceil(rateOf * seconds);
  const [sent, { calls }] = await Promise.all([
    of.send(count, { rate: rateOf }),
    of.arrived(count, 300_000),
  ]);
  const ms = calls.map(([eventId, at]) => at - (sent.at.get(eventId) ?? Number.NaN));
  return {
    rate: rounded(rateOf),
    p50: quantile(ms, 0.5),
    p99: quantile(ms, 0.99),
    answerP99: rounded(quantile(sent.answersMs, 0.99)),
  };
}

function ratios(measured: readonly Round[]): readonly Figure[] {
  const of = (way: Way) => {
    const best = bestPages(measured, way);
    return measured.map(({ whole, bare: by }) => whole / (by[way].rates[best] ?? Number.NaN));
  };
  const best = bestPages(measured, 'plain');
  // Stand-ins included: what a busy machine bends less.
  const byCpu = measured.map(({ cpuMs, bare: by }) => {
    const ofAll = Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);
    return (by.plain.cpuMs[best] ?? Number.NaN) / ofAll;
  });
  const ratio = { unit: '×', better: 'more' as const };
  return [
    figure('whole path ÷ bare Chromium', { ...ratio, limit: 0.7, rounds: of('plain') }),
    figure('the same by processor time', { ...ratio, rounds: byCpu }),
    figure('whole path ÷ the program’s own warm page', { ...ratio, limit: 0.7, rounds: of('own') }),
  ];
}

function bareRatesOf(measured: readonly Round[]): readonly Figure[] {
  return [
    ['bare Chromium: PDFs/s', 'plain'] as const,
    ['the program’s own warm page: PDFs/s', 'own'] as const,
  ].map(([name, way]) => {
    const best = bestPages(measured, way);
    return rate(name, measured, (round) => round.bare[way].rates[best] ?? Number.NaN);
  });
}

/** Of all rounds together: the best of each would be the one that the machine’s mood was best for. */
function bestPages(measured: readonly Round[], way: Way): number {
  const medians = PAGES.map((_, at) =>
    quantile(
      measured.map((round) => round.bare[way].rates[at] ?? Number.NaN),
      0.5,
    ),
  );
  return medians.indexOf(Math.max(...medians));
}

function rate(name: string, measured: readonly Round[], of: (round: Round) => number): Figure {
  return figure(name, { unit: '/s', better: 'more', rounds: measured.map(of) });
}

function tellCpu(measured: readonly Round[]): void {
  const parts = [...new Set(measured.flatMap(({ cpuMs }) => Object.keys(cpuMs)))];
  console.log('\nms of processor an order (two cores give 2,000 ms a second)');
  for (const part of parts) {
    const ms = measured.map(({ cpuMs }) => cpuMs[part] ?? 0);
    const sum = ms.reduce((a, b) => a + b, 0);
    console.log(`  ${part.padEnd(12)}${rounded(sum / ms.length)}`);
  }
}
