// How long the audit of many documents takes (and their exports) and how much memory it holds: writes a hundred thousand
// of them (and their files) with a correct chain into a database of its own, audits it in a process of
// its own, as an operator would, and says what that process needed. Not part of `npm test`.
//
//   node bench/audit.ts [--documents 100000] [--file-bytes 40000] [--heap-megabytes 64]
//
// With a heap that small the commands still run to their end: what they hold does not grow with the
// books.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { directoryFiles } from '#adapters/files/directory-files.ts';
import { connect } from '#adapters/postgres/database.ts';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { FileStore } from '#application/ports.ts';
import { migrate } from '#db/migrate.ts';
import { cents } from '#domain/money.ts';
import { pricedLine, sampleSeller } from '#test/support/invoices.ts';
import { legalAuthor, type Sale } from '#test/support/legal-books.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const BATCH = 1_000;

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '100000' },
    'file-bytes': { type: 'string', default: '40000' },
    'heap-megabytes': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const documents = Number(values.documents);
const fileBytes = Number(values['file-bytes']);

const folder = await mkdtemp(join(tmpdir(), 'comptappart-bench-'));
const secretsKey = Buffer.alloc(32, 7);
const postgres = await startEmbeddedPostgres({
  dataDir: join(folder, 'data'),
  role: 'server',
  durability: 'tests',
});
try {
  await migrate(postgres.url);
  await write();
  const env = await environment();
  const figures = {
    documents,
    fileBytes,
    auditWithoutFiles: await measured(['audit', '--no-files'], env),
    audit: await measured(['audit'], env),
    fec: await measured(['export', 'fec', '--year', '2026', '--out', join(folder, 'fec.txt')], env),
    invoices: await measured(
      ['export', 'invoices', '--year', '2026', '--out', join(folder, 'i.csv')],
      env,
    ),
    archive: await measured(
      ['archive', 'export', '--year', '2026', '--to', join(folder, 'a.tar')],
      env,
    ),
    verify: await measured(['archive', 'verify', join(folder, 'a.tar')], env),
  };
  console.log(values.json ? JSON.stringify(figures, null, 2) : table(figures));
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Three lines a document, one credit note for each twenty invoices. */
async function write(): Promise<void> {
  const db = connect(postgres.url, { connectionsMax: 4 });
  const author = await legalAuthor(db, { files: unsyncedFiles(), fileBytes });
  const start = Date.parse('2026-01-02T08:00:00Z');
  const invoices = Math.floor((documents * 20) / 21);
  for (let from = 0; from < invoices; from += BATCH) {
    const sales = Array.from({ length: Math.min(BATCH, invoices - from) }, (_, at): Sale => {
      const lines = [1990, 4990, 9999].map((gross) => pricedLine({ gross: cents(gross) }));
      return { lines, paidAt: new Date(start + (from + at) * 250_000) };
    });
    await author.sell(sales);
    note(`${from + sales.length} invoices written`);
  }
  for (let from = 0; from < documents - invoices; from += BATCH) {
    const last = new Date(start + invoices * 250_000);
    const size = Math.min(BATCH, documents - invoices - from);
    const credits = Array.from({ length: size }, (_, at) => ({ of: (from + at) * 20, at: last }));
    await author.credit(credits);
  }
  await db.destroy();
}

/** The program's store, but without waiting for the disk: only reading is measured. */
function unsyncedFiles(): FileStore {
  const options = { dir: join(folder, 'files'), publicUrl: 'http://x', secretsKey };
  const store = directoryFiles({ ...options, clock: systemClock });
  return {
    ...store,
    async put(key, bytes) {
      const path = join(folder, 'files', key);
      await writeFile(path, bytes).catch(() => store.put(key, bytes, 'application/pdf'));
      return 'stored';
    },
  };
}

async function environment(): Promise<NodeJS.ProcessEnv> {
  const seller = join(folder, 'seller.json');
  await writeFile(seller, JSON.stringify(sampleSeller));
  return {
    PATH: process.env.PATH,
    DATA_DIR: folder,
    DATABASE_URL: postgres.url,
    STORAGE_URL: `file:${join(folder, 'files')}`,
    SELLER_FILE: seller,
    SECRETS_KEY: secretsKey.toString('base64'),
  };
}

type Figure = { readonly seconds: number; readonly peakMegabytes: number; readonly code: number };

async function measured(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Figure> {
  note(`comptappart ${args.slice(0, 2).join(' ')} …`);
  const startedAt = performance.now();
  const heap = values['heap-megabytes'];
  const flags = heap === undefined ? [] : [`--max-old-space-size=${heap}`];
  const child = spawn(process.execPath, [...flags, CLI, ...args, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const peak = watchPeak(child);
  const [, code] = await Promise.all([
    text(child.stdout),
    new Promise<number>((resolve) => child.once('close', (it) => resolve(it ?? 1))),
  ]);
  return { seconds: (performance.now() - startedAt) / 1000, peakMegabytes: peak(), code };
}

/** The kernel's own high-water mark of the process, read while it lives. */
function watchPeak(child: ChildProcess): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, 'utf8').then(
      (status) => {
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
      },
      () => clearInterval(timer),
    );
  }, 50);
  return () => {
    clearInterval(timer);
    return Math.round(peak / 1024);
  };
}

function table(figures: Record<string, number | Figure>): string {
  return Object.entries(figures)
    .map(([name, it]) =>
      typeof it === 'number'
        ? `${name.padEnd(20)} ${it}`
        : `${name.padEnd(20)} ${it.seconds.toFixed(1)} s, at most ${it.peakMegabytes} MB` +
          (it.code === 0 ? '' : `, exit code ${it.code}`),
    )
    .join('\n');
}

function note(sentence: string): void {
  if (!values.json) process.stderr.write(`${sentence}\n`);
}
