// Graphile Worker with every option written out, one pool of slots per kind of work so that none
// starves another, and an orderly end. The runners wake the use cases; whether there is anything to
// do, they find out from our tables.

import { EventEmitter } from 'node:events';
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { scrubMessage } from '#adapters/scrub-text.ts';
import type { LifeLock } from './life-lock.ts';

/** Work that shares slots. What waits for Stripe must not keep Chromium waiting, and so on. */
export type TaskGroup = {
  readonly tasks: TaskList;
  /** Jobs of this group at once in this process. */
  readonly slots: number;
  /** Such jobs come now and then: word of new ones is heeded a few times a second, no more often. */
  readonly isRare?: boolean;
  /** Crontab lines of Graphile Worker for tasks of this group, in UTC. */
  readonly crontab?: string;
};

export type WorkerOptions = {
  readonly databaseUrl: string;
  readonly life: LifeLock;
  readonly groups: readonly TaskGroup[];
  /** Runs every `sweepEveryMs`, and once at the start, with the holders found dead. */
  readonly sweep: (deadHolders: readonly string[]) => Promise<void>;
  readonly sweepEveryMs: number;
  readonly log: (level: 'error' | 'warning' | 'info' | 'debug', message: string) => void;
};

export type RunningWorker = {
  /**
   * Takes no new job, waits up to `withinMs` for those under way, gives the rest back uncounted.
   */
  stop(withinMs: number): Promise<void>;
};

/** Beside the listeners: taking and finishing a job are short queries that can take turns. */
const CONNECTIONS = 5;
const CONNECT_MS = 5_000;
const RARE_MS = 200;
const RESTART_AFTER_MS = 1_000;
const ENDED_WITHIN_MS = 3_000;

type Started = {
  readonly runner: Runner;
  readonly poolId: string;
  /** Settles when the runner has ended, or should have. */
  readonly ended: Promise<void>;
};

