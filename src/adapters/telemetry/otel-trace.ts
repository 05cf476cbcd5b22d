// Spans by OpenTelemetry. A step belongs to the one under way; without one, to the step it came from,
// whose place was written down as a `traceparent` and may lie in another process and an hour back.
// What is older is only linked: a trace that stays open over retries of days helps nobody.

import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { SpanFacts, Trace, TracedAt } from '#application/ports.ts';
import type { JobTrace } from './telemetry.ts';

const ONE_TRACE_MS = 60 * 60 * 1000;
const SYSTEM = 'graphile_worker';

const FACT_NAMES: { readonly [F in keyof SpanFacts]-?: string } = {
  eventId: 'comptappart.event.id',
  paymentKey: 'comptappart.payment.key',
  orderId: 'comptappart.order.id',
  invoiceNumber: 'comptappart.invoice.number',
  notificationId: 'comptappart.notification.id',
  partner: 'comptappart.partner',
  channel: 'comptappart.channel',
  attempt: 'comptappart.attempt.number',
  outcome: 'comptappart.attempt.outcome',
};

export const otelTrace: Trace = {
  span: (name, { facts = {}, from = null, startedAt, isCall = false }, work) =>
    stepped(
      name,
      {
        kind: isCall ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: attributesOf(facts),
        ...(startedAt && { startTime: startedAt }),
      },
      from,
      (span) => work({ tell: (more) => void span.setAttributes(attributesOf(more)) }),
    ),
  place() {
    const under = trace.getActiveSpan()?.spanContext();
    return under ? traceparentOf(under) : null;
  },
  apart: (work) => context.with(ROOT_CONTEXT, work),
};

export const otelJobTrace: JobTrace = {
  adding(task, add) {
    // What nobody follows begins with the job itself.
    if (!trace.getActiveSpan()) return add(null);
    const attributes = {
      'messaging.system': SYSTEM,
      'messaging.destination.name': task,
      'messaging.operation.name': 'add_job',
      'messaging.operation.type': 'send',
    };
    return stepped(`add_job ${task}`, { kind: SpanKind.PRODUCER, attributes }, null, (span) =>
      add(traceparentOf(span.spanContext())),
    );
  },
  working({ task, id, attempt, isRound, from }, work) {
    const attributes = {
      'messaging.system': SYSTEM,
      'messaging.destination.name': task,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': id,
      'comptappart.job.attempt': attempt,
    };
    return stepped(`process ${task}`, { kind: SpanKind.CONSUMER, attributes }, from, () =>
      isRound ? context.with(ROOT_CONTEXT, work) : work(),
    );
  },
};

type Options = {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly startTime?: Date;
};

async function stepped<T>(
  name: string,
  options: Options,
  from: TracedAt | null,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { parent, links } = placeOf(from);
  const tracer = trace.getTracer('comptappart');
  const span = tracer.startSpan(name, { ...options, links }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    // The class of the error, not its words: those are in the log.
    const { code, name: kind } = error as { code?: unknown; name?: unknown };
    span.setAttribute('error.type', String(code ?? kind ?? 'Error'));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

function placeOf(from: TracedAt | null): { parent: Context; links: Link[] } {
  const active = context.active();
  const origin = from && spanContextOf(from.place);
  if (!origin) return { parent: active, links: [] };
  // Already within the same trace: the step under way is nearer.
  if (trace.getSpan(active)?.spanContext().traceId === origin.traceId) {
    return { parent: active, links: [] };
  }
  const isRecent = Date.now() - from.at.getTime() <= ONE_TRACE_MS;
  return isRecent
    ? { parent: trace.setSpanContext(ROOT_CONTEXT, origin), links: [] }
    : { parent: ROOT_CONTEXT, links: [{ context: origin }] };
}

function attributesOf(facts: SpanFacts): Attributes {
  const attributes: Attributes = {};
  for (const [fact, name] of Object.entries(FACT_NAMES)) {
    const value = facts[fact as keyof SpanFacts];
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

// From our own tables, yet anybody may add a job by hand: what is not one is no place.
function spanContextOf(place: string): SpanContext | null {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(place);
  const [, traceId = '', spanId = '', flags = ''] = parts ?? [];
  if (!parts || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
