// `export fec`: the accounting entries of one financial year, as the tax office wants them. What could
// make the file wrong is looked for before the first line is written: a rate that is missing, test
// documents, another seller's name.

import { readFile } from 'node:fs/promises';
import anyAscii from 'any-ascii';
import {
  type FecEncoding,
  fecBytes,
  fecHead,
  fecLines,
  fecName,
} from '#adapters/exports/fec-file.ts';
import { count, euros, plural, shortDate } from '#adapters/french.ts';
import type { Snapshot } from '#adapters/postgres/book-snapshot.ts';
import {
  type Days,
  type Movement,
  movements,
  type Survey,
  survey,
} from '#adapters/postgres/legal-documents.ts';
import { type AccountPlan, DEFAULT_PLAN, parsePlan } from '#domain/account-plan.ts';
import { EURO, type ExchangeRates, parseRates } from '#domain/exchange-rates.ts';
import { type Entry, type MissingRate, moneyEntry, saleEntry } from '#domain/ledger.ts';
import { cents } from '#domain/money.ts';
import type { Answer, Cli } from './cli.ts';
import { dayAfter, dayOf, exportBooks, type OutOption, yearDays } from './export-output.ts';
import { Fault, misuse } from './faults.ts';
import { fr } from './layout.ts';
import type { ProgressBar } from './progress-bar.ts';

export type FecOptions = OutOption & {
  readonly year?: number;
  readonly closing?: string;
  readonly accounts?: string;
  readonly rates?: string;
  readonly encoding: FecEncoding;
  readonly includeTest?: boolean;
};

export async function exportFec(cli: Cli, options: FecOptions): Promise<Answer> {
  const days = financialYear(options);
  const plan = await planOf(options.accounts);
  const rates = await ratesOf(options.rates);
  return exportBooks(cli, options, 'mouvements', async (at, bar, { seller }) => {
    const found = await survey(at, days);
    refuseTest(found, options.includeTest ?? false);
    refuseMissing(found, rates);
    const tally = { entries: 0, lines: 0, debit: 0, empty: 0, test: 0 };
    const isTest = found.test > 0 && options.includeTest === true;
    const given = { days, plan, rates, isTest, siren: seller.siren, of: found.movements };
    return {
      name: fecName(seller.siren, days.until, isTest),
      chunks: encoded(fecChunks(at, given, tally, bar), options.encoding),
      report: () => ({ json: { ...days, ...tally }, text: tallyText(tally, days) }),
    };
  });
}

type Tally = { entries: number; lines: number; debit: number; empty: number; test: number };
type Given = {
  readonly days: Days;
  readonly plan: AccountPlan;
  readonly rates: ExchangeRates;
  readonly isTest: boolean;
  readonly siren: string;
  readonly of: number;
};

async function* fecChunks(
  at: Snapshot,
  given: Given,
  tally: Tally,
  bar: ProgressBar,
): AsyncGenerator<string> {
  yield fecHead();
  let seen = 0;
  for await (const page of movements(at, given.days)) {
    let text = '';
    for (const movement of page) {
      const entry = entryOf(movement, given, tally);
      if (entry === null) continue;
      tally.entries += 1;
      tally.lines += entry.lines.length;
      tally.debit += entry.lines.reduce((sum, line) => sum + line.debit, 0);
      text += fecLines(entry, tally.entries, movement.document.test ? 'TEST ' : '');
    }
    seen += page.length;
    bar.show(seen / given.of, seen);
    yield text;
  }
}

function entryOf({ what, document }: Movement, given: Given, tally: Tally): Entry | null {
  if (document.test && !given.isTest) {
    tally.test += 1;
    return null;
  }
  if (document.seller.siren !== given.siren) {
    const whose = `${document.seller.siren}, SELLER_FILE au ${given.siren}`;
    throw new Fault(fr`${document.number} est au SIREN ${whose} : un FEC n’a qu’un seul vendeur.`);
  }
  const make = what === 'sale' ? saleEntry : moneyEntry;
  const entry = make(document, given.plan, given.rates);
  if (entry !== null && 'missing' in entry) throw missingRates([entry.missing]);
  if (entry === null && what === 'sale') tally.empty += 1;
  return entry;
}

