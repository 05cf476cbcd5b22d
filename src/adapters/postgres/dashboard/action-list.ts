// The journal of what was done by hand, read for a page: newest first, by person or by what it was done
// to, fifty at a time from a known row on. Nothing is counted.

import type { Database } from '#adapters/postgres/database.ts';

export type JournalEntry = {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly why: string | null;
};

export type JournalFilter = {
  readonly actor: string | null;
  readonly subject: string | null;
};

/** From where on: older than a row, or newer than one; null: the newest. */
export type JournalPlace = { readonly before: number } | { readonly after: number } | null;

export type JournalPage = {
  readonly entries: readonly JournalEntry[];
  readonly hasNewer: boolean;
  readonly hasOlder: boolean;
};

const ROWS = 50;

export async function actionPage(
  db: Database,
  { actor, subject }: JournalFilter,
  place: JournalPlace,
): Promise<JournalPage> {
  let query = db.selectFrom('operator_action').selectAll();
  if (actor !== null) query = query.where('actor', '=', actor);
  if (subject !== null) query = query.where('subject', '=', subject);
  const upwards = place !== null && 'after' in place;
  if (place !== null) {
    query = upwards ? query.where('id', '>', place.after) : query.where('id', '<', place.before);
  }
  const found = await query
    .orderBy('id', upwards ? 'asc' : 'desc')
    .limit(ROWS + 1)
    .execute();
  const hasMore = found.length > ROWS;
  const entries = found.slice(0, ROWS);
  return upwards
    ? { entries: entries.reverse(), hasNewer: hasMore, hasOlder: true }
    : { entries, hasNewer: place !== null, hasOlder: hasMore };
}
