// Nothing of OpenTelemetry is loaded unless its own variables ask for it, and what this program cannot
// do is told with the other faults.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ConfigError, parseConfig } from '#src/config.ts';
import { telemetryWish } from '#src/telemetry-env.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

test.each([
  ['nothing is set', {}],
  ['only names are set', { OTEL_SERVICE_NAME: 'x', OTEL_RESOURCE_ATTRIBUTES: 'a=b' }],
  ['both exporters are off', { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }],
  ['it is disabled', { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }],
  [
    'both are off in spite of an endpoint',
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  ],
])('there is no telemetry when %s', (_when, env) => {
  expect(telemetryWish(env)).toBeNull();
});

test.each([
  [ENDPOINT, { serviceName: 'comptappart', traces: true }],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, { serviceName: 'comptappart', traces: true }],
  [
    { OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_EXPORTER: 'none' },
    { serviceName: 'comptappart', traces: false },
  ],
  [
    { ...ENDPOINT, OTEL_SERVICE_NAME: 'pay' },
    { serviceName: null, traces: true },
  ],
  [
    { ...ENDPOINT, OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=pay' },
    { serviceName: null, traces: true },
  ],
])('%j asks for %j', (env, wish) => {
  expect(telemetryWish(env)).toEqual(wish);
});

test('what this program cannot do is a fault by name', () => {
  const env = {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_EXPORTER: 'zipkin',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    SENTRY_DSN: 'https://sentry.example.com/42',
  };
  const faults = (() => {
    try {
      parseConfig(env);
      return [];
    } catch (error) {
      return (error as ConfigError).faults;
    }
  })();
  expect(faults).toHaveLength(4);
  for (const name of Object.keys(env)) expect(faults.join('\n')).toContain(name);
});

test('OpenTelemetry and Sentry are loaded by nobody who is not asked to', () => {
  const ROOT = fileURLToPath(new URL('..', import.meta.url));
  const LAZY =
    /telemetry\/(?:start-telemetry|instrumentations|otel-\w+|scrub-spans)|sentry\/sentry/;
  const paths = globSync('{src,db}/**/*.ts', { cwd: ROOT });
  expect(paths.length).toBeGreaterThan(100);
  for (const path of paths.filter((it) => !LAZY.test(it))) {
    const source = readFileSync(new URL(path, new URL('..', import.meta.url)), 'utf8');
    const imported = [...source.matchAll(/^import (?!type)[^;]*? from '([^']+)'/gms)];
    for (const [, target = ''] of imported) {
      expect(`${path}: ${target}`).not.toMatch(/@opentelemetry|@sentry/);
      expect(`${path}: ${target}`).not.toMatch(new RegExp(`: [^ ]*(?:${LAZY.source})`));
    }
  }
});
