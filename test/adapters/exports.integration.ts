// What leaves the books, through the real command line: the accountant's files, the tax office's, the
// archive. Each is read back here as its reader would read it.

import { createHash, verify } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PDFDocument } from '@cantoo/pdf-lib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FEC_COLUMNS, fecName } from '#adapters/exports/fec-file.ts';
import { directoryFiles } from '#adapters/files/directory-files.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { ParisDay } from '#domain/invoice-number.ts';
import { cents } from '#domain/money.ts';
import { vatRate } from '#domain/vat.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { type CommandLine, commandLine } from '#test/support/command-line.ts';
import { makeDataFolder, type TestDatabase, testDatabase } from '#test/support/database.ts';
import { pricedLine, sampleSeller } from '#test/support/invoices.ts';
import { legalAuthor } from '#test/support/legal-books.ts';

const secretsKey = Buffer.alloc(32, 7);

const XML = '<rsm:CrossIndustryInvoice>Łódź</rsm:CrossIndustryInvoice>';

let database: TestDatabase;
let db: Database;
let folder: string;
let cli: CommandLine;
let run: ReturnType<typeof commandInProcess>;
beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), makeDataFolder()]);
  db = connect(database.url, { connectionsMax: 4 });
  const dir = join(folder, 'files');
  const files = directoryFiles({ dir, publicUrl: 'http://x', secretsKey, clock: systemClock });
  const pdf = await PDFDocument.create();
  pdf.addPage();
  await pdf.attach(Buffer.from(XML), 'factur-x.xml', { mimeType: 'text/xml' });
  const author = await legalAuthor(db, { files, fileStart: await pdf.save() });
  const at = (text: string) => ({ paidAt: new Date(text) });
  const reduced = pricedLine({ rate: vatRate(550), gross: cents(2110) });
  await author.sell([
    at('2026-11-02T10:00:00Z'),
    { ...at('2026-11-20T10:00:00Z'), lines: [pricedLine({ gross: cents(9999) }), reduced] },
    { ...at('2026-11-20T23:30:00Z'), buyer: { name: '=HYPERLINK("http://x")' } },
    { ...at('2026-11-21T10:00:00Z'), lines: [pricedLine({ gross: cents(0) })] },
    {
      ...at('2026-11-30T10:00:00Z'),
      lines: [pricedLine({ rate: vatRate(0), treatment: 'reverse-charge', gross: cents(5000) })],
      buyer: { businessName: 'Łódź\tGmbH', vatNumber: 'DE811907980' },
    },
    { ...at('2026-11-25T10:00:00Z'), issuedAt: new Date('2026-12-01T10:00:00Z') },
    { ...at('2026-12-31T22:59:59Z'), issuedAt: new Date('2026-12-31T23:00:01Z') },
    { ...at('2027-02-01T10:00:00Z'), test: true },
    { ...at('2027-02-02T10:00:00Z'), currency: 'USD' },
  ]);
  await author.credit([{ of: 1, share: 0.5, at: new Date('2027-01-15T10:00:00Z') }]);
  const seller = join(folder, 'seller.json');
  await writeFile(seller, JSON.stringify(sampleSeller));
  const env = {
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    STORAGE_URL: `file:${dir}`,
    SELLER_FILE: seller,
    SECRETS_KEY: secretsKey.toString('base64'),
  };
  cli = commandLine(env);
  run = commandInProcess(env);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
  await rm(folder, { recursive: true });
});

const place = (name: string) => join(folder, name);
const read = (name: string, encoding: 'utf8' | 'latin1' = 'utf8') =>
  readFile(place(name)).then((bytes) => bytes.toString(encoding));

type FecRow = Readonly<Record<(typeof FEC_COLUMNS)[number], string>>;

function fecRows(text: string): FecRow[] {
  expect(text.endsWith('\r\n')).toBe(true);
  const [head, ...lines] = text.slice(0, -2).split('\r\n');
  expect(head?.split('\t')).toEqual([...FEC_COLUMNS]);
  return lines.map((line) => {
    const cells = line.split('\t');
    expect(cells).toHaveLength(18);
    return Object.fromEntries(FEC_COLUMNS.map((name, at) => [name, cells[at]])) as FecRow;
  });
}

/** The rows of a FEC that was written for these options. */
async function fec(...options: string[]): Promise<FecRow[]> {
  const ran = await run(['export', 'fec', ...options, '--out', place('fec.txt')]);
  expect(ran.code, ran.text).toBe(0);
  return fecRows(await read('fec.txt'));
}

