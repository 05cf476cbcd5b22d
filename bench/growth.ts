// Whether the program is as fast with a million orders on the books as with none: the same steps and
// the same pages on two servers, in turn, round after round. The whole path has a bench of its own;
// here the outside world answers at once, so that nothing hides what the database takes.
//
//   node bench/million.ts --data-dir DIR          once
//   node bench/growth.ts --data-dir DIR [--json] [--quick] [--rounds 5] [--orders 300]
//
// The books in DIR are migrated, and hold some hundreds of orders more at the end.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import pg from 'pg';
import { auditTools } from '#adapters/audit-tools.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { auditBooks } from '#application/audit-books.ts';
import { migrate } from '#db/migrate.ts';
import { type Figure, figure, note, quantile, tellReport } from './figures.ts';
import { type GrowthPage, PAGES } from './growth-pages.ts';
import { growthSide, type Rates, type Side } from './growth-side.ts';
import { addPartners } from './million/grow-books.ts';

const STEPS = ['intake', 'recording', 'printing', 'delivering'] as const;
const AT_LEAST = 0.9;
const PAGE_MS_MAX = 100;
/** Of the million; more would only take longer. */
const PAGE_LOADS = 40;

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    orders: { type: 'string' },
  },
});
const dataDir = values['data-dir'] ?? process.env.GROWN_DATA_DIR;
if (dataDir === undefined) {
  note(
    'No --data-dir (or GROWN_DATA_DIR): make one with « node bench/million.ts --data-dir DIR ».',
  );
  process.exit(2);
}
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const orders = Number(values.orders ?? (values.quick ? 100 : 300));

const folder = await mkdtemp(join(tmpdir(), 'comptappart-growth-'));
const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
try {
  const empty = await open(folder);
  const grown = await open(dataDir);
  const disk = await diskPerOrder(grown.db);
  const measured: { readonly empty: Rates; readonly grown: Rates }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    note(round === 0 ? 'warming up …' : `round ${round} of ${rounds} …`);
    const turn = round % 2 === 0 ? [empty, grown] : [grown, empty];
    const rates = new Map<Side, Rates>();
    for (const side of turn) rates.set(side, await side.sell(orders));
    const of = (side: Side) => rates.get(side) as Rates;
    if (round > 0) measured.push({ empty: of(empty), grown: of(grown) });
  }
  const pages = await pageFigures(empty.db, grown.db);
  const audit = values.quick ? [] : [await auditFigure(grown.db)];
  const figures = [...rateFigures(measured), ...pages, ...audit, ...disk.figures];
  const details = { rounds: measured, disk: disk.tables, hot: await hotUpdates(grown.db) };
  tellReport({ figures, details }, values);
} finally {
  for (const step of closing.reverse()) await step();
}

async function open(dir: string): Promise<Side> {
  const server = await startEmbeddedPostgres({ dataDir: dir, role: 'visitor' });
  closing.push(() => server.stop());
  await migrate(server.url, { statementTimeoutMs: 3_600_000 });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query('select from partner limit 1');
  if (rows.length === 0) await addPartners(client);
  await client.end();
  const side = growthSide(server.url);
  closing.push(() => side.close());
  return side;
}

function rateFigures(
  measured: readonly { readonly empty: Rates; readonly grown: Rates }[],
): readonly Figure[] {
  const shares = (of: (rates: Rates) => number) =>
    measured.map(({ empty, grown }) => of(grown) / of(empty));
  const steps = STEPS.flatMap((step) => [
    figure(`growth: ${step}, a million ÷ empty`, {
      ...{ unit: '×', better: 'more', limit: AT_LEAST },
      rounds: shares((rates) => rates[step]),
    }),
    figure(`growth: ${step} on a million`, {
      ...{ unit: '/s', better: 'more' },
      rounds: measured.map(({ grown }) => grown[step]),
    }),
  ]);
  const less = { unit: '×', better: 'less' } as const;
  // Rates of two servers on one busy machine differ by chance; what they spent, much less.
  return [
    ...steps,
    figure('growth: processor of PostgreSQL an order, a million ÷ empty', {
      ...{ ...less, rounds: shares(({ cpuMs }) => cpuMs) },
    }),
    figure('growth: log of PostgreSQL an order, a million ÷ empty', {
      ...{ ...less, rounds: shares(({ logKb }) => logKb) },
    }),
    figure('growth: processor of PostgreSQL an order on a million', {
      ...{ unit: 'ms', better: 'less', rounds: measured.map(({ grown }) => grown.cpuMs) },
    }),
  ];
}

async function pageFigures(empty: Database, grown: Database): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const page of PAGES) {
    const few = await loadTimes(page, empty);
    const many = await loadTimes(page, grown);
    note(
      `${page.name}: p95 ${quantile(many, 0.95).toFixed(1)} ms (empty ${quantile(few, 0.95).toFixed(1)})`,
    );
    figures.push(
      figure(`growth: page « ${page.name} » p95`, {
        ...{ unit: 'ms', better: 'less', limit: PAGE_MS_MAX },
        rounds: [quantile(many, 0.95)],
      }),
    );
  }
  return figures;
}

/** Milliseconds a load; each of another order, so that what was just read helps nobody. */
async function loadTimes({ ask }: GrowthPage, db: Database): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number; eventId: string }>`
    select o.id, o.event_id as "eventId" from (select max(id) as last from orders) m
    cross join generate_series(1, ${PAGE_LOADS}) k
    join orders o on o.id = 1 + (k * 7919::bigint * 104729) % m.last`.execute(db);
  let turn = 0;
  const anyOrder = () => rows[turn++ % rows.length] as (typeof rows)[number];
  const times: number[] = [];
  for (let load = 0; load < PAGE_LOADS; load += 1) {
    const startedAt = performance.now();
    await ask({ db, anyOrder });
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function auditFigure(db: Database): Promise<Figure> {
  note('auditing a million …');
  const startedAt = performance.now();
  const run = await auditBooks(auditTools(db, { files: null, clock: systemClock }), false);
  const seconds = (performance.now() - startedAt) / 1000;
  if (run.findings > 0) throw new Error(`the audit found ${JSON.stringify(run.firstFindings)}`);
  return figure('growth: audit of 100,000 documents, without files', {
    ...{ unit: 's', better: 'less' },
    rounds: [seconds / (run.documents / 100_000)],
  });
}

type TableSize = { readonly table: string; readonly bytesPerOrder: number };

async function diskPerOrder(
  db: Database,
): Promise<{ readonly figures: readonly Figure[]; readonly tables: readonly TableSize[] }> {
  const { rows } = await sql<TableSize>`
    select relname as table, (pg_total_relation_size(relid)::float8
      / (select count(*) from orders))::int as "bytesPerOrder"
    from pg_stat_user_tables where schemaname = 'public' order by 2 desc`.execute(db);
  const kilobytes = rows.reduce((sum, it) => sum + it.bytesPerOrder, 0) / 1000;
  const about = { unit: 'kB', better: 'less', rounds: [kilobytes] } as const;
  return { figures: [figure('growth: disk an order, PDFs aside', about)], tables: rows };
}

/** Since the statistics were last reset: how many updates stayed on their page and touched no index. */
async function hotUpdates(db: Database): Promise<unknown> {
  const { rows } = await sql`
    select relname as table, n_tup_upd as updates, n_tup_hot_upd as hot, n_dead_tup as dead
    from pg_stat_user_tables where schemaname = 'public' and n_tup_upd > 0
    order by 2 desc`.execute(db);
  return rows;
}
