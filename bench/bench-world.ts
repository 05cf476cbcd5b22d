// Everything a measurement of the whole path needs: PostgreSQL with its durability on, the program's
// processes as an operator starts them, and the neighbours in a process of their own. This process
// sends the webhooks, signed beforehand, and otherwise keeps still.

import { type ChildProcess, fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Pool } from 'undici';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { connect } from '#adapters/postgres/database.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { type KillablePostgres, killablePostgres } from '#chaos/killable-postgres.ts';
import { type ProgramProcess, programProcess, type Role } from '#chaos/program-process.ts';
import { delay, freePort } from '#chaos/waiting.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { GROWN_SECRETS_KEY } from './million/grow-books.ts';
import type { Arrived, Opened } from './neighbours.ts';
import { cpuByPart, memoryByPart, type Part, treeOf } from './process-table.ts';

export type BenchWorldOptions = {
  readonly folder: string;
  /** Books that exist, such as those of million.ts, instead of new ones in `folder`. */
  readonly booksFolder?: string;
  readonly roles: readonly Role[];
  readonly lines?: readonly number[];
  readonly env?: NodeJS.ProcessEnv;
  readonly databaseSettings?: readonly string[];
  /** Command-line options of Node for the program's processes. */
  readonly nodeOptions?: string;
};

/** By part, or `neighbours` and `sender`, which are not the program's. */
export type PartsOfAll = Readonly<Record<string, number>>;

export type BenchWorld = {
  readonly db: pg.Pool;
  readonly postgres: KillablePostgres;
  readonly programs: readonly ProgramProcess[];
  /** Sends this many new events, at once or at a rate a second; resolves when all were accepted. */
  send(count: number, how?: { readonly rate?: number; readonly lines?: number }): Promise<Sent>;
  /** Resolves when so many calls and mails have arrived since the last wait. */
  arrived(count: number, withinMs: number): Promise<Arrived>;
  /** ms of processor so far. */
  cpu(): Promise<PartsOfAll>;
  /** MB of PSS now. */
  memory(): Promise<PartsOfAll>;
  close(): Promise<void>;
};

/** When each event was handed over, in epoch ms, and how long the answers took, in ms. */
export type Sent = { readonly at: ReadonlyMap<string, number>; readonly answersMs: number[] };

const PARTNERS = ['cabinet-1', 'cabinet-2', 'cabinet-3', 'cabinet-4'];
const CONNECTIONS = 64;
const SECRET_KEY = 'sk_test_bench';
const WEBHOOK_SECRET = 'whsec_bench';
const SELLER = fileURLToPath(new URL('../src/seller.sample.json', import.meta.url));

/** Starts everything. What was started is ended again when something does not start. */
export async function startBenchWorld(options: BenchWorldOptions): Promise<BenchWorld> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    return await start(options, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: BenchWorldOptions,
  closing: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<BenchWorld> {
  const { folder, lines = [1] } = options;
  const postgres = await killablePostgres(options.booksFolder ?? folder, options.databaseSettings);
  closing.push(() => postgres.stop());
  const db = new pg.Pool({ connectionString: postgres.url, max: 2 });
  db.on('error', () => {});
  closing.push(() => db.end());
  const { child, opened } = await openNeighbours(lines);
  closing.push(async () => child.kill('SIGKILL'));
  const programs = await startPrograms(options, { databaseUrl: postgres.url, opened });
  closing.push(() => Promise.all(programs.map((it) => it.end('SIGTERM'))));
  const url = programs.find((it) => it.url !== null)?.url as string;
  const pool = new Pool(url, { connections: CONNECTIONS });
  closing.push(() => pool.destroy());
  const roots = async () => {
    const pids = programs.flatMap((it) => it.pid() ?? []);
    return [...pids, await postmasterOf(db)];
  };
  return {
    ...{ db, postgres, programs, close },
    send: sender(pool, opened, lines),
    arrived: (count, withinMs) => waitFor(child, count, withinMs),
    async cpu() {
      const theirs = await treeOf(child.pid as number);
      const own = process.cpuUsage();
      return {
        ...(await summed(await roots(), async (tree) => cpuByPart(tree))),
        neighbours: theirs.reduce((sum, { cpuMs, goneMs }) => sum + cpuMs + goneMs, 0),
        sender: (own.user + own.system) / 1000,
      };
    },
    memory: async () => summed(await roots(), memoryByPart),
  };
}

async function summed(
  roots: readonly number[],
  measure: (tree: Awaited<ReturnType<typeof treeOf>>) => Promise<ReadonlyMap<Part, number>>,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const root of roots) {
    for (const [part, value] of await measure(await treeOf(root))) {
      sums[part] = (sums[part] ?? 0) + value;
    }
  }
  return sums;
}

async function postmasterOf(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'checkpointer'",
  );
  const [seen] = await treeOf(rows[0]?.pid ?? 0);
  return seen?.parent ?? 0;
}