const centsOf = (text: string) => Number(text.replace(',', ''));

describe('export fec', () => {
  test('has eighteen columns and numbered, balanced entries in order of day', async () => {
    const rows = await fec('--year', '2026');
    const entries = Map.groupBy(rows, (row) => row.EcritureNum);
    expect([...entries.keys()]).toEqual(Array.from({ length: 11 }, (_, at) => String(at + 1)));
    for (const [number, lines] of entries) {
      const balance = lines.reduce((sum, it) => sum + centsOf(it.Debit) - centsOf(it.Credit), 0);
      expect(balance, number).toBe(0);
    }
    const days = rows.map((row) => row.EcritureDate);
    expect(days).toEqual(days.toSorted());
    for (const row of rows) {
      expect(row.EcritureDate).toMatch(/^2026\d{4}$/);
      expect(row.ValidDate >= row.EcritureDate).toBe(true);
      expect(`${row.Debit} ${row.Credit}`).toMatch(/^\d+,\d\d \d+,\d\d$/);
    }
    // Paid just before New Year, invoiced just after: the money is this year's, the sale is not.
    const last = rows.filter((row) => row.EcritureDate === '20261231');
    expect(last.map((it) => [it.JournalCode, it.CompteNum, it.ValidDate])).toEqual([
      ['ST', '411000', '20270101'],
      ['ST', '517000', '20270101'],
    ]);
    expect(rows.find((it) => it.CompteNum === '706100')).toMatchObject({
      EcritureLib: 'Facture FQCA-2026-000005 Łódź GmbH',
      Credit: '50,00',
    });
  });

  test('is called by the SIREN and the closing day, from the process that was asked', async () => {
    const dir = place('here');
    await mkdir(dir);
    const out = join(dir, 'x.txt');
    const latin = ['--encoding', 'iso-8859-15', '--out', out];
    const ran = await run(['export', 'fec', '--closing', '2027-01-31', ...latin]);
    expect([ran.code, ran.text]).toEqual([0, expect.stringContaining('débit = crédit')]);
    expect(ran.json).toMatchObject({ since: '2026-02-01', until: '2027-01-31', empty: 1 });
    expect(await readdir(dir)).toEqual(['x.txt']);
    const text = (await readFile(out)).toString('latin1');
    expect(text).toContain('Facture FQCA-2026-000005 Lódz GmbH');
    expect(text).toContain('TVA collectée 20 %');
    const credit = fecRows(text).filter((row) => row.PieceRef === 'AQCA-2027-000001');
    expect(credit.map((it) => [it.CompteNum, it.Debit, it.Credit, it.EcritureLet])).toEqual([
      ['411000', '0,00', '60,55', 'A27000001'],
      ['706000', '41,66', '0,00', ''],
      ['445711', '8,34', '0,00', ''],
      ['706000', '10,00', '0,00', ''],
      ['445713', '0,55', '0,00', ''],
    ]);
    expect(fecName(sampleSeller.siren, '2027-01-31' as ParisDay, false)).toBe(
      '841206378FEC20270131.txt',
    );
  });

  test('goes to stdout alone, with what there is to say on stderr', async () => {
    const { code, stdout, stderr } = await cli.run([
      'export',
      'fec',
      '--year',
      '2026',
      '--out',
      '-',
    ]);
    expect([code, fecRows(stdout).length > 11]).toEqual([0, true]);
    expect(stderr).toContain('écritures');
  });

  test('refuses what it would have to guess, and says what is missing', async () => {
    const year = ['export', 'fec', '--year', '2027', '--out', place('none.txt')];
    const refused = await run(year);
    expect([refused.code, refused.text]).toEqual([1, expect.stringMatching(/USD 2027-02-02/)]);
    const names = await readdir(folder);
    expect(names.filter((name) => name.startsWith('none'))).toEqual([]);

    await writeFile(place('rates.csv'), 'USD;2027-02-01;1,0425\n');
    const rows = await fec('--year', '2027', '--rates', place('rates.csv'));
    // 49.90 / 1.0425 = 47.865…
    const dollars = rows.filter((row) => row.Idevise === 'USD');
    expect(dollars[0]).toMatchObject({ Debit: '47,87', Montantdevise: '49,90' });
    // The test order of the first of February stays out.
    expect(rows.some((row) => row.PieceDate === '20270201')).toBe(false);
  });

  test('of nothing but tests is refused, unless its name and its lines say so', async () => {
    const tests = ['--closing', '2028-01-31', '--rates', place('rates.csv')];
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx);
      await sql`update stripe_event set livemode = false`.execute(trx);
    });
    const refused = await run(['export', 'fec', ...tests, '--out', place('test.txt')]);
    expect([refused.code, refused.text]).toEqual([1, expect.stringContaining('de test')]);
    const rows = await fec(...tests, '--include-test');
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx);
      await sql`update stripe_event set livemode = true where id <> 'evt_8'`.execute(trx);
    });
    expect(rows.filter((it) => it.EcritureLib.startsWith('TEST '))).toHaveLength(5);
    expect(fecName('841206378', '2028-01-31' as ParisDay, true)).toMatch(/^TEST-/);
  });

  test('takes the accountant’s own accounts, and says which of them cannot be', async () => {
    const plan = place('plan.json');
    await writeFile(plan, '{"money": {"number": "5122", "label": "Banque"}}');
    const rows = await fec('--year', '2026', '--accounts', plan);
    expect(new Set(rows.map((it) => it.CompteNum))).toContain('5122');
    await writeFile(plan, '{"bank": {}}');
    const wrong = await run(['export', 'fec', '--year', '2026', '--accounts', plan]);
    expect([wrong.code, wrong.text]).toEqual([2, expect.stringContaining('bank')]);
  });
});

