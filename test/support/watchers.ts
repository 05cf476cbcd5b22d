// Those who watch, outside the program: a collector that takes OTLP as JSON and a Sentry that takes
// envelopes. Both keep what came, word for word, so that a test can look for what must not be in it.

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  request as outgoing,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

export type SeenSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: number;
  readonly status: number;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
};

export type Collector = {
  readonly url: string;
  readonly spans: SeenSpan[];
  /** Names of the metrics that came, with all their points. */
  readonly metrics: Map<string, { readonly unit: string; readonly points: object[] }>;
  /** Everything as it came. */
  readonly bodies: string[];
};

type Keyed = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };
type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly Keyed[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
};
type OtlpMetric = {
  readonly name: string;
  readonly unit?: string;
  readonly [kind: string]: unknown;
};

/** Takes /v1/traces and /v1/metrics; ends with the test. */
export async function otlpCollector(): Promise<Collector> {
  const collector: Omit<Collector, 'url'> = { spans: [], metrics: new Map(), bodies: [] };
  const url = await listening((body, path) => {
    collector.bodies.push(body);
    const message = JSON.parse(body);
    if (path === '/v1/traces') collector.spans.push(...spansOf(message));
    if (path === '/v1/metrics') keepMetrics(collector, message);
    return '{}';
  });
  return { url, ...collector };
}

export type SeenEvent = {
  readonly message?: string;
  readonly level: string;
  readonly fingerprint?: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly contexts: { readonly trace?: { readonly trace_id: string; readonly span_id: string } };
  readonly exception?: { readonly values: readonly { type: string; value: string }[] };
};

export type SentryStage = {
  readonly dsn: string;
  readonly events: SeenEvent[];
  readonly bodies: string[];
};

/** Takes envelopes; ends with the test. */
export async function sentryStage(): Promise<SentryStage> {
  const stage: Omit<SentryStage, 'dsn'> = { events: [], bodies: [] };
  const url = await listening((body, path) => {
    stage.bodies.push(`${path}\n${body}`);
    // An envelope: its header, then for each item a header and a payload, one line each.
    const [, ...items] = body.split('\n');
    for (let n = 0; n + 1 < items.length; n += 2) {
      if (JSON.parse(items[n] ?? '{}').type !== 'event') continue;
      stage.events.push(JSON.parse(items[n + 1] ?? '{}'));
    }
    return '{"id":"0"}';
  });
  return {
    dsn: url.replace('://', '://0123456789abcdef0123456789abcdef@').concat('/42'),
    ...stage,
  };
}

/** A way to another server that writes down the headers of what passes; ends with the test. */
export async function watchedWay(
  target: () => URL,
): Promise<{ readonly url: string; readonly headers: readonly IncomingHttpHeaders[] }> {
  const headers: IncomingHttpHeaders[] = [];
  const url = await serving((request, response) => {
    headers.push(request.headers);
    const { method, url: path } = request;
    const passed = outgoing(target(), { method, path, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed.on('error', () => response.destroy()));
  });
  return { url, headers };
}

function listening(take: (body: string, path: string) => string): Promise<string> {
  return serving(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const isZipped = request.headers['content-encoding'] === 'gzip';
    const body = (isZipped ? gunzipSync(bytes) : bytes).toString();
    response.setHeader('content-type', 'application/json').end(take(body, request.url ?? ''));
  });
}

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Traces = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Keyed[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
};

function spansOf({ resourceSpans }: Traces): SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(plain(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(
        ({
          traceId,
          spanId,
          parentSpanId,
          name,
          kind,
          status,
          attributes,
          links = [],
        }): SeenSpan => ({
          ...{ traceId, spanId, name, kind, service, links },
          parentSpanId: parentSpanId || null,
          status: status.code ?? 0,
          attributes: plain(attributes),
        }),
      ),
    );
  });
}

function plain(attributes: readonly Keyed[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0] as string | number]),
  );
}

type Metrics = {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  }[];
};

function keepMetrics({ metrics }: Pick<Collector, 'metrics'>, message: Metrics): void {
  for (const { scopeMetrics } of message.resourceMetrics) {
    for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) {
      const data = (metric.histogram ?? metric.sum ?? metric.gauge) as { dataPoints: object[] };
      metrics.set(metric.name, { unit: metric.unit ?? '', points: data.dataPoints });
    }
  }
}
