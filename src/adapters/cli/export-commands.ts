// `export invoices|e-reporting|attempts`: what the accountant, the plateforme agréée and a partner ask
// for, each streamed from one snapshot of the books. `export fec` is in fec-command.ts.

import { ATTEMPT_COLUMNS, attemptRecord, attemptRow } from '#adapters/exports/attempt-rows.ts';
import { CSV_START, csv } from '#adapters/exports/csv.ts';
import { eReportCsv, eReportJson } from '#adapters/exports/e-reporting-file.ts';
import { INVOICE_COLUMNS, invoiceRow } from '#adapters/exports/invoice-rows.ts';
import { count, plural } from '#adapters/french.ts';
import { countPartnerAttempts, partnerAttempts } from '#adapters/postgres/attempt-log.ts';
import type { Snapshot } from '#adapters/postgres/book-snapshot.ts';
import {
  countIssued,
  type Days,
  issuedDocuments,
  movements,
  survey,
} from '#adapters/postgres/legal-documents.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { eReportSum } from '#domain/e-reporting.ts';
import { documentOf } from '#domain/invoice.ts';
import { type ParisDay, parisDay } from '#domain/invoice-number.ts';
import type { Answer, Cli } from './cli.ts';
import { dayAfter, dayOf, exportBooks, type OutOption, yearDays } from './export-output.ts';
import { Fault, misuse } from './faults.ts';
import { fr } from './layout.ts';
import { slugOf } from './partner-options.ts';
import type { ProgressBar } from './progress-bar.ts';

type PeriodOptions = {
  readonly year?: number;
  readonly since?: string;
  readonly until?: string;
};

export async function exportInvoices(
  cli: Cli,
  options: OutOption & PeriodOptions & { readonly includeTest?: boolean },
): Promise<Answer> {
  const days = periodOf(options);
  return exportBooks(cli, options, 'documents', async (at, bar) => {
    const of = await countIssued(at, days);
    const tally = { documents: 0, test: 0 };
    return {
      name: `factures-${spanName(days)}.csv`,
      chunks: invoiceChunks(at, days, options.includeTest ?? false, tally, (seen) =>
        bar.show(seen / of, seen),
      ),
      report: () => ({ json: { ...days, ...tally }, text: documentsText(tally) }),
    };
  });
}

type Tally = { documents: number; test: number };

async function* invoiceChunks(
  at: Snapshot,
  days: Days,
  includeTest: boolean,
  tally: Tally,
  onSeen: (seen: number) => void,
): AsyncGenerator<string> {
  yield CSV_START + csv([INVOICE_COLUMNS]);
  for await (const page of issuedDocuments(at, days)) {
    const documents = page.map(({ content }) => documentOf(content));
    const kept = documents.filter((it) => includeTest || !it.test);
    tally.documents += kept.length;
    tally.test += documents.length - kept.length;
    onSeen(tally.documents + tally.test);
    yield csv(kept.map(invoiceRow));
  }
}

function documentsText({ documents, test }: Tally): string {
  const aside = test > 0 ? fr` ${count(test)} de test laissés de côté (--include-test).` : '';
  return fr`${count(documents)} ${plural(documents, 'document', 'documents')}.` + aside;
}

export async function exportEReporting(
  cli: Cli,
  options: OutOption & {
    readonly month: string;
    readonly format: 'json' | 'csv';
    readonly includeTest?: boolean;
  },
): Promise<Answer> {
  const days = monthDays(options.month);
  const { month, format, includeTest = false } = options;
  return exportBooks(cli, options, 'mouvements', async (at, bar, { seller }) => {
    const { movements: of, live, test } = await survey(at, days);
    if (live === 0 && test > 0 && !includeTest) {
      throw new Fault(
        fr`Tout est de test dans ce mois : il n’y a rien à déclarer. Pour un essai : --include-test.`,
      );
    }
    const report = await eReportOf(at, days, includeTest, of, bar);
    const isTest = includeTest && test > 0;
    const text =
      format === 'csv'
        ? eReportCsv(report)
        : jsonText(eReportJson(report, { seller, month, isTest }));
    const rows = report.transactions.length + report.payments.length;
    return {
      name: `${isTest ? 'TEST-' : ''}e-reporting-${month}.${format}`,
      chunks: onlyChunk(text),
      report: () => ({
        json: { month, rows, movements: of, test: isTest ? 0 : test },
        text: fr`${count(rows)} lignes sur ${count(of)} mouvements.`,
      }),
    };
  });
}

async function eReportOf(
  at: Snapshot,
  days: Days,
  includeTest: boolean,
  of: number,
  bar: ProgressBar,
) {
  const sum = eReportSum();
  let seen = 0;
  for await (const page of movements(at, days)) {
    for (const { what, document } of page) {
      if (document.test && !includeTest) continue;
      sum.add(document, { sale: what === 'sale', money: what === 'money' });
    }
    seen += page.length;
    bar.show(seen / of, seen);
  }
  return sum.result();
}

export async function exportAttempts(
  cli: Cli,
  options: OutOption & {
    readonly partner: string;
    readonly since: string;
    readonly until?: string;
    readonly format: 'csv' | 'jsonl';
  },
): Promise<Answer> {
  const partner = slugOf(options.partner);
  const days = periodOf(options);
  return exportBooks(cli, options, 'tentatives', async (at, bar) => {
    const of = await countPartnerAttempts(at, partner, days);
    let seen = 0;
    async function* chunks(): AsyncGenerator<string> {
      if (options.format === 'csv') yield CSV_START + csv([ATTEMPT_COLUMNS]);
      for await (const page of partnerAttempts(at, partner, days)) {
        seen += page.length;
        bar.show(seen / of, seen);
        yield options.format === 'csv'
          ? csv(page.map(attemptRow))
          : page.map((it) => `${JSON.stringify(attemptRecord(it))}\n`).join('');
      }
    }
    return {
      name: `tentatives-${partner}-${spanName(days)}.${options.format}`,
      chunks: chunks(),
      report: () => ({
        json: { partner, ...days, attempts: seen },
        text: fr`${count(seen)} ${plural(seen, 'tentative', 'tentatives')}.`,
      }),
    };
  });
}

/** `--year`, or `--since` with `--until` (today when absent). */
function periodOf({ year, since, until }: PeriodOptions): Days {
  if ((year === undefined) === (since === undefined) || (year !== undefined && until)) {
    throw misuse(fr`Il faut --year, ou --since et au besoin --until.`);
  }
  if (year !== undefined) return yearDays(year);
  const days = {
    since: dayOf(since as string, '--since'),
    until: until === undefined ? parisDay(systemClock.now()) : dayOf(until, '--until'),
  };
  if (days.since > days.until) throw misuse(fr`--since vient après --until.`);
  return days;
}

function monthDays(text: string): Days {
  if (!/^2\d{3}-(0[1-9]|1[0-2])$/.test(text)) {
    throw misuse(fr`--month : il faut un mois, comme 2026-11.`);
  }
  const since = `${text}-01` as ParisDay;
  const next = `${dayAfter(since, 31).slice(0, 7)}-01` as ParisDay;
  return { since, until: dayAfter(next, -1) };
}

function spanName({ since, until }: Days): string {
  const isYear = since.endsWith('-01-01') && until === `${since.slice(0, 4)}-12-31`;
  return isYear ? since.slice(0, 4) : `${since}_${until}`;
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function* onlyChunk(text: string): AsyncGenerator<string> {
  yield text;
}
