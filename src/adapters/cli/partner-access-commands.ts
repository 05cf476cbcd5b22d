// `partner test`, `partner portal-link`, `partner portal-token`: what partners are tried with and let in
// by, as the command line declares them.

import { type Command, Option } from 'commander';
import type { Answer, Cli } from './cli.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander hands arguments and options over untyped
type Work = (...args: any[]) => Promise<Answer | null>;
type Act = (work: Work) => (...args: unknown[]) => Promise<void>;

/** Adds `test`, `portal-link` and `portal-token` to the group of partners. */
export function addPartnerAccess(partner: Command, cli: Cli, act: Act): void {
  const portal = () => import('./partner-portal-commands.ts');
  partner
    .command('test <slug>')
    .description('éprouve l’adresse d’un partenaire contre tout le guide, et dit quoi corriger')
    .addOption(
      new Option('--environment <lequel>', 'laquelle de ses adresses (celle d’ici)').choices([
        'staging',
        'production',
      ]),
    )
    .option('--all', 'ses deux adresses, préproduction et production')
    .action(
      act(async (slug, options) =>
        (await import('./partner-test-command.ts')).testPartner(cli, slug, options),
      ),
    );
  partner
    .command('portal-link <slug>')
    .description('crée un lien d’un jour vers le portail du partenaire, montré une seule fois')
    .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .action(act(async (slug, options) => (await portal()).portalLink(cli, slug, options)));
  partner
    .command('portal-token <slug>')
    .description('crée un jeton d’API du partenaire, montré une seule fois')
    .option('--label <nom>', 'ce qui s’en sert', 'Sans nom')
    .option('--list', 'liste ses jetons, sans en créer')
    .option('--revoke <numéro>', 'révoque le jeton de ce numéro', (text) => Number(text))
    .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .action(act(async (slug, options) => (await portal()).portalToken(cli, slug, options)));
}
