// A real PostgreSQL that can be killed like any other process and comes back on the same port with
// the same data, which is what a managed database does after a failover. Durability is on: what was
// committed must be there after a SIGKILL, or the whole exercise proves nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { findPostgresBinaries } from '#adapters/postgres/embedded-binaries.ts';
import {
  type Cluster,
  connectionUrl,
  disarmPidFile,
  ensureCluster,
  findRunningServer,
  openDataFolder,
} from '#adapters/postgres/embedded-cluster.ts';
import { findLaunch, programEnvironment } from '#adapters/postgres/embedded-launch.ts';
import { connectPresence, ensureDatabase } from '#adapters/postgres/embedded-presence.ts';
import { delay, freePort, until } from './waiting.ts';

export type KillablePostgres = {
  /** Of the program's database; the same after every start. */
  readonly url: string;
  readonly port: number;
  /** Starts it, or starts it again; resolves when it takes connections. */
  start(): Promise<void>;
  isUp(): boolean;
  /** Since it last took connections; 0 while it is down. */
  upForMs(): number;
  /** SIGKILL; resolves when the server is gone. */
  kill(): Promise<void>;
  /** In good order. */
  stop(): Promise<void>;
};

const START_MS = 30_000;
const SETTINGS = [
  ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=400'],
  ...['fsync=on', 'synchronous_commit=on', 'full_page_writes=on', 'shared_buffers=64MB'],
  ...['wal_level=minimal', 'max_wal_senders=0', 'max_logical_replication_workers=0'],
  ...['io_method=sync', 'timezone=UTC', 'log_timezone=UTC', 'lc_messages=C'],
];

/** Prepares a cluster in `folder` and starts it. Throws when PostgreSQL does not come up. */
export async function killablePostgres(
  folder: string,
  settings: readonly string[] = [],
): Promise<KillablePostgres> {
  const cluster = await openDataFolder(folder);
  const binaries = await findPostgresBinaries();
  const launch = await findLaunch(binaries.postgres, cluster.data);
  await ensureCluster(cluster, binaries, launch, 'full');
  const port = await freePort();
  const options = [...SETTINGS, ...settings].flatMap((it) => ['-c', it]);
  const command = [...launch.prefix, binaries.postgres, '-D', cluster.data, '-p', `${port}`];
  let server: ChildProcess | null = null;
  let upSince = 0;
  const isUp = () => server !== null && !isGone(server);

  async function start(): Promise<void> {
    const end = Date.now() + START_MS;
    while (!(await startOnce())) {
      if (Date.now() > end) throw new Error(`PostgreSQL does not start: ${await lastWords()}`);
      // The helpers of a killed server need a moment to notice that they are orphans.
      await delay(100);
    }
  }

  async function startOnce(): Promise<boolean> {
    await disarmPidFile(cluster);
    await using log = await open(cluster.log, 'a', 0o600);
    const child = spawn(command[0] as string, [...command.slice(1), ...options], {
      cwd: '/',
      env: programEnvironment(),
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    server = child;
    await until('PostgreSQL', async () => isGone(child) || (await isReady(cluster, port)), {
      withinMs: START_MS,
      everyMs: 10,
    });
    upSince = performance.now();
    return !isGone(child);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null || isGone(server)) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    await gone;
  }

  async function lastWords(): Promise<string> {
    const text = await readFile(cluster.log, 'utf8').catch(() => '');
    return text.trim().split('\n').slice(-3).join(' / ');
  }

  await start();
  const client = await connectPresence(await connectionUrl(cluster, port, 'postgres'), 'visitor');
  if (!client) throw new Error('PostgreSQL takes no connections');
  await ensureDatabase(client, 'comptappart');
  await client.end();
  return {
    url: await connectionUrl(cluster, port),
    port,
    start,
    isUp,
    upForMs: () => (isUp() ? performance.now() - upSince : 0),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGINT'),
  };
}

function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function isReady(cluster: Cluster, port: number): Promise<boolean> {
  return (await findRunningServer(cluster))?.port === port;
}
