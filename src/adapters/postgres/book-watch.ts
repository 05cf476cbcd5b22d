// What telemetry wants of the books: that jobs and rows remember which step of which trace made them,
// so that the one that takes them up goes on from there; and how long the counter of numbers was
// somebody else's.

import type { TracedAt } from '#application/ports.ts';

/** Called within transactions; never throws by itself. */
export type BookWatch = {
  /** The step under way as a `traceparent`; null when nothing is traced. */
  place(): string | null;
  /** Adds a job as a step of its own, whose place the job takes along. */
  adding<T>(task: string, add: (place: string | null) => Promise<T>): Promise<T>;
  numberWaited(durationMs: number): void;
  /** Runs a transaction as a step of the one under way, if there is one. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
};

export const UNWATCHED: BookWatch = {
  place: () => null,
  adding: (_task, add) => add(null),
  numberWaited() {},
  transaction: (work) => work(),
};

/** What a row remembers. */
export function tracedAt(place: string | null, at: Date): TracedAt | null {
  return place === null ? null : { place, at };
}
