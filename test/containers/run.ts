// `npm run test:containers`: the integration tests on the servers of others, each in a container that
// ends with its run. Where no Docker answers it says so and succeeds, since `npm test` makes the
// same claims on the embedded PostgreSQL; CONTAINERS_REQUIRED=true makes that a failure, for a CI
// that has Docker. `-- postgres15 minio` takes these alone, `-- test/application` these tests alone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { getContainerRuntimeClient } from 'testcontainers';
import { databaseTests } from './database-tests.ts';
import { NEIGHBOURS, type Neighbour } from './neighbours.ts';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const MINIO_TESTS = ['test/adapters/minio-files.integration.ts'];

// A query passes a proxy of Docker's here, where the embedded server is next door.
const TEST_TIMEOUT_MS = 60_000;

const words = process.argv.slice(2);
const named = NEIGHBOURS.filter(({ name }) => words.includes(name));
const paths = words.filter((word) => NEIGHBOURS.every(({ name }) => name !== word));

process.exit(await main());

async function main(): Promise<number> {
  const away = await whyNoDocker();
  if (away !== null) {
    console.log(
      `skipped: no Docker (${away})\n` +
        'The tests of this run are those of npm test, on PostgreSQL 15, 17 and 18 and on MinIO.',
    );
    return process.env.CONTAINERS_REQUIRED === 'true' ? 1 : 0;
  }
  const failed: string[] = [];
  for (const neighbour of named.length > 0 ? named : NEIGHBOURS) {
    if (!(await passesOn(neighbour))) failed.push(neighbour.name);
  }
  console.log(failed.length === 0 ? 'all passed' : `failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

async function whyNoDocker(): Promise<string | null> {
  try {
    const { info } = await getContainerRuntimeClient();
    const { serverVersion, operatingSystem } = info.containerRuntime;
    console.log(`Docker ${serverVersion} on ${operatingSystem}`);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

async function passesOn({ name, image, start }: Neighbour): Promise<boolean> {
  const all = name === 'minio' ? MINIO_TESTS : databaseTests();
  const files = all.filter((file) => paths.length === 0 || paths.some((it) => file.includes(it)));
  if (files.length === 0) {
    console.log(`--- ${name}: skipped, none of its tests was asked for`);
    return true;
  }
  console.log(`--- ${name}: ${image}, ${files.length} files`);
  const began = performance.now();
  const server = await start().catch((error: Error) => {
    console.log(`--- ${name}: did not start: ${error.message}`);
    return null;
  });
  if (server === null) return false;
  console.log(`--- ${name}: started in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  try {
    const env = { ...process.env, ...server.env };
    const args = [VITEST, 'run', '--testTimeout', String(TEST_TIMEOUT_MS), ...files];
    const vitest = spawn(process.execPath, args, { env, stdio: 'inherit' });
    const [code] = await once(vitest, 'exit');
    return code === 0;
  } finally {
    await server.stop();
  }
}
