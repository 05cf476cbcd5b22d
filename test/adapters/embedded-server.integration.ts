// The embedded PostgreSQL with real programs, real kills and real leftovers, because its faults
// are all about processes. Whoever runs the tests, root included, must be able to start it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findPostgresBinaries } from '#adapters/postgres/embedded-binaries.ts';
import { openDataFolder } from '#adapters/postgres/embedded-cluster.ts';
import { findLaunch } from '#adapters/postgres/embedded-launch.ts';
import { startServerProcess } from '#adapters/postgres/embedded-process.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '#adapters/postgres/embedded-server.ts';
import { makeDataFolder } from '../support/database.ts';

type Role = 'server' | 'visitor';
type Program = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it reported once it was ready. */
  readonly ready: Promise<{ readonly url: string; readonly startedHere: boolean }>;
  /** Asks it to stop and waits until it is gone. */
  readonly stop: () => Promise<void>;
};

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';
const moduleUrl = new URL('../../src/adapters/postgres/embedded-server.ts', import.meta.url).href;
const programText = `
  import { startEmbeddedPostgres } from ${JSON.stringify(moduleUrl)};
  const [dataDir, role] = process.argv.slice(1);
  const { url, startedHere, stop } =
    await startEmbeddedPostgres({ dataDir, role, durability: 'tests' });
  console.log(JSON.stringify({ url, startedHere }));
  process.stdin.resume().on('end', async () => { await stop(); process.exit(); });
`;

let base = '';
const programs: Program[] = [];
const servers: EmbeddedPostgres[] = [];

beforeAll(async () => {
  base = await makeDataFolder();
  const { url, stop } = await start('kept', 'server');
  await query(url, 'create table kept as select 42 as answer');
  await stop();
});

afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) await server.stop();
});

afterAll(() => rm(base, { recursive: true, force: true }));

const start = async (name: string, role: Role, log?: (line: string) => void) => {
  const options = { dataDir: join(base, name), role, durability: 'tests' as const };
  const server = await startEmbeddedPostgres(log ? { ...options, log } : options);
  servers.push(server);
  return server;
};

const startProgram = (name: string, role: Role, env = process.env): Program => {
  const args = ['--input-type=module', '-e', programText, '--', join(base, name), role];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const firstLine = async () => {
    for await (const line of createInterface(child.stdout)) return JSON.parse(line);
    throw new Error(errors);
  };
  const stop = async () => {
    const gone = once(child, 'exit');
    child.stdin.end();
    await gone;
  };
  const program = { child, pid: child.pid as number, ready: firstLine(), stop };
  programs.push(program);
  return program;
};

const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
};

