// `serve` and what runs beside it: one sandbox is started, bought from, looked at, refused to others
// and ended by Ctrl-C as npm passes it on. Nothing may be left of it but its data.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '#test/support/command-line.ts';
import { makeDataFolder, testDatabase } from '#test/support/database.ts';
import { sampleSeller } from '#test/support/seller.ts';

type Program = {
  readonly child: ChildProcess;
  /** Printed so far. */
  readonly out: () => string;
  readonly log: () => string;
};

let dataDir: string;
let cli: CommandLine;
let program: Program;
let url: string;

beforeAll(async () => {
  dataDir = await makeDataFolder();
  cli = commandLine({ DATA_DIR: dataDir, PORT: '0' });
  program = await started(['serve']);
  ({ url } = await serverNote());
});
afterAll(async () => {
  if (program.child.exitCode === null) program.child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 50 });
});

/** Starts a program and waits for its answer, which means that it is ready. */
async function started(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Program> {
  const child = cli.start(args, env ? { env } : {});
  const heard = { out: '', log: '' };
  child.stderr?.on('data', (chunk: Buffer) => {
    heard.log += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      heard.out += chunk.toString();
      resolve();
    });
    child.once('exit', () => reject(new Error(`the program ended:\n${heard.log}`)));
  });
  return { child, out: () => heard.out, log: () => heard.log };
}

const serverNote = async () =>
  JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8')) as { url: string; pid: number };

/** The exit code, once nothing of the program's process group lives any more. */
async function ended({ child }: Program): Promise<number | null> {
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  for (let looks = 0; isGroupAlive(child.pid) && looks < 40; looks += 1) await delay(50);
  expect(isGroupAlive(child.pid)).toBe(false);
  return code as number | null;
}

function isGroupAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(-pid, 0);
  } catch {
    return false;
  }
}

test('the address of a running program is written down for its own user alone', async () => {
  expect(await serverNote()).toEqual({ url, pid: program.child.pid });
  expect((await stat(join(dataDir, 'server.json'))).mode & 0o777).toBe(0o600);
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
});

test('a purchase is followed to the partner, through the running program', async () => {
  type Bought = {
    succeeded: boolean;
    files: { pdf: string; mail: string };
    journey: { orders: { gross: number; eventId: string }[] };
    eventIds: string[];
  };
  const [told, bought] = await Promise.all([
    cli.run(['sandbox', 'buy']),
    cli.json<Bought>(['sandbox', 'buy', '--subscription']),
  ]);
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toMatch(/✓ +[\d,]+\u00A0m?s {2}Paiement/);
  for (const shown of [/Commande n°/, /Facture FQCA-/, /\.pdf\n/, /\.eml\n/, /POST http.* → 200/]) {
    expect(told.stdout).toMatch(shown);
  }
  expect(told.stdout).toContain('"event_type": "order.created"');

  const { code, document } = bought;
  expect([code, document.succeeded, document.journey.orders.length]).toEqual([0, true, 1]);
  expect(document.eventIds).toContain(document.journey.orders[0]?.eventId);
  expect((await readFile(document.files.pdf)).subarray(0, 5).toString()).toBe('%PDF-');
  expect((await stat(document.files.mail)).size).toBeGreaterThan(1000);
});

test('commands join the running program’s database, and the doctor finds it well', async () => {
  type Orders = { orders: { email: string; webhook: string }[] };
  type Diagnosis = { ok: boolean; checks: { name: string; ok: boolean }[] };
  const [orders, diagnosis, wrong] = await Promise.all([
    cli.json<Orders>(['orders', 'list']),
    cli.json<Diagnosis>(['doctor']),
    cli.run(['sandbox', 'buy', '--product', 'prod_nope']),
  ]);
  expect(orders.document.orders).toHaveLength(2);
  expect(orders.document.orders[0]).toMatchObject({ email: 'completed', webhook: 'completed' });
  expect(diagnosis.document).toMatchObject({ ok: true });
  expect(diagnosis.document.checks.map(({ name }) => name)).toEqual([
    ...['configuration', 'database', 'rights', 'connections', 'clock', 'migrations'],
    ...['queue', 'workers', 'intake', 'printing', 'notifications', 'payments', 'partners'],
    ...['backlog', 'secrets', 'audit', 'stripe', 'chromium', 'files', 'disk', 'mail'],
  ]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('prod_SbxDecl')]);
});

test('a program that cannot start says why in one sentence and touches nothing', async () => {
  const before = await serverNote();
  const port = new URL(url).port;
  const unusable = join(dataDir, 'server.json', 'below'); // a file is no folder, even for root
  const [taken, second, unwritable, alone] = await Promise.all([
    cli.run(['serve'], { env: { PORT: port } }),
    cli.run(['serve']),
    cli.run(['orders', 'list'], { env: { DATA_DIR: unusable } }),
    cli.run(['web']),
  ]);
  const refusals = [taken, second, unwritable, alone];
  expect(refusals.map(({ code }) => code)).toEqual([1, 1, 1, 2]);
  for (const { stdout, stderr } of refusals) {
    expect([stdout, stderr.trimEnd().split('\n').length]).toEqual(['', 1]);
  }
  expect(taken.stderr).toContain(port);
  expect(second.stderr).toContain(String(program.child.pid));
  expect(unwritable.stderr).toContain(unusable);
  expect(alone.stderr).toContain('DATABASE_URL et STRIPE_SECRET_KEY');
  expect(await serverNote()).toEqual(before);
});

test('Ctrl-C through npm comes twice at once and ends the program in good order', async () => {
  program.child.kill('SIGINT');
  program.child.kill('SIGINT');
  expect(await ended(program)).toBe(0);
  await expect(serverNote()).rejects.toThrow('ENOENT');
  expect(program.out()).toContain(`Votre bac à sable est prêt\u00A0: ${url}\n`);
  expect(program.out()).toContain(`${url}/sandbox/mailbox`);
  // Each line of the log is JSON, where nobody watches; nothing in it names a customer.
  const log = program.log().trimEnd().split('\n');
  for (const line of log) expect(JSON.parse(line)).toHaveProperty('msg');
  expect(log.join('\n')).not.toMatch(/whsec_|sk_test_|durand/i);
});

test('a worker alone does not listen, and prints one document before SIGTERM ends it', async () => {
  const database = await testDatabase();
  const sellerFile = join(dataDir, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(sampleSeller()));
  const worker = await started(['worker', '--json'], {
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRETS: 'whsec_x',
    STRIPE_API_BASE: 'http://127.0.0.1:1',
    SELLER_FILE: sellerFile,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    EMAIL_FROM: 'factures@comptappart.example',
  });
  worker.child.kill('SIGTERM');
  expect(await ended(worker)).toBe(0);
  expect(JSON.parse(worker.out())).toEqual({
    ...{ url: null, pid: worker.child.pid, environment: 'staging' },
    roles: { web: false, worker: true },
  });
  await database.drop();
});
