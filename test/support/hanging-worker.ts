// A worker process that takes a job, says so, and never ends it: to be killed by a test.

import { startWorker } from '#adapters/worker/runner.ts';
import { taskList } from '#adapters/worker/tasks.ts';

const hang = () => {
  process.stdout.write('has a job\n');
  return new Promise<void>(() => setInterval(() => {}, 1000));
};

await startWorker({
  databaseUrl: process.argv[2] ?? '',
  workerId: 'hanging',
  tasks: taskList({
    'resolve-payment': hang,
    'render-invoice': hang,
    'deliver-notification': hang,
    reconcile: hang,
  }),
  crontab: '',
  concurrency: 2,
  sweep: async () => {},
  sweepEveryMs: 500,
  log: () => {},
});
