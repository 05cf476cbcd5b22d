// Reading the books as they were at one instant, however long it takes and whatever is written
// meanwhile: one read-only transaction of level REPEATABLE READ. Long lists come through a cursor of
// that transaction, so that the program's memory holds one page whatever the size of the books.

import { sql, type Transaction } from 'kysely';
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

export type Snapshot = Transaction<Tables>;

/** Lends the snapshot for the length of `work`. It refuses to write. */
export function inSnapshot<T>(db: Database, work: (at: Snapshot) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(work);
}

let cursors = 0;

/** The rows of the query in pages of `size`. Ends the cursor when the caller stops early, too. */
export async function* pages<R>(
  at: Snapshot,
  query: ReturnType<typeof sql<R>>,
  size: number,
): AsyncGenerator<readonly R[]> {
  cursors += 1;
  const cursor = sql.raw(`pages_${cursors}`);
  await sql`declare ${cursor} no scroll cursor for ${query}`.execute(at);
  try {
    for (;;) {
      const { rows } = await sql<R>`fetch forward ${sql.lit(size)} from ${cursor}`.execute(at);
      if (rows.length > 0) yield rows;
      if (rows.length < size) return;
    }
  } finally {
    // After a failed query the transaction takes no command, and ends its cursors by itself.
    await sql`close ${cursor}`.execute(at).catch(() => {});
  }
}
