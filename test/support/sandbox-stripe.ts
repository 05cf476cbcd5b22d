// The sandbox's Stripe for one test, with the real SDK as its client: in memory, nobody listening to
// its webhooks unless the test says who, gone when the test is over.

import type Stripe from 'stripe';
import { onTestFinished } from 'vitest';
import type { ScenarioRun } from '#adapters/sandbox/scenario.ts';
import { scenarioOf } from '#adapters/sandbox/scenarios.ts';
import {
  type SandboxStripe,
  type SandboxStripeOptions,
  startSandboxStripe,
} from '#adapters/sandbox/stripe-server.ts';
import { stripeClient } from '#adapters/stripe/client.ts';

export const SECRET_KEY = 'sk_test_server';
export const WEBHOOK_SECRET = 'whsec_server';

export const BILAN = {
  mode: 'payment',
  items: [{ productId: 'prod_SbxDeclComplet', quantity: 1 }],
} as const;
export const MONTHLY = {
  mode: 'subscription',
  items: [{ productId: 'prod_SbxAccompagnem', quantity: 1 }],
} as const;

/** `timeoutMs` is the client's patience for one try. */
export async function sandboxStripe(
  options: Partial<SandboxStripeOptions> & { readonly timeoutMs?: number } = {},
): Promise<{ readonly sandbox: SandboxStripe; readonly stripe: Stripe }> {
  const { timeoutMs = 5_000, ...own } = options;
  const sandbox = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    retryDelaysMs: [],
    ...own,
  });
  onTestFinished(() => sandbox.close());
  const { apiBase } = sandbox;
  return { sandbox, stripe: stripeClient({ secretKey: SECRET_KEY, apiBase, timeoutMs }) };
}

/** What the SDK makes of a refusal; nothing when there was none. */
export async function refused(ask: Promise<unknown>): Promise<{
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** The SDK's class of error. */
  readonly kind: string | undefined;
}> {
  const error = (await ask.then(
    () => null,
    (reason: unknown) => reason,
  )) as Stripe.errors.StripeError | null;
  return {
    status: error?.statusCode,
    code: error?.code,
    message: error?.message,
    kind: error?.constructor.name,
  };
}

/** A scenario played to its end at once; its webhooks may still be under way. */
export async function playScenario(name: string, sandbox: SandboxStripe): Promise<ScenarioRun> {
  const found = scenarioOf(name);
  if (found === null) throw new Error(`no scenario ${name}`);
  return found.run(sandbox, { delayMs: 0 });
}
