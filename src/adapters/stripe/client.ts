// The official SDK, set up once. Its defaults are for a script that may wait: eighty seconds a try,
// telemetry on. Ours serves jobs that come back by themselves, so it gives up early and says so.
// Another origin (the sandbox's own Stripe) is only a host, a port and a protocol to the SDK.

import Stripe from 'stripe';
import { LIVE_PACE, pacedHttpClient, type RequestPace, TEST_PACE } from './request-pace.ts';

export type StripeClientOptions = {
  readonly secretKey: string;
  /** Another origin than Stripe's, for tests and the sandbox; null for Stripe itself. */
  readonly apiBase: URL | null;
  /** One try; there are three of them at most. */
  readonly timeoutMs?: number;
};

/**
 * The SDK with the API version it was made for: GETs are answered in that shape whatever version
 * the account or the webhook endpoint is set to. Throws when a live key would be shown to another
 * origin.
 */
export function stripeClient({
  secretKey,
  apiBase,
  timeoutMs = 10_000,
}: StripeClientOptions): Stripe {
  if (apiBase !== null && /^[sr]k_live_/.test(secretKey)) {
    throw new Error(`a live Stripe key is not for ${apiBase.origin}`);
  }
  return new Stripe(secretKey, {
    apiVersion: Stripe.API_VERSION,
    timeout: timeoutMs,
    maxNetworkRetries: 2,
    telemetry: false,
    ...(apiBase === null ? { httpClient: pacedHttpClient(paceOf(secretKey)) } : originOf(apiBase)),
  });
}

function paceOf(secretKey: string): RequestPace {
  return /^[sr]k_live_/.test(secretKey) ? LIVE_PACE : TEST_PACE;
}

function originOf(url: URL): { host: string; port: string; protocol: 'http' | 'https' } {
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return { host: url.hostname, port: url.port || (protocol === 'http' ? '80' : '443'), protocol };
}
