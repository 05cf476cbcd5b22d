// The audit against real books: quiet while nothing was changed, and exact about the first thing that
// was. The property at the end tampers with whatever it likes, triggers and checks out of the way.

import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditTools } from '#adapters/audit-tools.ts';
import { postgresAuditRuns } from '#adapters/postgres/audit-runs.ts';
import { postgresAuditedBooks } from '#adapters/postgres/audited-books.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { type AuditNeeds, auditBooks, nightlyAudit } from '#application/audit-books.ts';
import type { AuditRun } from '#application/audited-books.ts';
import type { Alerts } from '#application/ports.ts';
import { cents } from '#domain/money.ts';
import { vatRate } from '#domain/vat.ts';
import { memoryFiles, testClock } from '#test/support/books.ts';
import { type TestDatabase, testDatabase } from '#test/support/database.ts';
import { pricedLine } from '#test/support/invoices.ts';
import { legalAuthor } from '#test/support/legal-books.ts';
import { toldBooks } from '#test/support/told-books.ts';

let database: TestDatabase;
let db: Database;
let needs: AuditNeeds;
const files = memoryFiles();
beforeAll(async () => {
  database = await testDatabase();
  db = connect(database.url, { connectionsMax: 4 });
  needs = auditTools(db, { files, clock: testClock() });
  const author = await legalAuthor(db, { files });
  const at = (text: string) => ({ paidAt: new Date(text) });
  const reduced = pricedLine({ rate: vatRate(550), gross: cents(2110) });
  await author.sell([
    at('2026-12-30T10:00:00Z'),
    { ...at('2026-12-31T10:00:00Z'), lines: [pricedLine(), reduced] },
    { ...at('2026-12-31T22:59:00Z'), buyer: { businessName: 'Ets Kerbrat', vatNumber: null } },
    at('2026-12-31T23:00:00Z'),
    at('2027-01-02T08:00:00Z'),
  ]);
  await author.credit([{ of: 1, share: 0.4 }, { of: 1, share: 0.6 }, { of: 3 }]);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

type Tampering = {
  readonly statements: readonly string[];
  readonly file?: (held: Map<string, Uint8Array>) => void;
};

class Undone extends Error {}

/** What an audit says of books tampered with; everything is put back afterwards. */
async function auditOf({ statements, file }: Tampering): Promise<AuditRun> {
  const held = new Map(files.held);
  let run: AuditRun | undefined;
  file?.(files.held);
  const atOneInstant: AuditNeeds['atOneInstant'] = (work) =>
    db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx);
      for (const statement of [DROP_CHECKS, ...statements]) await sql.raw(statement).execute(trx);
      // A snapshot would not see what is not committed: the same books on this very transaction.
      const inside = { transaction: () => sameTransaction(trx) } as unknown as Database;
      return postgresAuditedBooks(inside)(work);
    });
  try {
    await atOneInstant(async (books) => {
      const runs = { add: async () => {}, last: async () => null };
      run = await auditBooks({ ...needs, runs, atOneInstant: (work) => work(books) }, false);
      throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  } finally {
    files.held.clear();
    for (const [key, bytes] of held) files.held.set(key, bytes);
  }
  if (!run) throw new Error('the audit said nothing');
  return run;
}

function sameTransaction(trx: unknown): object {
  const builder = {
    setIsolationLevel: () => builder,
    setAccessMode: () => builder,
    execute: (work: (at: unknown) => unknown) => work(trx),
  };
  return builder;
}

test('books that nobody changed are found whole, over New Year and with credit notes', async () => {
  const seen: number[] = [];
  const run = await auditBooks(needs, false, (done, of) => seen.push(done, of));
  expect([run.firstFindings, run.findings, run.documents]).toEqual([[], 0, 8]);
  expect(seen).toEqual([8, 8]);
  expect(run.heads.map((it) => it.number).toSorted()).toEqual([
    'AQCA-2027-000003',
    'FQCA-2027-000002',
  ]);
  expect(await needs.runs.last()).toEqual(run);
});

test('books that the program itself wrote, printed and delivered are found whole', async () => {
  const books = await toldBooks();
  const atOneInstant = postgresAuditedBooks(books.db);
  const runs = postgresAuditRuns(books.db);
  const run = await auditBooks({ ...needs, files: null, atOneInstant, runs }, false);
  expect([run.firstFindings, run.documents]).toEqual([[], 2]);
  await books.close();
});

test('the run of the night alerts once when something is broken, and never otherwise', async () => {
  const raised: Parameters<Alerts['raise']>[0][] = [];
  const alerts: Alerts = { raise: (alert) => void raised.push(alert) };
  await nightlyAudit({ ...needs, alerts });
  expect(raised).toEqual([]);
  const lost = { ...needs, files: memoryFiles(), alerts };
  await nightlyAudit(lost);
  expect(raised).toMatchObject([{ kind: 'books-broken', ids: { findings: 8 } }]);
});

describe('the audit says where it broke', () => {
  test.each([
    [
      'an amount of the third invoice',
      `update invoice set content = replace(content, '4990', '4980') where ordinal = 3`,
      { kind: 'content-changed', subject: 'FQCA-2026-000003' },
    ],
    [
      'a document taken out of the middle',
      `delete from invoice where number = 'FQCA-2026-000002'`,
      { kind: 'gap', expected: 'FQCA-2026-000002', found: 'FQCA-2026-000003' },
    ],
    [
      'the last document of a year, with its printing and file record',
      `delete from invoice where number = 'FQCA-2026-000003'`,
      { kind: 'counter', subject: 'FQCA-2026', expected: '3', found: '2' },
    ],
    [
      'a date that runs backwards by a microsecond',
      `update invoice set issued_at = issued_at + interval '1 microsecond' where ordinal = 2`,
      { kind: 'column-differs', field: 'issued_at' },
    ],
    [
      'an order whose amount was changed',
      `update orders set gross = gross + 1, vat = vat + 1 where id = 1`,
      { kind: 'order-differs', field: 'vat' },
    ],
    [
      'a line that says something else',
      `update order_line set product_name = 'Autre' where order_id = 5`,
      { kind: 'line-differs', subject: 'FQCA-2027-000002', field: 'line 1' },
    ],
    [
      'a buyer exchanged in the order',
      `update orders set customer_email = 'x@y.example' where id = 2`,
      { kind: 'order-differs', field: 'customer_email' },
    ],
    [
      'a credit note that takes back more',
      `update credit_note set gross = gross * 9, net = net + gross * 8 where id = 2`,
      { kind: 'credit-note-differs' },
    ],
    [
      'a payment whose order is gone',
      `delete from orders where id = 4`,
      { kind: 'order-differs', expected: '4', found: null },
    ],
    [
      'a file record that names another template',
      `update invoice_pdf set template_version = 't2' where invoice_number = 'FQCA-2026-000001'`,
      { kind: 'pdf-record-changed', subject: 'FQCA-2026-000001' },
    ],
    [
      'a printed document that is said to wait',
      `update printing set state = 'queued', next_attempt_at = now(), ended_at = null
       where number = 'AQCA-2027-000001'`,
      { kind: 'printing-differs', subject: 'AQCA-2027-000001' },
    ],
  ])('%s', async (_what, statement, finding) => {
    const run = await auditOf({ statements: [statement] });
    expect(run.firstFindings).toContainEqual(expect.objectContaining(finding));
  });

  test('a file with one byte changed, a file cut short, a file gone', async () => {
    const keys = [...files.held.keys()];
    const run = await auditOf({
      statements: [],
      file: (held) => {
        held.set(keys[0] as string, Buffer.from(held.get(keys[0] as string) as Uint8Array).fill(1));
        held.set(keys[1] as string, Buffer.from('%PDF'));
        held.delete(keys[2] as string);
      },
    });
    expect(run.firstFindings.map((it) => [it.kind, it.field])).toEqual([
      ['file-changed', 'sha256'],
      ['file-changed', 'size_bytes'],
      ['file-changed', 'sha256'],
      ['file-missing', expect.stringContaining('FQCA-2026-000003')],
    ]);
  });

  test('a whole year taken away, counter, orders, payments and all, is missed by nobody', async () => {
    const before = await auditBooks(needs, false);
    expect(before.findings).toBe(0);
    const run = await auditOf({
      statements: [
        `delete from credit_note`,
        `delete from invoice where year = 2027`,
        `delete from invoice_series where year = 2027`,
        `delete from printing where number like '%2027%'`,
        `delete from invoice_pdf where invoice_number like '%2027%'`,
        `delete from orders where id > 3`,
        `delete from payment where key in ('pi_4', 'pi_5')`,
      ],
    });
    const gone = run.firstFindings.map((it) => [it.kind, it.subject, it.found]);
    expect(gone.toSorted()).toEqual([
      ['head-changed', 'AQCA-2027-000003', null],
      ['head-changed', 'FQCA-2027-000002', null],
    ]);
  });
});

test('a store that is away is no loss: the audit says so instead of crying wolf', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const store = { get: () => Promise.reject(away) };
  await expect(auditBooks({ ...needs, files: store }, true)).rejects.toBe(away);
  expect((await needs.runs.last())?.findings).toBe(0);
});

