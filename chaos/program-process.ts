// One process of the program under test: `web`, `worker` or `serve`, started as an operator starts
// it, ended as the world ends it. Its output goes to a file, for whoever asks afterwards why.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { browsersOf } from './chromium-of.ts';
import { delay, until } from './waiting.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const START_MS = 60_000;
const RESTART_AFTER_MS = 300;

export type Role = 'web' | 'worker' | 'serve';

export type ProgramEnd = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the signal to the end of the process. */
  readonly ms: number;
};

export type ProgramProcess = {
  /** Also its application name at the database. */
  readonly name: string;
  readonly role: Role;
  /** Null for a worker. */
  readonly url: string | null;
  isUp(): boolean;
  /** Since it said that it is ready; 0 while it is not. */
  upForMs(): number;
  /**
   * Starts it, and again when it ends at once (its database may be down), as a supervisor does;
   * resolves when it says that it is ready. Throws after a minute without success.
   */
  start(): Promise<void>;
  /** Sends the signal and waits for the end. Does nothing to a process that is not there. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<ProgramEnd>;
  /** Pids of its browsers; none for a `web`. */
  browsers(): Promise<readonly number[]>;
  pid(): number | null;
  /** How often it ended without being told to, after it had been ready. */
  crashes(): number;
};

export type ProcessOptions = {
  readonly name: string;
  readonly role: Role;
  readonly port: number | null;
  readonly env: NodeJS.ProcessEnv;
  readonly databaseUrl: string;
  readonly logFile: string;
};

/** Starts nothing yet. */
export function programProcess(options: ProcessOptions): ProgramProcess {
  const { name, role, port } = options;
  const databaseUrl = new URL(options.databaseUrl);
  databaseUrl.searchParams.set('application_name', name);
  const env = {
    ...options.env,
    ...(port !== null && { PORT: String(port) }),
    DATABASE_URL: databaseUrl.href,
  };
  let child: ChildProcess | null = null;
  let ready = false;
  let readySince = 0;
  let isTold = false;
  let crashes = 0;
  const alive = () => child !== null && child.exitCode === null && child.signalCode === null;

  async function start(): Promise<void> {
    const giveUpAt = Date.now() + START_MS;
    while (!(await startOnce())) {
      if (Date.now() > giveUpAt) throw new Error(`${name} does not start: see ${options.logFile}`);
      await delay(RESTART_AFTER_MS);
    }
  }

  async function startOnce(): Promise<boolean> {
    if (alive()) throw new Error(`${name} runs already`);
    const log = openSync(options.logFile, 'a');
    const started = spawn(process.execPath, [CLI, role], { env, stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    child = started;
    isTold = false;
    let announced = false;
    started.stdout?.on('data', () => {
      announced = true;
    });
    started.on('exit', () => {
      const wasReady = ready;
      ready = false;
      if (!wasReady || isTold) return;
      crashes += 1;
      start().catch(() => {}); // told by whoever waits for it
    });
    const isGone = () => started.exitCode !== null || started.signalCode !== null;
    await until(`${name} is ready`, () => announced || isGone(), { withinMs: START_MS });
    ready = announced && !isGone();
    readySince = performance.now();
    return ready || isTold;
  }

  return {
    name,
    role,
    url: port === null ? null : `http://127.0.0.1:${port}`,
    isUp: () => ready && alive(),
    upForMs: () => (ready && alive() ? performance.now() - readySince : 0),
    start,
    async end(signal) {
      const startedAt = performance.now();
      if (child === null || !alive()) return { code: null, signal: null, ms: 0 };
      const ended = once(child, 'exit');
      isTold = true;
      if (signal === 'SIGKILL') ready = false;
      child.kill(signal);
      const [code, by] = (await ended) as [number | null, NodeJS.Signals | null];
      return { code, signal: by, ms: performance.now() - startedAt };
    },
    browsers: async () => (child?.pid && alive() ? browsersOf(child.pid) : []),
    pid: () => (alive() ? (child?.pid ?? null) : null),
    crashes: () => crashes,
  };
}
