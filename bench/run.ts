// `npm run bench`: every measurement in turn, each in a process of its own so that none warms or
// burdens the next, and the machine they ran on. Ratios compare two things within one run; rates are
// only their parts, and those of two machines say nothing about each other.
//
//   npm run bench [-- --json] [-- --quick] [-- --only pdf]

import { spawn } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

type Bench = {
  readonly name: string;
  readonly what: string;
  readonly quick: readonly string[];
};

const BENCHES: readonly Bench[] = [
  {
    name: 'pdf',
    what: 'Finished Factur-X files beside bare Chromium, same pages (ratio at least 0.9)',
    quick: ['--rounds', '3', '--seconds', '1', '--lines', '1,60', '--pages', '1'],
  },
  {
    name: 'isolation',
    what: 'Others’ p99 with one partner hanging, beside without (ratio at most 1.1)',
    quick: ['--quick'],
  },
];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

const wanted = BENCHES.filter(({ name }) => values.only === undefined || values.only === name);
if (wanted.length === 0) {
  console.error(`no bench of that name; there are ${BENCHES.map((it) => it.name).join(', ')}`);
  process.exit(2);
}
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  // What else runs here makes every figure below worth less.
  loadBefore: loadavg()[0],
};

let failed = false;
const figures: Record<string, unknown> = {};
if (!values.json) console.table([machine]);
for (const { name, what, quick } of wanted) {
  if (!values.json) console.log(`\n${what}`);
  const args = [...(values.quick ? quick : []), ...(values.json ? ['--json'] : [])];
  const { code, printed } = await run(`${name}.ts`, args);
  if (code !== 0) failed = true;
  if (values.json) figures[name] = code === 0 ? JSON.parse(printed) : { failed: code };
}
if (values.json) console.log(JSON.stringify({ machine, ...figures }, null, 2));
process.exitCode = failed ? 1 : 0;

function run(
  file: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', values.json ? 'pipe' : 'inherit', 'inherit'],
  });
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, printed }));
  });
}
