// The journal as a file: one row an attempt, and one for a notification that was not tried yet, of the
// filter on screen. It is read page by page while the browser takes it, so that neither memory nor a
// connection to the database is held by a slow reader.

import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { ATTEMPT_COLUMNS, attemptRecord, attemptRow } from '#adapters/exports/attempt-rows.ts';
import { CSV_START, csv } from '#adapters/exports/csv.ts';
import type { Database } from '#adapters/postgres/database.ts';
import {
  type JournalFilter,
  journalAttempts,
  journalPages,
} from '#adapters/postgres/portal/journal.ts';
import { parisDay } from '#domain/invoice-number.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { attemptSentence, partnerState, partnerView } from './partner-words.ts';

type Wanted = {
  readonly slug: PartnerSlug;
  readonly filter: JournalFilter;
  readonly format: 'csv' | 'json';
  readonly now: Date;
};

/** Answers with the file, whose name carries the day in Paris. */
export function sendJournal(ctx: Context, db: Database, wanted: Wanted): void {
  const { slug, format, now } = wanted;
  ctx.status = 200;
  ctx.type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Content-Security-Policy', "default-src 'none'; sandbox");
  ctx.attachment(`notifications-${slug}-${parisDay(now)}.${format}`);
  const chunks = format === 'csv' ? csvChunks(db, wanted) : jsonChunks(db, wanted);
  ctx.body = Readable.from(chunks, { objectMode: true });
}

async function* csvChunks(db: Database, { slug, filter }: Wanted): AsyncGenerator<string> {
  yield CSV_START + csv([['État', ...ATTEMPT_COLUMNS]]);
  for await (const rows of journalPages(db, slug, filter)) {
    const tried = await attemptsOf(db, slug, rows);
    yield csv(
      rows.flatMap((row) => {
        const word = partnerView(partnerState(row.state)).word;
        const attempts = tried.get(row.id);
        if (!attempts) return [[word, row.id, row.orderId, ...BLANKS]];
        return attempts.map((it) => [word, ...attemptRow(forPartner(it))]);
      }),
    );
  }
}

const BLANKS: readonly null[] = Array.from({ length: ATTEMPT_COLUMNS.length - 2 }, () => null);

async function* jsonChunks(db: Database, { slug, filter }: Wanted): AsyncGenerator<string> {
  yield '[';
  let isFirst = true;
  for await (const rows of journalPages(db, slug, filter)) {
    const tried = await attemptsOf(db, slug, rows);
    for (const row of rows) {
      const record = {
        id: row.id,
        order_id: row.orderId,
        state: partnerState(row.state),
        created_at: row.createdAt,
        attempts: (tried.get(row.id) ?? []).map((it) => attemptRecord(forPartner(it))),
      };
      yield `${isFirst ? '' : ','}\n${JSON.stringify(record)}`;
      isFirst = false;
    }
  }
  yield '\n]\n';
}

async function attemptsOf(
  db: Database,
  slug: PartnerSlug,
  rows: readonly { readonly id: string }[],
) {
  const attempts = await journalAttempts(
    db,
    slug,
    rows.map(({ id }) => id),
  );
  return Map.groupBy(attempts, ({ notificationId }) => notificationId);
}

type Attempt = Awaited<ReturnType<typeof journalAttempts>>[number];

/** Without the sentences that are for us alone. */
function forPartner({ state: _state, ...attempt }: Attempt): Omit<Attempt, 'state'> {
  return { ...attempt, detail: attemptSentence(attempt) };
}
