// How many requests one token may make: a bucket that fills by itself, in this process's memory. A program
// gone wild is slowed down; with several web processes it may make as many more, which is still bounded.

export type RequestQuota = {
  /** Takes one of the holder's requests; else in how many whole seconds there is one. */
  take(holder: number, nowMs: number): { readonly waitS: number } | null;
};

type Bucket = { left: number; at: number };

/** Holders that asked for nothing for so long are forgotten. */
const FORGOTTEN_MS = 10 * 60_000;

/** `burst` at once, and on the whole `perMinute`. */
export function requestQuota(of: {
  readonly burst: number;
  readonly perMinute: number;
}): RequestQuota {
  const buckets = new Map<number, Bucket>();
  const perMs = of.perMinute / 60_000;
  return {
    take(holder, nowMs) {
      for (const [key, { at }] of buckets) {
        if (nowMs - at < FORGOTTEN_MS) break; // oldest first
        buckets.delete(key);
      }
      const before = buckets.get(holder) ?? { left: of.burst, at: nowMs };
      const elapsed = Math.max(0, nowMs - before.at);
      const left = Math.min(of.burst, before.left + elapsed * perMs);
      buckets.delete(holder);
      buckets.set(holder, { left: left < 1 ? left : left - 1, at: nowMs });
      return left < 1 ? { waitS: Math.ceil((1 - left) / perMs / 1000) } : null;
    },
  };
}