test('all findings are counted, the first fifty are kept', async () => {
  const run = await auditOf({ statements: [`update invoice set hash = reverse(hash)`] });
  expect(run.findings).toBeGreaterThan(8);
  expect(run.firstFindings.length).toBe(Math.min(50, run.findings));
});

describe('whatever is tampered with', () => {
  beforeEach(async () => {
    expect((await auditBooks(needs, false)).firstFindings).toEqual([]);
  });

  test('in the legal documents, the counters or the records of files, is found', async () => {
    const targets = await tamperable();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...targets),
        fc.nat(),
        fc.constantFrom('change' as const, 'delete' as const),
        async (target, seed, how) => {
          const run = await auditOf({ statements: statementsFor(target, seed, how) });
          expect(run.findings, `${how} ${target.table}.${target.column}`).toBeGreaterThan(0);
        },
      ),
      { numRuns: TAMPERINGS },
    );
  });

  test('in the stored files, is found', async () => {
    const keys = [...files.held.keys()];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), fc.nat(), async (key, seed) => {
        const run = await auditOf({
          statements: [],
          file: (held) => {
            const bytes = Buffer.from(held.get(key) as Uint8Array);
            const at = seed % (bytes.length + 1);
            if (at === bytes.length) held.delete(key);
            else bytes[at] = (bytes[at] as number) ^ (1 + (seed % 255));
            if (at < bytes.length) held.set(key, bytes);
          },
        });
        expect(run.findings).toBeGreaterThan(0);
      }),
      { numRuns: 25 },
    );
  });
});

