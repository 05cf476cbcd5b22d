// Whether OpenTelemetry is wanted, by its own variables (OTEL_*). Read apart from the rest of the
// configuration, because it must be known before anything is loaded that is to be watched; the faults
// are told with the others.

import type { Env, EnvReader } from './env-reader.ts';

export type TelemetryWish = { readonly serviceName: string | null; readonly traces: boolean };

const DEFAULT_NAME = 'comptappart';
const ENDPOINTS = ['', 'TRACES_', 'METRICS_'].map((of) => `OTEL_EXPORTER_OTLP_${of}ENDPOINT`);
const EXPORTERS = ['OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER'];
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'];

/** Null: nothing asks for telemetry, and none of it shall be loaded. */
export function telemetryWish(env: Env): TelemetryWish | null {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return null;
  const asked = ENDPOINTS.some((name) => env[name]) || EXPORTERS.some((name) => isOn(env[name]));
  const all = EXPORTERS.every((name) => env[name] === 'none');
  if (!asked || all) return null;
  const isNamed =
    Boolean(env.OTEL_SERVICE_NAME) ||
    /(?:^|,)\s*service\.name=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? '');
  return {
    serviceName: isNamed ? null : DEFAULT_NAME,
    traces: env.OTEL_TRACES_EXPORTER !== 'none',
  };
}

/** Puts on record what of it this program cannot do. */
export function checkTelemetry(reader: EnvReader): void {
  for (const name of PROTOCOLS) reader.oneOf(name, ['http/json', 'http/protobuf']);
  reader.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none']);
  for (const name of ENDPOINTS) reader.url(name, ['http:', 'https:']);
}

function isOn(exporter: string | undefined): boolean {
  return Boolean(exporter) && exporter !== 'none';
}
