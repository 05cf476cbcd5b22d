// `payments retry|dismiss`: what an operator does with a payment that stopped. Both only write to
// the books; the running program does the work, and `payments list` shows what came of it.

import { userInfo } from 'node:os';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { PaymentState } from '#application/ports.ts';
import {
  dismissPayment,
  type RetryPaymentAnswer,
  retryPayment,
  retryQuarantined,
} from '#application/retry-payment.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { misuse } from './faults.ts';
import { fr } from './layout.ts';
import { operator } from './operator.ts';

type Needs = Parameters<typeof retryPayment>[0];

function withTransact<T>(config: CliConfig, work: (needs: Needs) => Promise<T>): Promise<T> {
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const transact = postgresTransact(db, { clock: systemClock, secrets });
    return work({ transact, clock: systemClock });
  });
}

type Result = { readonly key: string; readonly answer: RetryPaymentAnswer };

/** Has payments looked at again: those named, or with `all` every one in quarantine. */
export async function paymentsRetry(
  cli: Cli,
  keys: readonly string[],
  { all = false, why }: { readonly all?: boolean; readonly why?: string },
): Promise<Answer> {
  if (all === keys.length > 0) {
    throw misuse(fr`Indiquez des paiements, ou --all pour toute la quarantaine.`);
  }
  const { config } = cli.configure();
  const by = operator(why);
  return withTransact(config, async (needs) => {
    if (all) {
      const retried = await retryQuarantined(needs, by);
      const text =
        retried === 0 ? 'Rien en quarantaine.' : fr`Relecture demandée : ${retried} paiement(s).`;
      return { json: { retried }, text };
    }
    const results: Result[] = [];
    for (const key of new Set(keys))
      results.push({ key, answer: await retryPayment(needs, key, by) });
    return {
      json: { results: results.map(({ key, answer }) => ({ key, ...answer })) },
      text: results.map(resultText).join('\n'),
      isFailure: results.some(({ answer }) => answer.kind !== 'retried'),
    };
  });
}

function resultText({ key, answer }: Result): string {
  switch (answer.kind) {
    case 'retried':
      return fr`✓ ${key} : relecture demandée.`;
    case 'not-found':
      return fr`✗ ${key} : aucun paiement ne porte cette clé.`;
    case 'already-recorded':
      return fr`✗ ${key} : rien à relancer, le paiement est enregistré.`;
    default:
      return answer satisfies never;
  }
}

const NOT_OPEN: Readonly<Record<Extract<PaymentState, 'recorded' | 'dismissed'>, string>> = {
  recorded: 'il est enregistré et facturé ; une correction passe par un avoir',
  dismissed: 'il est déjà écarté',
};

/** Sets a payment aside for good, with who and why. */
export async function paymentsDismiss(
  cli: Cli,
  key: string,
  { why }: { readonly why: string },
): Promise<Answer> {
  if (why.trim() === '') throw misuse(fr`--why doit dire pourquoi.`);
  const { config } = cli.configure();
  return withTransact(config, async (needs) => {
    const by = userInfo().username;
    const answer = await dismissPayment(needs, key, { by, why: why.trim() });
    const json = { key, ...answer };
    switch (answer.kind) {
      case 'dismissed':
        return { json, text: fr`✓ ${key} : écarté par ${by}.` };
      case 'not-found':
        return { json, text: fr`✗ ${key} : aucun paiement ne porte cette clé.`, isFailure: true };
      case 'not-open':
        return { json, text: fr`✗ ${key} : ${NOT_OPEN[answer.state]}.`, isFailure: true };
      default:
        return answer satisfies never;
    }
  });
}
