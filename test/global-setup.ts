// One PostgreSQL for the whole test run, and one migrated template in it. Both come into being
// when the first test asks (over a small HTTP door, since tests run in other processes), so a run
// of pure tests pays nothing. TEST_DATABASE_URL names a server to use instead, any PostgreSQL 15
// or later where we may create databases.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { databaseUrl } from './support/database.ts';

type TestServer = { readonly adminUrl: string; readonly stop: () => Promise<void> };

const folderPrefix = 'comptappart-tests-';
const givenUrl = process.env.TEST_DATABASE_URL;

/** Opens the door and tells the tests where it is; what it returns takes everything down. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const runName = `test_${randomBytes(4).toString('hex')}`;
  const folder = await makeRunFolder();
  const server = oncePromised(() =>
    givenUrl ? useServer(givenUrl, runName) : startServer(join(folder.path, 'shared')),
  );
  const template = oncePromised(async () => makeTemplate((await server.get()).adminUrl, runName));

  const door = createServer(async (request, response) => {
    try {
      const { adminUrl } = await server.get();
      if (request.url === '/template') await template.get();
      response.end(JSON.stringify({ adminUrl, runName }));
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  project.provide('dataFolder', folder.path);
  project.provide('databaseDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}`);

  return async () => {
    door.close();
    door.closeAllConnections();
    await (await server.started())?.stop();
    folder.remove();
  };
};

/** The folder of all data of this run, those of servers that tests start by themselves included. */
const makeRunFolder = async (): Promise<{ readonly path: string; readonly remove: () => void }> => {
  const parent = await parentFolder();
  await removeLeftFolders(parent);
  const path = await mkdtemp(join(parent, `${folderPrefix}${process.pid}-`));
  // Servers that end in this very moment may still write. Synchronous, because Ctrl-C leaves no
  // time for anything else.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 20 });
  process.once('exit', remove);
  // A further Ctrl-C would else kill us in the middle of that.
  process.on('SIGINT', () => process.exit(130));
  return { path, remove };
};

/**
 * Memory if there is plenty, since a clone is 300 files and a disk has cost 20 times as much for
 * them; else, or when TMPDIR says so, the temporary folder.
 */
const parentFolder = async (): Promise<string> => {
  const memory = '/dev/shm';
  const found = process.env.TMPDIR ? undefined : await statfs(memory).catch(() => undefined);
  // Docker's default is 64 MiB, too little for one server.
  return found && found.bavail * found.bsize > 2 * 1024 ** 3 ? memory : tmpdir();
};

// A run that was killed outright could not take its folder with it.
const removeLeftFolders = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const pid = Number(name.startsWith(folderPrefix) && name.split('-')[2]);
    if (pid > 0 && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const startServer = async (dataDir: string): Promise<TestServer> => {
  const postgres = await startEmbeddedPostgres({ dataDir, role: 'server', durability: 'tests' });
  return { adminUrl: databaseUrl(postgres.url, 'postgres'), stop: postgres.stop };
};

const useServer = async (adminUrl: string, runName: string): Promise<TestServer> => ({
  adminUrl,
  stop: () =>
    asAdmin(adminUrl, async (client) => {
      const { rows } = await client.query<{ readonly name: string }>(
        'select datname as name from pg_database where starts_with(datname, $1)',
        [`${runName}_`],
      );
      for (const { name } of rows) {
        await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
      }
    }),
});

const makeTemplate = async (adminUrl: string, runName: string): Promise<void> => {
  const name = `${runName}_template`;
  await asAdmin(adminUrl, (client) => client.query(`create database ${escapeIdentifier(name)}`));
  const { migrate } = await import('#db/migrate.ts');
  await migrate(databaseUrl(adminUrl, name));
};

const asAdmin = async (url: string, work: (client: Client) => Promise<unknown>): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
};

/** Runs `make` at the first `get`; `started` gives its result only if somebody asked. */
const oncePromised = <T>(
  make: () => Promise<T>,
): { readonly get: () => Promise<T>; readonly started: () => Promise<T | undefined> } => {
  let promise: Promise<T> | undefined;
  return {
    get: () => (promise ??= make()),
    started: async () => promise?.catch(() => undefined),
  };
};
