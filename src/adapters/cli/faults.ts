// From whatever was thrown to one sentence and an exit code. Faults that we foresee say what to do;
// a database that is away is recognised by its error code wherever it stands in the chain of
// causes; the rest keeps its own message. The stack is for LOG_LEVEL=debug alone.

import { MigrationHeldUp, NewerDatabase } from '#db/migration-faults.ts';
import { fr } from './layout.ts';

/** A fault we foresaw, told in French. `exitCode` 1: not done; 2: asked or configured wrongly. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly exitCode: 1 | 2;

  constructor(sentence: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(sentence, options);
    this.exitCode = exitCode;
  }
}

/** A value that the person typed and that we cannot take. */
export function misuse(sentence: string): Fault {
  return new Fault(sentence, 2);
}

export type FaultReport = {
  readonly exitCode: 1 | 2;
  readonly sentence: string;
  /** The single faults of a configuration; empty for anything else. */
  readonly faults: readonly string[];
};

export function reportOf(error: unknown): FaultReport {
  if (error instanceof Fault) {
    return { exitCode: error.exitCode, sentence: error.message, faults: [] };
  }
  const faults = configurationFaults(error);
  if (faults) {
    const many = faults.length > 1 ? `${faults.length} fautes` : 'une faute';
    const list = faults.map((fault) => `  - ${fault}`).join('\n');
    return { exitCode: 2, sentence: fr`La configuration comporte ${many} :\n${list}`, faults };
  }
  const sentence = schemaSentence(error) ?? databaseSentence(error) ?? ownSentence(error);
  return { exitCode: 1, sentence, faults: [] };
}

// Known by its shape: adapters do not import the program's configuration.
function configurationFaults(error: unknown): readonly string[] | null {
  const { name, faults } = (error ?? {}) as { name?: unknown; faults?: unknown };
  return name === 'ConfigError' && Array.isArray(faults) ? faults : null;
}

/** What keeps this program and its database from each other, or null. */
function schemaSentence(error: unknown): string | null {
  if (error instanceof NewerDatabase) {
    const names = error.migrations.join(', ');
    return fr`La base de données est plus récente que ce programme (${names}) : lancez la version récente.`;
  }
  if (!(error instanceof MigrationHeldUp)) return null;
  const { kind, migration } = error;
  return kind === 'locked'
    ? fr`La migration ${migration} n’a pas pu passer : d’autres tiennent ses tables. Rien n’est fait ; ` +
        fr`attendez la fin des exports et des transactions longues, puis relancez.`
    : fr`La migration ${migration} dure trop : rien n’est fait. Relancez à une heure calme, ` +
        fr`avec --statement-timeout 30m.`;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);
// invalid_authorization_specification, invalid_password, and what SCRAM says without a password
const UNKNOWN_USER = new Set(['28000', '28P01']);

/** What is wrong with the database, or null when the error does not come from reaching one. */
export function databaseSentence(error: unknown): string | null {
  for (const { code, syscall, address, hostname, message, port } of chain(error)) {
    if (code === '3D000') return fr`La base nommée dans DATABASE_URL n’existe pas : créez-la.`;
    if (UNKNOWN_USER.has(code ?? '') || /^SASL:/.test(message)) {
      return fr`La base refuse l’utilisateur ou le mot de passe de DATABASE_URL.`;
    }
    if (code === '57P03') return fr`La base démarre encore : réessayez dans un instant.`;
    const where = hostname ?? (address === undefined ? '' : `${address}:${port}`);
    // `connect` to anything else (Stripe, a mail server) is answered where it happens.
    if (UNREACHABLE.has(code ?? '') && /^(connect|getaddrinfo)$/.test(syscall ?? '')) {
      return fr`La base de données ne répond pas (${code} ${where}) : vérifiez DATABASE_URL.`;
    }
    if (/timeout exceeded when trying to connect|Connection terminated/.test(message)) {
      return fr`La base de données ne répond pas (délai dépassé) : vérifiez DATABASE_URL.`;
    }
  }
  return null;
}

type Cause = Error & {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
};

/** The error, its causes, and the members of an AggregateError (one per address tried). */
function chain(error: unknown): Cause[] {
  if (!(error instanceof Error)) return [];
  const members = error instanceof AggregateError ? error.errors : [];
  return [error, ...[...members, error.cause].flatMap(chain)];
}

function ownSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const sentence = message.replace(/\s*\n\s*/g, ' ').trim() || 'sans message';
  const isOurMistake =
    error instanceof Error && /^(Type|Reference|Syntax|Range)Error$/.test(error.name);
  return isOurMistake
    ? fr`Erreur inattendue : ${sentence} (LOG_LEVEL=debug pour le détail).`
    : sentence;
}
