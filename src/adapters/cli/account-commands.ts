// `user list|role|disable|enable|password|remove-second-factor`: accounts changed from the server itself, by
// whoever holds its keys: the way back in when every administrator has lost theirs. The rules and the
// journal are the same as on the page.

import { hashPassword } from '#adapters/password.ts';
import { removeSecondFactor } from '#adapters/postgres/account-second-factor.ts';
import { setPassword } from '#adapters/postgres/account-secrets.ts';
import {
  type AccountChange,
  type By,
  changeRole,
  disableAccount,
  enableAccount,
  listAccounts,
  type NewAccount,
  ROLE_NAMES,
} from '#adapters/postgres/accounts.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault } from './faults.ts';
import { fr, momentToTheSecond, table } from './layout.ts';
import { operator } from './operator.ts';
import { mustBeLongEnough, passwordFor } from './user-command.ts';

export async function userList(cli: Cli): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const accounts = await listAccounts(db);
    const now = systemClock.now();
    const rows = accounts.map((account) => [
      account.email,
      account.name,
      account.disabledAt ? 'désactivé' : ROLE_NAMES[account.role],
      account.hasSecondFactor ? 'oui' : 'non',
      account.signedInAt ? momentToTheSecond(account.signedInAt, now) : 'jamais',
    ]);
    const columns = [
      ...[{ head: 'E-mail', shrinkTo: 20 }, { head: 'Nom', shrinkTo: 10 }, { head: 'Rôle' }],
      ...[{ head: '2ᵉ facteur' }, { head: 'Connexion' }],
    ];
    const text =
      accounts.length === 0
        ? fr`Aucun compte : ajoutez le premier par « comptappart user add ».`
        : table(columns, rows);
    return { json: { accounts }, text };
  });
}

type Why = { readonly why?: string };

export function userRole(
  cli: Cli,
  email: string,
  role: NewAccount['role'],
  { why }: Why,
): Promise<Answer> {
  return changed(cli, email, fr`a maintenant le rôle « ${ROLE_NAMES[role]} »`, (db, by, at) =>
    changeRole(db, { email, role }, by, at),
  )(why);
}

export function userDisable(cli: Cli, email: string, { why }: Why): Promise<Answer> {
  const done = 'est désactivé, ses sessions sont fermées';
  return changed(cli, email, done, (db, by, at) => disableAccount(db, email, by, at))(why);
}

export function userEnable(cli: Cli, email: string, { why }: Why): Promise<Answer> {
  const done = 'peut se connecter à nouveau';
  return changed(cli, email, done, (db, by, at) => enableAccount(db, email, by, at))(why);
}

export function userRemoveSecondFactor(cli: Cli, email: string, { why }: Why): Promise<Answer> {
  const done = 'se connecte à nouveau par son seul mot de passe';
  return changed(cli, email, done, async (db, by, at) =>
    (await removeSecondFactor(db, email.toLowerCase(), by, at)) ? 'changed' : 'same',
  )(why);
}

export async function userPassword(
  cli: Cli,
  typedEmail: string,
  { why, passwordStdin }: Why & { readonly passwordStdin?: boolean },
): Promise<Answer> {
  const { config } = cli.configure();
  const email = typedEmail.trim().toLowerCase();
  const password = await passwordFor(email, passwordStdin === true);
  mustBeLongEnough(password);
  const passwordHash = await hashPassword(password);
  return withBooks(config, async (db) => {
    const at = systemClock.now();
    if (!(await setPassword(db, { email, passwordHash }, operator(why), at))) throw unknown(email);
    const text = fr`Le mot de passe de ${email} est changé, ses sessions sont fermées.`;
    return { json: { email, outcome: 'changed' }, text };
  });
}

function changed(
  cli: Cli,
  typedEmail: string,
  done: string,
  work: (db: Database, by: By, at: Date) => Promise<AccountChange>,
): (why: string | undefined) => Promise<Answer> {
  const email = typedEmail.trim().toLowerCase();
  return async (why) => {
    const { config } = cli.configure();
    return withBooks(config, async (db) => {
      const outcome = await work(db, operator(why), systemClock.now());
      if (outcome === 'unknown') throw unknown(email);
      if (outcome === 'last-admin') {
        throw new Fault(
          fr`${email} est le dernier compte d’administration : rien n’a été modifié.`,
        );
      }
      const text = outcome === 'same' ? fr`Rien à faire pour ${email}.` : fr`${email} ${done}.`;
      return { json: { email, outcome }, text };
    });
  };
}

function unknown(email: string): Fault {
  return new Fault(fr`${email} n’a pas de compte.`);
}
