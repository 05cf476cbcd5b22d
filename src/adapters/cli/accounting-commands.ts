// The commands of the accountant and of the auditor: what proves the books, what leaves them, what is
// erased from them. Like the others they are imported when they are asked for.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Answer, Cli } from './cli.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander hands arguments and options over untyped
type Act = (work: (...args: any[]) => Promise<Answer | null>) => (...args: unknown[]) => void;

/** Adds `audit`, `export …`, `archive …` and `purge`. */
export function addAccounting(
  program: Command,
  cli: Cli,
  act: Act,
  group: (program: Command, name: string, description: string) => Command,
): void {
  program
    .command('audit')
    .description('prouve que rien n’a été changé dans les livres ; code 1 sinon')
    .option('--no-files', 'sans relire les PDF déposés')
    .action(act(async (options) => (await import('./audit-command.ts')).audit(cli, options)));
  program
    .command('purge')
    .description('efface les données personnelles de plus de PERSONAL_DATA_DAYS jours')
    .option('--dry-run', 'dit seulement ce qui serait effacé')
    .action(act(async (options) => (await import('./purge-command.ts')).purge(cli, options)));
  addExports(group(program, 'export', 'exports pour la comptabilité'), cli, act);
  addArchive(group(program, 'archive', 'archive signée d’une année'), cli, act);
}

function addExports(exports: Command, cli: Cli, act: Act): void {
  const bookExports = () => import('./export-commands.ts');
  outOption(exports.command('fec'))
    .description('fichier des écritures comptables (FEC) d’un exercice')
    .option('--year <année>', 'exercice du 1er janvier au 31 décembre', yearArgument)
    .option('--closing <date>', 'ou date de clôture d’un exercice de douze mois : 2026-06-30')
    .option('--accounts <fichier>', 'numéros de comptes et journaux, en JSON')
    .option('--rates <fichier>', 'cours de change, en lignes « USD;2026-11-20;1,0843 »')
    .addOption(
      new Option('--encoding <nom>', 'jeu de caractères')
        .choices(['utf-8', 'iso-8859-15'])
        .default('utf-8'),
    )
    .option('--include-test', 'exporte aussi ce qui est de test ; le fichier est marqué')
    .action(act(async (options) => (await import('./fec-command.ts')).exportFec(cli, options)));
  outOption(exports.command('invoices'))
    .description('factures et avoirs en CSV, une ligne par document')
    .option('--year <année>', 'année d’émission', yearArgument)
    .option('--since <date>', 'ou émis depuis ce jour : 2026-11-01')
    .option('--until <date>', 'jusqu’à ce jour compris')
    .option('--include-test', 'exporte aussi ce qui est de test')
    .action(act(async (options) => (await bookExports()).exportInvoices(cli, options)));
  outOption(exports.command('e-reporting'))
    .description('données de transaction et de paiement (flux 10.3 et 10.4) d’un mois')
    .requiredOption('--month <mois>', 'mois civil : 2026-11')
    .addOption(
      new Option('--format <format>', 'forme du fichier').choices(['json', 'csv']).default('json'),
    )
    .option('--include-test', 'compte aussi ce qui est de test')
    .action(act(async (options) => (await bookExports()).exportEReporting(cli, options)));
  outOption(exports.command('attempts'))
    .description('appels d’un partenaire sur une période, secrets masqués')
    .requiredOption('--partner <slug>', 'partenaire')
    .requiredOption('--since <date>', 'depuis ce jour : 2026-11-01')
    .option('--until <date>', 'jusqu’à ce jour compris')
    .addOption(
      new Option('--format <format>', 'forme du fichier').choices(['csv', 'jsonl']).default('csv'),
    )
    .action(act(async (options) => (await bookExports()).exportAttempts(cli, options)));
}

function addArchive(archive: Command, cli: Cli, act: Act): void {
  const commands = () => import('./archive-commands.ts');
  archive
    .command('export')
    .description('PDF, XML et textes d’une année, avec leurs empreintes, signés')
    .requiredOption('--year <année>', 'année d’émission', yearArgument)
    .requiredOption('--to <chemin>', 'un fichier .tar, ou un dossier à créer')
    .action(act(async (options) => (await commands()).archiveExport(cli, options)));
  archive
    .command('verify')
    .argument('<chemin>', 'fichier .tar ou dossier')
    .description('vérifie une archive : signature, empreintes, chaîne ; sans base de données')
    .option('--public-key <fichier>', 'clé publique attendue, au lieu de celle de l’archive')
    .action(act(async (path, options) => (await commands()).archiveVerify(cli, path, options)));
}

function outOption(command: Command): Command {
  return command.option('--out <fichier>', 'où écrire ; - pour la sortie standard');
}

function yearArgument(text: string): number {
  const year = /^\d{4}$/.test(text) ? Number(text) : 0;
  if (year >= 2000) return year;
  throw new InvalidArgumentError('il faut une année, comme 2026.');
}
