// Invoices: the number's counter, the hash chain and the document, in one short critical section.
// The counter row is locked from the moment the number is taken until the transaction ends, so a
// rollback gives the number back and the next transaction sees the true last hash.

import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Clock, Invoices, StoredPdf } from '#application/ports.ts';
import { creditNotePdfKey } from '#domain/credit-note.ts';
import { canonicalText, documentOf, type LegalDocument, pdfKey } from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, type Series, yearOf } from '#domain/invoice-number.ts';
import { type BookWatch, tracedAt, UNWATCHED } from './book-watch.ts';
import { logoOf } from './partners.ts';
import type { Row, Tables } from './tables.ts';

/** What the first invoice of a series is chained to. */
export const GENESIS_HASH = '0'.repeat(64);

/** sha256 of the previous hash (64 lower-case hex digits) followed by the content, as hex. */
export function chainHash(previousHash: string, content: string): string {
  return createHash('sha256').update(previousHash).update(content, 'utf8').digest('hex');
}

export function postgresInvoices(
  trx: Transaction<Tables>,
  clock: Clock,
  watch: BookWatch = UNWATCHED,
): Invoices {
  const invoices: Invoices = {
    async issue(series, build) {
      const [document] = await invoices.issueAll(series, [{ build }]);
      return document as ReturnType<typeof build>;
    },

    async issueAll(series, builds) {
      if (builds.length === 0) return [];
      const first = await nextNumber(trx, series, clock, watch);
      const { year, issuedAt } = first;
      const issueDay = parisDay(issuedAt);
      let lastHash = first.previousHash;
      const issued = builds.map(({ build, place = watch.place() }, index) => {
        const ordinal = first.ordinal + index;
        const number = formatInvoiceNumber(series, year, ordinal);
        const document = build({ number, issuedAt, issueDay });
        const content = canonicalText(document);
        const previousHash = lastHash;
        lastHash = chainHash(previousHash, content);
        const chained = { ordinal, content, previousHash, hash: lastHash };
        return { document, place, ...chained };
      });
      await insertDocuments(trx, issued, { series, year, issuedAt });
      await trx
        .updateTable('invoice_series')
        .set({
          last_ordinal: first.ordinal + issued.length - 1,
          last_hash: lastHash,
          last_issued_at: issuedAt,
        })
        .where('series', '=', series)
        .where('year', '=', year)
        .execute();
      return issued.map(({ document }) => document);
    },

    async forPrinting(number) {
      return (await invoices.allForPrinting([number])).get(number) ?? null;
    },

    async allForPrinting(numbers) {
      if (numbers.length === 0) return new Map();
      const rows = await trx
        .selectFrom('invoice')
        .innerJoin('orders', 'orders.id', 'invoice.order_id')
        .innerJoin('partner', 'partner.slug', 'orders.partner_slug')
        .leftJoin('credit_note', 'credit_note.id', 'invoice.credit_note_id')
        .leftJoin('correction', 'correction.key', 'credit_note.correction_key')
        .leftJoin('invoice_pdf', 'invoice_pdf.invoice_number', 'invoice.number')
        .leftJoin('printing', 'printing.number', 'invoice.number')
        .select(['invoice.number', 'printing.trace_parent', 'issued_at'])
        .select(['content', 'orders.id', 'orders.paid_at as paidAt', 'logo', 'logo_media_type'])
        .select(['credit_note.id as creditNoteId', 'corrected_at'])
        .select(['invoice_pdf.key', 'sha256', 'size_bytes', 'template_version', 'chromium_version'])
        .where('invoice.number', '=', sql<string>`any(${[...numbers]}::text[])`)
        .execute();
      return new Map(
        rows.map((row) => [
          row.number,
          {
            document: documentOf(row.content),
            key: keyOf(row),
            pdf: storedPdfOf(row),
            logo: logoOf(row),
            trace: tracedAt(row.trace_parent, row.issued_at),
          },
        ]),
      );
    },

    async recordPdf(number, pdf, at) {
      const inserted = await insertPdfs(trx, [{ number, pdf }], at);
      return inserted === 1n ? 'recorded' : 'already';
    },

    async recordPdfs(pdfs, at) {
      if (pdfs.length > 0) await insertPdfs(trx, pdfs, at);
    },
  };
  return invoices;
}

type Issued = {
  readonly document: LegalDocument;
  readonly ordinal: number;
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly place: string | null;
};