describe('export invoices', () => {
  test('is one row a document, credit notes negative, and no name is a formula', async () => {
    const period = ['--since', '2026-11-01', '--until', '2027-12-31', '--include-test'];
    const { code } = await run(['export', 'invoices', ...period, '--out', place('i.csv')]);
    const text = await read('i.csv');
    expect([code, text.charCodeAt(0)]).toEqual([0, 0xfeff]);
    const [head = '', ...rows] = text.slice(1).trimEnd().split('\r\n');
    const column = (row: string | undefined, name: string) =>
      row?.split(';')[head.split(';').indexOf(name)];
    expect(rows).toHaveLength(10);
    const credit = rows.find((row) => row.startsWith('AQCA'));
    expect(['Total TTC', 'TVA 5,5 %', 'Facture d’origine'].map((it) => column(credit, it))).toEqual(
      ['-60,55', '-0,55', 'FQCA-2026-000002'],
    );
    expect(rows.find((row) => row.includes('HYPERLINK'))).toContain(`"'=HYPERLINK(""http://x"")"`);
  });

  test('into a folder that is not there is refused by name', async () => {
    const out = place('nowhere/i.csv');
    const ran = await run(['export', 'invoices', '--year', '2026', '--out', out]);
    expect([ran.code, ran.text]).toEqual([1, expect.stringMatching(/nowhere.*ENOENT/)]);
    const archive = ['archive', 'export', '--year', '2026', '--to', place('nowhere/a.tar')];
    expect(await run(archive)).toMatchObject({ code: 1, text: expect.stringMatching(/ENOENT/) });
  });

  test('needs a period that makes sense', async () => {
    const wrong = [[], ['--year', '2026', '--until', '2026-12-01'], ['--since', '2026-02-30']];
    for (const args of wrong) {
      expect((await run(['export', 'invoices', ...args])).code, args.join(' ')).toBe(2);
    }
  });
});

describe('export e-reporting', () => {
  test('has sales to consumers per day and rate, what they paid, and the others apart', async () => {
    const month = ['export', 'e-reporting', '--month', '2026-11'];
    expect(await run([...month, '--out', place('e.json')])).toMatchObject({ code: 0 });
    const report = JSON.parse(await read('e.json')) as EReportFile;
    // Half past midnight in Paris: the third sale is of the 21st, with the free one.
    expect(report.flux10_3.map((it) => [it.day, it.net, it.vat, it.transactions])).toEqual([
      ['2026-11-02', '41.58', '8.32', 1],
      ['2026-11-20', '103.32', '17.77', 1],
      ['2026-11-21', '41.58', '8.32', 2],
    ]);
    expect(report.flux10_4.map((it) => [it.day, ...it.byRate.map((r) => r.gross)])).toEqual([
      ['2026-11-02', '49.90'],
      ['2026-11-20', '21.10', '99.99'],
      ['2026-11-21', '49.90'],
      ['2026-11-25', '49.90'],
    ]);
    expect(report.notInThoseFlows.map((it) => [it.audience, it.transactions.length])).toEqual([
      ['business', 1],
      ['business-abroad', 0],
      ['consumer-abroad', 0],
    ]);
  });

  test('is CSV as well, and takes credit notes off in their own month', async () => {
    const month = ['--month', '2027-01', '--format', 'csv', '--out', place('e.csv')];
    expect(await run(['export', 'e-reporting', ...month])).toMatchObject({ code: 0 });
    const rows = (await read('e.csv')).slice(1).trimEnd().split('\r\n');
    expect(rows).toContain('10.3;particuliers;2027-01-15;TPS1;EUR;20,00;-41,66;-8,34;-50,00;0;1');
    expect(rows).toContain('10.4;particuliers;2027-01-15;TPS1;EUR;5,50;;;-10,55;;');
  });

  test('needs a month that exists', async () => {
    expect((await run(['export', 'e-reporting', '--month', '2027-13'])).code).toBe(2);
  });
});

