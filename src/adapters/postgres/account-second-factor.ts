// The second factor of an account, as columns: a sealed secret that counts once its owner has shown a
// first code, and the last step that was used, so that a code seen over a shoulder opens nothing.

import { type By, note } from './accounts.ts';
import type { Database } from './database.ts';

export type SecondFactor = {
  /** Sealed under `totpPlace`. */
  readonly secret: Buffer;
  readonly isConfirmed: boolean;
};

export async function secondFactorOf(db: Database, email: string): Promise<SecondFactor | null> {
  const row = await db
    .selectFrom('account')
    .select(['totp_secret', 'totp_confirmed_at'])
    .where('email', '=', email)
    .executeTakeFirst();
  if (!row?.totp_secret) return null;
  return { secret: row.totp_secret, isConfirmed: row.totp_confirmed_at !== null };
}

/** A secret to be confirmed; an unconfirmed one before it is void. False when one is in force. */
export async function beginSecondFactor(
  db: Database,
  { email, sealed }: { readonly email: string; readonly sealed: Buffer },
): Promise<boolean> {
  const updated = await db
    .updateTable('account')
    .set({ totp_secret: sealed, totp_last_step: null })
    .where('email', '=', email)
    .where('totp_confirmed_at', 'is', null)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** From now on it is asked at each sign-in. `step`: of the code that was shown. */
export function confirmSecondFactor(
  db: Database,
  {
    email,
    secret,
    step,
  }: { readonly email: string; readonly secret: Buffer; readonly step: number },
  at: Date,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const updated = await trx
      .updateTable('account')
      .set({ totp_confirmed_at: at, totp_last_step: step })
      .where('email', '=', email)
      .where('totp_secret', '=', secret)
      .where('totp_confirmed_at', 'is', null)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n) return false;
    const by = { actor: email, why: null };
    await note(trx, { at, action: 'second-factor-set', subject: email, by });
    return true;
  });
}

/** Uses the code of this step up. False when it, or a later one, was used before. */
export async function useStep(
  db: Database,
  {
    email,
    secret,
    step,
  }: { readonly email: string; readonly secret: Buffer; readonly step: number },
): Promise<boolean> {
  const updated = await db
    .updateTable('account')
    .set({ totp_last_step: step })
    .where('email', '=', email)
    .where('totp_secret', '=', secret)
    .where('totp_confirmed_at', 'is not', null)
    .where((eb) => eb.or([eb('totp_last_step', 'is', null), eb('totp_last_step', '<', step)]))
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** The password alone opens the account again. False when there was none, nothing changes then. */
export function removeSecondFactor(
  db: Database,
  email: string,
  by: By,
  at: Date,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const updated = await trx
      .updateTable('account')
      .set({ totp_secret: null, totp_confirmed_at: null, totp_last_step: null })
      .where('email', '=', email)
      .where('totp_secret', 'is not', null)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n) return false;
    await note(trx, { at, action: 'second-factor-removed', subject: email, by });
    return true;
  });
}