// The printings come along in the same statement: the counter is locked while it runs.
async function insertDocuments(
  trx: Transaction<Tables>,
  issued: readonly Issued[],
  common: { readonly series: Series; readonly year: number; readonly issuedAt: Date },
): Promise<void> {
  const { series, year, issuedAt } = common;
  const of = <T>(pick: (it: Issued) => T) => issued.map(pick);
  await sql`
    with given as materialized (
      select * from unnest(
        ${of((it) => it.document.number)}::text[], ${of((it) => it.ordinal)}::int[],
        ${of((it) => it.document.orderId)}::bigint[],
        ${of(({ document: it }) => (it.kind === 'credit-note' ? it.creditNoteId : null))}::bigint[],
        ${of((it) => it.document.issueDay)}::date[], ${of((it) => it.content)}::text[],
        ${of((it) => it.previousHash)}::text[], ${of((it) => it.hash)}::text[],
        ${of((it) => it.place)}::text[]
      ) g (number, ordinal, order_id, credit_note_id, issue_day, content, previous_hash, hash, place)
    ), queued as (
      insert into printing (number, state, round, failures, interruptions, next_attempt_at,
        trace_parent)
      select number, 'queued', 1, 0, 0, ${issuedAt}, place from given
    )
    insert into invoice (number, series, year, ordinal, order_id, credit_note_id, issued_at,
      issue_day, content, previous_hash, hash)
    select number, ${series}, ${year}, ordinal, order_id, credit_note_id, ${issuedAt}, issue_day,
      content, previous_hash, hash
    from given`.execute(trx);
}

/** Returns how many were not on record before. */
async function insertPdfs(
  trx: Transaction<Tables>,
  pdfs: readonly { readonly number: string; readonly pdf: StoredPdf }[],
  at: Date,
): Promise<bigint> {
  const of = <T>(pick: (pdf: StoredPdf) => T) => pdfs.map(({ pdf }) => pick(pdf));
  const { numAffectedRows = 0n } = await sql`
    insert into invoice_pdf (invoice_number, key, sha256, size_bytes, template_version,
      chromium_version, stored_at)
    select *, ${at}::timestamptz from unnest(
      ${pdfs.map(({ number }) => number)}::text[], ${of((it) => it.key)}::text[],
      ${of((it) => it.sha256)}::text[], ${of((it) => it.sizeBytes)}::int[],
      ${of((it) => it.templateVersion)}::text[], ${of((it) => it.chromiumVersion)}::text[]
    )
    on conflict (invoice_number) do nothing`.execute(trx);
  return numAffectedRows;
}

// An invoice's file is named by its order, a credit note's by itself: an order can have several.
function keyOf(row: {
  readonly id: number;
  readonly paidAt: Date;
  readonly creditNoteId: number | null;
  readonly corrected_at: Date | null;
}): string {
  return row.creditNoteId === null || row.corrected_at === null
    ? pdfKey(row)
    : creditNotePdfKey(row.creditNoteId, row.corrected_at);
}

type NextNumber = {
  readonly year: number;
  readonly ordinal: number;
  readonly issuedAt: Date;
  readonly previousHash: string;
};

async function nextNumber(
  trx: Transaction<Tables>,
  series: Series,
  clock: Clock,
  watch: BookWatch,
): Promise<NextNumber> {
  const year = yearOf(parisDay(clock.now()));
  const askedAt = performance.now();
  const { rows } = await sql<{ last_ordinal: number; last_issued_at: Date; last_hash: string }>`
    insert into invoice_series as counter (series, year, last_ordinal, last_issued_at, last_hash)
    values (${series}, ${year}, 1, '-infinity', ${GENESIS_HASH})
    on conflict (series, year) do update set last_ordinal = counter.last_ordinal + 1
    returning last_ordinal, last_hash,
      greatest(last_issued_at, timestamptz 'epoch') as last_issued_at`.execute(trx);
  watch.numberWaited(performance.now() - askedAt);
  const row = rows[0];
  if (!row) throw new Error(`no counter for ${series}-${year}`);
  // Read after the lock was granted: who waited here must not date its invoice before the one it
  // waited for. A clock set back does not count either.
  const issuedAt = new Date(Math.max(clock.now().getTime(), row.last_issued_at.getTime()));
  if (yearOf(parisDay(issuedAt)) !== year) throw new YearTurned();
  const previousHash = row.last_ordinal === 1 ? await lastHash(trx, series, year) : row.last_hash;
  return { year, ordinal: row.last_ordinal, issuedAt, previousHash };
}

/** New Year passed while the number was taken: the transaction starts again, in the new year. */
class YearTurned extends Error {
  // The code of a serialisation failure, so that Transact runs the work again.
  readonly code = '40001';
  constructor() {
    super('the year turned in Paris while an invoice number was taken');
  }
}

/** The chain goes on over New Year: the last hash of the latest earlier year. */
async function lastHash(
  trx: Transaction<Tables>,
  series: Series,
  beforeYear: number,
): Promise<string> {
  const row = await trx
    .selectFrom('invoice_series')
    .select('last_hash')
    .where('series', '=', series)
    .where('year', '<', beforeYear)
    .orderBy('year', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.last_hash ?? GENESIS_HASH;
}

type PdfColumns = 'key' | 'sha256' | 'size_bytes' | 'template_version' | 'chromium_version';

/** The file's record, or null where the join found none. */
export function storedPdfOf(
  row: {
    readonly [C in PdfColumns]: Row<'invoice_pdf'>[C] | null;
  },
): StoredPdf | null {
  if (row.key === null) return null;
  return {
    key: row.key,
    sha256: row.sha256 as string,
    sizeBytes: row.size_bytes as number,
    templateVersion: row.template_version as string,
    chromiumVersion: row.chromium_version as string,
  };
}
