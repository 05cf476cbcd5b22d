// Makes books of a million orders in minutes, for whoever wants to see how the program behaves after
// years: benches, plans of queries, the pages of the dashboard.
//
//   node bench/million.ts --database postgres://… [--orders 1000000] [--events 10000000]
//   node bench/million.ts --data-dir DIR          an embedded PostgreSQL of its own, kept for later
//
// The database must be empty; one of `--data-dir` is migrated first, another must be.

import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { migrate } from '#db/migrate.ts';
import { GROWN_SECRETS_KEY, growBooks } from './million/grow-books.ts';
import type { Plan } from './million/sold-orders.ts';

const YEARS_MS = 3 * 365 * 86_400_000;
const CELLS = 30;

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    'data-dir': { type: 'string' },
    orders: { type: 'string', default: '1000000' },
    events: { type: 'string' },
  },
});
const orders = Number(values.orders);
const eventsPerOrder = Math.round(Number(values.events ?? orders * 10) / orders);
const [database, dataDir] = [values.database, values['data-dir']];
const isComplete = (database === undefined) !== (dataDir === undefined);
if (!isComplete || !(orders > 0) || !(eventsPerOrder >= 1)) {
  process.stderr.write(
    'One of --database URL and --data-dir DIR; --orders and --events above 0.\n',
  );
  process.exit(2);
}
const until = new Date(Date.now() - 10_000);
const plan: Plan = { orders, eventsPerOrder, from: new Date(until.getTime() - YEARS_MS), until };

const server = dataDir
  ? await startEmbeddedPostgres({ dataDir, role: 'server', durability: 'tests' })
  : null;
try {
  const url = server?.url ?? (database as string);
  if (server) await migrate(url);
  const startedAt = performance.now();
  await growBooks(url, plan, progress());
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stderr.write('\r\u001b[K');
  console.log(
    `${orders} orders and ${orders * eventsPerOrder} events in ${seconds} s. ` +
      `Their secrets open with SECRETS_KEY=${GROWN_SECRETS_KEY.toString('base64')}`,
  );
} finally {
  await server?.stop();
}

/** A bar on a terminal; a line at the end of each step elsewhere. */
function progress(): (step: string, done: number, of: number) => void {
  let [current, since, ended, shownAt] = ['', 0, performance.now(), 0];
  return (step, done, of) => {
    const now = performance.now();
    if (step !== current) [current, since] = [step, ended];
    ended = now;
    const isLast = done >= of;
    if (now - shownAt < 200 && !isLast) return;
    shownAt = now;
    const rate = Math.round(done / Math.max(0.001, (now - since) / 1000));
    const line = `${step.padEnd(16)} ${done} of ${of} (${rate}/s)`;
    if (process.stderr.isTTY) {
      const cells = Math.round((done / of) * CELLS);
      const bar = `${'█'.repeat(cells)}${'░'.repeat(CELLS - cells)}`;
      process.stderr.write(`\r\u001b[K${bar} ${line}`);
    } else if (isLast) process.stderr.write(`${line}\n`);
  };
}
