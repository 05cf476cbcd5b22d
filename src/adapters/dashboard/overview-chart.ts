// The bars of the overview as numbers for an SVG: what arrived in grey at the bottom, what waits
// above it, what needs somebody on top, in the one loud colour. The same figures stand in a table;
// the drawing is for eyes and pointers only.

import { count, plural } from '#adapters/french.ts';
import type { Bar } from '#adapters/postgres/dashboard/overview-figures.ts';
import { barAddress, barWords, type Span } from './overview-period.ts';

const SLOT = 10;
const GAP = 2;
const HEIGHT = 100;
/** One failing order among thousands must be seen. */
const LEAST_SEEN = 3;

type Part = { readonly kind: 'delivered' | 'waiting' | 'failing'; readonly count: number };

export type ChartView = ReturnType<typeof chartOf>;

export function chartOf(span: Span, bars: readonly Bar[]) {
  const most = Math.max(1, ...bars.map(ordersOf));
  return {
    isEmpty: bars.every((bar) => ordersOf(bar) === 0),
    ...{ width: bars.length * SLOT, height: HEIGHT, slot: SLOT },
    most: mostText(span, most),
    bars: bars.map((bar, index) => ({
      href: barAddress(span, bar),
      words: `${barWords(span, bar)} – ${sentenceOf(bar)}`,
      hitX: index * SLOT,
      parts: stacked(bar, most).map((part) => ({
        ...part,
        x: index * SLOT + GAP / 2,
        width: SLOT - GAP,
      })),
    })),
    ticks: ticksOf(span, bars),
    column: span === '24h' ? 'Heure' : 'Jour',
    rows: [...bars].reverse().map((bar) => ({
      name: barWords(span, bar),
      href: barAddress(span, bar),
      total: count(ordersOf(bar)),
      delivered: count(bar.delivered),
      waiting: linked(bar.waiting, barAddress(span, bar, { state: 'open' })),
      failing: linked(bar.failing, barAddress(span, bar, { state: 'attention' })),
    })),
  };
}

function mostText(span: Span, most: number): string {
  const per = span === '24h' ? 'par heure' : 'par jour';
  return `${count(most)} ${plural(most, 'commande', 'commandes')} ${per} au plus`;
}

function ordersOf({ delivered, waiting, failing }: Bar): number {
  return delivered + waiting + failing;
}

function linked(n: number, href: string) {
  return { text: count(n), href: n > 0 ? href : null };
}

function sentenceOf(bar: Bar): string {
  const all = ordersOf(bar);
  const { failing, waiting } = bar;
  const told = [
    `${count(all)} ${plural(all, 'commande', 'commandes')}`,
    ...(waiting > 0 ? [`${count(waiting)} en attente`] : []),
    ...(failing > 0 ? [`${count(failing)} à traiter`] : []),
  ];
  return told.join(', ');
}

function stacked(bar: Bar, most: number) {
  const parts: Part[] = [
    { kind: 'delivered', count: bar.delivered },
    { kind: 'waiting', count: bar.waiting },
    { kind: 'failing', count: bar.failing },
  ];
  let top = HEIGHT;
  return parts
    .filter((part) => part.count > 0)
    .map(({ kind, count: n }) => {
      const height = Math.max(LEAST_SEEN, round((n / most) * (HEIGHT - 2 * LEAST_SEEN)));
      top = round(top - height);
      return { kind, y: top, height };
    });
}

// A few names along the foot, each as wide as the bars that it stands under.
const TICK_EVERY: Readonly<Record<Span, number>> = { '24h': 6, '7d': 1, '30d': 6 };

function ticksOf(span: Span, bars: readonly Bar[]): readonly string[] {
  const every = TICK_EVERY[span];
  return bars
    .filter((_, index) => index % every === 0)
    .map((bar) => barWords(span, bar).replace(/ \d{4}$/, ''));
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
