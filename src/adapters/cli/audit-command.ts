// `audit`: the proof that nothing on the books was changed, or the first places where something was.
// Exit code 1 when anything does not hold. The run is kept, like those of each night.

import { auditTools } from '#adapters/audit-tools.ts';
import { findingSentence } from '#adapters/audit-words.ts';
import { count, duration, plural } from '#adapters/french.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { auditBooks, FINDINGS_KEPT } from '#application/audit-books.ts';
import type { AuditRun } from '#application/audited-books.ts';
import type { FileStore } from '#application/ports.ts';
import { withFiles } from './book-files.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { fr, printable, typeset } from './layout.ts';
import { progressBar } from './progress-bar.ts';

export async function audit(cli: Cli, options: { readonly files: boolean }): Promise<Answer> {
  const { config } = cli.configure();
  return options.files
    ? withFiles(config, (files) => auditWith(cli, config, files))
    : auditWith(cli, config, null);
}

function auditWith(cli: Cli, config: CliConfig, files: FileStore | null): Promise<Answer> {
  return withBooks(config, async (db) => {
    const bar = progressBar(cli, 'documents');
    const needs = auditTools(db, { files, clock: systemClock });
    const run = await auditBooks(needs, false, (done, of) => bar.show(done / of, done));
    bar.end();
    const firstFindings = run.firstFindings.map((it) => ({ ...it, sentence: findingSentence(it) }));
    const isFailure = run.findings > 0;
    const json = { isWhole: !isFailure, ...run, firstFindings };
    return { json, text: isFailure ? findingsText(run) : wholeText(run), isFailure };
  });
}

function wholeText(run: AuditRun): string {
  const { documents, withFiles, heads } = run;
  const took = duration(run.finishedAt.getTime() - run.startedAt.getTime());
  const docs = `${count(documents)} ${plural(documents, 'document', 'documents')}`;
  const files = withFiles ? 'fichiers compris' : 'sans les fichiers';
  return [
    fr`✓ Les livres sont entiers : ${docs}, ${files}, en ${took}.`,
    ...heads.map(({ number, hash }) => fr`  ${number}  ${hash}`),
    ...(heads.length === 0 ? [] : [fr`  (dernier numéro de chaque série, avec son empreinte)`]),
  ].join('\n');
}

function findingsText({ findings, firstFindings, documents }: AuditRun): string {
  const faults = `${count(findings)} ${plural(findings, 'faute', 'fautes')}`;
  const hidden = findings - firstFindings.length;
  return [
    fr`✗ ${faults} dans ${count(documents)} documents :`,
    ...firstFindings.map((it) => `  - ${printable(typeset(findingSentence(it)))}`),
    ...(hidden > 0 ? [fr`  … et ${count(hidden)} autres (${FINDINGS_KEPT} sont montrées).`] : []),
  ].join('\n');
}
