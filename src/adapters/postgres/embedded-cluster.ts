// The data of the embedded server on disk: `<dataDir>/postgres`, its password beside the tables,
// and PostgreSQL's own `postmaster.pid`, which tells who serves it on which port. A first start
// prepares everything in a folder aside and renames it, so that the data is whole or not there.
// Locale, encoding and time zone are pinned: the same data reads the same on every machine.

import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './embedded-binaries.ts';
import { giveTo, type Launch, runProgram } from './embedded-launch.ts';

/** `full` survives a power cut; `tests` trades that for speed. */
export type Durability = 'full' | 'tests';

/** Absolute paths, links resolved. */
export type Cluster = {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly door: string;
};

/** `port` is unknown while the server comes up. */
export type RunningServer = { readonly pid: number; readonly port: number | undefined };

const user = 'comptappart';
const database = 'comptappart';
const connectionFile = 'connection.json';
const unfinishedPrefix = 'postgres.new-';

/** Makes the data folder if need be. Throws one sentence when it cannot be used. */
export const openDataFolder = async (dataDir: string): Promise<Cluster> => {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const folder = await realpath(dataDir);
    await access(folder, constants.W_OK | constants.X_OK);
    const at = (name: string) => join(folder, name);
    const [data, log, door] = [at('postgres'), at('postgres.log'), at('postgres.starting')];
    return { folder, data, log, door };
  } catch (cause) {
    throw new Error(
      `The data folder ${dataDir} cannot be written (${(cause as Error).message}). ` +
        'Set DATA_DIR to a folder this program may write.',
      { cause },
    );
  }
};

/**
 * Prepares the data if this is the first start; call it inside the door. Returns true when it
 * did. Throws one sentence with the last words of `initdb`.
 */
export const ensureCluster = async (
  cluster: Cluster,
  binaries: PostgresBinaries,
  launch: Launch,
  durability: Durability,
): Promise<boolean> => {
  if (await stat(join(cluster.data, 'PG_VERSION')).catch(() => undefined)) {
    await adoptOwner(cluster, launch);
    return false;
  }
  const unfinished = join(cluster.folder, `${unfinishedPrefix}${randomUUID()}`);
  try {
    await removeUnfinished(cluster);
    await initialise(unfinished, binaries, launch, durability);
    // Succeeds over an empty folder too, and over nothing else.
    await rename(unfinished, cluster.data);
    if (durability === 'full') await syncFolder(cluster.folder);
    return true;
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const failure = cause as Error & { readonly stderr?: string; readonly killed?: boolean };
    const said = (failure.stderr || failure.message).trim().split('\n').slice(-3).join(' / ');
    const words = failure.killed ? `it took too long. ${said}` : said;
    throw new Error(`PostgreSQL could not prepare its data in ${cluster.data}: ${words}`, {
      cause,
    });
  }
};

/** The address of a database on this server. Throws when the file with the password is gone. */
export const connectionUrl = async (
  cluster: Cluster,
  port: number,
  databaseName = database,
): Promise<string> => {
  const file = join(cluster.data, connectionFile);
  try {
    const { password } = JSON.parse(await readFile(file, 'utf8')) as { readonly password: string };
    return `postgresql://${user}:${password}@127.0.0.1:${port}/${databaseName}`;
  } catch (cause) {
    throw new Error(`The password of the embedded PostgreSQL cannot be read from ${file}.`, {
      cause,
    });
  }
};

/** Who serves this data now, if anybody. Changes nothing. */
export const findRunningServer = async (cluster: Cluster): Promise<RunningServer | undefined> => {
  const lines = (await readPidFile(cluster)) ?? [];
  const pid = Number(lines[0]);
  if ((await whoHas(pid, cluster.data)) !== 'server') return undefined;
  return { pid, port: lines[7]?.trim() === 'ready' ? Number(lines[3]) : undefined };
};

