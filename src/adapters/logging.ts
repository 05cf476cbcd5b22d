// The log: one JSON object a line, or readable lines when a person is watching. It holds ids, counts
// and durations; never e-mail addresses, names, tokens or bodies. Programs log to stderr, because
// stdout belongs to a command's answer.

import { destination, type Logger, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Alerts, Notes } from '#application/ports.ts';
import { scrubMessage, scrubText } from './scrub-text.ts';

export type Log = Logger;

export type LogOptions = {
  readonly level: string;
  /** Coloured lines for a terminal instead of JSON. */
  readonly readable: boolean;
  /** `stdout` when absent. */
  readonly to?: 'stdout' | 'stderr';
  /** Fields for each line: the ids of the trace it belongs to. */
  readonly fields?: () => object;
};

/** Each line is written before the call returns, so that a crash loses none. */
export function createLog({ level, readable, to = 'stdout', fields }: LogOptions): Log {
  const fd = to === 'stdout' ? 1 : 2;
  const settings: LoggerOptions = {
    level,
    base: null,
    ...(fields && { mixin: fields }),
    serializers: { err: errorFields },
    // The last thing before the line is written, whoever wrote it.
    hooks: { streamWrite: scrubText },
  };
  if (!readable) return pino(settings, destination({ dest: fd, sync: true }));
  const lines = pretty({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    destination: fd,
    sync: true,
  });
  return pino(settings, lines);
}

const CAUSES_MAX = 4;

/**
 * What a log may know of an error: its class, its code, its message, where. Not what else hangs on
 * it: Postgres adds the row's values, Stripe its whole answer.
 */
export function errorFields(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: scrubMessage(name, message),
    stack: scrubMessage(name, stack ?? ''),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: errorFields(cause, depth + 1) }),
  };
}

/** Notes as log lines of level warn. */
export function logNotes(log: Log): Notes {
  return { note: (message, ids) => log.warn({ ...ids }, message) };
}

/** Alerts as log lines of level error; each is one transition that a person must look at. */
export function logAlerts(log: Log): Alerts {
  return {
    raise({ kind, message, ids, detail }) {
      log.error({ alert: kind, ...ids, ...(detail && { detail }) }, message);
    },
  };
}
