// The one form in which every bench reports: figures with their rounds, their limits and whether they
// hold. A bench prints them for people, or as one JSON object for `bench/run.ts` and `bench/compare.ts`.
// What is on its way goes to stderr, so that stdout is nothing but the result.

/** What one measurement found. `value` is the median of `rounds`, both rounded for reading. */
export type Figure = {
  /** Stable, since two runs are compared by it: `acknowledge ÷ bare pg`. */
  readonly name: string;
  /** `×` for a ratio of two things within this run, else `/s`, `ms`, `MB`, `count`. */
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** The least when more is better, else the most; null for what is only told. */
  readonly limit: number | null;
  readonly value: number;
  readonly rounds: readonly number[];
  /** Null without a limit. */
  readonly holds: boolean | null;
};

/** What a bench file prints with `--json`. `details` is whatever helps to understand the figures. */
export type BenchReport = { readonly figures: readonly Figure[]; readonly details?: unknown };

/** A whole run as `run.ts --json` prints it and `compare.ts` reads it. */
export type BenchRun = {
  readonly machine: Readonly<Record<string, string | number | boolean>>;
  readonly benches: Readonly<Record<string, BenchReport | { readonly failed: number | null }>>;
};

/** Of at least one round. A round that measured nothing (NaN) keeps the figure from holding. */
export function figure(
  name: string,
  about: {
    readonly unit: string;
    readonly better: 'more' | 'less';
    readonly limit?: number;
    readonly rounds: readonly number[];
  },
): Figure {
  const { unit, better, limit = null } = about;
  if (about.rounds.length === 0) throw new RangeError(`no round of ${name} was measured`);
  const middle = about.rounds.some(Number.isNaN) ? Number.NaN : median(about.rounds);
  const holds = limit === null ? null : better === 'more' ? middle >= limit : middle <= limit;
  const value = rounded(middle);
  return { name, unit, better, limit, value, rounds: about.rounds.map(rounded), holds };
}

/** Prints the report: a table, or JSON alone. */
export function tellReport(report: BenchReport, options: { readonly json: boolean }): void {
  if (options.json) console.log(JSON.stringify(report));
  else console.log(figureTable(report.figures));
}

/** One line a figure: value, limit, whether it holds, and the rounds' range. */
export function figureTable(figures: readonly Figure[]): string {
  const head = ['figure', 'median', 'limit', 'holds', 'rounds from–to'];
  const lines = figures.map((it) => [
    it.name,
    `${it.value} ${it.unit}`,
    it.limit === null ? '' : `${it.better === 'more' ? '≥' : '≤'} ${it.limit}`,
    it.holds === null ? '' : it.holds ? 'yes' : 'NO',
    spread(it),
  ]);
  return columns([head, ...lines]);
}

function spread({ rounds }: Figure): string {
  if (rounds.length === 1) return 'one round';
  return `${Math.min(...rounds)}–${Math.max(...rounds)} of ${rounds.length}`;
}

/** Columns as wide as their widest cell. */
export function columns(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [at, cell] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return lines
    .map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

export type Verdict = 'better' | 'worse' | 'same' | 'new' | 'gone';

/** What is known of one round's spread: nothing, so that less than this is not told. */
const ONE_ROUND_SHARE = 0.1;

/** How a figure changed from `a` to `b`; `same` when it differs no more than its rounds do. */
export function verdictOf(a: Figure | undefined, b: Figure | undefined): Verdict {
  if (!a) return 'new';
  if (!b) return 'gone';
  const [least, most] = rangeOf(a);
  const [leastNow, mostNow] = rangeOf(b);
  if (leastNow > most) return b.better === 'more' ? 'better' : 'worse';
  if (mostNow < least) return b.better === 'more' ? 'worse' : 'better';
  return 'same';
}

/** Between which values another round may be expected. A count does not vary. */
function rangeOf({ rounds, unit }: Figure): readonly [number, number] {
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  if (rounds.length > 1 || unit === 'count') return [least, most];
  const room = Math.abs(least) * ONE_ROUND_SHARE;
  return [least - room, most + room];
}

/** Says what is under way, on stderr. */
export function note(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[half]];
  return (low + high) / 2;
}

/** The value below which that share of them lies; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three digits that count, for reading. */
export function rounded(value: number): number {
  if (Math.abs(value) >= 100) return Math.round(value);
  return Number(value.toPrecision(3));
}
