// Every command there is, with its arguments and options, in the order in which a newcomer meets
// them. What a command does stands in a file of its own, imported when it is asked for: help and
// mistakes answer at once, without loading a database driver or a browser.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { NOTIFICATION_STATES, PAYMENT_WORDS } from '#adapters/state-words.ts';
import { addAccounts } from './account-command-tree.ts';
import { addAccounting } from './accounting-commands.ts';
import type { Answer, Cli } from './cli.ts';
import { frenchCommand } from './french-help.ts';
import { addSecretRotation, addSecrets, addUpkeep } from './operations-commands.ts';
import { addPartnerAccess } from './partner-access-commands.ts';

export type TreeOutput = {
  readonly onAnswer: (answer: Answer | null) => void;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
};

/** Null: the command has printed its answer itself. */
// biome-ignore lint/suspicious/noExplicitAny: commander hands arguments and options over untyped
type Work = (...args: any[]) => Promise<Answer | null>;

const LIST_LIMIT = 50;

/** The whole command line, ready to parse. Throws CommanderError instead of exiting. */
export function commandTree(cli: Cli, output: TreeOutput): Command {
  const program = frenchCommand('comptappart', cli.version)
    .description('Du paiement Stripe à la facture, à son e-mail et au partenaire.')
    .option('--json', 'répond par un seul document JSON')
    .configureOutput({
      writeOut: output.writeOut,
      writeErr: output.writeErr,
      outputError: () => {}, // said in French by the runner
    });
  const act =
    (work: Work) =>
    async (...args: unknown[]): Promise<void> =>
      output.onAnswer(await work(...args));

  addPrograms(program, cli, act);
  addPartners(program, cli, act);
  addBooks(program, cli, act);
  addAccounting(program, cli, act, group);
  addSecrets(group(program, 'secrets', 'clés de chiffrement : état, remplacement'), cli, act);
  addPeopleAndSandbox(program, cli, act);
  return program;
}

type Act = (work: Work) => (...args: unknown[]) => Promise<void>;

function addPrograms(program: Command, cli: Cli, act: Act): void {
  const roles = {
    serve: ['sert les pages et traite la file, en un seul programme', true, true],
    web: ['sert les pages et reçoit Stripe ; la file est traitée ailleurs', true, false],
    worker: ['traite la file ; les pages sont servies ailleurs', false, true],
  } as const;
  for (const [name, [description, web, worker]] of Object.entries(roles)) {
    program
      .command(name)
      .description(description)
      .action(act(async () => (await import('./serve-command.ts')).serve(cli, { web, worker })));
  }
  addUpkeep(program, cli, act);
}

function addPartners(program: Command, cli: Cli, act: Act): void {
  const commands = () => import('./partner-commands.ts');
  const partner = group(program, 'partner', 'partenaires : ajouter, modifier, voir');
  withPartnerOptions(
    partner
      .command('add <slug>')
      .description('ajoute un partenaire et montre, une seule fois, son secret de signature')
      .requiredOption('--name <nom>', 'nom montré aux clients')
      .requiredOption('--staging-url <url>', 'adresse appelée en préproduction')
      .requiredOption('--production-url <url>', 'adresse appelée en production'),
  ).action(act(async (slug, options) => (await commands()).addPartner(cli, slug, options)));
  withPartnerOptions(
    partner
      .command('set <slug>')
      .description('change ce qui est donné ; une valeur vide efface')
      .option('--name <nom>', 'nom montré aux clients')
      .option('--staging-url <url>', 'adresse appelée en préproduction')
      .option('--production-url <url>', 'adresse appelée en production')
      .option('--why <raison>', 'pourquoi, pour une clé d’API ; gardé avec votre nom'),
  ).action(act(async (slug, options) => (await commands()).setPartner(cli, slug, options)));
  addSecretRotation(partner, cli, act);
  partner
    .command('list')
    .description('liste les partenaires')
    .action(act(async () => (await commands()).listPartners(cli)));
  partner
    .command('show <slug>')
    .description('montre un partenaire, sans ses secrets')
    .action(act(async (slug) => (await commands()).showPartner(cli, slug)));
  partner
    .command('remove <slug>')
    .description('retire un partenaire qui n’a aucune commande')
    .action(act(async (slug) => (await commands()).removePartner(cli, slug)));
  addPartnerAccess(partner, cli, act);
}

