// What a person proves themselves with: the password's hash, the second factor, and the link by which a
// password is set without anybody else seeing it. A new password closes every session and voids the
// link, in one transaction: who held the old one holds nothing.

import { createHash, randomBytes } from 'node:crypto';
import { type By, NO_PASSWORD, note } from './accounts.ts';
import type { Database } from './database.ts';

/** What signing in is judged by. */
export type Proof = {
  readonly email: string;
  /** Null: has no password yet. */
  readonly passwordHash: string | null;
  /** Sealed (`totpPlace`); null unless it was confirmed. */
  readonly secondFactor: Buffer | null;
};

const LINK_LIFE_MS = 24 * 3_600_000;

/** Null when no such account may sign in: unknown or disabled. */
export async function proofOf(db: Database, email: string): Promise<Proof | null> {
  const row = await db
    .selectFrom('account')
    .select(['email', 'password_hash', 'totp_secret', 'totp_confirmed_at'])
    .where('email', '=', email.toLowerCase())
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  return {
    email: row.email,
    passwordHash: row.password_hash === NO_PASSWORD ? null : row.password_hash,
    secondFactor: row.totp_confirmed_at ? row.totp_secret : null,
  };
}

/** Closes all sessions of the account. False when there is no such account. */
export function setPassword(
  db: Database,
  { email, passwordHash }: { readonly email: string; readonly passwordHash: string },
  by: By,
  at: Date,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const updated = await trx
      .updateTable('account')
      .set({ password_hash: passwordHash, password_changed_at: at })
      .where('email', '=', email)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n) return false;
    await trx.deleteFrom('account_session').where('account_email', '=', email).execute();
    await trx.deleteFrom('account_link').where('account_email', '=', email).execute();
    await note(trx, { at, action: 'password-changed', subject: email, by });
    return true;
  });
}

/** The same password under today's parameters; nothing that a person notices. */
export async function renewHash(
  db: Database,
  { email, from, to }: { readonly email: string; readonly from: string; readonly to: string },
): Promise<void> {
  const stale = db.updateTable('account').set({ password_hash: to });
  await stale.where('email', '=', email).where('password_hash', '=', from).execute();
}

/**
 * A link of the account, valid for a day and once; a former one is void. Returns the token for the
 * address, never stored here.
 */
export function makeAccountLink(
  db: Database,
  email: string,
  by: By,
  at: Date,
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(at.getTime() + LINK_LIFE_MS);
  return db.transaction().execute(async (trx) => {
    const link = { token_hash: digest(token), made_by: by.actor, created_at: at };
    await trx
      .insertInto('account_link')
      .values({ ...link, account_email: email, expires_at: expiresAt })
      .onConflict((conflict) =>
        conflict.column('account_email').doUpdateSet({ ...link, expires_at: expiresAt }),
      )
      .execute();
    await note(trx, { at, action: 'account-link-made', subject: email, by });
    return { token, expiresAt };
  });
}

/** Whose link it is; null when it has served, expired, or never was. Spends nothing. */
export async function accountOfLink(
  db: Database,
  token: string,
  now: Date,
): Promise<{ readonly email: string; readonly name: string } | null> {
  const row = await db
    .selectFrom('account_link as l')
    .innerJoin('account as a', 'a.email', 'l.account_email')
    .select(['a.email', 'a.name'])
    .where('l.token_hash', '=', digest(token))
    .where('l.expires_at', '>', now)
    .where('a.disabled_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** Sets the password and spends the link. False when another request has just spent it. */
export function setPasswordByLink(
  db: Database,
  { token, passwordHash }: { readonly token: string; readonly passwordHash: string },
  at: Date,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const link = await trx
      .deleteFrom('account_link')
      .where('token_hash', '=', digest(token))
      .where('expires_at', '>', at)
      .returning('account_email')
      .executeTakeFirst();
    if (!link) return false;
    const email = link.account_email;
    const updated = await trx
      .updateTable('account')
      .set({ password_hash: passwordHash, password_changed_at: at })
      .where('email', '=', email)
      .where('disabled_at', 'is', null)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n) return false;
    await trx.deleteFrom('account_session').where('account_email', '=', email).execute();
    const by = { actor: email, why: 'par lien' };
    await note(trx, { at, action: 'password-changed', subject: email, by });
    return true;
  });
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
