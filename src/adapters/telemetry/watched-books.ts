// What the books are watched with: jobs that take their place along, transactions as steps, the wait
// for a number. A transaction that serves nobody in particular has no step.

import type { BookWatch } from '#adapters/postgres/book-watch.ts';
import type { Telemetry } from './telemetry.ts';

export function bookWatch({ trace, jobs, measures }: Telemetry): BookWatch {
  return {
    place: trace.place,
    adding: jobs.adding,
    numberWaited: measures.numberWaited,
    transaction: (work) => (trace.place() === null ? work() : trace.span('transaction', {}, work)),
  };
}