/** Starts the worker. Throws when the database is away. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { groups, life, log } = options;
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: groups.length + CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  /** As `locked_by` of jobs holds them. */
  const poolIds = new Set<string>();
  let isStopping = false;
  const runners = await Promise.all(groups.map(keptRunning));
  const sweeper = every(options.sweepEveryMs, sweep);

  let stopped: Promise<void> | undefined;
  return {
    stop: (withinMs) => {
      stopped ??= stopOnce(withinMs);
      return stopped;
    },
  };

  async function sweep(): Promise<void> {
    const dead = await life.deadHolders().catch((error: Error) => {
      log('warning', `could not look for dead workers: ${error.message}`);
      return [];
    });
    await life.freeJobs(dead);
    await options.sweep(dead);
  }

  // A runner ends by itself when it cannot report a job's end, as while Postgres restarts. What it
  // held is then nobody's: its lock is let go, and the next sweep frees it.
  async function keptRunning(group: TaskGroup): Promise<{ readonly current: () => Runner }> {
    let { runner, poolId, ended } = await start(group);
    watch();
    return { current: () => runner };

    function watch(): void {
      ended
        .catch((error: Error) => log('error', `a group of workers ended: ${error.message}`))
        .then(startAgain);
    }

    async function startAgain(): Promise<void> {
      if (isStopping) return;
      poolIds.delete(poolId);
      await life.drop(poolId).catch(() => {}); // it goes with its connection
      while (!isStopping) {
        await new Promise((resolve) => setTimeout(resolve, RESTART_AFTER_MS));
        if (isStopping) return;
        try {
          ({ runner, poolId, ended } = await start(group));
          return watch();
        } catch (error) {
          log('error', `the workers do not start yet: ${(error as Error).message}`);
        }
      }
    }
  }

  async function start(group: TaskGroup): Promise<Started> {
    const { tasks, slots, crontab = '', isRare = false } = group;
    let poolId = '';
    const events: WorkerEvents = new EventEmitter();
    // Told before the first job is taken.
    events.on('pool:create', ({ workerPool }) => {
      poolId = workerPool.id;
      poolIds.add(poolId);
      life.hold(poolId).catch((error: Error) => log('error', error.message));
    });
    // Graphile keeps a failed look-up of its task names for a runner's whole life: one whose first
    // look fell into a read-only moment would never find a job again.
    let hasLooked = false;
    let isBlind = false;
    let made: Runner | undefined;
    const sees = () => {
      hasLooked = true;
    };
    events.on('job:start', sees);
    events.on('localQueue:getJobs:complete', sees);
    const failedLook = () => {
      if (hasLooked || isBlind) return;
      isBlind = true;
      made?.stop().catch(() => {}); // `watch` starts another
    };
    // Its batches count wrongly once two reports in a row have failed, and the runner's end then
    // never comes: after the stop it has a few seconds.
    const overdue = Promise.withResolvers<void>();
    events.on('stop', () => setTimeout(overdue.resolve, ENDED_WITHIN_MS).unref());
    const runner = await run({
      pgPool: pool,
      taskList: onlyWhileHeld(tasks, life),
      concurrency: slots,
      pollInterval: 2_000,
      noHandleSignals: true,
      crontab,
      events,
      logger: graphileLogger(log, failedLook),
      // Finished jobs leave the queue at once and `stop()` waits for it (traps.md §3: otherwise the
      // last one runs again after a restart).
      preset: {
        worker: {
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          // One question for as many jobs as there are slots. Those that a process dies with are freed
          // with the others; a stop gives them back untried.
          localQueue: {
            size: slots,
            ...(isRare && { refetchDelay: { durationMs: RARE_MS, threshold: 0 } }),
          },
        },
      },
    });
    made = runner;
    if (isBlind) runner.stop().catch(() => {});
    return { runner, poolId, ended: Promise.race([runner.promise, overdue.promise]) };
  }

  async function stopOnce(withinMs: number): Promise<void> {
    isStopping = true;
    await sweeper.stop();
    const inTime = await Promise.all(
      runners.map(({ current }) => stoppedWithin(current(), withinMs)),
    );
    if (inTime.includes(false)) await giveBack(pool, poolIds);
    await pool.end();
  }

  function every(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
    let running: Promise<void> | null = null;
    const tick = () => {
      // A sweep that takes longer than the pause is not run twice at once.
      running ??= work()
        .catch((error: Error) => log('error', `the sweep failed: ${error.message}`))
        .finally(() => {
          running = null;
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

// A process that has lost its lock may be taken for dead: it begins nothing until it has it again.
function onlyWhileHeld(tasks: TaskList, life: LifeLock): TaskList {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      async (payload, helpers) => {
        await life.held();
        return task?.(payload, helpers);
      },
    ]),
  ) as TaskList;
}

async function stoppedWithin(runner: Runner, withinMs: number): Promise<boolean> {
  const stopped = runner.stop().then(
    () => true,
    () => true, // it rejects when it was stopped already
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const inTime = await Promise.race([stopped, late]);
  clearTimeout(timer);
  return inTime;
}

/** Frees the jobs this process still holds, as if they had not been tried. */
async function giveBack(pool: pg.Pool, poolIds: ReadonlySet<string>): Promise<void> {
  await pool.query(
    `update graphile_worker._private_jobs
     set attempts = greatest(0, attempts - 1), locked_at = null, locked_by = null
     where locked_by = any($1)`,
    [[...poolIds]],
  );
}

// The local queue has no event for a look that failed: its word in the log is all there is.
function graphileLogger(log: WorkerOptions['log'], failedLook: () => void): Logger {
  return new Logger(() => (level, message, meta) => {
    if (level === 'error' && message.startsWith('Error occurred fetching jobs')) failedLook();
    // Graphile reports each finished job at info: too much for our log, which says what was done.
    const error = (meta as { error?: Error } | undefined)?.error;
    if (level === 'error' || level === 'warning') {
      const whole = `${message} ${error?.stack ?? ''}`.trim();
      log(level, scrubMessage(error?.name ?? '', whole));
    } else {
      log('debug', message);
    }
  });
}
