// How many webhooks a second are acknowledged, each durable before its 200, beside what a program gets
// that stores them one by one: bare `pg` behind node:http, and stripe-sync-engine behind Koa. One
// PostgreSQL with its durability on; server and load in processes of their own; the arms in turn, round
// after round, with the queue and the disk cleared in between.
//
//   node bench/acknowledge.ts [--json] [--quick] [--rounds 5] [--seconds 8] [--connections 64]

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { programProcess } from '#chaos/program-process.ts';
import { freePort } from '#chaos/waiting.ts';
import { migrate } from '#db/migrate.ts';
import { type Figure, figure, note, tellReport } from './figures.ts';
import { treeOf } from './process-table.ts';
import { WEBHOOK_SECRET } from './webhook-events.ts';
import type { Load, LoadOrder } from './webhook-load.ts';

type Arm = 'program' | 'bare' | 'sync-engine';
type Measured = Load & { readonly cpuUs: Cpu };
type Round = { readonly [A in Arm]?: Measured };
/** Processor time an acknowledged webhook, in µs: what bounds the rate when all cores are busy. */
type Cpu = { readonly server: number; readonly postgres: number; readonly load: number };
type Server = { readonly url: string; readonly pid: number };

const ARMS: readonly Arm[] = ['program', 'bare', 'sync-engine'];
/** At least so often as many as bare `pg` (design.md §11). */
const LIMIT = 5;
/** Connections to the database: each peer is tried with these, and measured with its best. */
const PEER_CONNECTIONS = [10, 20];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '64' },
    arms: { type: 'string', default: ARMS.join() },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const seconds = Number(values.seconds ?? (values.quick ? 3 : 8));
const connections = Number(values.connections);
const arms = ARMS.filter((arm) => values.arms.split(',').includes(arm));

const closing: (() => Promise<unknown>)[] = [];
try {
  const measured = await measure();
  tellReport({ figures: figuresOf(measured), details: measured }, values);
} finally {
  for (const step of closing.reverse()) await step();
}
process.exit(0);

async function measure(): Promise<readonly Round[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-acknowledge-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ dataDir: folder, role: 'server' });
  closing.push(() => postgres.stop());
  await migrate(postgres.url);
  const db = new pg.Pool({ connectionString: postgres.url, max: 1 });
  db.on('error', () => {});
  closing.push(() => db.end());
  const loader = forked('webhook-load.ts', []);
  const load = (arm: Arm, { url, pid }: Server, round: string, forSeconds: number) => {
    const order = { url, connections, seconds: forSeconds, name: `${arm.slice(0, 1)}${round}x` };
    return oneArm(db, { arm, pid, loader, order });
  };
  const servers = new Map<Arm, Server>();
  for (const arm of arms) {
    let best = 0;
    for (const [at, server] of (await serversOf(arm, folder, postgres.url)).entries()) {
      const warm = await load(arm, server, `w${at}`, Math.min(seconds, 3));
      note(`warming up: ${arm} ${Math.round(warm.perSecond)}/s`);
      if (warm.perSecond > best) servers.set(arm, server);
      best = Math.max(best, warm.perSecond);
    }
  }
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const seen: { [A in Arm]?: Measured } = {};
    for (const arm of round % 2 === 0 ? arms : arms.toReversed()) {
      const found = await load(arm, servers.get(arm) as Server, `${round}`, seconds);
      seen[arm] = found;
      const about = `${Math.round(found.perSecond)}/s, p50 ${found.p50} ms, p99 ${found.p99} ms`;
      note(`round ${round}: ${arm} ${about}; µs of processor ${JSON.stringify(found.cpuUs)}`);
    }
    measured.push(seen);
  }
  return measured;
}

async function serversOf(arm: Arm, folder: string, url: string): Promise<readonly Server[]> {
  if (arm === 'program') return [await startProgram(folder, url)];
  const started: Server[] = [];
  for (const count of PEER_CONNECTIONS) started.push(await startPeer(arm, url, count));
  return started;
}

async function oneArm(
  db: pg.Pool,
  it: {
    readonly arm: Arm;
    readonly pid: number;
    readonly loader: ChildProcess;
    readonly order: LoadOrder;
  },
): Promise<Measured> {
  const { arm, loader } = it;
  await clear(db);
  const storedBefore = await storedBy(db, arm);
  const parts = { server: it.pid, postgres: await postmasterOf(db) };
  const before = await cpuMs(parts);
  const load = await loaded(loader, it.order);
  const after = await cpuMs(parts);
  // What was under way at the end may be stored without having been counted; never the reverse.
  const stored = (await storedBy(db, arm)) - storedBefore;
  if (load.refused > 0 || stored < load.acknowledged) {
    throw new Error(`${arm}: ${stored} stored of ${load.acknowledged}, ${load.refused} refused`);
  }
  const each = (ms: number) => Math.round((ms * 1000) / load.acknowledged);
  const cpuUs = {
    server: each(after.server - before.server),
    postgres: each(after.postgres - before.postgres),
    load: each(load.cpuMs),
  };
  return { ...load, cpuUs };
}

