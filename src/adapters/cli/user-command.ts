// `user add`: an account of the dashboard. The password comes from a pipe or a prompt without echo.

import {
  hashPassword,
  PASSWORD_CHARACTERS_MAX,
  PASSWORD_CHARACTERS_MIN,
} from '#adapters/password.ts';
import { addAccount, type NewAccount, ROLE_NAMES } from '#adapters/postgres/accounts.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { isSingleEmail } from '#domain/customer.ts';
import { plainLine } from '#domain/text.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr } from './layout.ts';
import { operator } from './operator.ts';
import { promptHidden, readStdin } from './read-password.ts';

export async function userAdd(
  cli: Cli,
  typedEmail: string,
  options: {
    readonly name: string;
    readonly role: NewAccount['role'];
    readonly passwordStdin?: boolean;
  },
): Promise<Answer> {
  const { config } = cli.configure();
  const email = typedEmail.trim().toLowerCase();
  if (!isSingleEmail(email)) throw misuse(fr`« ${typedEmail} » n’est pas une adresse e-mail.`);
  const name = plainLine(options.name, 100);
  if (name === '') throw misuse('Le nom du compte ne peut pas être vide.');
  const password = await passwordFor(email, options.passwordStdin === true);
  mustBeLongEnough(password);
  const { role } = options;
  const passwordHash = await hashPassword(password);
  return withBooks(config, async (db) => {
    const account = { email, name, role, passwordHash };
    const by = operator(undefined);
    if ((await addAccount(db, account, systemClock.now(), by)) === 'exists') {
      throw new Fault(fr`${email} a déjà un compte : rien n’a été modifié.`);
    }
    const text = fr`Le compte de ${name} (${email}) est créé, avec le rôle « ${ROLE_NAMES[role]} ».`;
    return { json: { account: { email, name, role } }, text };
  });
}

/** From a pipe, or asked for twice at a prompt. Throws when the two differ. */
export async function passwordFor(email: string, fromStdin: boolean): Promise<string> {
  if (fromStdin || !process.stdin.isTTY) return readStdin();
  const password = await promptHidden(fr`Mot de passe de ${email} : `);
  mustBeLongEnough(password);
  const again = await promptHidden(fr`Encore une fois : `);
  if (again !== password) throw misuse(fr`Les deux mots de passe diffèrent : rien n’a été fait.`);
  return password;
}

/** Throws bad usage. */
export function mustBeLongEnough(password: string): void {
  const length = [...password].length;
  if (length < PASSWORD_CHARACTERS_MIN) {
    throw misuse(
      fr`Le mot de passe a ${length} caractères : il en faut au moins ${PASSWORD_CHARACTERS_MIN}.`,
    );
  }
  if (length > PASSWORD_CHARACTERS_MAX) {
    throw misuse(fr`Le mot de passe dépasse ${PASSWORD_CHARACTERS_MAX} caractères.`);
  }
}
