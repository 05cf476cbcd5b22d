// The legal documents of a period, read from their own text, in pages: what exports and archives are
// made of. Keys are sorted by the database and the texts fetched a page at a time, so that neither
// side ever holds a year of them.

import { sql } from 'kysely';
import type { StoredPdf } from '#application/ports.ts';
import { documentOf, type LegalDocument } from '#domain/invoice.ts';
import type { ParisDay } from '#domain/invoice-number.ts';
import type { Currency } from '#domain/money.ts';
import { pages, type Snapshot } from './book-snapshot.ts';
import { storedPdfOf } from './invoices.ts';

const PAGE = 500;

/** Both days included. */
export type Days = { readonly since: ParisDay; readonly until: ParisDay };

/** `sale`: issued in the period. `money`: paid or given back in it. */
export type Movement = { readonly what: 'sale' | 'money'; readonly document: LegalDocument };

/** What happened in the period, day by day: sales before money, numbers in order. */
export async function* movements(at: Snapshot, days: Days): AsyncGenerator<readonly Movement[]> {
  const keys = sql<{ what: Movement['what']; number: string }>`
    select what, number from (${movementKeys(days)}) m order by day, rank, at, number`;
  for await (const page of pages(at, keys, PAGE)) {
    const texts = await textsOf(
      at,
      page.map((it) => it.number),
    );
    yield page.map(({ what, number }) => ({
      what,
      document: documentOf(texts.get(number) as string),
    }));
  }
}

export type Survey = {
  readonly movements: number;
  readonly live: number;
  readonly test: number;
  /** The days whose rate is needed: those on which the money moved. */
  readonly foreign: readonly { readonly currency: Currency; readonly day: ParisDay }[];
};

/** What a period holds, before anything of it is written. */
export async function survey(at: Snapshot, days: Days): Promise<Survey> {
  const { rows } = await sql<Omit<Survey, 'foreign'>>`
    select count(*) as movements, count(*) filter (where e.livemode) as live,
      count(*) filter (where not e.livemode) as test
    from (${movementKeys(days)}) m join orders o on o.id = m.order_id
      join stripe_event e on e.id = o.event_id`.execute(at);
  const foreign = await sql<Survey['foreign'][number]>`
    select distinct o.currency,
      to_char(m.money_at at time zone 'Europe/Paris', 'YYYY-MM-DD') as day
    from (${movementKeys(days)}) m join orders o on o.id = m.order_id
    where o.currency <> 'EUR' order by 1, 2`.execute(at);
  return { ...(rows[0] ?? { movements: 0, live: 0, test: 0 }), foreign: foreign.rows };
}

function movementKeys({ since, until }: Days) {
  const start = sql`(${since}::date)::timestamp at time zone 'Europe/Paris'`;
  const end = sql`(${until}::date + 1)::timestamp at time zone 'Europe/Paris'`;
  return sql`
    select 'sale' as what, 0 as rank, i.number, i.order_id, i.issue_day as day, i.issued_at as at,
      coalesce(k.corrected_at, o.paid_at) as money_at
    from invoice i join orders o on o.id = i.order_id
      left join credit_note c on c.id = i.credit_note_id
      left join correction k on k.key = c.correction_key
    where i.issue_day between ${since} and ${until}
    union all
    select 'money', 1, i.number, o.id, (o.paid_at at time zone 'Europe/Paris')::date, o.paid_at,
      o.paid_at
    from orders o join invoice i on i.order_id = o.id and i.credit_note_id is null
    where o.paid_at >= ${start} and o.paid_at < ${end}
    union all
    select 'money', 1, i.number, c.order_id,
      (k.corrected_at at time zone 'Europe/Paris')::date, k.corrected_at, k.corrected_at
    from correction k join credit_note c on c.correction_key = k.key
      join invoice i on i.credit_note_id = c.id
    where k.corrected_at >= ${start} and k.corrected_at < ${end}`;
}

export type IssuedDocument = {
  readonly number: string;
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
  /** Null until it is printed. */
  readonly pdf: StoredPdf | null;
};

/** The documents issued in the period, in the order of the chain: by series, year, ordinal. */
export async function* issuedDocuments(
  at: Snapshot,
  { since, until }: Days,
): AsyncGenerator<readonly IssuedDocument[]> {
  type Row = Omit<IssuedDocument, 'pdf'> & Parameters<typeof storedPdfOf>[0];
  const query = sql<Row>`
    select i.number, i.content, i.previous_hash as "previousHash", i.hash,
      p.key, p.sha256, p.size_bytes, p.template_version, p.chromium_version
    from invoice i left join invoice_pdf p on p.invoice_number = i.number
    where i.issue_day between ${since} and ${until}
      and i.year between extract(year from ${since}::date)::int
                     and extract(year from ${until}::date)::int
    order by i.series, i.year, i.ordinal`;
  for await (const page of pages(at, query, PAGE)) {
    yield page.map((row) => ({
      ...{ number: row.number, content: row.content },
      ...{ previousHash: row.previousHash, hash: row.hash, pdf: storedPdfOf(row) },
    }));
  }
}

export async function countIssued(at: Snapshot, { since, until }: Days): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from invoice where issue_day between ${since} and ${until}`.execute(at);
  return rows[0]?.n ?? 0;
}

async function textsOf(
  at: Snapshot,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await at
    .selectFrom('invoice')
    .select(['number', 'content'])
    .where('number', 'in', [...new Set(numbers)])
    .execute();
  return new Map(rows.map((row) => [row.number, row.content]));
}

/** By series, the hash that its first document of the period is chained to. */
export async function chainStart(
  at: Snapshot,
  { since, until }: Days,
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ series: string; hash: string }>`
    select distinct on (series) series, previous_hash as hash from invoice
    where issue_day between ${since} and ${until} order by series, year, ordinal`.execute(at);
  return Object.fromEntries(rows.map(({ series, hash }) => [series, hash]));
}
