// The people who use the dashboard, as rows: who they are and what they may do. An e-mail address names a
// person whatever its case. Each change leaves its row in the journal in the same transaction, and none
// takes the last administrator away, even when two of them are at it in the same instant.

import type { Transaction } from 'kysely';
import type { Database } from './database.ts';
import { postgresOperatorActions } from './operator-actions.ts';
import type { AccountTable } from './people-tables.ts';
import type { Tables } from './tables.ts';

export type NewAccount = {
  readonly email: string;
  readonly name: string;
  readonly role: AccountTable['role'];
  /** As `hashPassword` makes it; `NO_PASSWORD` for one who has yet to choose. */
  readonly passwordHash: string;
};

/** Who does it, and why if they say so. */
export type By = { readonly actor: string; readonly why: string | null };

export type Account = {
  readonly email: string;
  readonly name: string;
  readonly role: AccountTable['role'];
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
  readonly hasPassword: boolean;
  readonly hasSecondFactor: boolean;
  /** When a session was last begun; null: never. */
  readonly signedInAt: Date | null;
};

export type AccountChange = 'changed' | 'same' | 'unknown' | 'last-admin';

/** As the journal and the command line call them. */
export const ROLE_NAMES: Readonly<Record<AccountTable['role'], string>> = {
  reader: 'lecture',
  operator: 'exploitation',
  admin: 'administration',
};

/** Stands where a hash would; no password matches it. */
export const NO_PASSWORD = '!';

/** `exists` when the address has an account; nothing changes then. */
export async function addAccount(
  db: Database,
  { email, name, role, passwordHash }: NewAccount,
  createdAt: Date,
  by: By = { actor: 'comptappart', why: null },
): Promise<'added' | 'exists'> {
  const subject = email.toLowerCase();
  return db.transaction().execute(async (trx) => {
    const inserted = await trx
      .insertInto('account')
      .values({
        email: subject,
        name,
        role,
        password_hash: passwordHash,
        created_at: createdAt,
      })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .executeTakeFirst();
    if (inserted.numInsertedOrUpdatedRows !== 1n) return 'exists';
    await note(trx, { at: createdAt, action: 'account-added', subject, by });
    return 'added';
  });
}

/** By name; a house has dozens at most. */
export async function listAccounts(db: Database): Promise<Account[]> {
  const rows = await accountRows(db).orderBy('a.name').orderBy('a.email').limit(1000).execute();
  return rows.map(accountOf);
}

export async function findAccount(db: Database, email: string): Promise<Account | null> {
  const wanted = accountRows(db).where('a.email', '=', email.toLowerCase());
  const row = await wanted.executeTakeFirst();
  return row ? accountOf(row) : null;
}

