// The servers of others that `npm run test:containers` starts: each PostgreSQL that we promise to
// work on, from the oldest, and a MinIO. Exact versions, so that a red run means a change of ours.

import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { GenericContainer, Wait } from 'testcontainers';

export type Neighbour = {
  /** What the operator types to have this one alone. */
  readonly name: string;
  readonly image: string;
  /** Starts it. `env` is what the tests need to find it. */
  readonly start: () => Promise<{
    readonly env: Readonly<Record<string, string>>;
    readonly stop: () => Promise<unknown>;
  }>;
};

const MEBIBYTE = 1024 ** 2;

/**
 * As much as the embedded one grants the tests, and nothing written for good: a database of its own
 * for each test is 300 files.
 */
const POSTGRES_SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=300',
];

const MINIO_KEYS = { user: 'comptappart', password: 'a-secret-of-the-tests' };

export const NEIGHBOURS: readonly Neighbour[] = [
  postgres('postgres15', 'postgres:15.19-alpine'),
  postgres('postgres17', 'postgres:17.11-alpine'),
  postgres('postgres18', 'postgres:18.6-alpine'),
  minio('minio', 'pgsty/minio:RELEASE.2026-08-04T00-00-00Z'),
];

function postgres(name: string, image: string): Neighbour {
  const settings = POSTGRES_SETTINGS.flatMap((setting) => ['-c', setting]);
  return {
    name,
    image,
    async start() {
      const container = await new PostgreSqlContainer(image)
        .withCommand(['postgres', ...settings])
        .withTmpFs({ '/memory': 'rw' })
        .withEnvironment({ PGDATA: '/memory/data' })
        .withSharedMemorySize(256 * MEBIBYTE)
        // Testcontainers' own asks four times a second for as long as the container lives, each
        // time with a process of its own.
        .withHealthCheck({
          test: ['CMD-SHELL', 'pg_isready --host 127.0.0.1 --username test'],
          interval: 2_000,
          timeout: 2_000,
          retries: 60,
        })
        .start();
      return {
        env: { TEST_DATABASE_URL: container.getConnectionUri() },
        stop: () => container.stop(),
      };
    },
  };
}

function minio(name: string, image: string): Neighbour {
  const port = 9000;
  return {
    name,
    image,
    async start() {
      const container = await new GenericContainer(image)
        .withCommand(['server', '/data'])
        .withEnvironment({
          MINIO_ROOT_USER: MINIO_KEYS.user,
          MINIO_ROOT_PASSWORD: MINIO_KEYS.password,
        })
        .withExposedPorts(port)
        .withWaitStrategy(Wait.forHttp('/minio/health/live', port))
        .start();
      return {
        env: {
          TEST_S3_ORIGIN: `http://${container.getHost()}:${container.getMappedPort(port)}`,
          TEST_S3_USER: MINIO_KEYS.user,
          TEST_S3_PASSWORD: MINIO_KEYS.password,
        },
        stop: () => container.stop(),
      };
    },
  };
}
