// The server's own process: its settings, a free port, waiting until it is ready, ending it.
// The settings are modest, so that an idle sandbox is small. It is detached into a session of its
// own, because Ctrl-C reaches a whole terminal group and would end it before we have drained.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresBinaries } from './embedded-binaries.ts';
import { type Cluster, type Durability, findRunningServer } from './embedded-cluster.ts';
import { type Launch, programEnvironment } from './embedded-launch.ts';

export type ServerProcess = {
  readonly port: number;
  /** Resolves, never rejects, when the process is gone; says how it ended. */
  readonly ended: Promise<string>;
  readonly hasEnded: () => boolean;
  /** Closes all connections, writes a checkpoint and waits for the end. */
  readonly stop: () => Promise<void>;
};

const portTriesMax = 5;
const lookAgainMs = 5;
const tryAgainMs = 100;
const politeStopMs = 20_000;
const abruptStopMs = 5_000;

/**
 * Starts the server on a free port of 127.0.0.1 and waits until it takes connections. Throws one
 * sentence with the last lines of its log when it ends, or is not ready at `deadline` (epoch ms).
 */
export const startServerProcess = async (
  cluster: Cluster,
  binaries: PostgresBinaries,
  launch: Launch,
  durability: Durability,
  deadline: number,
): Promise<ServerProcess> => {
  // Each start has its own log; the one before stays for whoever looks into a crash.
  await rename(cluster.log, `${cluster.log}.1`).catch(() => {});
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const args = ['-D', cluster.data, '-p', `${port}`, ...settings(durability)];
    const server = await launchServer(cluster, port, [
      ...launch.prefix,
      binaries.postgres,
      ...args,
    ]);
    const outcome = await waitUntilReady(cluster, server, deadline);
    if (outcome === 'ready') return server;
    await server.stop();
    const lines = await lastLogLines(cluster);
    if (outcome !== 'too-late' && willPass(lines, tries)) {
      await delay(tryAgainMs);
      continue;
    }
    const what = outcome === 'too-late' ? 'was not ready in time' : `ended (${outcome})`;
    throw new Error(`PostgreSQL on ${cluster.data} ${what}. ${cluster.log} ends: ${lines}`);
  }
};

// Somebody took the port between our look and the server's; or the helpers of a server that was
// killed have not noticed yet, which takes them moments (until the deadline of the start).
const willPass = (lines: string, tries: number): boolean =>
  (lines.includes('could not bind') && tries < portTriesMax) ||
  lines.includes('pre-existing shared memory block');

/** The end of the server's log on one line, for an error sentence. */
export const lastLogLines = async ({ log }: Cluster): Promise<string> => {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-4).join(' / ') || '(nothing)';
};

const forUse = ['fsync=on', 'max_connections=100'];
const forTests = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=300',
];

const settings = (durability: Durability): readonly string[] => {
  const values = [
    'listen_addresses=127.0.0.1',
    // A socket's path may have 107 bytes only, and data folders can be deep: TCP alone.
    'unix_socket_directories=',
    'shared_buffers=64MB',
    // All save helper processes: nobody replicates from here, and reads are small.
    ...['wal_level=minimal', 'max_wal_senders=0', 'max_logical_replication_workers=0'],
    'io_method=sync',
    ...['timezone=UTC', 'log_timezone=UTC', 'lc_messages=C', 'logging_collector=off'],
    // The details and statements of errors carry customers' data.
    ...['log_error_verbosity=terse', 'log_min_error_statement=panic'],
    ...(durability === 'tests' ? forTests : forUse),
  ];
  return values.flatMap((value) => ['-c', value]);
};

const launchServer = async (
  cluster: Cluster,
  port: number,
  [command, ...args]: readonly string[],
): Promise<ServerProcess> => {
  await using log = await open(cluster.log, 'w', 0o600);
  const child = spawn(command as string, args, {
    cwd: '/',
    env: programEnvironment(),
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    windowsHide: true,
  });
  const ended = endOf(child);
  let isRunning = true;
  const interrupt = () => child.kill('SIGINT');
  // For a program that leaves by process.exit() where the server is not tied to us by the kernel.
  process.once('exit', interrupt);
  ended.then(() => {
    isRunning = false;
    process.off('exit', interrupt);
  });
  return { port, ended, hasEnded: () => !isRunning, stop: () => stopChild(child, ended) };
};

const endOf = async (child: ChildProcess): Promise<string> => {
  try {
    const [code, signal] = await once(child, 'exit');
    return signal ? `signal ${signal}` : `code ${code}`;
  } catch (error) {
    return (error as Error).message;
  }
};

const stopChild = async (child: ChildProcess, ended: Promise<string>): Promise<void> => {
  // Interrupt closes all connections and writes a checkpoint; Quit leaves that to the next start.
  for (const [signal, limitMs] of [
    ['SIGINT', politeStopMs],
    ['SIGQUIT', abruptStopMs],
    ['SIGKILL', abruptStopMs],
  ] as const) {
    child.kill(signal);
    if (await endsWithin(ended, limitMs)) return;
  }
};

const endsWithin = async (ended: Promise<string>, limitMs: number): Promise<boolean> => {
  const timer = new AbortController();
  const late = delay(limitMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    timer.abort();
  }
};

const waitUntilReady = async (
  cluster: Cluster,
  server: ServerProcess,
  deadline: number,
): Promise<string> => {
  while (Date.now() < deadline) {
    if (server.hasEnded()) return server.ended;
    if ((await findRunningServer(cluster))?.port === server.port) return 'ready';
    await delay(lookAgainMs);
  }
  return 'too-late';
};

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  probe.close();
  await once(probe, 'close');
  return port;
};
