// How the tests run: three kinds of files, told apart by their endings (no input or output, the
// real neighbour, a whole journey). Two processes, one per core of the smallest machine we use;
// processes rather than threads, because a database server is tied to the thread that starts it.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts', 'test/**/*.integration.ts', 'test/**/*.e2e.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // On a machine shared with others a wait may be too short: that alone has a second try, never a
    // wrong answer, and what needed it is told (test/second-tries.ts).
    retry: { count: process.env.CI ? 1 : 0, condition: /not within|in 10 s|timed? ?out/i },
  },
});
