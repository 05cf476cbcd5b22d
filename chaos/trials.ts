// Every trial by its name: what it runs with, how its report reads, and what counts as a fault. All
// of them judge the books with the same checker.

import { join } from 'node:path';
import { burst } from './burst.ts';
import type { Verdict } from './checker.ts';
import { databaseTrouble, type Trouble } from './database-trouble.ts';
import { poisonedPdf } from './poisoned-pdf.ts';
import { rollingRestart } from './rolling-restart.ts';
import { statementBoundaries } from './statement-boundaries.ts';
import { storm } from './storm.ts';
import { stormTable } from './table.ts';

export type Trial = 'storm' | 'statements' | 'rolling' | 'burst' | 'read-only' | 'full' | 'poison';

export type Given = {
  readonly folder: string;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly number: (
    name: 'orders' | 'kills' | 'webs' | 'workers' | 'partners' | 'pace' | 'burst',
  ) => number;
};

export type Outcome = {
  readonly report: unknown;
  readonly text: string;
  /** One sentence each; none when the trial was passed. */
  readonly faults: readonly string[];
};

export const TRIALS: Readonly<Record<Trial, (given: Given) => Promise<Outcome>>> = {
  async storm({ number, ...given }) {
    const report = await storm({
      ...given,
      orders: number('orders'),
      kills: number('kills'),
      webs: number('webs'),
      workers: number('workers'),
      partners: number('partners'),
      pace: number('pace'),
      partnerFaultsMax: 2,
      mailFaultRate: 0.01,
    });
    const faults = [...faultsOf(report.verdict), ...report.late.map((it) => `late: ${it}`)];
    return { report, text: stormTable(report), faults };
  },

  async statements({ folder, ...given }) {
    const reports = [];
    for (const mode of ['cut', 'kill'] as const) {
      given.say(mode === 'cut' ? 'cutting connections' : 'killing workers');
      reports.push(await statementBoundaries({ ...given, folder: join(folder, mode), mode }));
    }
    const lines = reports.map(
      ({ mode, broken, statements, durationMs }) =>
        `${mode}: broken at ${broken} boundaries of ${statements.length} statements, ` +
        `${Math.round(durationMs / 1000)} s`,
    );
    const faults = reports.flatMap(({ verdict }) => faultsOf(verdict));
    return { report: reports, text: lines.join('\n'), faults };
  },

  async rolling(given) {
    const report = await rollingRestart({ ...given, rounds: 3, pace: 60 });
    const ends = report.ends.map(({ name, code, ms }) => `${name} ended with ${code} in ${ms} ms`);
    const text = `${report.requests} requests, p99 ${report.p99Ms} ms; ${ends.join(', ')}`;
    const bad = report.ends.filter(({ code }) => code !== 0).map(({ name }) => `${name} failed`);
    const faults = [...faultsOf(report.verdict), ...bad, ...report.failed];
    return { report, text, faults };
  },

  async burst({ number, ...given }) {
    const sizes = { webs: number('webs'), workers: number('workers') };
    const report = await burst({ ...given, ...sizes, webhooks: number('burst') });
    const text =
      `${report.webhooks} webhooks, all accepted after ${report.acceptedInMs} ms ` +
      `at 64 connections ` +
      `(p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, ${report.refused} sent again), ` +
      `worked off after ${report.drainedInS} s`;
    return { report, text, faults: faultsOf(report.verdict) };
  },

  'read-only': (given) => trouble(given, 'read-only'),
  full: (given) => trouble(given, 'full'),

  async poison(given) {
    const report = await poisonedPdf({ ...given, others: 20, poisoned: 3 });
    const text =
      `others: median ${report.medianMs} ms beside ${report.poisoned} poisoned PDFs, ` +
      `worst ${report.worstMs} ms (without: ${report.withoutMs} ms); these ${JSON.stringify(report.states)}`;
    return { report, text, faults: report.faults };
  },
};

async function trouble(given: Given, which: Trouble): Promise<Outcome> {
  const report = await databaseTrouble({ ...given, trouble: which, lastsMs: 5_000 });
  if (report === null) {
    return { report, text: `SKIPPED: "${which}" needs root and the right to mount`, faults: [] };
  }
  const answers = Object.entries(report.during).map(([status, count]) => `${count} × ${status}`);
  const text =
    `${which}: answers meanwhile ${answers.join(', ')}; all accepted ${report.acceptedAfterMs} ms ` +
    `and all done ${report.healedAfterMs} ms after its end`;
  const odd = Object.keys(report.during).filter((status) => status !== '503' && status !== 'null');
  const faults = odd.filter((status) => which === 'read-only' || status !== '200');
  return { report, text, faults: [...faultsOf(report.verdict), ...faults.map((it) => `${it}!`)] };
}

function faultsOf({ violations }: Verdict): readonly string[] {
  return violations.map(({ rule, what }) => `${rule}: ${what}`);
}