function withPartnerOptions(command: Command): Command {
  return command
    .option('--api-key <clé>', 'envoyée dans X-API-KEY (32 caractères au moins, - pour stdin)')
    .option('--logo <fichier>', 'logo PNG ou SVG des factures et des e-mails')
    .option('--color <#rrggbb>', 'couleur du filet des factures')
    .option('--contact-email <adresse>', 'contact donné aux clients')
    .option('--contact-phone <numéro>', 'téléphone donné aux clients')
    .option('--website <url>', 'site donné aux clients');
}

function addBooks(program: Command, cli: Cli, act: Act): void {
  const orders = group(program, 'orders', 'commandes des clients : lister, suivre');
  const orderCommands = () => import('./order-commands.ts');
  orders
    .command('list')
    .description('liste les dernières commandes')
    .option('--partner <slug>', 'de ce partenaire seulement')
    .addOption(limitOption())
    .option('--before <numéro>', 'celles d’avant cette commande', orderId)
    .action(act(async (options) => (await orderCommands()).ordersList(cli, options)));
  orders
    .command('show')
    .argument('<numéro>', 'numéro de la commande', orderId)
    .description('montre une commande de bout en bout, tentatives comprises')
    .action(act(async (id) => (await orderCommands()).orderShow(cli, id)));

  const payments = group(program, 'payments', 'paiements : ce qui attend et pourquoi');
  const paymentActions = () => import('./payment-actions.ts');
  payments
    .command('list')
    .description('liste les derniers paiements, avec ce qu’il y a à faire')
    .addOption(stateOption(Object.keys(PAYMENT_WORDS)))
    .addOption(limitOption())
    .action(
      act(async (options) => (await import('./payment-commands.ts')).paymentsList(cli, options)),
    );
  payments
    .command('retry')
    .argument('[clé...]', 'clés données par « payments list »')
    .option('--all', 'toute la quarantaine')
    .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .description('fait relire des paiements, une fois leur cause réparée')
    .action(
      act(async (keys, options) => (await paymentActions()).paymentsRetry(cli, keys, options)),
    );
  payments
    .command('dismiss')
    .argument('<clé>', 'clé donnée par « payments list »')
    .requiredOption('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .description('écarte un paiement qui ne sera pas facturé')
    .action(
      act(async (key, options) => (await paymentActions()).paymentsDismiss(cli, key, options)),
    );

  group(program, 'stripe', 'ce dont Stripe se souvient')
    .command('reconcile')
    .requiredOption('--since <date>', 'depuis quand : 2026-11-20, ou 24h, 7d (30 jours au plus)')
    .description('reprend les événements jamais reçus et dit ce qui ne concorde pas')
    .action(
      act(async (options) =>
        (await import('./reconcile-command.ts')).stripeReconcile(cli, options),
      ),
    );

  const notifications = group(program, 'notifications', 'e-mails et webhooks : lister, relancer');
  const notificationCommands = () => import('./notification-commands.ts');
  notifications
    .command('list')
    .description('liste les notifications des dernières commandes')
    .addOption(stateOption(NOTIFICATION_STATES))
    .option('--partner <slug>', 'de ce partenaire seulement')
    .addOption(limitOption())
    .action(act(async (options) => (await notificationCommands()).notificationsList(cli, options)));
  notifications
    .command('retry')
    .argument('[id...]', 'identifiants donnés par « notifications list »')
    .description('relance des notifications arrêtées : celles nommées, ou toute une période')
    .option('--partner <slug>', 'celles de ce partenaire, avec --since')
    .option('--since <date>', 'depuis quand : 2026-11-20, ou 90m, 24h, 7d')
    .option('--until <date>', 'jusqu’à quand (maintenant)')
    .option('--rate <n>', 'combien par seconde (10)', wholeNumber(1, 1000))
    .addOption(
      new Option('--channel <canal>', 'ce qui est relancé (webhook)').choices(['webhook', 'email']),
    )
    .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .action(
      act(async (ids, options) =>
        (await notificationCommands()).notificationsRetry(cli, ids, options),
      ),
    );
  addReplays(program, cli, act);
}

function addReplays(program: Command, cli: Cli, act: Act): void {
  const replays = group(program, 'replays', 'relances de périodes : suivre, suspendre, arrêter');
  const replayCommands = () => import('./replay-commands.ts');
  replays
    .command('list')
    .description('liste les dernières relances et où elles en sont')
    .addOption(limitOption())
    .action(act(async (options) => (await replayCommands()).replaysList(cli, options)));
  const changes = {
    pause: 'suspend une relance',
    resume: 'reprend une relance suspendue',
    cancel: 'arrête une relance pour de bon',
  } as const;
  for (const [name, description] of Object.entries(changes)) {
    replays
      .command(name)
      .argument('<numéro>', 'numéro donné par « replays list »', orderId)
      .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
      .description(description)
      .action(
        act(async (id, options) =>
          (await replayCommands()).replayChange(cli, name as keyof typeof changes, id, options),
        ),
      );
  }

  const invoices = group(program, 'invoices', 'factures et avoirs : impression, relance');
  const documentCommands = () => import('./document-commands.ts');
  invoices
    .command('list')
    .description('liste les derniers documents et où en est leur PDF')
    .addOption(stateOption(['queued', 'printing', 'printed', 'failed']))
    .addOption(limitOption())
    .action(act(async (options) => (await documentCommands()).documentsList(cli, options)));
  invoices
    .command('retry')
    .argument('[numéro...]', 'numéros donnés par « invoices list »')
    .option('--all', 'tous ceux dont l’impression a échoué')
    .option('--why <raison>', 'pourquoi ; gardé avec votre nom')
    .description('fait imprimer à nouveau des documents, une fois la cause réparée')
    .action(
      act(async (numbers, options) =>
        (await documentCommands()).documentsRetry(cli, numbers, options),
      ),
    );
}

function addPeopleAndSandbox(program: Command, cli: Cli, act: Act): void {
  addAccounts(group(program, 'user', 'comptes du tableau de bord'), cli, act);
  group(program, 'sandbox', 'bac à sable')
    .command('buy')
    .description('simule un achat et suit chaque étape jusqu’au partenaire')
    .option('--product <id>', 'produit du catalogue du bac à sable')
    .option('--subscription', 'achète un abonnement')
    .option('--quantity <n>', 'quantité', wholeNumber(1, 1000))
    .option('--scenario <nom>', 'une histoire de A à N ou par son nom, au lieu d’un produit')
    .action(
      act(async (options) => (await import('./sandbox-buy-command.ts')).sandboxBuy(cli, options)),
    );
}

function group(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpCommand(false)
    .usage('<commande> [options]');
}

function limitOption(): Option {
  return new Option('--limit <n>', 'nombre de lignes au plus')
    .argParser(wholeNumber(1, 1000))
    .default(LIST_LIMIT);
}

function stateOption(states: readonly string[]): Option {
  return new Option('--state <état>', 'dans cet état seulement').choices(states);
}

const orderId = wholeNumber(1, Number.MAX_SAFE_INTEGER);

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const limit = max === Number.MAX_SAFE_INTEGER ? `à partir de ${min}` : `de ${min} à ${max}`;
    throw new InvalidArgumentError(`il faut un nombre entier ${limit}.`);
  };
}