async function* encoded(
  chunks: AsyncIterable<string>,
  encoding: FecEncoding,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield fecBytes(chunk, encoding, anyAscii);
}

function financialYear({ year, closing }: FecOptions): Days {
  if ((year === undefined) === (closing === undefined)) {
    throw misuse(fr`Il faut --year, ou --closing pour un exercice décalé.`);
  }
  if (closing === undefined) return yearDays(year as number);
  const until = dayOf(closing, '--closing');
  const next = dayAfter(until, 1);
  return { since: `${Number(next.slice(0, 4)) - 1}${next.slice(4)}` as Days['since'], until };
}

async function planOf(path: string | undefined): Promise<AccountPlan> {
  if (path === undefined) return DEFAULT_PLAN;
  let data: unknown;
  try {
    data = JSON.parse(await textOf(path, '--accounts'));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw misuse(fr`--accounts : ${path} n’est pas du JSON.`);
  }
  const plan = parsePlan(data);
  if ('faultyPath' in plan) throw misuse(fr`--accounts : « ${plan.faultyPath} » ne convient pas.`);
  return plan;
}

async function ratesOf(path: string | undefined): Promise<ExchangeRates> {
  const rates = parseRates(path === undefined ? '' : await textOf(path, '--rates'));
  if (!('faultyLine' in rates)) return rates;
  const wanted = '« USD;2026-11-20;1,0843 »';
  throw misuse(fr`--rates : la ligne ${rates.faultyLine} n’est pas de la forme ${wanted}.`);
}

async function textOf(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault(fr`${option} : ${path} ne se lit pas (${code}).`, 2, { cause });
  }
}

function refuseTest({ live, test }: Survey, includeTest: boolean): void {
  if (live > 0 || test === 0 || includeTest) return;
  throw new Fault(
    fr`Tout est de test dans cet exercice : un FEC ne contient que de vraies ventes. ` +
      fr`Pour un essai : --include-test, et le fichier le dira.`,
  );
}

function refuseMissing({ foreign }: Survey, rates: ExchangeRates): void {
  const missing = foreign.filter(({ currency, day }) => rates.on(currency, day) === null);
  if (missing.length > 0) throw missingRates(missing);
}

const NAMED_MAX = 20;

function missingRates(missing: readonly MissingRate['missing'][]): Fault {
  const named = missing.slice(0, NAMED_MAX).map(({ currency, day }) => `${currency} ${day}`);
  const more = missing.length > NAMED_MAX ? `, et ${missing.length - NAMED_MAX} autres` : '';
  return new Fault(
    fr`Il manque des cours de change : ${named.join(', ')}${more}. ` +
      fr`Donnez-les par --rates, en lignes « USD;2026-11-20;1,0843 » (unités pour un euro).`,
  );
}

function tallyText({ entries, lines, debit, empty, test }: Tally, { since, until }: Days): string {
  const total = euros(cents(debit), EURO);
  const documents = (n: number) => `${count(n)} ${plural(n, 'document', 'documents')}`;
  return [
    fr`Du ${shortDate(since)} au ${shortDate(until)} : ${count(entries)} écritures, ` +
      fr`${count(lines)} lignes, débit = crédit = ${total}.`,
    ...(empty > 0 ? [fr`Sans écriture, à 0,00 € : ${documents(empty)}.`] : []),
    ...(test > 0 ? [fr`De test, laissés de côté : ${count(test)} mouvements.`] : []),
    fr`Les frais de Stripe et ses virements à la banque n’y sont pas : ils viennent de Stripe.`,
  ].join('\n');
}
