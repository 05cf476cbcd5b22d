// `npm run chaos`: the storm, or one of the smaller trials by its option. Prints a table (or one
// JSON document with --json), and ends with 1 when anything was lost, doubled, late or left undone.
// See docs/chaos.md.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newSeed } from './chance.ts';
import { type Outcome, TRIALS, type Trial } from './trials.ts';

const NUMBERS = {
  orders: '1000',
  kills: '50',
  webs: '2',
  workers: '3',
  partners: '4',
  pace: '5',
} as const;
const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({
  options: {
    ...{ orders: text, kills: text, webs: text, workers: text, partners: text, pace: text },
    ...{ seed: text, burst: text },
    ...{ statements: flag, rolling: flag, 'read-only': flag, full: flag, poison: flag },
    ...{ json: flag, keep: flag },
  },
});

const say = (line: string) => process.stderr.write(`${line}\n`);
const seed = values.seed === undefined ? newSeed() : whole('seed', values.seed);
const folder = await mkdtemp(join(tmpdir(), 'comptappart-chaos-'));
say(`seed ${seed}, data and logs in ${folder}`);
const trial = TRIALS[chosen()];
const outcome: Outcome = await trial({ folder, seed, say, number });
process.stdout.write(`${values.json ? JSON.stringify(outcome.report) : outcome.text}\n`);
const isGood = outcome.faults.length === 0;
if (!values.json)
  for (const fault of outcome.faults.slice(0, 40)) process.stdout.write(`  ${fault}\n`);
if (isGood && !values.keep) await rm(folder, { recursive: true, force: true });
else say(`kept: ${folder}`);
process.exit(isGood ? 0 : 1);

function chosen(): Trial {
  if (values.burst !== undefined) return 'burst';
  const named = (['statements', 'rolling', 'read-only', 'full', 'poison'] as const).find(
    (name) => values[name],
  );
  return named ?? 'storm';
}

function number(name: keyof typeof NUMBERS | 'burst'): number {
  if (name === 'burst') return whole(name, values.burst ?? '10000');
  return whole(name, values[name] ?? NUMBERS[name]);
}

function whole(name: string, given: string): number {
  if (/^\d{1,9}$/.test(given)) return Number(given);
  say(`--${name} must be a whole number`);
  process.exit(2);
}
