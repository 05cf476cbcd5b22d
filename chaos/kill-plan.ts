// What is killed, when, and for how long it stays dead: decided before the run begins, from the seed
// alone, and tied to the number of purchases made, so that a slower machine plays the same story.

import type { Chance } from './chance.ts';

/** `…-stop` is SIGTERM, as a deployment does it; everything else is SIGKILL. */
export const KILL_KINDS = [
  'worker',
  'web',
  'chromium',
  'postgres',
  'worker-stop',
  'web-stop',
] as const;
export type KillKind = (typeof KILL_KINDS)[number];

export type PlannedKill = {
  readonly number: number;
  readonly kind: KillKind;
  /** It comes when so many purchases were made … */
  readonly afterOrders: number;
  /** … and so many ms later. */
  readonly delayMs: number;
  /** Which of several: a share of their number. */
  readonly victim: number;
  /** Waits a little until the victim holds work, so that something is really cut short. */
  readonly whenBusy: boolean;
  /** How long until it is started again, in ms. */
  readonly downMs: number;
};

const WEIGHTS: Readonly<Record<KillKind, number>> = {
  worker: 8,
  chromium: 4,
  postgres: 3,
  web: 3,
  'worker-stop': 3,
  'web-stop': 2,
};

/** In the order of time, spread evenly over the run; every kind at least once if there is room. */
export function planKills(
  chance: Chance,
  run: { readonly orders: number; readonly kills: number; readonly kinds?: readonly KillKind[] },
): readonly PlannedKill[] {
  const { orders, kills, kinds = KILL_KINDS } = run;
  const lots = kinds.flatMap((kind) => Array<KillKind>(WEIGHTS[kind]).fill(kind));
  const drawn = Array.from({ length: kills }, (_, index) => kinds[index] ?? chance.pick(lots));
  return shuffledBy(chance, drawn).map((kind, index) => ({
    number: index + 1,
    kind,
    afterOrders: Math.max(1, Math.floor(((index + 1) * orders) / (kills + 1))),
    delayMs: chance.whole(0, 400),
    victim: chance.between(0, 1),
    whenBusy: chance.happens(0.7),
    downMs: chance.whole(100, 2_000),
  }));
}

function shuffledBy<T>(chance: Chance, items: readonly T[]): readonly T[] {
  const left = [...items];
  return items.map(() => left.splice(chance.whole(0, left.length - 1), 1)[0] as T);
}
