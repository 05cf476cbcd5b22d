// What the program tells those who watch it, and what it does when nobody does. This file knows no
// OpenTelemetry: with telemetry off nothing of that is loaded, and every call here does nothing.

import type { Measures, Trace, TracedAt } from '#application/ports.ts';
import { unmeasured, untraced } from '#application/unwatched.ts';

/** Kinds of work that wait in our tables. */
export const QUEUES = ['resolve', 'print', 'email', 'webhook'] as const;
export type QueueKind = (typeof QUEUES)[number];

/** What waits at one instant; `oldestMs` is 0 when nothing is due. */
export type QueueFigures = {
  readonly [K in QueueKind]: { readonly due: number; readonly oldestMs: number };
} & { readonly quarantined: { readonly payments: number; readonly notifications: number } };

export type StartedJob = {
  readonly task: string;
  readonly id: string;
  readonly attempt: number;
  /** Comes round by the clock and looks at everything: its parts are no part of a trace. */
  readonly isRound: boolean;
  /** The step that added it. */
  readonly from: TracedAt | null;
};

/** A job's two ends. */
export type JobTrace = {
  /** Adds the job as a step of its own, whose place the job takes along (null: nothing is traced). */
  adding<T>(task: string, add: (place: string | null) => Promise<T>): Promise<T>;
  /** Works the job as a step that belongs to the one that added it. */
  working<T>(job: StartedJob, work: () => Promise<T>): Promise<T>;
};

export type ProgramMeasures = Measures & {
  /** A webhook was answered. */
  answered(statusCode: number, durationMs: number): void;
  printed(outcome: 'printed' | 'failed', durationMs: number): void;
  /** The counter of invoice numbers was free after so long. */
  numberWaited(durationMs: number): void;
  /** Something now needs a person. */
  alerted(kind: string): void;
  /** Locks of life that were gone while their work was not. */
  holdersLost(count: number): void;
  /** Asks at each export what waits; returns what ends that. */
  watchQueues(look: () => Promise<QueueFigures>): () => void;
};

export type Telemetry = {
  readonly trace: Trace;
  readonly jobs: JobTrace;
  readonly measures: ProgramMeasures;
  /** `trace_id` and `span_id` of the step under way; empty without one. */
  readonly logFields: () => {
    readonly trace_id?: string;
    readonly span_id?: string;
  };
  /** What goes wrong with telemetry itself, at most once a minute. */
  hear(listener: (message: string) => void): void;
  /** Sends what is left, two seconds at most. Never throws. */
  close(): Promise<void>;
};

export const noTelemetry: Telemetry = {
  trace: untraced,
  jobs: { adding: (_task, add) => add(null), working: (_job, work) => work() },
  measures: {
    ...unmeasured,
    answered() {},
    printed() {},
    numberWaited() {},
    alerted() {},
    holdersLost() {},
    watchQueues: () => () => {},
  },
  logFields: () => ({}),
  hear() {},
  close: async () => {},
};
