// The log: one JSON object a line, or readable lines when a person is watching. It holds ids, counts
// and durations; never e-mail addresses, names, tokens or bodies. Programs log to stderr, because
// stdout belongs to a command's answer.

import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Alerts, Notes } from '#application/ports.ts';

export type Log = Logger;

export type LogOptions = {
  readonly level: string;
  /** Coloured lines for a terminal instead of JSON. */
  readonly readable: boolean;
  /** `stdout` when absent. */
  readonly to?: 'stdout' | 'stderr';
};

/** Each line is written before the call returns, so that a crash loses none. */
export function createLog({ level, readable, to = 'stdout' }: LogOptions): Log {
  const fd = to === 'stdout' ? 1 : 2;
  const settings = { level, base: null };
  if (!readable) return pino(settings, destination({ dest: fd, sync: true }));
  const lines = pretty({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    destination: fd,
    sync: true,
  });
  return pino(settings, lines);
}

/** Notes as log lines of level warn. */
export function logNotes(log: Log): Notes {
  return { note: (message, ids) => log.warn({ ...ids }, message) };
}

/** Alerts as log lines of level error; each is one transition that a person must look at. */
export function logAlerts(log: Log): Alerts {
  return {
    raise({ kind, message, ids }) {
      log.error({ alert: kind, ...ids }, message);
    },
  };
}
