// A list as a file for a spreadsheet: the same filter, all of its rows, as they were at one instant. Rows
// come through a cursor and leave as the reader takes them, so a million of them cost the memory of
// some hundreds; a reader who does not read is let go, for the books keep what a reader may still see.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { RawBuilder } from 'kysely';
import { CSV_START, csv } from '#adapters/exports/csv.ts';
import { parisTime } from '#adapters/french.ts';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import { inSnapshot, pages } from '#adapters/postgres/book-snapshot.ts';
import { parisDay } from '#domain/invoice-number.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { problem, type Visit } from './visit.ts';

type Row = readonly (string | number | null)[];
export type CsvFile<R> = {
  /** Before the day and « .csv ». */
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: RawBuilder<R>;
  /** Cells as they are to stand there: foreign texts through `cell`. */
  readonly row: (row: R) => Row;
};

const PAGE = 500;
const AT_ONCE_MAX = 2;
const LONGEST_MS = 10 * 60_000;

let underWay = 0;

/** Answers with the file; a page instead when too many are under way. */
export function sendCsv<R>(
  { db, log }: DashboardNeeds,
  { ctx, now }: Visit,
  { name, columns, query, row }: CsvFile<R>,
): Page | null {
  if (underWay >= AT_ONCE_MAX) {
    ctx.set('Retry-After', '30');
    const text = 'Deux exports sont déjà en cours. Réessayez dans une minute.';
    return problem(503, 'Export à refaire', text);
  }
  underWay += 1;
  const body = new PassThrough();
  const gone = new AbortController();
  body.once('close', () => gone.abort());
  const tooLong = setTimeout(() => body.destroy(), LONGEST_MS);
  const work = inSnapshot(db, async (at) => {
    body.write(CSV_START + csv([columns]));
    for await (const rows of pages(at, query, PAGE)) {
      if (gone.signal.aborted) return false;
      if (!body.write(csv(rows.map(row)))) await once(body, 'drain', { signal: gone.signal });
    }
    return !gone.signal.aborted;
  });
  void work
    .catch((err: unknown) => {
      if (!gone.signal.aborted) log.error({ err }, 'an export broke off');
      return false;
    })
    .then((isWhole) => {
      clearTimeout(tooLong);
      underWay -= 1;
      // An unfinished file must not look like a whole one.
      if (isWhole) body.end();
      else body.destroy();
    });
  setPageHeaders(ctx);
  ctx.set('Content-Disposition', `attachment; filename="${name}-${parisDay(now)}.csv"`);
  ctx.status = 200;
  ctx.type = 'text/csv; charset=utf-8';
  ctx.body = body;
  return null;
}

/** « 2026-11-22 14:32:18 » in Paris, which spreadsheets take for an instant. */
export function csvTime(at: Date | null): string | null {
  return at && `${parisDay(at)} ${parisTime(at)}`;
}
