// `archive export|verify`: a year as it must be kept for ten, and the check of such an archive, which
// needs no database and no configuration.

import { readFile } from 'node:fs/promises';
import { archiveKey, publicKeyOf } from '#adapters/archive/archive-key.ts';
import { archiveSink } from '#adapters/archive/archive-sink.ts';
import {
  type ArchiveCheck,
  type ArchiveFault,
  verifyArchive,
} from '#adapters/archive/verify-archive.ts';
import {
  type ArchiveReport,
  UnfaithfulFile,
  writeArchive,
} from '#adapters/archive/write-archive.ts';
import { count, plural } from '#adapters/french.ts';
import { inSnapshot, type Snapshot } from '#adapters/postgres/book-snapshot.ts';
import { chainStart, countIssued, issuedDocuments } from '#adapters/postgres/legal-documents.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { FileStore } from '#application/ports.ts';
import { withFiles } from './book-files.ts';
import { oldSecretsKeysOf, secretsKeyOf, withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { unwritable, yearDays } from './export-output.ts';
import { Fault, misuse } from './faults.ts';
import { facts, fr } from './layout.ts';
import { progressBar } from './progress-bar.ts';

export async function archiveExport(
  cli: Cli,
  asked: { readonly year: number; readonly to: string },
): Promise<Answer> {
  const { config } = cli.configure();
  return withFiles(config, (files) =>
    withBooks(config, (db) => inSnapshot(db, (at) => exportYear(cli, config, asked, files, at))),
  );
}

async function exportYear(
  cli: Cli,
  config: CliConfig,
  { year, to }: { readonly year: number; readonly to: string },
  files: FileStore,
  at: Snapshot,
): Promise<Answer> {
  const { facturXmlIn } = await import('#adapters/pdf/embedded-factur-x.ts');
  const key = archiveKey(await secretsKeyOf(config));
  const madeAt = systemClock.now();
  const days = yearDays(year);
  const of = await countIssued(at, days);
  if (of === 0) throw new Fault(fr`Aucun document n’a été émis en ${year}.`);
  const sink = await archiveSink(to, `${config.seller.siren}-${year}`, madeAt).catch(taken);
  const bar = progressBar(cli, 'documents');
  try {
    const report = await writeArchive(sink, {
      ...{ year, madeAt, key, files, seller: config.seller },
      documents: issuedDocuments(at, days),
      chainStart: await chainStart(at, days),
      // Files from before there was Factur-X have none inside.
      xmlIn: (pdf) => facturXmlIn(pdf).catch(() => null),
      onArchived: (done) => bar.show(done / of, done),
    });
    await sink.finish();
    bar.end();
    const json = { to, year, fingerprint: key.fingerprint, ...report };
    return { json, text: reportText(to, key.fingerprint, report) };
  } catch (error) {
    await sink.abandon();
    if (error instanceof UnfaithfulFile) throw unfaithful(error);
    return unwritable(error, to);
  } finally {
    bar.end();
  }
}

function taken(cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'EEXIST') throw cause;
  throw new Fault(fr`--to existe déjà : une archive n’en remplace pas une autre.`, 2, { cause });
}

function unfaithful(error: UnfaithfulFile): Fault {
  return new Fault(
    fr`Le PDF de ${error.number} manque ou n’est plus celui qui est enregistré : ` +
      fr`lancez « comptappart audit ». Aucune archive n’a été faite.`,
    1,
    { cause: error },
  );
}

function reportText(to: string, fingerprint: string, report: ArchiveReport): string {
  const { documents, pdfs, xmls, test, unprinted } = report;
  return [
    fr`✓ ${to} : ${count(documents)} ${plural(documents, 'document', 'documents')}, ` +
      fr`${count(pdfs)} PDF, ${count(xmls)} XML, signés.`,
    ...(unprinted.length > 0 ? [fr`! Sans PDF encore : ${unprinted.join(', ')}.`] : []),
    ...(test > 0 ? [fr`! Dont ${count(test)} de test.`] : []),
    fr`Notez l’empreinte de la clé : ${fingerprint}`,
  ].join('\n');
}

