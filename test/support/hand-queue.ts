// The queue's rows worked by hand: taken as a worker takes them, run at once, and put back for later
// when they fail. A test so decides when things happen, and no timer runs.

import { sql } from 'kysely';
import type { TestBooks } from './books.ts';

type Handlers = Readonly<Record<string, (id: string) => Promise<void>>>;
type Job = {
  readonly key: string;
  readonly attempts: number;
  readonly task: string;
  readonly payload: Record<string, string>;
};

/** As many jobs at once as a process of ours works. */
const AT_ONCE = 24;

/** The queue's rows, taken as a worker takes them; a job that fails comes back later. */
export function handQueue(books: TestBooks, handlers: Handlers) {
  async function take(due: Date): Promise<readonly Job[]> {
    const { rows } = await sql<Job>`
      delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id and j.run_at <= ${due} and j.attempts < j.max_attempts
      returning j.key, j.attempts, t.identifier as task, j.payload`.execute(books.db);
    return rows;
  }

  async function run({ key, task, payload, attempts }: Job): Promise<void> {
    try {
      await handlers[task]?.(Object.values(payload)[0] ?? '');
    } catch (error) {
      const count = attempts + 1;
      const runAt = new Date(books.clock.now().getTime() + Math.exp(Math.min(count, 10)) * 1000);
      await sql`select graphile_worker.add_job(identifier => ${task},
        payload => ${JSON.stringify(payload)}::json, run_at => ${runAt}::timestamptz,
        job_key => ${key})`.execute(books.db);
      // As the queue leaves it: tried so often, and with the last error.
      await sql`update graphile_worker._private_jobs
        set attempts = ${count}, last_error = ${(error as Error).message}
        where key = ${key}`.execute(books.db);
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      const jobs = await take(books.clock.now());
      if (jobs.length === 0) return;
      const left = [...jobs];
      const worker = async () => {
        for (let job = left.shift(); job; job = left.shift()) await run(job);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
  }

  return {
    /** Runs every job that is due, and those that they bring, until none is left. */
    work,
    /** Lets time pass, `stepMs` at a time, working what becomes due. */
    async pass(ms: number, stepMs = ms): Promise<void> {
      for (let passed = 0; passed < ms; passed += stepMs) {
        books.clock.advance(Math.min(stepMs, ms - passed));
        await work();
      }
    },
    /** The process dies: what it had taken is gone. */
    async loseJobs(): Promise<void> {
      await sql`delete from graphile_worker._private_jobs`.execute(books.db);
    },
  };
}
