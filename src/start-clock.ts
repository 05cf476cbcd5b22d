// How long a start took, by part. What is slow differs from machine to machine and from the first start
// to the tenth, so the program can say it itself: LOG_LEVEL=debug. `bench/start.ts` reads that line.

export type StartClock = {
  /** That part of the start is over. */
  passed(part: StartPart): void;
  /** ms from the beginning of the process to the end of each part so far. */
  readonly passedMs: { readonly [P in StartPart]?: number };
};

export type StartPart =
  /** Node has started, and what opens the database is loaded. */
  | 'loaded'
  | 'listening'
  /** A server of our own is up, or there is nothing to open. */
  | 'database'
  | 'migrated'
  | 'composed'
  | 'chromium'
  /** Requests are served. */
  | 'serving'
  | 'working';

export function startClock(): StartClock {
  const passedMs: { [P in StartPart]?: number } = {};
  return {
    passedMs,
    passed(part) {
      passedMs[part] = Math.round(performance.now());
    },
  };
}
