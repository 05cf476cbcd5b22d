// The commands of whoever keeps the program running: the database's shape, the doctor, the keys.
// Like the others they are imported when they are asked for.

import { type Command, InvalidArgumentError } from 'commander';
import type { Answer, Cli } from './cli.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander hands arguments and options over untyped
type Act = (work: (...args: any[]) => Promise<Answer | null>) => (...args: unknown[]) => void;

const WHY = ['--why <raison>', 'pourquoi ; gardé avec votre nom'] as const;

/** Adds `migrate` and `doctor`. */
export function addUpkeep(program: Command, cli: Cli, act: Act): void {
  program
    .command('migrate')
    .description('met la base de données à jour')
    .option('--check', 'dit seulement ce qui manque ; code 1 s’il manque quelque chose')
    .option('--statement-timeout <durée>', 'ce que peut durer une instruction (5m)', lengthOfTime)
    .action(
      act(async (options) => (await import('./migrate-command.ts')).migrateBase(cli, options)),
    );
  program
    .command('doctor')
    .description('vérifie tout ce dont le programme a besoin')
    .action(act(async () => (await import('./doctor-command.ts')).doctor(cli)));
}

/** Adds `secrets status|rotate` to their group. */
export function addSecrets(secrets: Command, cli: Cli, act: Act): void {
  const commands = () => import('./secrets-commands.ts');
  secrets
    .command('status')
    .description('dit quelles clés servent encore, et lesquelles peuvent être retirées')
    .action(act(async () => (await commands()).secretsStatus(cli)));
  secrets
    .command('rotate')
    .description('scelle à nouveau, avec SECRETS_KEY, ce qu’une clé de SECRETS_KEYS_OLD a scellé')
    .option(...WHY)
    .action(act(async (options) => (await commands()).secretsRotate(cli, options)));
}

/** Adds `rotate-secret` to the group of partners. */
export function addSecretRotation(partner: Command, cli: Cli, act: Act): void {
  partner
    .command('rotate-secret <slug>')
    .description('montre, une seule fois, un nouveau secret de signature ; l’ancien signe aussi')
    .option('--keep <durée>', 'temps que l’ancien signe encore : 24h, 7d, 0 ou next', keptFor)
    .option('--drop-old', 'met fin à l’ancien, sans en faire un nouveau')
    .option(...WHY)
    .action(
      act(async (slug, options) =>
        (await import('./partner-secret-command.ts')).rotateSecret(cli, slug, options),
      ),
    );
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `30s`, `90m`, `24h` or `7d`. */
function lengthOfTime(text: string): number {
  const [, amount, unit] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  if (amount === undefined)
    throw new InvalidArgumentError('il faut une durée (30s, 90m, 24h, 7d).');
  return Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** Milliseconds; without end for `next`: until the next rotation. */
function keptFor(text: string): number {
  if (text === 'next') return Number.POSITIVE_INFINITY;
  return text === '0' ? 0 : lengthOfTime(text);
}