export async function archiveVerify(
  cli: Cli,
  path: string,
  options: { readonly publicKey?: string },
): Promise<Answer> {
  const expected = await expectedFingerprints(cli, options.publicKey);
  const bar = progressBar(cli, 'fichiers');
  const check = await verifyArchive(path, expected, (files) => bar.show(0, files)).catch(
    unreadable,
  );
  bar.end();
  const isFailure = check.faults.length > 0;
  const isKeyKnown = expected === null ? null : expected.includes(check.fingerprint ?? '');
  const json = { isWhole: !isFailure, isKeyKnown, ...check };
  return { json, text: checkText(check, isKeyKnown), isFailure };
}

function unreadable(cause: unknown): never {
  const { code, message } = cause as NodeJS.ErrnoException;
  throw new Fault(fr`Cette archive ne se lit pas (${code ?? message}).`, 1, { cause });
}

/** Of the key given, else of our own, former ones included; null when there is nothing to compare. */
async function expectedFingerprints(
  cli: Cli,
  file: string | undefined,
): Promise<readonly string[] | null> {
  if (file !== undefined) {
    const key = publicKeyOf(await readFile(file, 'utf8').catch(() => ''));
    if (key === null) throw misuse(fr`--public-key : ${file} n’est pas une clé publique Ed25519.`);
    return [key.fingerprint];
  }
  try {
    const { config } = cli.configure();
    if (config.secretsKey === null) return null;
    const keys = [await secretsKeyOf(config), ...oldSecretsKeysOf(config)];
    return keys.map((key) => archiveKey(key).fingerprint);
  } catch {
    return null; // an archive is checked on any machine, configured or not
  }
}

function checkText(
  { seal, fingerprint, documents, files, faults }: ArchiveCheck,
  isKeyKnown: boolean | null,
): string {
  const known = {
    true: 'celle d’ici',
    false: 'une autre que prévu',
    null: 'à comparer à celle notée',
  };
  const sheet = facts(
    [
      ['Vendeur', seal && `${seal.seller}, SIREN ${seal.siren}`],
      ['Année', seal?.year ?? null],
      ['Faite le', seal?.made ?? null],
      ['Documents', `${count(documents)} (${count(files)} fichiers)`],
      ...(seal?.last ?? []).map((it) => ['Dernier', `${it.number} ${it.hash}`] as const),
      ['Clé', fingerprint && `${fingerprint} (${known[`${isKeyKnown}`]})`],
    ],
    '  ',
  );
  const verdict =
    faults.length === 0
      ? fr`✓ L’archive est entière et sa signature est juste.`
      : [fr`✗ L’archive n’est pas celle qui a été signée :`, ...faults.map(faultLine)].join('\n');
  return `${verdict}\n${sheet}`;
}

const FAULT_WORDS: Readonly<Record<ArchiveFault['kind'], string>> = {
  'file-changed': 'a changé',
  'file-missing': 'manque',
  'file-unknown': 'est en trop',
  'chain-broken': 'n’est plus au bout de la chaîne d’empreintes',
  gap: 'ne suit pas le numéro d’avant',
  unreadable: 'ne se lit pas',
  'seal-broken': 'SEAL.txt ne correspond pas à SHA256SUMS',
  'signature-wrong': 'la signature de SEAL.txt est fausse',
  'key-wrong': 'la clé n’est pas celle attendue',
  'count-wrong': 'le nombre de documents n’est pas celui du sceau',
};

function faultLine(fault: ArchiveFault): string {
  const words = FAULT_WORDS[fault.kind];
  return 'name' in fault ? `  - ${fault.name} ${words}.` : `  - ${words}.`;
}
