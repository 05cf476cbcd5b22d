// `invoices list|retry`: where the printing of each document stands, and a new round for those that
// were given up.

import { type DocumentListing, listDocuments } from '#adapters/postgres/document-lists.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { type RetryPrintAnswer, retryPrint } from '#application/render-invoice.ts';
import type { PrintingState } from '#domain/printing.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { misuse } from './faults.ts';
import { fr, moment, momentToTheSecond, wrapped } from './layout.ts';
import { operator } from './operator.ts';

const STATE_WORDS: Readonly<Record<PrintingState, string>> = {
  queued: 'PDF en attente',
  printing: 'Impression en cours',
  printed: 'PDF enregistré',
  failed: 'Impression impossible',
};

export async function documentsList(
  cli: Cli,
  options: { readonly state?: PrintingState; readonly limit: number },
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const documents = await listDocuments(db, options);
    const text = documents.length === 0 ? 'Aucun document.' : documents.map(entry).join('\n');
    return { json: { documents }, text };
  });
}

function entry(it: DocumentListing): string {
  const now = systemClock.now();
  const parts = [STATE_WORDS[it.state]];
  if (it.failures > 0) parts.push(fr`échecs : ${it.failures}`);
  if (it.interruptions > 0) parts.push(fr`interruptions : ${it.interruptions}`);
  if (it.state !== 'printed' && it.lastError !== null) parts.push(it.lastError);
  if (it.nextAttemptAt !== null) {
    parts.push(fr`prochain essai : ${momentToTheSecond(it.nextAttemptAt, now)}`);
  }
  if (it.leaseUntil !== null) {
    const until = momentToTheSecond(it.leaseUntil, now);
    parts.push(fr`tenue par ${it.leaseHolder ?? '?'} jusqu’à ${until}`);
  }
  const head = fr`${it.number} · commande n° ${it.orderId} · ${moment(it.issuedAt, now)}`;
  return `${head}\n${wrapped(parts.join(' · '), '    ')}`;
}

type Result = { readonly number: string; readonly answer: RetryPrintAnswer };

export async function documentsRetry(
  cli: Cli,
  numbers: readonly string[],
  { all = false, why }: { readonly all?: boolean; readonly why?: string },
): Promise<Answer> {
  if (all === numbers.length > 0) {
    throw misuse(fr`Indiquez des numéros, ou --all pour tous ceux qui ont échoué.`);
  }
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const transact = postgresTransact(db, { clock: systemClock, secrets });
    const wanted = all ? await transact(({ printings }) => printings.failed(10_000)) : numbers;
    const results: Result[] = [];
    for (const number of new Set(wanted)) {
      const answer = await retryPrint({ transact, clock: systemClock }, number, operator(why));
      results.push({ number, answer });
    }
    return {
      json: { results: results.map(({ number, answer }) => ({ number, ...answer })) },
      text: results.length === 0 ? 'Rien à relancer.' : results.map(resultText).join('\n'),
      isFailure: results.some(({ answer }) => answer.kind !== 'retried'),
    };
  });
}

function resultText({ number, answer }: Result): string {
  switch (answer.kind) {
    case 'retried':
      return fr`✓ ${number} : impression demandée.`;
    case 'not-found':
      return fr`✗ ${number} : aucun document ne porte ce numéro.`;
    case 'not-failed':
      return fr`✗ ${number} : rien à relancer (${STATE_WORDS[answer.state]}).`;
    default:
      return answer satisfies never;
  }
}
