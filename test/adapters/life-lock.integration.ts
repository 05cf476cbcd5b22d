// Who lives and who is dead: a connection that blinks is nobody's death, a process that is gone is
// seen within seconds, and one that has lost its lock begins nothing until it has it again.

import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LifeLock, openLifeLock } from '#adapters/worker/life-lock.ts';
import { type TestBooks, testBooks } from '#test/support/books.ts';

let books: TestBooks;
const open: LifeLock[] = [];
beforeAll(async () => {
  books = await testBooks();
});
beforeEach(async () => {
  await Promise.all(open.splice(0).map((life) => life.release()));
  await sql`delete from graphile_worker._private_jobs`.execute(books.db);
});
afterAll(async () => {
  await Promise.all(open.map((life) => life.release()));
  await books.close();
});

async function alive(...ids: string[]): Promise<LifeLock> {
  const life = await openLifeLock(books.url, () => {});
  open.push(life);
  for (const id of ids) await life.hold(id);
  return life;
}

/** A job that this pool has taken and not finished. */
async function heldJob(pool: string): Promise<void> {
  await books.transact(({ outbox }) =>
    outbox.add({ task: 'resolve-payment', payload: { eventId: `evt_${pool}` } }),
  );
  await sql`update graphile_worker._private_jobs set locked_by = ${pool}, locked_at = now()
    where key = ${`resolve-payment:evt_${pool}`}`.execute(books.db);
}

/** Ends the lock connections that hold this id, as a failing network would. */
async function cut(id: string): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and classid = 7301
      and objid::bigint = hashtext(${id})::bigint & 4294967295`.execute(books.db);
}

test('a holder is dead when its process is gone, and its jobs are free again', async () => {
  const dying = await alive('pool-dying');
  const looker = await alive('pool-looker');
  await heldJob('pool-dying');
  await heldJob('pool-looker');
  expect(await looker.deadHolders()).toEqual([]);
  await dying.release();
  const dead = await looker.deadHolders();
  expect(dead).toEqual(['pool-dying']);
  expect(await looker.freeJobs(dead)).toBe(1);
  expect(await looker.deadHolders()).toEqual([]);
  expect(await looker.freeJobs([])).toBe(0);
});

test('ids whose hash is negative are found, too', async () => {
  const looker = await alive();
  const ids = Array.from({ length: 40 }, (_, n) => `pool-${n}`);
  const holder = await alive(...ids);
  for (const id of ids) await heldJob(id);
  expect(await looker.deadHolders()).toEqual([]);
  await holder.release();
  expect((await looker.deadHolders()).toSorted()).toEqual(ids.toSorted());
});

test('a connection that blinks is nobody’s death, and nothing is begun meanwhile', async () => {
  const blinking = await alive('pool-blink');
  const looker = await alive();
  await heldJob('pool-blink');
  for (let n = 0; n < 3; n += 1) {
    const looking = looker.deadHolders();
    await cut('pool-blink');
    expect(await looking).toEqual([]);
    await blinking.held();
  }
  await cut('pool-blink');
  // The news of the cut is here before the lock is: until then one may not begin anything.
  let isHeld = false;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const held = blinking.held().then(() => {
    isHeld = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isHeld).toBe(false);
  await held;
  expect(await looker.deadHolders()).toEqual([]);
});