async function openNeighbours(
  lines: readonly number[],
): Promise<{ readonly child: ChildProcess; readonly opened: Opened }> {
  const script = fileURLToPath(new URL('neighbours.ts', import.meta.url));
  const child = fork(script, [SECRET_KEY, PARTNERS.join(), lines.join()]);
  const [opened] = (await once(child, 'message')) as [Opened];
  return { child, opened };
}

async function waitFor(child: ChildProcess, count: number, withinMs: number): Promise<Arrived> {
  const end = Date.now() + withinMs;
  const calls: Arrived['calls'][number][] = [];
  let [mails, stripeRequests] = [0, 0];
  while (calls.length < count || mails < count) {
    if (Date.now() > end) {
      throw new Error(`${calls.length} calls and ${mails} mails of ${count} in ${withinMs} ms`);
    }
    await delay(50);
    child.send('arrived?');
    const [news] = (await once(child, 'message')) as [Arrived];
    calls.push(...news.calls);
    mails += news.mails;
    stripeRequests += news.stripeRequests;
  }
  return { calls, mails, stripeRequests };
}

// From the clock on: existing books know what earlier runs sold.
let sold = (Date.now() % 10_000_000_000) * 1_000;

function sender(pool: Pool, { events }: Opened, allLines: readonly number[]): BenchWorld['send'] {
  return async (count, { rate, lines = allLines[0] ?? 1 } = {}) => {
    const at = new Map<string, number>();
    const answersMs: number[] = [];
    const begun = performance.now();
    const post = async (id: string, payload: string) => {
      const timestamp = Math.floor(Date.now() / 1000);
      const signature = createHmac('sha256', WEBHOOK_SECRET)
        .update(`${timestamp}.${payload}`)
        .digest('hex');
      const headers = { 'stripe-signature': `t=${timestamp},v1=${signature}` };
      at.set(id, Date.now());
      const startedAt = performance.now();
      const { statusCode, body } = await pool.request({
        ...{ method: 'POST', path: '/webhooks/stripe', body: payload },
        headers: { 'content-type': 'application/json', ...headers },
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(`a webhook was answered ${statusCode}`);
      answersMs.push(performance.now() - startedAt);
    };
    const sending: Promise<void>[] = [];
    for (let n = 0; n < count; n += 1) {
      const wait = rate === undefined ? 0 : begun + (n * 1000) / rate - performance.now();
      if (wait > 1) await delay(wait);
      sold += 1;
      const template = events[`${PARTNERS[sold % PARTNERS.length]}/${lines}`];
      if (!template) throw new Error(`nothing of ${lines} lines is on sale`);
      const id = `${template.eventId}N${sold}`;
      const payload = template.json
        .replaceAll(template.eventId, id)
        .replaceAll(template.sessionId, `${template.sessionId}N${sold}`);
      sending.push(post(id, payload));
    }
    await Promise.all(sending);
    return { at, answersMs };
  };
}

async function startPrograms(
  { folder, roles, env, nodeOptions }: BenchWorldOptions,
  to: { readonly databaseUrl: string; readonly opened: Opened },
): Promise<readonly ProgramProcess[]> {
  const { databaseUrl, opened } = to;
  const common: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://127.0.0.1:1',
    STORAGE_URL: `file:${join(folder, 'files')}`,
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    STRIPE_API_BASE: opened.stripe,
    SELLER_FILE: SELLER,
    SECRETS_KEY: GROWN_SECRETS_KEY.toString('base64'),
    EMAIL_URL: `smtp://127.0.0.1:${opened.smtpPort}`,
    EMAIL_FROM: 'factures@comptappart.example',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
    ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
    ...env,
  };
  const programs: ProgramProcess[] = [];
  for (const [index, role] of roles.entries()) {
    const name = `${role}-${index + 1}`;
    const port = role === 'worker' ? null : await freePort();
    const its = { ...common, DATA_DIR: join(folder, name) };
    const logFile = join(folder, `${name}.log`);
    const program = programProcess({ name, role, port, env: its, databaseUrl, logFile });
    await program.start();
    // The first one migrates; then there are tables to put partners in.
    if (index === 0) await registerPartners(databaseUrl, opened.partnersPort);
    programs.push(program);
  }
  return programs;
}

async function registerPartners(databaseUrl: string, port: number): Promise<void> {
  const db = connect(databaseUrl, { connectionsMax: 1 });
  try {
    const registry = postgresPartnerRegistry(db, {
      secrets: secretBox(GROWN_SECRETS_KEY),
      clock: systemClock,
    });
    for (const slug of PARTNERS) {
      await registry.add(slug as PartnerSlug, {
        name: `Cabinet ${slug}`,
        stagingUrl: `http://127.0.0.1:${port}/${slug}`,
        apiKey: 'k'.repeat(32),
        signingSecret: newSigningSecret(),
      });
    }
  } finally {
    await db.destroy();
  }
}
