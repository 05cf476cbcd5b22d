// From the command to ready, by part: a newcomer's very first start (nothing unpacked, nothing
// compiled, no data), a start with new data, and one with the data of the last. The program itself
// says when each part was over (src/start-clock.ts). It is started from a copy whose caches are its
// own, so that the first start is one; the disk's own cache is warm, as after `npm ci`.
//
//   node bench/start.ts [--json] [--quick] [--rounds 3]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { StartClock } from '#src/start-clock.ts';
import { type Figure, figure, note, tellReport } from './figures.ts';

type Kind = 'very first start' | 'new data' | 'warm data';
type Parts = StartClock['passedMs'];
/** ms from the spawning of the process; the parts by the program's own clock. */
type Start = { readonly readyMs: number; readonly passedMs: Parts };

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KINDS: readonly Kind[] = ['very first start', 'new data', 'warm data'];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
const starts: Record<Kind, Start[]> = { 'very first start': [], 'new data': [], 'warm data': [] };
try {
  for (let round = 0; round < rounds; round += 1) {
    const copy = await freshCopy(join(folder, `copy-${round}`));
    for (const kind of KINDS) {
      const dataDir = join(folder, `${round}-${kind === 'very first start' ? 'first' : 'second'}`);
      const start = await started(copy, dataDir);
      starts[kind].push(start);
      note(`${kind}: ready after ${start.readyMs} ms; ${JSON.stringify(start.passedMs)}`);
    }
    await rm(copy, { recursive: true, force: true });
  }
  tellReport({ figures: KINDS.flatMap(figuresOf), details: starts }, values);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function figuresOf(kind: Kind): readonly Figure[] {
  const ready = starts[kind].map(({ readyMs }) => readyMs);
  const ms = { unit: 'ms', better: 'less' as const };
  const parts = Object.entries(durations(starts[kind]));
  return [
    figure(`${kind}: ready`, { ...ms, rounds: ready }),
    ...parts.map(([part, its]) => figure(`${kind}: ${part}`, { ...ms, rounds: its })),
  ];
}

/** How long each part took, after the one before it; Chromium runs beside others, from the start on. */
function durations(of: readonly Start[]): Readonly<Record<string, readonly number[]>> {
  const words: readonly (readonly [string, keyof Parts, keyof Parts | null])[] = [
    ['Node and modules until the port is open', 'listening', null],
    ['database open, other modules meanwhile', 'database', 'listening'],
    ['migrations', 'migrated', 'database'],
    ['composed, sandbox prepared', 'composed', 'migrated'],
    ['waiting for Chromium, then serving', 'serving', 'composed'],
    ['worker', 'working', 'serving'],
  ];
  return Object.fromEntries(
    words.map(([word, end, begin]) => [
      word,
      of.map(
        ({ passedMs }) => (passedMs[end] ?? Number.NaN) - (begin ? (passedMs[begin] ?? 0) : 0),
      ),
    ]),
  );
}

/** The program with node_modules of links and no cache in it. */
async function freshCopy(to: string): Promise<string> {
  await mkdir(join(to, 'node_modules'), { recursive: true });
  for (const name of ['src', 'db', 'package.json']) {
    await cp(join(ROOT, name), join(to, name), { recursive: true });
  }
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name === '.cache') continue;
    await symlink(join(ROOT, 'node_modules', name), join(to, 'node_modules', name));
  }
  return to;
}

async function started(copy: string, dataDir: string): Promise<Start> {
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, [join(copy, 'src', 'cli.ts'), 'serve', '--json'], {
    cwd: copy,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME },
      ...{ DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'debug' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const ended = once(child, 'exit');
  const parts = new Promise<Parts>((resolve, reject) => {
    ended.then(() => reject(new Error(`it did not start:\n${said.slice(-5).join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('ms to the end of each part')) resolve(JSON.parse(line) as Parts);
    });
  });
  await Promise.race([once(child.stdout, 'data'), parts]);
  const readyMs = Math.round(performance.now() - spawnedAt);
  const { listening, database, migrated, composed, chromium, serving, working } = await parts;
  child.kill('SIGTERM');
  await ended;
  const passedMs = { listening, database, migrated, composed, chromium, serving, working } as Parts;
  return { readyMs, passedMs };
}
