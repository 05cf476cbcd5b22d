// How often the same thing may be told. A fault that comes a thousand times a minute is one fault: it
// is told at once, then at most once a minute with how often it was held back, and all kinds together
// stay below a limit, so that a bad night does not use up a month's quota.

const SAME_AGAIN_MS = 60_000;
const PER_MINUTE_MAX = 30;
const KINDS_MAX = 500;

/** Given the kind and the time in ms: null to hold it back, else how many were held back before. */
export type Seldom = (kind: string, nowMs: number) => number | null;

export function seldom(): Seldom {
  const kinds = new Map<string, { toldAt: number; heldBack: number }>();
  let minuteFrom = Number.NEGATIVE_INFINITY;
  let told = 0;
  return (kind, now) => {
    if (now - minuteFrom >= SAME_AGAIN_MS) {
      minuteFrom = now;
      told = 0;
    }
    const known = kinds.get(kind);
    const isTooSoon = known !== undefined && now - known.toldAt < SAME_AGAIN_MS;
    if (isTooSoon || told >= PER_MINUTE_MAX) {
      if (known) known.heldBack += 1;
      return null;
    }
    told += 1;
    if (kinds.size >= KINDS_MAX) kinds.clear();
    kinds.set(kind, { toldAt: now, heldBack: 0 });
    return known?.heldBack ?? 0;
  };
}