type EReportFile = {
  readonly flux10_3: { day: string; net: string; vat: string; transactions: number }[];
  readonly flux10_4: { day: string; byRate: { rate: string; gross: string }[] }[];
  readonly notInThoseFlows: { audience: string; transactions: unknown[] }[];
};

describe('export attempts', () => {
  test('has the calls of one partner and period, with every secret masked', async () => {
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx);
      await sql`insert into attempt (notification_id, number, round, lease_token, started_at,
          ended_at, outcome, status_code, duration_ms, request_url, request_headers, request_body,
          response_body)
        select id, 1, 1, id, '2026-11-02T10:00:05Z', '2026-11-02T10:00:06Z', 'accepted', 200, 12,
          'https://cap-fisc.example/orders', '{"X-API-KEY": "not-masked", "webhook-id": "w"}',
          '{"pdf_url":"https://x.example/f.pdf?expires=1&signature=AbC-123_"}', '=1+1'
        from notification where order_id = 1`.execute(trx);
    });
    const given = ['export', 'attempts', '--partner', 'cap-fisc', '--since', '2026-11-02'];
    const ofDay = [...given, '--until', '2026-11-02'];
    await run([...ofDay, '--format', 'jsonl', '--out', place('a.jsonl')]);
    expect(JSON.parse(await read('a.jsonl'))).toMatchObject({
      orderId: 1,
      requestHeaders: { 'X-API-KEY': '•••', 'webhook-id': 'w' },
      requestBody: '{"pdf_url":"https://x.example/f.pdf?expires=1&signature=•••"}',
      isPurged: false,
    });
    const { json } = await run([...ofDay, '--out', place('a.csv')]);
    expect([json.attempts, await read('a.csv')]).toEqual([1, expect.stringContaining(";'=1+1;")]);
    const other = ['--since', '2026-11-03', '--until', '2026-11-30', '--out', place('a.csv')];
    expect(
      (await run(['export', 'attempts', '--partner', 'cap-fisc', ...other])).json.attempts,
    ).toBe(0);
  });
});

