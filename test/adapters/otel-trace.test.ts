// Where a step belongs: to the one under way, to the one that brought it about, or, when that is long
// ago, to a trace of its own that points back.

import { type Link, trace as otel } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { otelJobTrace, otelTrace as trace } from '#adapters/telemetry/otel-trace.ts';

type Ended = {
  readonly name: string;
  readonly attributes: object;
  readonly status: object;
  readonly events: readonly object[];
  readonly links: readonly Link[];
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
};
let ended: Ended[] = [];
const sdk = new NodeSDK({
  spanProcessors: [
    {
      onStart() {},
      onEnd(span) {
        const { name, attributes, status, events, links } = span;
        const { traceId, spanId } = span.spanContext();
        const parentId = span.parentSpanContext?.spanId;
        ended.push({ name, attributes, status, events, links, traceId, spanId, parentId });
      },
      shutdown: async () => {},
      forceFlush: async () => {},
    },
  ],
  metricReaders: [],
  logRecordProcessors: [],
  textMapPropagator: null,
  resourceDetectors: [],
});
sdk.start();
afterAll(() => sdk.shutdown());
beforeEach(() => {
  ended = [];
});

const MINUTE = 60_000;
const place = { traceId: '1'.repeat(32), spanId: '2'.repeat(16) };
const from = (minutesAgo: number, text = `00-${place.traceId}-${place.spanId}-01`) => ({
  place: text,
  at: new Date(Date.now() - minutesAgo * MINUTE),
});
const done = async () => {};

test('a step of less than an hour ago is gone on from', async () => {
  await trace.span('deliver email', { from: from(59) }, done);
  expect(ended).toMatchObject([{ traceId: place.traceId, parentId: place.spanId, links: [] }]);
});

test('a step of more than an hour ago is pointed to from a trace of its own', async () => {
  await trace.span('deliver email', { from: from(61) }, done);
  const [span] = ended;
  expect(span?.traceId).not.toBe(place.traceId);
  expect(span?.parentId).toBeUndefined();
  expect(span?.links).toMatchObject([{ context: place }]);
});

test('a job goes on from the step that added it, and what is in it is nearer than that', async () => {
  let added = '';
  await trace.span('resolve payment', {}, async () => {
    await otelJobTrace.adding('render-invoice', async (taken) => {
      added = taken ?? '';
    });
  });
  const job = { task: 'render-invoice', id: '7', attempt: 1, isRound: false, from: from(0, added) };
  await otelJobTrace.working(job, () =>
    trace.span('render invoice', { from: from(300, added) }, async () => {
      expect(trace.place()).toContain(`-${ended[0]?.traceId}-`);
    }),
  );
  const [adding, resolving, inside, working] = ended;
  expect(new Set(ended.map(({ traceId }) => traceId)).size).toBe(1);
  expect(adding?.parentId).toBe(resolving?.spanId);
  expect(working?.parentId).toBe(adding?.spanId);
  expect(inside?.parentId).toBe(working?.spanId);
  expect(inside?.links).toEqual([]);
});

test('work that serves many belongs to no one of them', async () => {
  await trace.span('process', {}, async () => {
    await trace.apart(async () => {
      await Promise.resolve();
      expect(trace.place()).toBeNull();
      expect(otel.getActiveSpan()).toBeUndefined();
    });
    expect(trace.place()).not.toBeNull();
  });
});

test.each(['', 'x', `00-${'0'.repeat(32)}-${place.spanId}-01`, `00-${place.traceId}-zz-01`])(
  'a place that is none (%j) begins a trace',
  async (text) => {
    await trace.span('process', { from: from(0, text) }, done);
    expect(ended).toMatchObject([{ parentId: undefined, links: [] }]);
  },
);

test('an error is known by its class and code, never by its words', async () => {
  const failing = () =>
    trace.span('x', {}, async () => {
      throw Object.assign(new Error('no such customer: Marie'), { code: 'ECONNREFUSED' });
    });
  await expect(failing()).rejects.toThrow('Marie');
  expect(ended).toMatchObject([{ attributes: { 'error.type': 'ECONNREFUSED' }, events: [] }]);
  expect(JSON.stringify(ended)).not.toContain('Marie');
});

test('a round is one step, whatever it looks at', async () => {
  const job = { task: 'audit', id: '8', attempt: 1, isRound: true, from: null };
  await otelJobTrace.working(job, async () => {
    expect(trace.place()).toBeNull();
  });
  expect(ended.map(({ name }) => name)).toEqual(['process audit']);
});

test('without a step under way a job takes no place along', async () => {
  expect(await otelJobTrace.adding('replay', async (taken) => taken)).toBeNull();
  expect(ended).toEqual([]);
});
