// A database of its own for each test that wants one: a clone of the migrated template, which
// takes milliseconds where migrating takes a tenth of a second. The server behind it starts when
// the first test asks (see global-setup.ts).

import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be extended
  export interface ProvidedContext {
    readonly databaseDoor: string;
    readonly dataFolder: string;
  }
}

export type TestDatabase = {
  readonly url: string;
  /** Cuts whoever is still connected. What is not dropped goes with the run. */
  readonly drop: () => Promise<void>;
};

/** A migrated database that nobody else uses. */
export const testDatabase = async (): Promise<TestDatabase> => {
  const { adminUrl, runName } = await askDoor('/template');
  return createDatabase(adminUrl, runName, `${runName}_template`);
};

/** A database without our tables, for the tests of the migrations themselves. */
export const emptyDatabase = async (): Promise<TestDatabase> => {
  const { adminUrl, runName } = await askDoor('/');
  return createDatabase(adminUrl, runName, 'template0');
};

/** A new folder for the data of a test's own server; only its owner may enter. Goes with the run. */
export const makeDataFolder = (): Promise<string> => mkdtemp(join(inject('dataFolder'), 'own-'));

/** The same server, another database. */
export const databaseUrl = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
};

type DoorAnswer = { readonly adminUrl: string; readonly runName: string };

const askDoor = async (path: '/' | '/template'): Promise<DoorAnswer> => {
  const response = await fetch(new URL(path, inject('databaseDoor')));
  const text = await response.text();
  if (!response.ok) throw new Error(`No test database: ${text}`);
  return JSON.parse(text) as DoorAnswer;
};

const createDatabase = async (
  adminUrl: string,
  runName: string,
  template: string,
): Promise<TestDatabase> => {
  const name = `${runName}_${randomBytes(6).toString('hex')}`;
  const [made, from] = [escapeIdentifier(name), escapeIdentifier(template)];
  await runAsAdmin(adminUrl, `create database ${made} template ${from} strategy file_copy`);
  return {
    url: databaseUrl(adminUrl, name),
    drop: () => runAsAdmin(adminUrl, `drop database if exists ${made} with (force)`),
  };
};

const runAsAdmin = async (adminUrl: string, statement: string): Promise<void> => {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};
