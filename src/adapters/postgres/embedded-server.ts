// The database of the sandbox: a PostgreSQL of our own in the data folder, so that a newcomer
// installs nothing. One long-running program (role `server`) owns it; commands (role `visitor`)
// join it, or start and end one of their own when nobody serves. Two owners at once would fight
// over the data, hence the door (one decides at a time) and the owner's lock (told by presence).

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { findPostgresBinaries } from './embedded-binaries.ts';
import {
  type Cluster,
  connectionUrl,
  type Durability,
  disarmPidFile,
  ensureCluster,
  findRunningServer,
  openDataFolder,
  type RunningServer,
} from './embedded-cluster.ts';
import { passDoor } from './embedded-door.ts';
import { findLaunch } from './embedded-launch.ts';
import {
  connectPresence,
  ensureDatabase,
  keepOwning,
  type OwnerName,
  type Role,
  takeStanding,
  tryOwn,
  waitUntilAlone,
} from './embedded-presence.ts';
import { lastLogLines, startServerProcess } from './embedded-process.ts';

export type EmbeddedOptions = {
  readonly dataDir: string;
  readonly role: Role;
  /** `full` when absent. */
  readonly durability?: Durability;
  /** Hears what takes time, in sentences for people. */
  readonly log?: (line: string) => void;
};

export type EmbeddedPostgres = {
  /** Of the database `comptappart`, with the password in it; changes with each start. */
  readonly url: string;
  /** False for a visitor that joined somebody's server. */
  readonly startedHere: boolean;
  /** Ends a server started here; leaves any other running. May be called twice. */
  readonly stop: () => Promise<void>;
};

const startLimitMs = 30_000;
const lookAgainMs = 50;
// A command that lent its server to others stays as long as they may reasonably take.
const guestsLimitMs = 300_000;
const orphanGuestsLimitMs = 5_000;

/**
 * A running server on `<dataDir>/postgres`, made on first use. Takes 30 s at most, then throws;
 * every fault is one sentence for the operator: another program runs on this data, the folder
 * cannot be written, the server does not come up (with the end of its log).
 */
export const startEmbeddedPostgres = async (
  options: EmbeddedOptions,
): Promise<EmbeddedPostgres> => {
  const deadline = Date.now() + startLimitMs;
  const cluster = await openDataFolder(options.dataDir);
  return passDoor(cluster.door, deadline, async () => {
    let lastWait = '';
    for (;;) {
      const running = await findRunningServer(cluster);
      if (!running) return startOwn(cluster, options, deadline);
      const found = await meetRunning(cluster, running, options);
      if (typeof found !== 'string') return found;
      if (found !== lastWait) options.log?.(found);
      lastWait = found;
      if (Date.now() > deadline) {
        const lines = await lastLogLines(cluster);
        throw new Error(`${found} Gave up after 30 s. ${cluster.log} ends: ${lines}`);
      }
      await delay(lookAgainMs);
    }
  });
};

/** What we have joined, or a sentence that says what we are waiting for. */
const meetRunning = async (
  cluster: Cluster,
  { pid, port }: RunningServer,
  { role }: EmbeddedOptions,
): Promise<EmbeddedPostgres | string> => {
  const busy = (why: string) => `PostgreSQL (pid ${pid}) on ${cluster.data} is busy: ${why}.`;
  if (port === undefined) return busy('it starts or stops');
  const client = await connectPresence(await connectionUrl(cluster, port, 'postgres'), role);
  if (!client) return busy('it takes no connections');
  const standing = await takeStanding(client, role);
  if (standing.kind === 'guest') return join(cluster, port, client);
  try {
    switch (standing.kind) {
      case 'closing':
        return busy(standing.why);
      case 'owner':
        return await endOrphan(cluster, client, pid);
      case 'taken':
        return sentenceAbout(cluster, standing.by);
      default:
        return standing.kind satisfies never;
    }
  } finally {
    await client.end().catch(() => {});
  }
};

const join = async (cluster: Cluster, port: number, client: Client): Promise<EmbeddedPostgres> => {
  await ensureDatabase(client, 'comptappart');
  const url = await connectionUrl(cluster, port);
  return { url, startedHere: false, stop: () => client.end().catch(() => {}) };
};

/** Commands end soon, so they are waited for; another long-running program is a fault. */
const sentenceAbout = (cluster: Cluster, owner: OwnerName | undefined): string => {
  if (owner?.role !== 'server') {
    return `A ComptAppart command (pid ${owner?.pid ?? 'unknown'}) uses ${cluster.folder}.`;
  }
  throw new Error(
    `Another ComptAppart (pid ${owner.pid}) is already running on ${cluster.folder}. ` +
      'Stop it, or set DATA_DIR to another folder.',
  );
};

// Its program was killed where the kernel does not end the server with it. A server of our own
// dies with us and is ours to stop; this one is neither.
const endOrphan = async (cluster: Cluster, client: Client, pid: number): Promise<string> => {
  await waitUntilAlone(client, orphanGuestsLimitMs, () => {});
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It has ended meanwhile, or is not ours to end; the caller looks again.
  }
  return `Ending the PostgreSQL (pid ${pid}) that a killed ComptAppart left on ${cluster.data}.`;
};

const startOwn = async (
  cluster: Cluster,
  options: EmbeddedOptions,
  deadline: number,
): Promise<EmbeddedPostgres> => {
  const { role, durability = 'full', log } = options;
  const binaries = await findPostgresBinaries();
  const launch = await findLaunch(binaries.postgres, cluster.data);
  if (await ensureCluster(cluster, binaries, launch, durability)) {
    log?.(`Made a new database in ${cluster.data}.`);
  }
  await disarmPidFile(cluster);
  const server = await startServerProcess(cluster, binaries, launch, durability, deadline);
  try {
    const presenceUrl = await connectionUrl(cluster, server.port, 'postgres');
    const connect = () => connectPresence(presenceUrl, role);
    const client = await connect();
    if (!client || !(await tryOwn(client))) {
      throw new Error(`PostgreSQL on ${cluster.data} started and takes no connections.`);
    }
    await ensureDatabase(client, 'comptappart');
    const ownership = keepOwning(client, connect, () => !server.hasEnded());
    let stopping: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      if (role === 'visitor') {
        const onWait = () => log?.(`Other commands still use the database in ${cluster.folder}.`);
        await ownership.waitUntilAlone(guestsLimitMs, onWait).catch(() => {});
      }
      await server.stop();
      await ownership.release();
    };
    server.ended.then((how) => {
      if (!stopping) log?.(`PostgreSQL on ${cluster.data} ended by itself (${how}).`);
    });
    const url = await connectionUrl(cluster, server.port);
    return { url, startedHere: true, stop: () => (stopping ??= stop()) };
  } catch (error) {
    await server.stop();
    throw error;
  }
};
