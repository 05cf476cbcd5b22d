// Who is signed in to the dashboard, as rows. The browser holds a random token, the table its digest; a
// session ends twelve hours after it was last used, and seven days after it began at the latest. A
// disabled account has none.

import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database.ts';
import type { AccountTable } from '../tables.ts';

export type Role = AccountTable['role'];

/** What was done, said once on the next page. */
export type Notice = {
  readonly kind: 'done' | 'refused';
  /** French, whole sentences. */
  readonly text: string;
};

export type Preferences = {
  readonly theme?: 'light' | 'dark';
  /** One-key shortcuts are off (WCAG 2.1.4). */
  readonly noShortcuts?: boolean;
};

/** The person a session belongs to, as of now. */
export type Viewer = {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly csrfToken: string;
  readonly preferences: Preferences;
};

export const SESSION_IDLE_MS = 12 * 3_600_000;
export const SESSION_LONGEST_MS = 7 * 24 * 3_600_000;
/** `seen_at` is written this often at most: a look at a page need not be a write. */
const SEEN_EVERY_MS = 60_000;

/** A new session of the account. Returns the token for the browser, never stored here. */
export async function openSession(
  db: Database,
  of: { readonly email: string; readonly userAgent: string | null },
  now: Date,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db
    .insertInto('account_session')
    .values({
      token_hash: digest(token),
      account_email: of.email,
      csrf_token: randomBytes(32).toString('base64url'),
      user_agent: of.userAgent?.slice(0, 300) ?? null,
      created_at: now,
      seen_at: now,
      expires_at: new Date(now.getTime() + SESSION_LONGEST_MS),
    })
    .execute();
  return token;
}

/** Whose token it is; null when it is nobody's any more. */
export async function viewerOf(db: Database, token: string, now: Date): Promise<Viewer | null> {
  const hash = digest(token);
  const row = await db
    .selectFrom('account_session as s')
    .innerJoin('account as a', 'a.email', 's.account_email')
    .select(['a.email', 'a.name', 'a.role', 'a.preferences', 's.csrf_token', 's.seen_at'])
    .where('s.token_hash', '=', hash)
    .where('s.expires_at', '>', now)
    .where('s.seen_at', '>', new Date(now.getTime() - SESSION_IDLE_MS))
    .where('a.disabled_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  if (now.getTime() - row.seen_at.getTime() > SEEN_EVERY_MS) {
    const seen = db.updateTable('account_session').set({ seen_at: now });
    await seen.where('token_hash', '=', hash).execute();
  }
  const { email, name, role, preferences, csrf_token: csrfToken } = row;
  return { email, name, role, csrfToken, preferences: preferences as Preferences };
}

export async function closeSession(db: Database, token: string): Promise<void> {
  await db.deleteFrom('account_session').where('token_hash', '=', digest(token)).execute();
}

/** To be said on the next page; a second one before that takes its place. */
export async function leaveNotice(db: Database, token: string, notice: Notice): Promise<void> {
  await db
    .updateTable('account_session')
    .set({ notice: JSON.stringify(notice) })
    .where('token_hash', '=', digest(token))
    .execute();
}

/** What is to be said, once: the next call finds nothing. */
export async function takeNotice(db: Database, token: string): Promise<Notice | null> {
  const hash = digest(token);
  const row = await db
    .selectFrom('account_session')
    .select('notice')
    .where('token_hash', '=', hash)
    .where('notice', 'is not', null)
    .executeTakeFirst();
  if (!row) return null;
  await db
    .updateTable('account_session')
    .set({ notice: null })
    .where('token_hash', '=', hash)
    .execute();
  return row.notice as Notice;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
