// Who hears of what goes wrong on our side: the log always, Sentry and the metrics where they are.

import type { Alerts } from '#application/ports.ts';
import type { Log } from './logging.ts';
import type { SentryReports } from './sentry/sentry-reports.ts';

/** Each alert to each of them. */
export function alertsToAll(listeners: readonly Alerts[]): Alerts {
  return {
    raise(alert) {
      for (const listener of listeners) listener.raise(alert);
    },
  };
}

/** A log for the work named `where`, whose errors are faults that nobody expected. */
export function toldLog(
  log: Log,
  sentry: SentryReports | undefined,
  where: string,
): { error(fields: { readonly err?: unknown }, message: string): void } {
  return {
    error(fields, message) {
      log.error(fields, message);
      if (fields.err !== undefined) sentry?.fault(fields.err, where);
    },
  };
}
