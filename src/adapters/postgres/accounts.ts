// The people who use the dashboard, as rows. An e-mail address names a person whatever its case.

import type { Database } from './database.ts';
import type { AccountTable } from './tables.ts';

export type NewAccount = {
  readonly email: string;
  readonly name: string;
  readonly role: AccountTable['role'];
  /** As `hashPassword` makes it. */
  readonly passwordHash: string;
};

/** `exists` when the address has an account; nothing changes then. */
export async function addAccount(
  db: Database,
  { email, name, role, passwordHash }: NewAccount,
  createdAt: Date,
): Promise<'added' | 'exists'> {
  const inserted = await db
    .insertInto('account')
    .values({
      email: email.toLowerCase(),
      name,
      role,
      password_hash: passwordHash,
      created_at: createdAt,
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n ? 'added' : 'exists';
}
