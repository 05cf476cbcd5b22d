// `stripe reconcile`: what Stripe remembers since a date is compared with the books. Missed events
// are taken in (the running program works them), and what does not agree is told.

import { postgresTransact } from '#adapters/postgres/transact.ts';
import { PAYMENT_WORDS } from '#adapters/state-words.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeHistory } from '#adapters/stripe/stripe-history.ts';
import { systemClock } from '#adapters/system-clock.ts';
import {
  type Drift,
  findDrift,
  type ReconcileReport,
  takeInMissed,
} from '#application/reconcile.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr, moment } from './layout.ts';
import { pastMoment } from './past-moment.ts';
import { progressBar } from './progress-bar.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** What was paid in the last minutes may still be under way. */
const UNDER_WAY_MS = 10 * 60 * 1000;

export async function stripeReconcile(
  cli: Cli,
  options: { readonly since: string },
): Promise<Answer> {
  const { config } = cli.configure();
  const since = sinceOf(options.since);
  const { stripe } = config;
  if (!stripe) {
    const why = 'le bac à sable se compare lui-même à son Stripe, toutes les dix minutes';
    throw new Fault(fr`Il faut STRIPE_SECRET_KEY : ${why}.`);
  }
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const client = stripeClient({
      secretKey: stripe.secretKey.reveal(),
      apiBase: stripe.apiBase,
    });
    const needs = {
      transact: postgresTransact(db, { clock: systemClock, secrets }),
      clock: systemClock,
      history: stripeHistory(client),
      livemode: config.environment === 'production',
    };
    const bar = progressBar(cli, 'événements');
    const report = await takeInMissed(needs, since, (run, reachedAt) => {
      const done = run.until.getTime() - reachedAt.getTime();
      bar.show(done / (run.until.getTime() - run.since.getTime()), run.looked);
    });
    bar.end();
    const until = new Date(systemClock.now().getTime() - UNDER_WAY_MS);
    const drift = until > since ? await findDrift(needs, { since, until }) : NO_DRIFT;
    const isFailure = drift.ordersWithoutPayment.length > 0;
    return { json: { ...report, ...drift }, text: reportText(report, drift), isFailure };
  });
}

const NO_DRIFT: Drift = { paymentsWithoutOrder: [], ordersWithoutPayment: [] };

/** At most Stripe's 30 days back. */
function sinceOf(text: string): Date {
  const now = systemClock.now();
  const since = pastMoment('--since', text, now);
  if (now.getTime() - since.getTime() > 30 * DAY_MS) {
    throw misuse(fr`--since : Stripe ne se souvient que de 30 jours.`);
  }
  return since;
}

function reportText({ looked, received }: ReconcileReport, drift: Drift): string {
  const now = systemClock.now();
  const lines = [
    fr`${looked} événements chez Stripe, dont ${received} jamais reçus et repris maintenant.`,
    ...drift.paymentsWithoutOrder.map(({ key, at, state }) => {
      const here = state === 'unknown' ? 'inconnu ici' : PAYMENT_WORDS[state];
      return fr`! ${key}, payé le ${moment(at, now)} : ${here}.`;
    }),
    ...drift.ordersWithoutPayment.map(
      (key) => fr`✗ ${key} : une commande ici, aucun paiement là-bas.`,
    ),
  ];
  const agrees = lines.length === 1;
  return [...lines, ...(agrees ? [fr`Les paiements et les commandes concordent.`] : [])].join('\n');
}
