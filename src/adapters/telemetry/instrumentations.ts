// Which libraries are watched, and how little of them. Nothing is added to what we send: no context
// travels to Stripe or to partners, whose contract knows no such header (see `start-telemetry.ts`).

import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { KoaInstrumentation } from '@opentelemetry/instrumentation-koa';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';

/** A load balancer asks every few seconds; that is not what we want to see. */
const NOT_WATCHED = /^\/health\//;

export function instrumentations(): NodeSDKConfiguration['instrumentations'] {
  return [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url = '' }) => NOT_WATCHED.test(url),
      // Outside of a step there is only what serves telemetry itself.
      requireParentforOutgoingSpans: true,
      startOutgoingSpanHook: ({ path }) => templateOf(path ?? ''),
    }),
    new KoaInstrumentation({ ignoreLayersType: ['middleware'] as never }),
    // Polling, sweeps and listeners belong to no payment.
    new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
    new UndiciInstrumentation({ requireParentforSpans: true }),
  ];
}

/**
 * Koa is an ES module around a CommonJS one, and an import passes by the hook of `require`. Asked
 * for in the old way first, it is patched for both, without a loader thread.
 */
export function loadPatched(): void {
  createRequire(import.meta.url)('koa');
}

// Of Stripe's addresses, which say what was asked for; ids are left out, as in a route.
function templateOf(path: string): Record<string, string> {
  const [, version, rest = ''] = /^(\/v\d+)\/([^?#]*)/.exec(path) ?? [];
  if (version === undefined) return {};
  const steps = rest.split('/').map((step) => (/^[a-z_]+$/.test(step) ? step : '{id}'));
  return { 'url.template': [version, ...steps].join('/') };
}
