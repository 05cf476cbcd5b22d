// `purge`: erases personal data outside the legal documents once they are old enough, as the running
// program does each night; with `--dry-run`, only says what would go.

import { count, longDate, plural } from '#adapters/french.ts';
import { postgresPersonalData } from '#adapters/postgres/personal-data.ts';
import { systemClock } from '#adapters/system-clock.ts';
import {
  type PurgeReport,
  purgePersonalData,
  wouldPurge,
} from '#application/purge-personal-data.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { fr } from './layout.ts';
import { progressBar } from './progress-bar.ts';

export async function purge(
  cli: Cli,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const keepDays = config.personalDataDays;
    const needs = { personalData: postgresPersonalData(db), clock: systemClock, keepDays };
    const bar = progressBar(cli, 'lignes');
    const report = dryRun
      ? await wouldPurge(needs)
      : await purgePersonalData(needs, (share, it) => bar.show(share, rowsOf(it)));
    bar.end();
    return { json: { dryRun, keepDays, ...report }, text: purgeText(report, keepDays, dryRun) };
  });
}

function rowsOf({ events, orders, attempts }: Omit<PurgeReport, 'before'>): number {
  return events + orders + attempts;
}

function purgeText(report: PurgeReport, keepDays: number, dryRun: boolean): string {
  const { events, orders, attempts } = report;
  const limit = fr`avant le ${longDate(parisDay(report.before))} (${count(keepDays)} jours)`;
  if (rowsOf(report) === 0) return fr`Rien à effacer ${limit}.`;
  const parts = [
    `${count(orders)} ${plural(orders, 'commande', 'commandes')}`,
    `${count(events)} ${plural(events, 'événement', 'événements')} de Stripe`,
    `${count(attempts)} ${plural(attempts, 'tentative', 'tentatives')}`,
  ].join(', ');
  return dryRun
    ? fr`Seraient effacées les données personnelles de ${parts}, ${limit}.`
    : fr`✓ Données personnelles effacées : ${parts}, ${limit}. Factures et avoirs restent entiers.`;
}
