// Alerts and faults to Sentry, which is used for errors alone: it makes no spans, patches nothing,
// collects nothing. An event carries ids, our own words and the place in our code; what the SDK adds
// of itself is taken off again. It shares the trace's id with our spans. A Sentry that is away costs
// nothing: events wait in a small buffer, and the end waits two seconds for it.

import {
  defaultStackParser,
  type ErrorEvent,
  type Event,
  getSentryRelease,
  linkedErrorsIntegration,
  makeNodeTransport,
  NodeClient,
  Scope,
} from '@sentry/node';
import { scrubMessage, scrubText } from '#adapters/scrub-text.ts';
import type { Alerts } from '#application/ports.ts';
import { seldom } from './seldom.ts';

export type SentryOptions = {
  readonly dsn: string;
  /** `staging`, `production`, … */
  readonly environment: string;
  /** The ids of the step under way; empty without one. */
  readonly traceIds: () => { readonly trace_id?: string; readonly span_id?: string };
};

/** The books' word on whom an alert is about. */
export type SubjectOf = (
  ids: Readonly<Record<string, string | number>>,
) => Promise<{ readonly paymentKey?: string; readonly orderId?: number }>;

export type SentryReports = {
  /** Each alert is an event, grouped by its kind. */
  alerts(subjectOf: SubjectOf): Alerts;
  /** An error that nobody expected; the same one at most once a minute. `where` names the work. */
  fault(error: unknown, where: string): void;
  /** Sends what is left, two seconds at most. Never throws. */
  close(): Promise<void>;
};

const CLOSE_MS = 2_000;
/** The books may be what is broken: an alert does not wait for them. */
const SUBJECT_MS = 1_000;

const TAGS: Readonly<Record<string, string>> = {
  paymentKey: 'payment_key',
  orderId: 'order_id',
  number: 'invoice_number',
  notificationId: 'notification_id',
  eventId: 'event_id',
  reason: 'reason',
  channel: 'channel',
  outcome: 'outcome',
};

/** Throws when the DSN is none. Nothing is sent before the first report. */
export function sentryReports({ dsn, environment, traceIds }: SentryOptions): SentryReports {
  const release = getSentryRelease();
  const client = new NodeClient({
    dsn,
    environment,
    ...(release !== undefined && { release }),
    integrations: [linkedErrorsIntegration()],
    transport: makeNodeTransport,
    stackParser: defaultStackParser,
    sendClientReports: false,
    includeServerName: false,
    enableRuntimeChannelInjection: false,
    beforeSend: shown,
  });
  if (!client.getDsn()) throw new Error('SENTRY_DSN is not a DSN of Sentry');
  client.init();
  const mayTell = seldom();
  const underWay = new Set<Promise<void>>();

  function capture(event: Event): void {
    client.captureEvent(event, {}, new Scope());
  }

  return {
    alerts: (subjectOf) => ({
      raise({ kind, message, ids }) {
        // Now, for the step will be over when the books have answered.
        const trace = traceContext(traceIds());
        const told = within(SUBJECT_MS, subjectOf(ids)).then((subject) => {
          capture({
            message,
            level: 'error',
            fingerprint: ['comptappart.alert', kind],
            tags: { alert: kind, ...tagsOf({ ...ids, ...subject }) },
            ...trace,
          });
          underWay.delete(told);
        });
        underWay.add(told);
      },
    }),
    fault(error, where) {
      const { name, message } = error as Partial<Error>;
      const kind = `${where} ${name} ${message?.replace(/\d+/g, '0')}`;
      const heldBack = mayTell(kind, performance.now());
      if (heldBack === null) return;
      const scope = new Scope();
      scope.setTags({ where, held_back: heldBack });
      const { contexts } = traceContext(traceIds());
      if (contexts) scope.setContext('trace', contexts.trace);
      client.captureException(error, { originalException: error }, scope);
    },
    async close() {
      await Promise.all(underWay);
      await client.close(CLOSE_MS);
    },
  };
}

function tagsOf(ids: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ids).flatMap(([id, value]) => {
      const tag = TAGS[id];
      return tag === undefined ? [] : [[tag, scrubText(String(value))]];
    }),
  );
}

type TraceContext = { contexts?: { trace: { trace_id: string; span_id: string } } };

function traceContext({ trace_id, span_id }: ReturnType<SentryOptions['traceIds']>): TraceContext {
  return trace_id === undefined || span_id === undefined
    ? {}
    : { contexts: { trace: { trace_id, span_id } } };
}

/** What may be seen of an event, whoever put it together. */
function shown(event: ErrorEvent): ErrorEvent {
  const { breadcrumbs, modules, server_name, user, request, extra, ...rest } = event;
  const { trace } = event.contexts ?? {};
  return {
    ...rest,
    ...(event.message !== undefined && { message: scrubText(event.message) }),
    ...(event.exception?.values && {
      exception: {
        values: event.exception.values.map((it) => ({
          ...it,
          ...(it.value !== undefined && {
            value: scrubText(scrubMessage(it.type ?? '', it.value)),
          }),
        })),
      },
    }),
    contexts: { ...(trace && { trace }) },
  };
}

/** What the books say, or nothing when they fail or take too long. */
async function within<T extends object>(ms: number, answer: Promise<T>): Promise<T | object> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<object>((resolve) => {
    timer = setTimeout(() => resolve({}), ms);
  });
  const found = await Promise.race([answer.catch(() => ({})), late]);
  clearTimeout(timer);
  return found;
}
