// The log: one JSON object a line on stdout, or readable lines when a person is watching. It holds
// ids, counts and durations; never e-mail addresses, names, tokens or bodies.

import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Alerts } from '#application/ports.ts';

export type Log = Logger;

/** `readable`: coloured lines for a terminal instead of JSON. Writes to stdout. */
export function createLog(options: { readonly level: string; readonly readable: boolean }): Log {
  const settings = { level: options.level, base: null };
  if (!options.readable) return pino(settings);
  const lines = pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', sync: true });
  return pino(settings, lines);
}

/** Alerts as log lines of level error; each is one transition that a person must look at. */
export function logAlerts(log: Log): Alerts {
  return {
    raise({ kind, message, ids }) {
      log.error({ alert: kind, ...ids }, message);
    },
  };
}
