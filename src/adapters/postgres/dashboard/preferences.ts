// How a person likes the pages: rows of their account that nobody else needs to know of, so that no
// change of them stands in the journal.

import type { Database } from '#adapters/postgres/database.ts';
import type { Preferences } from './account-sessions.ts';

/** All of them at once: what is absent is back to its default. */
export async function setPreferences(
  db: Database,
  email: string,
  preferences: Preferences,
): Promise<void> {
  const changed = db.updateTable('account').set({ preferences: JSON.stringify(preferences) });
  await changed.where('email', '=', email).execute();
}