describe('archive', () => {
  test('of a year verifies, with our command and with plain tools, as a tar and as a folder', async () => {
    const [tar, dir] = [place('2026.tar'), place('archive')];
    const made = await run(['archive', 'export', '--year', '2026', '--to', tar]);
    expect(made).toMatchObject({ code: 0, json: { documents: 6, pdfs: 6, xmls: 6 } });
    expect(await run(['archive', 'export', '--year', '2026', '--to', dir])).toMatchObject({
      code: 0,
    });
    for (const path of [tar, dir]) {
      const { fingerprint } = made.json;
      expect(await run(['archive', 'verify', path])).toMatchObject({
        code: 0,
        json: { isWhole: true, isKeyKnown: true, documents: 6, files: 21, fingerprint },
      });
    }
    // What LISEZ-MOI.txt promises: any sha256 and any Ed25519 will do.
    const inside = (name: string) => readFile(join(dir, name));
    for (const line of (await inside('SHA256SUMS')).toString().trimEnd().split('\n')) {
      const [hash, name = ''] = line.split('  ');
      expect(
        createHash('sha256')
          .update(await inside(name))
          .digest('hex'),
      ).toBe(hash);
    }
    expect((await inside('factur-x/FQCA-2026-000001.xml')).toString()).toBe(XML);
    const [seal, signature, key] = [
      await inside('SEAL.txt'),
      await inside('SEAL.sig'),
      await inside('public-key.pem'),
    ];
    expect(verify(null, seal, key.toString(), signature)).toBe(true);
  });

  test.each([
    ['a changed PDF', 'pdf/FQCA-2026-000002.pdf', 'file-changed'],
    ['a changed text', 'documents/FQCA-2026-000001.json', 'file-changed'],
    ['a changed list', 'SHA256SUMS', 'seal-broken'],
    ['a changed seal', 'SEAL.txt', 'signature-wrong'],
    ['another signature', 'SEAL.sig', 'signature-wrong'],
  ])('with %s is refused, and says which', async (_what, name, kind) => {
    const file = join(place('archive'), name);
    const before = await readFile(file);
    const after = Buffer.from(before);
    after[after.length - 3] = (after[after.length - 3] as number) ^ 1;
    await writeFile(file, after);
    const { code, json } = await run(['archive', 'verify', place('archive')]);
    await writeFile(file, before);
    expect(code).toBe(1);
    expect(json.faults).toContainEqual(expect.objectContaining({ kind }));
  });

  test('cut short anywhere, or with any byte changed, is refused', async () => {
    const whole = await readFile(place('2026.tar'));
    const cut = place('cut.tar');
    for (const at of [0.1, 0.35, 0.6, 0.9]) {
      const end = Math.floor(whole.length * at);
      await writeFile(cut, whole.subarray(0, end));
      expect((await run(['archive', 'verify', cut])).code, `cut at ${end}`).toBe(1);
      const spoilt = Buffer.from(whole);
      const content = spoilt.lastIndexOf('FQCA-2026', end);
      spoilt[content] = 'G'.charCodeAt(0);
      await writeFile(cut, spoilt);
      expect((await run(['archive', 'verify', cut])).code, `changed at ${content}`).toBe(1);
    }
  });

  test('with a file taken out or put in is refused', async () => {
    const text = join(place('archive'), 'documents/FQCA-2026-000003.json');
    const extra = join(place('archive'), 'pdf/other.pdf');
    const before = await readFile(text);
    await rm(text);
    await writeFile(extra, 'x');
    const { json } = await run(['archive', 'verify', place('archive')]);
    await writeFile(text, before);
    await rm(extra);
    expect(json.faults).toEqual(
      expect.arrayContaining([
        { kind: 'file-missing', name: 'documents/FQCA-2026-000003.json' },
        { kind: 'file-unknown', name: 'pdf/other.pdf' },
        { kind: 'count-wrong' },
      ]),
    );
  });

  test('signed by another key than expected is refused', async () => {
    const verified = ['archive', 'verify', place('2026.tar')];
    const other = await run(verified, { SECRETS_KEY: Buffer.alloc(32, 8).toString('base64') });
    expect([other.code, other.json.faults]).toEqual([1, [{ kind: 'key-wrong' }]]);
    const own = ['--public-key', join(place('archive'), 'public-key.pem')];
    expect((await run([...verified, ...own])).code).toBe(0);
  });

  test('is not made over another, nor of a file that is not the one on record', async () => {
    const again = await run(['archive', 'export', '--year', '2026', '--to', place('2026.tar')]);
    expect(again.code).toBe(2);
    const stored = join(folder, 'files', 'partner_invoices', 'FQCA-2027-000001.pdf');
    const before = await readFile(stored);
    await writeFile(stored, 'another');
    const spoilt = await run(['archive', 'export', '--year', '2027', '--to', place('2027.tar')]);
    await writeFile(stored, before);
    expect([spoilt.code, spoilt.text]).toEqual([1, expect.stringContaining('FQCA-2027-000001')]);
    const left = (await readdir(folder)).filter((name) => name.startsWith('2027.tar'));
    expect(left).toEqual([]);
  });
});

describe('audit', () => {
  test('says that the books are whole, and shows the last number of each series', async () => {
    const ran = await cli.run(['audit']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/Les livres sont entiers.*10 documents, fichiers compris/);
    expect(ran.stdout).toContain('FQCA-2027-000003');
  });

  test('exits with 1 and one French sentence a finding when a file is gone', async () => {
    const stored = join(folder, 'files', 'partner_invoices', 'FQCA-2026-000004.pdf');
    const before = await readFile(stored);
    await rm(stored);
    const ran = await run(['audit']);
    const without = await run(['audit', '--no-files']);
    await writeFile(stored, before);
    expect([ran.code, ran.json.findings, without.code]).toEqual([1, 1, 0]);
    expect(ran.json.firstFindings[0].sentence).toMatch(/PDF de FQCA-2026-000004 est introuvable/);
    expect(ran.text).toMatch(/^✗ 1 faute dans 10 documents/);
  });
});

describe('purge', () => {
  test('by default touches nothing of the last three years, and says so', async () => {
    const { code, text } = await run(['purge', '--dry-run']);
    expect([code, text]).toEqual([
      0,
      expect.stringMatching(/^Rien à effacer avant le .*1.095.jours/),
    ]);
  });
});
