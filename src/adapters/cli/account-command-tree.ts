// The commands under `user`: accounts of the dashboard, from the first one on. They stand apart from the
// tree they hang in, which has grown long enough.

import { Argument, type Command, Option } from 'commander';
import type { Answer, Cli } from './cli.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander hands arguments and options over untyped
type Work = (...args: any[]) => Promise<Answer | null>;
type Act = (work: Work) => (...args: unknown[]) => Promise<void>;

const WHY = ['--why <raison>', 'pourquoi ; gardé avec votre nom'] as const;

const ROLES = ['reader', 'operator', 'admin'];

export function addAccounts(user: Command, cli: Cli, act: Act): void {
  user
    .command('add <e-mail>')
    .description('ajoute un compte ; le mot de passe est demandé, ou lu sur stdin')
    .requiredOption('--name <nom>', 'nom montré dans le tableau de bord')
    .addOption(
      new Option('--role <rôle>', 'ce que le compte peut faire')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--password-stdin', 'lit le mot de passe sur stdin, sans le demander')
    .action(
      act(async (email, options) =>
        (await import('./user-command.ts')).userAdd(cli, email, options),
      ),
    );
  addChanges(user, cli, act);
}

function addChanges(user: Command, cli: Cli, act: Act): void {
  const commands = () => import('./account-commands.ts');
  user
    .command('list')
    .description('montre les comptes, leur rôle et leur dernière connexion')
    .action(act(async () => (await commands()).userList(cli)));
  user
    .command('role <e-mail>')
    .addArgument(new Argument('<rôle>', ROLES.join(', ')).choices(ROLES))
    .description('change ce que le compte peut faire')
    .option(...WHY)
    .action(
      act(async (email, role, options) => (await commands()).userRole(cli, email, role, options)),
    );
  user
    .command('disable <e-mail>')
    .description('ferme les sessions du compte et interdit toute connexion')
    .option(...WHY)
    .action(act(async (email, options) => (await commands()).userDisable(cli, email, options)));
  user
    .command('enable <e-mail>')
    .description('permet à nouveau de se connecter')
    .option(...WHY)
    .action(act(async (email, options) => (await commands()).userEnable(cli, email, options)));
  user
    .command('password <e-mail>')
    .description('change le mot de passe, demandé ou lu sur stdin, et ferme les sessions')
    .option('--password-stdin', 'lit le mot de passe sur stdin, sans le demander')
    .option(...WHY)
    .action(act(async (email, options) => (await commands()).userPassword(cli, email, options)));
  user
    .command('remove-second-factor <e-mail>')
    .description('retire le second facteur, quand le téléphone est perdu')
    .option(...WHY)
    .action(
      act(async (email, options) => (await commands()).userRemoveSecondFactor(cli, email, options)),
    );
}
