// A worker process that takes a job, says so, and never ends it: to be killed by a test.

import { openLifeLock } from '#adapters/worker/life-lock.ts';
import { startWorker } from '#adapters/worker/runner.ts';
import { taskGroups } from '#adapters/worker/tasks.ts';

const hang = () => {
  process.stdout.write('has a job\n');
  return new Promise<void>(() => setInterval(() => {}, 1000));
};

const databaseUrl = process.argv[2] ?? '';
await startWorker({
  databaseUrl,
  life: await openLifeLock(databaseUrl, () => {}),
  groups: taskGroups({
    'resolve-payment': hang,
    'render-invoice': hang,
    'deliver-notification': hang,
    replay: hang,
    reconcile: hang,
    audit: hang,
    purge: hang,
  }),
  sweep: async () => {},
  sweepEveryMs: 500,
  log: () => {},
});
