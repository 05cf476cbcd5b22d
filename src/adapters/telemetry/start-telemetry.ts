// Starts OpenTelemetry, which must happen before Koa, pg and http are loaded. Where spans and metrics
// go is said by its own variables (OTEL_*), which its SDK reads; what we decide is that no context
// travels outside (any caller could else put itself into our traces, and partners would get a header
// that their contract does not know) and that spans are scrubbed before they leave.

import { DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { instrumentations, loadPatched } from './instrumentations.ts';
import { otelMeasures } from './otel-measures.ts';
import { otelJobTrace, otelTrace } from './otel-trace.ts';
import { scrubbing } from './scrub-spans.ts';
import type { Telemetry } from './telemetry.ts';

export type TelemetrySettings = {
  /** Null: OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say it. */
  readonly serviceName: string | null;
  /** False: metrics alone. */
  readonly traces: boolean;
};

const CLOSE_MS = 2_000;
/** A collector that is away is said once in a while, not at every export. */
const TELL_AGAIN_MS = 60_000;

export function startTelemetry({ serviceName, traces }: TelemetrySettings): Telemetry {
  let tell: (message: string) => void = () => {};
  let toldAt = Number.NEGATIVE_INFINITY;
  const fault = (message: string): void => {
    if (performance.now() - toldAt < TELL_AGAIN_MS) return;
    toldAt = performance.now();
    tell(message);
  };
  const ignored = (): void => {};
  const logger = { error: fault, warn: fault, info: ignored, debug: ignored, verbose: ignored };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const sdk = new NodeSDK({
    ...(serviceName !== null && { serviceName }),
    ...(traces ? { traceExporter: scrubbing(new OTLPTraceExporter()) } : { spanProcessors: [] }),
    // Logs go where the process's output goes.
    logRecordProcessors: [],
    textMapPropagator: null,
    instrumentations: instrumentations(),
  });
  sdk.start();
  loadPatched();
  return {
    trace: otelTrace,
    jobs: otelJobTrace,
    measures: otelMeasures((error) => fault(`no figures of the queues: ${error}`)),
    logFields() {
      const under = trace.getActiveSpan()?.spanContext();
      return under ? { trace_id: under.traceId, span_id: under.spanId } : {};
    },
    hear(listener) {
      tell = listener;
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([sdk.shutdown().catch((error) => fault(String(error))), late]);
      clearTimeout(timer);
    },
  };
}