const serverPid = async (name: string): Promise<number> =>
  Number((await readFile(join(base, name, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);

/** False for a zombie too, which only waits for its parent to look. */
const isRunning = async (pid: number): Promise<boolean> => {
  if (isLinux) return !!(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const msUntilGone = async (pid: number): Promise<number> => {
  const began = performance.now();
  while (await isRunning(pid)) {
    if (performance.now() - began > 15_000) throw new Error(`Process ${pid} still runs.`);
    await delay(20);
  }
  return performance.now() - began;
};

describe('a first start', () => {
  it('works in a folder that only its owner may enter, as root too', async () => {
    const { url, startedHere } = await start('first', 'server');

    expect(startedHere).toBe(true);
    expect((await stat(base)).mode & 0o777).toBe(0o700);
    const [row] = await query(
      url,
      `select current_user as "user", current_database() as name, upper('é') as upper,
              current_setting('TimeZone') as zone, current_setting('server_encoding') as encoding`,
    );
    expect(row).toEqual({
      user: 'comptappart',
      name: 'comptappart',
      upper: 'É',
      zone: 'UTC',
      encoding: 'UTF8',
    });
  });

  it('keeps the password to its owner and leaves no copy', async () => {
    const files = await readdir(join(base, 'first'));
    const connection = await stat(join(base, 'first/postgres/connection.json'));

    expect(files.filter((file) => !file.startsWith('postgres.log'))).toEqual(['postgres']);
    expect(connection.mode & 0o777).toBe(0o600);
  });

  it('refuses whoever does not know the password', async () => {
    const { url } = await start('first', 'server');
    const guessed = new URL(url);
    guessed.password = 'guessed';

    await expect(query(guessed.href, 'select 1')).rejects.toThrow('password authentication failed');
  });

  it('that was cut short leaves nothing half-made', async () => {
    const folder = join(base, 'cut');
    await mkdir(join(folder, 'postgres.new-cut/base'), { recursive: true });
    await writeFile(join(folder, 'postgres.new-cut.password'), 'secret');
    // The door of a program that died inside.
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const holder = JSON.stringify({ pid: dead.pid, began: '1', token: 'dead' });
    await writeFile(join(folder, 'postgres.starting'), holder);

    const { startedHere } = await start('cut', 'server');

    expect(startedHere).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it.runIf(isRoot && isLinux)(
    'as root does without namespaces where they are forbidden',
    async () => {
      const bin = join(base, 'bin');
      await mkdir(bin);
      await symlink('/usr/bin/setpriv', join(bin, 'setpriv'));
      const program = startProgram('no-namespace', 'server', { ...process.env, PATH: bin });
      const { url } = await program.ready;

      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
      expect((await stat(join(base, 'no-namespace/postgres'))).uid).toBe(65534);
      const pid = await serverPid('no-namespace');
      program.child.kill('SIGKILL');
      expect(await msUntilGone(pid)).toBeLessThan(5_000);
      // The same data later, where namespaces are allowed again.
      await start('no-namespace', 'server');
    },
  );
});

describe('a later start', () => {
  it('finds the data of the one before', async () => {
    const before = await start('kept', 'server');
    await before.stop();
    await before.stop();

    const after = await start('kept', 'server');
    expect(await query(after.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('is not blocked by a pid file whose number another program has today', async () => {
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    const file = join(base, 'kept/postgres/postmaster.pid');
    const lines = [other.pid, join(base, 'kept/postgres'), 1700000000, 5432, '', '127.0.0.1'];
    await writeFile(file, `${lines.join('\n')}\n 1234567  1234567\nready   \n`);

    const { url } = await start('kept', 'server');

    expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await isRunning(other.pid as number)).toBe(true);
    other.kill();
  });

  it('is not blocked by a pid file that a power cut left empty', async () => {
    await writeFile(join(base, 'kept/postgres/postmaster.pid'), '');

    expect((await start('kept', 'server')).startedHere).toBe(true);
  });

  it('recovers after the server itself was killed', async () => {
    const lines: string[] = [];
    await start('kept', 'server', (line) => lines.push(line));
    const pid = await serverPid('kept');
    process.kill(pid, 'SIGKILL');
    await msUntilGone(pid);

    const { url } = await start('kept', 'server');

    expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(lines.join()).toContain('ended by itself (signal SIGKILL)');
  });
});

describe('a second server', () => {
  it('says who runs already, and on which folder', async () => {
    await start('kept', 'server');

    await expect(startProgram('kept', 'server').ready).rejects.toThrow(
      `Another ComptAppart (pid ${process.pid}) is already running on ${join(base, 'kept')}. ` +
        'Stop it, or set DATA_DIR to another folder.',
    );
  });

  it('is refused even after the connections of the first were cut', async () => {
    const { url } = await start('kept', 'server');
    await query(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    );
    await delay(1_000);

    await expect(start('kept', 'server')).rejects.toThrow('is already running on');
  });

  it('waits for a command that has the data, then starts', async () => {
    const command = startProgram('kept', 'visitor');
    expect(await command.ready).toMatchObject({ startedHere: true });
    const lines: string[] = [];
    const starting = start('kept', 'server', (line) => lines.push(line));
    while (lines.length === 0) await delay(10);
    await command.stop();

    expect((await starting).startedHere).toBe(true);
    expect(lines).toEqual([`A ComptAppart command (pid ${command.pid}) uses ${base}/kept.`]);
  });
});

describe('a visitor', () => {
  it('joins a running server and leaves it running', async () => {
    const { url } = await start('kept', 'server');
    const visitor = startProgram('kept', 'visitor');

    expect(await visitor.ready).toEqual({ url, startedHere: false });
    await visitor.stop();
    expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('alone starts a server and ends it', async () => {
    const visitor = await start('kept', 'visitor');
    const pid = await serverPid('kept');
    expect(await query(visitor.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await visitor.stop();

    expect(await isRunning(pid)).toBe(false);
  });

  it('does not end its server while another visitor uses it', async () => {
    const first = await start('kept', 'visitor');
    const second = startProgram('kept', 'visitor');
    const { url } = await second.ready;
    const stopping = first.stop();
    await delay(500);

    // A new connection, as a pool would open it.
    expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
    await stopping;
    await expect(query(url, 'select 1')).rejects.toThrow();
  });

  it.each(['kept', 'new'])('and another at once both work on %s data', async (name) => {
    const both = [startProgram(name, 'visitor'), startProgram(name, 'visitor')];
    const ready = await Promise.all(both.map((program) => program.ready));

    expect(ready.map(({ startedHere }) => startedHere).sort()).toEqual([false, true]);
    const answers = await Promise.all(ready.map(({ url }) => query(url, 'select 1 as one')));
    expect(answers).toEqual([[{ one: 1 }], [{ one: 1 }]]);
    const pid = await serverPid(name);
    await Promise.all(both.map((program) => program.stop()));
    expect(await isRunning(pid)).toBe(false);
  });
});

it.runIf(isLinux).each(['server', 'visitor'] as const)(
  'a killed %s takes PostgreSQL with it, and the next start works',
  async (role) => {
    const program = startProgram('kept', role);
    await program.ready;
    const pid = await serverPid('kept');
    program.child.kill('SIGKILL');

    expect(await msUntilGone(pid)).toBeLessThan(5_000);
    await start('kept', 'server');
  },
);

it('a server that outlived its program is ended and replaced', async () => {
  const cluster = await openDataFolder(join(base, 'kept'));
  const binaries = await findPostgresBinaries();
  const launch = await findLaunch(binaries.postgres, cluster.data);
  // Nobody holds the owner lock on it.
  const soon = Date.now() + 10_000;
  const orphan = await startServerProcess(cluster, binaries, launch, 'tests', soon);

  const { url } = await start('kept', 'server');

  expect(await orphan.ended).toBe('code 0');
  expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

describe('what cannot start says so in a sentence', () => {
  it('a data folder that cannot be written', async () => {
    await writeFile(join(base, 'a-file'), '');

    await expect(start('a-file/data', 'server')).rejects.toThrow(
      /^The data folder \S+\/a-file\/data cannot be written \(ENOTDIR.*\)\. Set DATA_DIR to .*\.$/,
    );
  });

  it('a server that does not come up, with the end of its log', async () => {
    const settings = join(base, 'kept/postgres/postgresql.conf');
    const before = await readFile(settings);
    await writeFile(settings, 'shared_buffers = nonsense\n');

    await expect(start('kept', 'server')).rejects.toThrow(
      /^PostgreSQL on \S+\/kept\/postgres ended \(code 1\)\. \S+postgres\.log ends: .*nonsense/s,
    );
    await writeFile(settings, before);
  });

  it('data of something else', async () => {
    await mkdir(join(base, 'foreign/postgres/photos'), { recursive: true });

    await expect(start('foreign', 'server')).rejects.toThrow(
      /^PostgreSQL could not prepare its data in \S+\/foreign\/postgres: ENOTEMPTY/,
    );
    expect(await readdir(join(base, 'foreign'))).toEqual(['postgres']);
  });
});