/**
 * Disarms a `postmaster.pid` that would keep PostgreSQL from starting for nothing: its number
 * belongs to some other program today, or a power cut left it empty. Only for data that nobody
 * serves, and inside the door.
 */
export const disarmPidFile = async (cluster: Cluster): Promise<void> => {
  const lines = await readPidFile(cluster);
  if (!lines) return;
  const file = pidFile(cluster);
  if (lines[0] === '') await rm(file);
  else if ((await whoHas(Number(lines[0]), cluster.data)) === 'another-program') {
    // PostgreSQL disregards the number of the process that starts it. The other lines stay: they
    // let it find out that processes of a killed server still write to this data.
    await writeFile(file, [process.pid, ...lines.slice(1)].join('\n'));
  }
};

const pidFile = ({ data }: Cluster): string => join(data, 'postmaster.pid');

const readPidFile = async (cluster: Cluster): Promise<readonly string[] | undefined> =>
  (await readFile(pidFile(cluster), 'utf8').catch(() => undefined))?.split('\n');

const initialise = async (
  folder: string,
  binaries: PostgresBinaries,
  launch: Launch,
  durability: Durability,
): Promise<void> => {
  await mkdir(folder, { mode: 0o700 });
  if (launch.owner) await giveTo(launch.owner, folder);
  const password = randomBytes(24).toString('base64url');
  const passwordFile = `${folder}.password`;
  await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' });
  try {
    await runProgram(launch, binaries.initdb, [
      ...['-D', folder, '-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['-c', 'timezone=UTC', '-c', 'log_timezone=UTC'],
      // Shared memory as files in the data folder: what removes that after a killed test run has
      // then removed everything.
      ...(durability === 'tests' ? ['--no-sync', '-c', 'dynamic_shared_memory_type=mmap'] : []),
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  // Written once, with the data, and never again: a password lost in a power cut locks all out.
  // The port is not here; it changes with each start and PostgreSQL keeps it in postmaster.pid.
  const connection = `${JSON.stringify({ user, password, database })}\n`;
  await writeFile(join(folder, connectionFile), connection, { mode: 0o600, flush: true });
  if (launch.owner) await giveTo(launch.owner, folder);
};

// The data was made as root inside a namespace, and now runs where only another user may serve it.
const adoptOwner = async ({ data }: Cluster, { owner }: Launch): Promise<void> => {
  if (owner && (await stat(data)).uid !== owner.uid) await giveTo(owner, data);
};

const removeUnfinished = async ({ folder }: Cluster): Promise<void> => {
  const left = (await readdir(folder)).filter((name) => name.startsWith(unfinishedPrefix));
  for (const name of left) await rm(join(folder, name), { recursive: true, maxRetries: 5 });
};

const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
};

const whoHas = async (
  pid: number,
  data: string,
): Promise<'server' | 'another-program' | 'nobody'> => {
  if (!Number.isInteger(pid) || pid <= 0) return 'nobody';
  const command = await commandOf(pid);
  if (command === undefined) return 'nobody';
  if (!basename(command).startsWith('postgres')) return 'another-program';
  // A server's working folder is its data. Where we may not look, it must count as ours: two
  // servers on the same data destroy it.
  const cwd = await stat(`/proc/${pid}/cwd`).catch(() => undefined);
  const ours = await stat(data);
  return cwd && (cwd.ino !== ours.ino || cwd.dev !== ours.dev) ? 'another-program' : 'server';
};

/** The program of a live process, empty for a zombie; undefined when there is none. */
const commandOf = async (pid: number): Promise<string | undefined> => {
  if (process.platform === 'linux') {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
    return words?.split('\0')[0];
  }
  try {
    process.kill(pid, 0);
    if (process.platform === 'win32') return 'postgres';
    const { stdout } = await promisify(execFile)('ps', ['-p', `${pid}`, '-o', 'comm=']);
    return stdout.trim();
  } catch {
    return undefined;
  }
};
