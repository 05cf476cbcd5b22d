// Where an export goes, and the days that it covers. A file is whole or not there; `--out -` is
// stdout, which then holds the export and nothing else.

import { writeToStdout, writeWhole } from '#adapters/exports/whole-file.ts';
import { inSnapshot, type Snapshot } from '#adapters/postgres/book-snapshot.ts';
import type { Days } from '#adapters/postgres/legal-documents.ts';
import type { ParisDay } from '#domain/invoice-number.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr } from './layout.ts';
import { type ProgressBar, progressBar } from './progress-bar.ts';

export type OutOption = { readonly out?: string };

export type Export = {
  /** What the file is called unless `--out` names another. */
  readonly name: string;
  readonly chunks: AsyncIterable<string | Uint8Array>;
  /** Asked once all is written. */
  readonly report: () => { readonly json: object; readonly text: string };
};

/** Writes what `prepare` makes of one snapshot of the books. A Fault thrown on the way: no file. */
export async function exportBooks(
  cli: Cli,
  { out }: OutOption,
  what: string,
  prepare: (at: Snapshot, bar: ProgressBar, config: CliConfig) => Promise<Export>,
): Promise<Answer> {
  const toStdout = out === '-';
  if (toStdout && cli.isJson) throw misuse(fr`--json et « --out - » veulent tous deux la sortie.`);
  const { config } = cli.configure();
  return withBooks(config, (db) =>
    inSnapshot(db, async (at) => {
      const bar = progressBar(cli, what);
      try {
        const { name, chunks, report } = await prepare(at, bar, config);
        const file = out ?? name;
        if (toStdout) await writeToStdout(chunks);
        else await writeWhole(file, chunks).catch((error) => unwritable(error, file));
        bar.end();
        const { json, text } = report();
        if (toStdout) {
          cli.remark(text);
          return { json: {}, text: '' };
        }
        return { json: { file, ...json }, text: fr`✓ ${file}\n${text}` };
      } finally {
        bar.end();
      }
    }),
  );
}

/** Throws a Fault that names the path for what the disk refuses; anything else as it is. */
export function unwritable(error: unknown, path: string): never {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const ofDisk = /^(open|write|rename|fsync|mkdir|copyfile)$/.test(syscall ?? '');
  if (!ofDisk) throw error;
  throw new Fault(fr`${path} ne s’écrit pas (${code}).`, 1, { cause: error });
}

export function yearDays(year: number): Days {
  return { since: `${year}-01-01` as ParisDay, until: `${year}-12-31` as ParisDay };
}

/** A civil day as typed, or misuse of the option. */
export function dayOf(text: string, option: string): ParisDay {
  const at = new Date(`${text}T00:00:00Z`);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at.getTime());
  if (isDay && at.toISOString().startsWith(text)) return text as ParisDay;
  throw misuse(fr`${option} : il faut un jour, comme 2026-11-20.`);
}

export function dayAfter(day: ParisDay, days: number): ParisDay {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10) as ParisDay;
}
