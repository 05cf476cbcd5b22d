// A storm's figures as a table for people.

import { KILL_KINDS } from './kill-plan.ts';
import type { DoneKill } from './kills.ts';
import type { StormReport } from './storm.ts';

/** Several lines, without one at the end. */
export function stormTable(report: StormReport): string {
  const { verdict, kills } = report;
  const rows = KILL_KINDS.map((kind) =>
    killRow(
      kind,
      kills.filter((it) => it.kind === kind),
    ),
  );
  const count = (rule: string) => verdict.violations.filter((it) => it.rule === rule).length;
  const lost = ['lost-event', 'lost-order', 'lost-delivery'].reduce((n, it) => n + count(it), 0);
  const facts: readonly (readonly [string, string | number])[] = [
    ['seed', report.seed],
    ['orders', report.orders],
    ['invoices', report.invoices],
    ['webhooks sent / events', `${report.webhooks.sent} / ${report.webhooks.events}`],
    ['calls received', `${report.calls} (${extras(verdict.extraCalls)})`],
    ['mails received', `${report.mails} (${extras(verdict.extraMails)})`],
    ['lost', lost],
    ['gaps', count('gap') + count('chain') + count('dates')],
    ['duplicates unexplained', count('duplicate')],
    ['left undone', count('undone')],
    ['other violations', verdict.violations.length - lost - countAll(verdict.violations)],
    ['late recoveries or ends', report.late.length],
    ['husks of jobs', report.husks],
    ['duration', `${report.durationS} s`],
  ];
  return [
    ...columns([HEAD, ...rows, killRow('all', kills)]),
    '',
    ...facts.map(([name, value]) => `${name.padEnd(24)} ${value}`),
  ].join('\n');
}

const HEAD = ['killed', 'times', 'held', 'recovery median', 'max', 'progress max', 'end max'];
const COUNTED = ['gap', 'chain', 'dates', 'duplicate', 'undone'];

function countAll(violations: StormReport['verdict']['violations']): number {
  return violations.filter(({ rule }) => COUNTED.includes(rule)).length;
}

function killRow(name: string, kills: readonly DoneKill[]): readonly string[] {
  const recoveries = kills.map(({ recoveryMs }) => recoveryMs ?? Number.POSITIVE_INFINITY);
  const progress = kills.map(({ progressMs }) => progressMs ?? 0);
  const ends = kills.flatMap(({ end }) => (end ? [end.ms] : []));
  const held = kills.reduce((sum, it) => sum + it.held, 0);
  return [
    name,
    `${kills.length}`,
    `${held}`,
    seconds(median(recoveries)),
    seconds(Math.max(...recoveries)),
    seconds(Math.max(...progress)),
    seconds(Math.max(...ends)),
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

function seconds(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'never';
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : '–';
}

function extras(extra: StormReport['verdict']['extraCalls']): string {
  if (extra.length === 0) return 'none twice';
  const by = [...Map.groupBy(extra, ({ outcome }) => outcome)];
  const words = by.map(([outcome, of]) => `${of.length} ${outcome}`).join(', ');
  return `${extra.length} again, each after an attempt marked: ${words}`;
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(widths[at] ?? 0))).join('  '),
  );
}
