// Invoices: the number's counter, the hash chain and the document, in one short critical section.
// The counter row is locked from the moment the number is taken until the transaction ends, so a
// rollback gives the number back and the next transaction sees the true last hash.

import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Clock, Invoices, StoredPdf } from '#application/ports.ts';
import { creditNotePdfKey } from '#domain/credit-note.ts';
import { canonicalText, documentOf, pdfKey } from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, type Series, yearOf } from '#domain/invoice-number.ts';
import { newPrinting } from '#domain/printing.ts';
import { type BookWatch, tracedAt, UNWATCHED } from './book-watch.ts';
import { logoOf } from './partners.ts';
import { insertPrinting } from './printings.ts';
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
  return {
    async issue(series, build) {
      const { year, ordinal, issuedAt, previousHash } = await nextNumber(trx, series, clock, watch);
      const number = formatInvoiceNumber(series, year, ordinal);
      const invoice = build({ number, issuedAt, issueDay: parisDay(issuedAt) });
      const content = canonicalText(invoice);
      const hash = chainHash(previousHash, content);
      await trx
        .insertInto('invoice')
        .values({
          number,
          series,
          year,
          ordinal,
          order_id: invoice.orderId,
          credit_note_id: invoice.kind === 'credit-note' ? invoice.creditNoteId : null,
          issued_at: issuedAt,
          issue_day: invoice.issueDay,
          content,
          previous_hash: previousHash,
          hash,
        })
        .execute();
      await trx
        .updateTable('invoice_series')
        .set({ last_hash: hash, last_issued_at: issuedAt })
        .where('series', '=', series)
        .where('year', '=', year)
        .execute();
      await insertPrinting(trx, newPrinting(number, issuedAt), watch.place());
      return invoice;
    },

    async forPrinting(number) {
      const row = await trx
        .selectFrom('invoice')
        .innerJoin('orders', 'orders.id', 'invoice.order_id')
        .innerJoin('partner', 'partner.slug', 'orders.partner_slug')
        .leftJoin('credit_note', 'credit_note.id', 'invoice.credit_note_id')
        .leftJoin('correction', 'correction.key', 'credit_note.correction_key')
        .leftJoin('invoice_pdf', 'invoice_pdf.invoice_number', 'invoice.number')
        .leftJoin('printing', 'printing.number', 'invoice.number')
        .select(['printing.trace_parent', 'issued_at'])
        .select(['content', 'orders.id', 'orders.paid_at as paidAt', 'logo', 'logo_media_type'])
        .select(['credit_note.id as creditNoteId', 'corrected_at'])
        .select(['invoice_pdf.key', 'sha256', 'size_bytes', 'template_version', 'chromium_version'])
        .where('invoice.number', '=', number)
        .executeTakeFirst();
      if (!row) return null;
      return {
        document: documentOf(row.content),
        key: keyOf(row),
        pdf: storedPdfOf(row),
        logo: logoOf(row),
        trace: tracedAt(row.trace_parent, row.issued_at),
      };
    },

    async recordPdf(number, pdf, at) {
      const inserted = await trx
        .insertInto('invoice_pdf')
        .values({
          invoice_number: number,
          key: pdf.key,
          sha256: pdf.sha256,
          size_bytes: pdf.sizeBytes,
          template_version: pdf.templateVersion,
          chromium_version: pdf.chromiumVersion,
          stored_at: at,
        })
        .onConflict((conflict) => conflict.column('invoice_number').doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n ? 'recorded' : 'already';
    },
  };
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
