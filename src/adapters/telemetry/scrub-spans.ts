// The last door before spans leave the house: attributes pass only by name, whoever set them, so that
// what an instrumentation learns to collect tomorrow stays here. Never a body, a header, an address
// with its path (links are signed, partners keep tokens in theirs), a client's IP, an error's words.

import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { scrubText } from '#adapters/scrub-text.ts';

export type SpanExporter = NodeSDKConfiguration['traceExporter'];
type ReadableSpan = Parameters<SpanExporter['export']>[0][number];
type Attributes = ReadableSpan['attributes'];

const MAY_PASS: ReadonlySet<string> = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'url.scheme',
  'url.template',
  'server.address',
  'server.port',
  'network.protocol.version',
  'db.system.name',
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.response.status_code',
  'error.type',
  'exception.type',
]);
const OURS = /^(?:comptappart|messaging)\./;

/** Hands on to the exporter what may be seen. */
export function scrubbing(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(shown), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function shown(span: ReadableSpan): ReadableSpan {
  return Object.create(span, {
    name: { value: scrubText(span.name) },
    attributes: { value: passed(span.attributes) },
    status: { value: { code: span.status.code } },
    events: {
      value: span.events.map((event) => ({ ...event, attributes: passed(event.attributes ?? {}) })),
    },
    links: { value: span.links.map(({ context }) => ({ context })) },
  }) as ReadableSpan;
}

function passed(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (!MAY_PASS.has(name) && !OURS.test(name)) continue;
    kept[name] = typeof value === 'string' ? scrubText(plain(name, value)) : value;
  }
  return kept;
}

// Our statements have parameters; one that has not must not show its values.
function plain(name: string, value: string): string {
  return name === 'db.query.text' ? value.replace(/'(?:[^']|'')*'/g, "'?'") : value;
}