/** AUDIT_TAMPERINGS=2000 for a night's worth. */
const TAMPERINGS = Number(process.env.AUDIT_TAMPERINGS ?? 60);

type Target = { readonly table: string; readonly column: string; readonly type: string };

const TABLES = ['invoice', 'invoice_pdf', 'invoice_series'];

async function tamperable(): Promise<readonly Target[]> {
  const { rows } = await sql<Target>`
    select table_name as table, column_name as column, data_type as type
    from information_schema.columns
    where table_schema = current_schema() and table_name = any(${TABLES})
    order by 1, ordinal_position`.execute(db);
  expect(rows.length).toBeGreaterThan(20);
  return rows;
}

/** Triggers are off already; the checks go, too, so that nothing but the audit stands in the way. */
const DROP_CHECKS = `do $$ declare c record; begin
  for c in select conrelid::regclass as of, conname from pg_constraint
    where contype = 'c' and connamespace = current_schema()::regnamespace
      and conrelid = any (array['invoice', 'invoice_pdf', 'invoice_series', 'credit_note',
        'orders']::regclass[])
  loop execute format('alter table %s drop constraint %I', c.of, c.conname); end loop; end $$`;

function statementsFor({ table, column, type }: Target, seed: number, how: string): string[] {
  const which = `ctid = (array(select ctid from ${table} order by ctid))[1 + ${seed} % (
    select count(*)::int from ${table})]`;
  if (how === 'delete') return [`delete from ${table} where ${which}`];
  // Far enough that no number becomes another document's: that, a unique index would refuse already.
  const other: Record<string, string> = {
    text: `overlay(${column} placing chr(65 + (ascii(substr(${column},
      1 + ${seed} % length(${column}), 1)) + 1) % 26) from 1 + ${seed} % length(${column}))`,
    integer: `coalesce(${column}, 0) + 100 + ${seed} % 1000`,
    bigint: `coalesce(${column}, 0) + 100 + ${seed} % 1000`,
    date: `${column} + 1 + ${seed} % 1000`,
    'timestamp with time zone': `${column} + (1 + ${seed} % 1000) * interval '1 microsecond'`,
  };
  return [`update ${table} set ${column} = ${other[type]} where ${which}`];
}
