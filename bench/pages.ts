// Whether the dashboard's pages answer as fast with a million orders on the books as with few: the real
// program over each database, a signed-in visitor, whole pages over HTTP, in turn. Each page is
// asked for with its filters; each answer is looked at, since an error page is fast, too.
//
//   node bench/pages.ts --data-dir DIR [--json] [--quick] [--loads 40]        DIR: bench/million.ts

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, median, note, quantile, tellReport } from './figures.ts';
import { PARTNERS } from './million/sold-orders.ts';

const PAGE_MS_MAX = 100;
const RATIO_MAX = 2;
/** As bench/million.ts seals the secrets of its partners. */
const SECRETS_KEY = Buffer.alloc(32, 7).toString('base64');
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const LARGE = PARTNERS[0]?.slug ?? '';
const SMALL = PARTNERS.at(-1)?.slug ?? '';

const PAGES = {
  overview: '/dashboard',
  'overview, 30 days': '/dashboard?span=30d',
  orders: '/dashboard/orders',
  'orders of the largest partner': `/dashboard/orders?partner=${LARGE}`,
  'orders of the smallest partner': `/dashboard/orders?partner=${SMALL}`,
  'orders that need someone': '/dashboard/orders?state=attention',
  'orders of a name': '/dashboard/orders?text=legoff',
  'an order': '/dashboard/orders/1',
  notifications: '/dashboard/notifications',
  'notifications refused': '/dashboard/notifications?state=failed',
  invoices: '/dashboard/invoices',
  events: '/dashboard/events',
  'search by e-mail': '/dashboard/search?q=marthe.legoff',
  quarantine: '/dashboard/quarantine',
  partners: '/dashboard/partners',
  'the largest partner': `/dashboard/partners/${LARGE}`,
  actions: '/dashboard/actions',
} as const;
/** The sandbox's own books hold none of the million's partners or orders. */
const ON_BOTH: ReadonlySet<string> = new Set([
  ...['overview', 'overview, 30 days', 'orders', 'notifications', 'notifications refused'],
  ...['invoices', 'events', 'quarantine', 'partners', 'actions'],
]);

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    loads: { type: 'string' },
  },
});
const dataDir = values['data-dir'] ?? process.env.GROWN_DATA_DIR;
if (dataDir === undefined) {
  note(
    'No --data-dir (or GROWN_DATA_DIR): make one with « node bench/million.ts --data-dir DIR ».',
  );
  process.exit(2);
}
const loads = Number(values.loads ?? (values.quick ? 10 : 40));
const folder = await mkdtemp(join(tmpdir(), 'bench-pages-'));
const empty = await startPages(join(folder, 'empty'));
const grown = await startPages(dataDir);
try {
  const figures = [];
  for (const [name, path] of Object.entries(PAGES)) {
    const isOnBoth = ON_BOTH.has(name);
    const times = { empty: [] as number[], grown: [] as number[] };
    for (let n = -3; n < loads; n += 1) {
      const onGrown = await grown.timeOf(path);
      const onEmpty = isOnBoth ? await empty.timeOf(path) : 0;
      if (n < 0) continue; // not counted: caches and plans
      times.grown.push(onGrown);
      times.empty.push(onEmpty);
    }
    const p95 = quantile(times.grown, 0.95);
    figures.push(
      figure(`pages: ${name}, p95 on a million`, {
        ...{ unit: 'ms', better: 'less', limit: PAGE_MS_MAX, rounds: [p95] },
      }),
    );
    if (!isOnBoth) continue;
    const ratio = median(times.grown) / median(times.empty);
    figures.push(
      figure(`pages: ${name}, p50 a million ÷ empty`, {
        ...{ unit: '×', better: 'less', rounds: [ratio] },
        // The overview of empty books has the same parts; an empty list has no rows to draw.
        ...(path.startsWith('/dashboard/') ? {} : { limit: RATIO_MAX }),
      }),
    );
  }
  tellReport({ figures }, values);
} finally {
  await Promise.all([empty.stop(), grown.stop()]);
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

type Pages = {
  /** ms until the whole page is here. Throws when it is not a page. */
  timeOf(path: string): Promise<number>;
  stop(): Promise<unknown>;
};

async function startPages(dir: string): Promise<Pages> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'error', SECRETS_KEY };
  const child = spawn(process.execPath, [CLI, 'serve'], {
    env: { ...env, PORT: `${port}`, DATA_DIR: dir },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await ready(child, url);
  const entered = await fetch(`${url}/dashboard/sign-in/visitor`, {
    ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ next: '/dashboard' }) },
  });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  return {
    async timeOf(path) {
      const startedAt = performance.now();
      const answer = await fetch(url + path, { headers: { cookie }, redirect: 'manual' });
      const page = await answer.text();
      if (answer.status !== 200 || !page.includes('<main')) {
        throw new Error(`${path} answered ${answer.status}`);
      }
      return performance.now() - startedAt;
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('serve was not ready within a minute');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
