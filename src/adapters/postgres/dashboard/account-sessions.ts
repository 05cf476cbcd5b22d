// Who is signed in to the dashboard, as rows. The browser holds a random token, the table its digest; a
// session ends twelve hours after it was last used, and seven days after it began at the latest. A
// disabled account has none.

import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { AccountTable } from '#adapters/postgres/people-tables.ts';

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
/** Far longer than any pause. */
const FAILURES_KEPT_MS = 24 * 3_600_000;
const LINKS_KEPT_MS = 30 * 24 * 3_600_000;
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

/**
 * The same for somebody whose password was just found right: null when the account was disabled or
 * its password changed meanwhile. The row is held, so that a change still under way is waited for.
 */
export function openSessionIfStill(
  db: Database,
  of: { readonly email: string; readonly passwordHash: string; readonly userAgent: string | null },
  now: Date,
): Promise<string | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('account')
      .select('email')
      .where('email', '=', of.email)
      .where('password_hash', '=', of.passwordHash)
      .where('disabled_at', 'is', null)
      .forShare()
      .executeTakeFirst();
    return row ? openSession(trx, of, now) : null;
  });
}

/**
 * Whose token it is; null when it is nobody's any more. Without `isUse` the session grows no younger:
 * a page that is left open does not keep its reader signed in.
 */
export async function viewerOf(
  db: Database,
  token: string,
  now: Date,
  { isUse = true }: { readonly isUse?: boolean } = {},
): Promise<Viewer | null> {
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
  if (isUse && now.getTime() - row.seen_at.getTime() > SEEN_EVERY_MS) {
    const seen = db.updateTable('account_session').set({ seen_at: now });
    await seen.where('token_hash', '=', hash).execute();
  }
  const { email, name, role, preferences, csrf_token: csrfToken } = row;
  return { email, name, role, csrfToken, preferences: preferences as Preferences };
}

export async function closeSession(db: Database, token: string): Promise<void> {
  await db.deleteFrom('account_session').where('token_hash', '=', digest(token)).execute();
}

export type OpenSession = {
  /** Names it among those of its account; opens nothing. */
  readonly id: string;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly seenAt: Date;
};

/** Those that still count, the last used first. */
export async function openSessionsOf(
  db: Database,
  email: string,
  now: Date,
): Promise<OpenSession[]> {
  const rows = await db
    .selectFrom('account_session')
    .select(['token_hash', 'user_agent', 'created_at', 'seen_at'])
    .where('account_email', '=', email)
    .where('expires_at', '>', now)
    .where('seen_at', '>', new Date(now.getTime() - SESSION_IDLE_MS))
    .orderBy('seen_at', 'desc')
    .limit(100)
    .execute();
  return rows.map((row) => ({
    ...{ id: idOf(row.token_hash), userAgent: row.user_agent },
    ...{ createdAt: row.created_at, seenAt: row.seen_at },
  }));
}

/** The id of this token's session, as `openSessionsOf` names it. */
export function sessionId(token: string): string {
  return idOf(digest(token));
}

/** False when the account has no such session. */
export async function closeSessionById(
  db: Database,
  { email, id }: { readonly email: string; readonly id: string },
): Promise<boolean> {
  const deleted = await db
    .deleteFrom('account_session')
    .where('account_email', '=', email)
    .where(sql`encode(token_hash, 'hex')`, 'like', `${/^[0-9a-f]{32}$/.test(id) ? id : '-'}%`)
    .executeTakeFirst();
  return deleted.numDeletedRows > 0n;
}

/** All of the account, but for this token's. Returns how many. */
export async function closeOtherSessions(
  db: Database,
  { email, token }: { readonly email: string; readonly token: string },
): Promise<number> {
  const deleted = await db
    .deleteFrom('account_session')
    .where('account_email', '=', email)
    .where('token_hash', '!=', digest(token))
    .executeTakeFirst();
  return Number(deleted.numDeletedRows);
}

/** Deletes sessions and links that no longer open anything, and failures that count for nothing. */
export async function forgetEnded(db: Database, now: Date): Promise<void> {
  const idle = new Date(now.getTime() - SESSION_IDLE_MS);
  await db
    .deleteFrom('account_session')
    .where((eb) => eb.or([eb('expires_at', '<=', now), eb('seen_at', '<=', idle)]))
    .execute();
  await db.deleteFrom('account_link').where('expires_at', '<=', now).execute();
  await db.deleteFrom('portal_session').where('expires_at', '<=', now).execute();
  // A while longer: who comes with a link that has expired is told so, and not that it is none.
  const forgotten = new Date(now.getTime() - LINKS_KEPT_MS);
  await db.deleteFrom('portal_link').where('expires_at', '<=', forgotten).execute();
  const old = new Date(now.getTime() - FAILURES_KEPT_MS);
  await db.deleteFrom('sign_in_failure').where('last_at', '<', old).execute();
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

function idOf(hash: Buffer): string {
  return hash.toString('hex', 0, 16);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
