// `npm run bench`: every measurement in turn, each in a process of its own so that none warms or
// burdens the next, and the machine they ran on. Ratios compare two things within one run; rates are
// only their parts, and those of two machines say nothing about each other. At the end, what design.md
// §11 asks for, beside what was measured. `npm run bench:compare` holds two runs against each other.
//
//   npm run bench [-- --json] [-- --quick] [-- --only acknowledge,pdf]

import { spawn } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BenchReport, type BenchRun, type Figure, figureTable, note } from './figures.ts';

type Bench = {
  /** Of the file `bench/<name>.ts`. */
  readonly name: string;
  readonly what: string;
  readonly quick: readonly string[];
  /** Takes long: run only when it is asked for. */
  readonly byName?: boolean;
};

const BENCHES: readonly Bench[] = [
  {
    name: 'acknowledge',
    what: 'Webhooks made durable and answered, beside bare pg and stripe-sync-engine',
    quick: ['--quick'],
  },
  {
    name: 'whole-path',
    what: 'Orders from the webhook to the partner and the mail, beside bare Chromium',
    quick: ['--quick'],
  },
  {
    name: 'pdf',
    what: 'Finished Factur-X files beside bare Chromium, same pages',
    quick: ['--quick'],
  },
  {
    name: 'isolation',
    what: 'Others’ p99 with one partner hanging, beside without',
    quick: ['--quick'],
  },
  {
    name: 'numbers',
    what: 'The wait for an invoice number, with many who record at once',
    quick: ['--quick'],
  },
  { name: 'start', what: 'From the command to ready, by part', quick: ['--quick'] },
  {
    name: 'growth',
    what: 'The same with 1,000,000 orders on the books, beside empty ones',
    quick: ['--quick'],
    byName: true,
  },
  {
    name: 'grown-path',
    what: 'Orders on the whole path with 1,000,000 on the books, beside empty ones',
    quick: ['--quick'],
    byName: true,
  },
  {
    name: 'pages',
    what: 'The dashboard’s pages with 1,000,000 orders on the books, beside empty ones',
    quick: ['--quick'],
    byName: true,
  },
  {
    name: 'soak',
    what: 'Memory over 20,000 orders',
    quick: ['--quick'],
    byName: true,
  },
];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

const only = values.only?.split(',');
const wanted = BENCHES.filter(({ name, byName }) => only?.includes(name) ?? !byName);
const unknown = only?.filter((name) => !BENCHES.some((bench) => bench.name === name)) ?? [];
if (unknown.length > 0) {
  const names = BENCHES.map(({ name }) => name).join(', ');
  console.error(`there is no bench ${unknown.join(', ')}; there are ${names}`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  // What else runs here makes every figure below worth less.
  loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  quick: values.quick,
  at: new Date().toISOString(),
};

const benches: Record<string, BenchReport | { readonly failed: number | null }> = {};
if (!values.json) console.table([machine]);
for (const { name, what, quick } of wanted) {
  note(`\n${name}: ${what}`);
  benches[name] = await measure(name, values.quick ? quick : []);
  const report = benches[name];
  if (!values.json && 'figures' in report) console.log(`\n${figureTable(report.figures)}`);
}
const run: BenchRun = { machine, benches };
if (values.json) console.log(JSON.stringify(run, null, 2));
else conclude(run);
process.exitCode = Object.values(benches).some((it) => 'failed' in it) ? 1 : 0;

/** What has a limit, in one table; and what could not be measured. */
function conclude(of: BenchRun): void {
  const reports = Object.entries(of.benches);
  const figures = reports.flatMap(([, it]): readonly Figure[] =>
    'failed' in it ? [] : it.figures,
  );
  const limited = figures.filter(({ limit }) => limit !== null);
  if (limited.length > 0) console.log(`\nWhat design.md §11 asks for\n${figureTable(limited)}`);
  for (const [name, it] of reports) {
    if ('failed' in it) console.log(`${name} was not measured: it ended with ${it.failed}`);
  }
}

async function measure(
  name: string,
  args: readonly string[],
): Promise<BenchReport | { readonly failed: number | null }> {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [printed, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) return { failed: code };
  // Whatever else was printed on the way, the report is the last line.
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as BenchReport;
}