type Roots = { readonly server: number; readonly postgres: number };

async function cpuMs({ server, postgres }: Roots): Promise<Roots> {
  const of = async (root: number): Promise<number> => {
    const tree = await treeOf(root);
    return tree.reduce((sum, { cpuMs: own, goneMs }) => sum + own + goneMs, 0);
  };
  return { server: await of(server), postgres: await of(postgres) };
}

async function postmasterOf(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  const [seen] = await treeOf(rows[0]?.pid ?? 0);
  return seen?.parent ?? 0;
}

function figuresOf(measured: readonly Round[]): readonly Figure[] {
  const of = (arm: Arm, what: (load: Measured) => number): number[] =>
    measured.flatMap(({ [arm]: load }) => (load ? [what(load)] : []));
  const over = (peer: Arm): number[] =>
    measured.flatMap(({ program, [peer]: other }) =>
      program && other ? [program.perSecond / other.perSecond] : [],
    );
  const rate = (arm: Arm) => ({
    ...{ unit: '/s', better: 'more' as const, rounds: of(arm, (it) => it.perSecond) },
  });
  const ms = (arm: Arm, which: 'p50' | 'p99') => ({
    ...{ unit: 'ms', better: 'less' as const, rounds: of(arm, (it) => it[which]) },
  });
  const us = (part: keyof Cpu) => ({
    ...{ unit: 'µs', better: 'less' as const, rounds: of('program', (it) => it.cpuUs[part]) },
  });
  const ratio = { unit: '×', better: 'more' as const };
  const all: readonly (readonly [string, Parameters<typeof figure>[1]])[] = [
    ['acknowledged ÷ bare pg', { ...ratio, limit: LIMIT, rounds: over('bare') }],
    ['acknowledged ÷ stripe-sync-engine', { ...ratio, rounds: over('sync-engine') }],
    ['acknowledged', rate('program')],
    ['acknowledged, p50', ms('program', 'p50')],
    ['acknowledged, p99', ms('program', 'p99')],
    ['acknowledged, processor of web', us('server')],
    ['acknowledged, processor of PostgreSQL', us('postgres')],
    ['bare pg', rate('bare')],
    ['bare pg, p99', ms('bare', 'p99')],
    ['stripe-sync-engine', rate('sync-engine')],
  ];
  return all.flatMap(([name, about]) => (about.rounds.length > 0 ? [figure(name, about)] : []));
}

/** One `web` process as an operator starts it. Nobody works the queue. */
async function startProgram(folder: string, databaseUrl: string): Promise<Server> {
  const port = await freePort();
  const program = programProcess({
    name: 'web',
    role: 'web',
    port,
    databaseUrl,
    logFile: join(folder, 'web.log'),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_OPTIONS: process.env.PROGRAM_NODE_OPTIONS,
      HOST: '127.0.0.1',
      DATA_DIR: join(folder, 'web'),
      PUBLIC_URL: 'http://127.0.0.1:1',
      STORAGE_URL: `file:${join(folder, 'files')}`,
      STRIPE_SECRET_KEY: 'sk_test_bench',
      STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
      SELLER_FILE: fileURLToPath(new URL('../src/seller.sample.json', import.meta.url)),
      SECRETS_KEY: Buffer.alloc(32, 6).toString('base64'),
      EMAIL_URL: 'smtp://127.0.0.1:9',
      EMAIL_FROM: 'factures@comptappart.example',
      LOG_LEVEL: 'warn',
    },
  });
  await program.start();
  closing.push(() => program.end('SIGTERM'));
  return { url: `${program.url}/webhooks/stripe`, pid: program.pid() ?? 0 };
}

async function startPeer(kind: Arm, databaseUrl: string, count: number): Promise<Server> {
  const child = forked('acknowledge-peer.ts', [kind, databaseUrl, `${count}`]);
  const [url] = (await once(child, 'message')) as [string];
  return { url, pid: child.pid as number };
}

function forked(file: string, args: readonly string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  closing.push(async () => child.kill('SIGKILL'));
  return child;
}

async function loaded(loader: ChildProcess, order: LoadOrder): Promise<Load> {
  loader.send(order);
  const [load] = (await once(loader, 'message')) as [Load];
  return load;
}

// Each arm begins with an empty queue and nothing left to be written to disk.
async function clear(db: pg.Pool): Promise<void> {
  await db.query('truncate graphile_worker._private_jobs');
  await db.query('checkpoint');
}

async function storedBy(db: pg.Pool, arm: Arm): Promise<number> {
  const tables = { program: 'stripe_event', bare: 'bare_event', 'sync-engine': 'stripe.invoices' };
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from ${tables[arm]}`,
  );
  return rows[0]?.count ?? 0;
}
