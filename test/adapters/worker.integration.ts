// The worker on the real queue: jobs run, a stop waits for what is under way and gives the rest back
// uncounted, and the jobs of a process that died are taken up by another within seconds.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLifeLock } from '#adapters/worker/life-lock.ts';
import { type RunningWorker, startWorker } from '#adapters/worker/runner.ts';
import type { Handlers } from '#adapters/worker/tasks.ts';
import { taskGroups } from '#adapters/worker/tasks.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';

let books: TestBooks;
const logged: string[] = [];
const workers: RunningWorker[] = [];

beforeEach(async () => {
  books = await testBooks();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop(1000)));
  await books.close();
});

const nothing = async () => {};

async function start(handlers: Partial<Handlers>): Promise<RunningWorker> {
  const worker = await startWorker({
    databaseUrl: books.url,
    life: await openLifeLock(books.url, () => {}),
    groups: taskGroups({
      'resolve-payment': nothing,
      'render-invoice': nothing,
      'deliver-notification': nothing,
      replay: nothing,
      reconcile: nothing,
      audit: nothing,
      purge: nothing,
      ...handlers,
    }),
    sweep: nothing,
    sweepEveryMs: 500,
    log: (_level, message) => void logged.push(message),
  });
  workers.push(worker);
  return worker;
}

const addJob = (eventId: string) =>
  books.transact(({ outbox }) => outbox.add({ task: 'resolve-payment', payload: { eventId } }));

async function jobs() {
  const { rows } = await sql<{ attempts: number; locked: boolean }>`
    select attempts, locked_at is not null as locked from graphile_worker.jobs`.execute(books.db);
  return rows;
}

async function until(condition: () => boolean | Promise<boolean>, withinMs = 15_000) {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a job that is added runs at once and leaves the queue', async () => {
  const ran: string[] = [];
  await start({ 'resolve-payment': async (id) => void ran.push(id) });
  await addJob('evt_1');
  await until(() => ran.length === 1);
  await until(async () => (await jobs()).length === 0);
  expect(ran).toEqual(['evt_1']);
});

test('a failing job stays with its attempt counted and comes back later', async () => {
  await start({ 'resolve-payment': () => Promise.reject(new Error('Stripe is away')) });
  await addJob('evt_1');
  await until(async () => (await jobs())[0]?.attempts === 1);
  await until(async () => (await jobs())[0]?.locked === false);
  expect(logged.some((line) => line.includes('Stripe is away'))).toBe(true);
});

test('stopping waits for the job under way', async () => {
  let ended = false;
  let begun = false;
  const worker = await start({
    'resolve-payment': async () => {
      begun = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
      ended = true;
    },
  });
  await addJob('evt_1');
  await until(() => begun);
  await worker.stop(5000);
  expect(ended).toBe(true);
  expect(await jobs()).toEqual([]);
});

test('a job that outlasts the stop is given back as if it had not been tried', async () => {
  let release = () => {};
  let begun = false;
  const worker = await start({
    'resolve-payment': () =>
      new Promise<void>((resolve) => {
        begun = true;
        release = resolve;
      }),
  });
  await addJob('evt_1');
  await until(() => begun);
  const stopping = worker.stop(200);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await jobs()).toEqual([{ attempts: 0, locked: false }]);
  release();
  await stopping;
});

test('a job of a worker that was killed runs again elsewhere within seconds', async () => {
  await addJob('evt_killed');
  const script = fileURLToPath(new URL('../support/hanging-worker.ts', import.meta.url));
  const child = spawn(process.execPath, [script, books.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data'); // it has the job and hangs
  const ran: string[] = [];
  await start({ 'resolve-payment': async (id) => void ran.push(id) });
  await new Promise((resolve) => setTimeout(resolve, 4500)); // past the grace: the living keep theirs
  expect(ran).toEqual([]);
  child.kill('SIGKILL');
  const killedAt = Date.now();
  await until(() => ran.length === 1);
  expect(ran).toEqual(['evt_killed']);
  expect(Date.now() - killedAt).toBeLessThan(10_000);
});