/** Whether anybody could sign in with a password. */
export async function hasAnyAccount(db: Database): Promise<boolean> {
  const some = db.selectFrom('account').select('email');
  const row = await some.where('password_hash', '!=', NO_PASSWORD).limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Takes effect at the person's next request. */
export function changeRole(
  db: Database,
  { email, role }: { readonly email: string; readonly role: AccountTable['role'] },
  by: By,
  at: Date,
): Promise<AccountChange> {
  return change(db, email, async (trx, account) => {
    if (account.role === role) return 'same';
    if (await isLastAdmin(trx, account)) return 'last-admin';
    await trx.updateTable('account').set({ role }).where('email', '=', account.email).execute();
    const step = `de ${ROLE_NAMES[account.role]} à ${ROLE_NAMES[role]}`;
    const why = [step, by.why].filter(Boolean).join(', ');
    await note(trx, {
      ...{ at, action: 'account-role-changed', subject: account.email },
      by: { ...by, why },
    });
    return 'changed';
  });
}

/** Closes all sessions of the account and voids its link; nobody signs in with it until `enable`. */
export function disableAccount(
  db: Database,
  email: string,
  by: By,
  at: Date,
): Promise<AccountChange> {
  return change(db, email, async (trx, account) => {
    if (account.disabled_at !== null) return 'same';
    if (await isLastAdmin(trx, account)) return 'last-admin';
    const { email: of } = account;
    await trx.updateTable('account').set({ disabled_at: at }).where('email', '=', of).execute();
    await trx.deleteFrom('account_session').where('account_email', '=', of).execute();
    await trx.deleteFrom('account_link').where('account_email', '=', of).execute();
    await note(trx, { at, action: 'account-disabled', subject: of, by });
    return 'changed';
  });
}

export function enableAccount(
  db: Database,
  email: string,
  by: By,
  at: Date,
): Promise<AccountChange> {
  return change(db, email, async (trx, account) => {
    if (account.disabled_at === null) return 'same';
    const { email: of } = account;
    await trx.updateTable('account').set({ disabled_at: null }).where('email', '=', of).execute();
    await note(trx, { at, action: 'account-enabled', subject: of, by });
    return 'changed';
  });
}

export async function renameAccount(
  db: Database,
  { email, name }: { readonly email: string; readonly name: string },
  by: By,
  at: Date,
): Promise<AccountChange> {
  return change(db, email, async (trx, account) => {
    if (account.name === name) return 'same';
    await trx.updateTable('account').set({ name }).where('email', '=', account.email).execute();
    await note(trx, { at, action: 'account-renamed', subject: account.email, by });
    return 'changed';
  });
}

/** A row of the journal, in the transaction of what it tells. */
export async function note(
  trx: Transaction<Tables>,
  {
    at,
    action,
    subject,
    by,
  }: { readonly at: Date; readonly action: string; readonly subject: string; readonly by: By },
): Promise<void> {
  const { actor, why } = by;
  await postgresOperatorActions(trx).add({ at, actor, action, subject, why });
}

type Found = Pick<AccountTable, 'email' | 'name' | 'role' | 'password_hash'> & {
  readonly disabled_at: Date | null;
};

// Whoever could be the last administrator is locked before the account itself is: two who take each
// other's role away do so one after the other.
function change(
  db: Database,
  email: string,
  work: (trx: Transaction<Tables>, account: Found) => Promise<AccountChange>,
): Promise<AccountChange> {
  return db.transaction().execute(async (trx) => {
    await admins(trx);
    const account = await trx
      .selectFrom('account')
      .select(['email', 'name', 'role', 'disabled_at', 'password_hash'])
      .where('email', '=', email.toLowerCase())
      .forUpdate()
      .executeTakeFirst();
    return account ? work(trx, account) : 'unknown';
  });
}

// Somebody who was invited and never came does not count beside somebody who can sign in.
async function isLastAdmin(trx: Transaction<Tables>, account: Found): Promise<boolean> {
  if (account.role !== 'admin' || account.disabled_at !== null) return false;
  const others = (await admins(trx)).filter((it) => it.email !== account.email);
  return account.password_hash === NO_PASSWORD
    ? others.length === 0
    : others.every((it) => it.password_hash === NO_PASSWORD);
}

function admins(trx: Transaction<Tables>): Promise<{ email: string; password_hash: string }[]> {
  return trx
    .selectFrom('account')
    .select(['email', 'password_hash'])
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .orderBy('email')
    .forUpdate()
    .execute();
}

function accountRows(db: Database) {
  return db
    .selectFrom('account as a')
    .select((eb) => [
      ...(['a.email', 'a.name', 'a.role', 'a.created_at', 'a.disabled_at'] as const),
      ...(['a.password_hash', 'a.totp_confirmed_at'] as const),
      eb
        .selectFrom('operator_action as o')
        .select('o.at')
        .whereRef('o.subject', '=', 'a.email')
        .where('o.action', '=', 'signed-in')
        .orderBy('o.id', 'desc')
        .limit(1)
        .as('signed_in_at'),
    ]);
}

type AccountRow = Awaited<ReturnType<ReturnType<typeof accountRows>['execute']>>[number];

function accountOf(row: AccountRow): Account {
  const { email, name, role } = row;
  return {
    ...{ email, name, role, createdAt: row.created_at, disabledAt: row.disabled_at },
    hasPassword: row.password_hash !== NO_PASSWORD,
    hasSecondFactor: row.totp_confirmed_at !== null,
    signedInAt: row.signed_in_at,
  };
}
