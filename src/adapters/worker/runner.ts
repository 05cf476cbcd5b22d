// Graphile Worker with every option written out, and an orderly end. The runner wakes the use cases;
// whether there is anything to do, they find out from our tables.

import { EventEmitter } from 'node:events';
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { openLifeLock } from './life-lock.ts';

export type WorkerOptions = {
  readonly databaseUrl: string;
  /** Names this process on the leases it takes; locked while it lives. */
  readonly workerId: string;
  readonly tasks: TaskList;
  /** Crontab lines of Graphile Worker, in UTC. */
  readonly crontab: string;
  /** Jobs at once in this process. */
  readonly concurrency: number;
  /** Runs every `sweepEveryMs`, and once at the start. */
  readonly sweep: () => Promise<void>;
  readonly sweepEveryMs: number;
  readonly log: (level: 'error' | 'warning' | 'info' | 'debug', message: string) => void;
};

export type RunningWorker = {
  /**
   * Takes no new job, waits up to `withinMs` for those under way, gives the rest back uncounted.
   */
  stop(withinMs: number): Promise<void>;
};

/** Starts the worker. Throws when the database is away. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.concurrency + 2 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  const life = await openLifeLock(options.databaseUrl, options.log);
  await life.hold(options.workerId);
  // The pool id is what `locked_by` holds; it is known before the first job.
  const events: WorkerEvents = new EventEmitter();
  const poolIds: string[] = [];
  events.on('pool:create', ({ workerPool }) => poolIds.push(workerPool.id));

  const runner = await run({
    pgPool: pool,
    taskList: options.tasks,
    concurrency: options.concurrency,
    pollInterval: 2_000,
    noHandleSignals: true,
    crontab: options.crontab,
    events,
    logger: graphileLogger(options.log),
    // Finished jobs leave the queue at once and `stop()` waits for it (traps.md §3: otherwise the
    // last one runs again after a restart).
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  });
  for (const id of poolIds) await life.hold(id);
  const sweeper = every(options.sweepEveryMs, async () => {
    await life.freeDeadPools();
    await options.sweep();
  });

  let stopped: Promise<void> | undefined;
  return {
    stop: (withinMs) => {
      stopped ??= stopOnce(withinMs);
      return stopped;
    },
  };

  async function stopOnce(withinMs: number): Promise<void> {
    await sweeper.stop();
    await stopWithin(runner, withinMs, () => giveBack(pool, poolIds));
    await life.release();
    await pool.end();
  }

  function every(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
    let running: Promise<void> = Promise.resolve();
    const tick = () => {
      running = running.then(work).catch((error: Error) => {
        options.log('error', `the sweep failed: ${error.message}`);
      });
    };
    tick();
    const timer = setInterval(tick, ms);
    return {
      async stop() {
        clearInterval(timer);
        await running;
      },
    };
  }
}

async function stopWithin(
  runner: Runner,
  withinMs: number,
  giveBackJobs: () => Promise<void>,
): Promise<void> {
  const stopped = runner.stop().then(
    () => 'stopped' as const,
    () => 'stopped' as const, // it rejects when it was stopped already
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), withinMs);
  });
  const outcome = await Promise.race([stopped, late]);
  clearTimeout(timer);
  if (outcome === 'late') await giveBackJobs();
}

/** Frees the jobs this process still holds, as if they had not been tried. */
async function giveBack(pool: pg.Pool, poolIds: readonly string[]): Promise<void> {
  await pool.query(
    `update graphile_worker._private_jobs
     set attempts = greatest(0, attempts - 1), locked_at = null, locked_by = null
     where locked_by = any($1)`,
    [poolIds],
  );
}

function graphileLogger(log: WorkerOptions['log']): Logger {
  return new Logger(() => (level, message, meta) => {
    // Graphile reports each finished job at info: too much for our log, which says what was done.
    const error = (meta as { error?: Error } | undefined)?.error;
    if (level === 'error' || level === 'warning') {
      log(level, error ? `${message} ${error.stack ?? error.message}` : message);
    } else {
      log('debug', message);
    }
  });
}
