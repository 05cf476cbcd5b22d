// Seen from outside: the whole program with a collector and a Sentry beside it, put in place by
// variables alone, and customers, partners and keys whose words must be found in neither of them, nor
// in the log at its most talkative.

import { afterEach, expect, test } from 'vitest';
import { type Staging, staging, until } from '#test/support/staging.ts';
import { otlpCollector, type SeenSpan, sentryStage, watchedWay } from '#test/support/watchers.ts';

const API_KEY = 'clé-du-partenaire-0123456789-abcdef'.replace(/[^\x21-\x7e]/g, 'e');
const BUYER = {
  name: 'Élodie Quiproquo',
  businessName: 'Chez Quiproquo & Filles',
  email: 'elodie+quiproquo@example.fr',
  phone: '+33 6 55 44 33 22',
  address: {
    ...{ line1: '8 rue du Coquelicot', line2: 'Porte Vermeille', postal_code: '33000' },
    ...{ city: 'Bordeaux', state: null, country: 'FR' },
  },
};
/** None of these may be seen by anybody who only watches. */
const UNSPEAKABLE = [
  ...['quiproquo', 'élodie', 'elodie', 'coquelicot', 'vermeille', 'bordeaux', '55 44 33'],
  ...[API_KEY, 'sk_test_', 'whsec_', 'signature=', 'v1,', '01234567-secret', 'BQkJCQk'],
];

const ADD_PARTNER = (url: string) => [
  ...['partner', 'add', 'demo', '--name', 'Fiscalia', '--staging-url', url, '--api-key', API_KEY],
  ...['--production-url', 'https://api.fiscalia.example/orders'],
];

let printed = '';
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(printed);
});

test('an order is one trace from the webhook to the mail and the partner, and nothing personal is in it', {
  timeout: 120_000,
}, async () => {
  const collector = await otlpCollector();
  const sentry = await sentryStage();
  let apiBase: Staging['stripe']['apiBase'] | null = null;
  const toStripe = await watchedWay(() => apiBase ?? new URL('http://127.0.0.1:9'));
  const world = await staging({
    STRIPE_API_BASE: toStripe.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_METRIC_EXPORT_INTERVAL: '300',
    OTEL_METRIC_EXPORT_TIMEOUT: '300',
    SENTRY_DSN: sentry.dsn,
    LOG_LEVEL: 'trace',
  });
  apiBase = world.stripe.apiBase;
  await world.start();
  await world.cli(...ADD_PARTNER(`${world.partner.url}?token=01234567-secret`));
  const buy = (productId: string) =>
    world.stripe.buy({ mode: 'payment', items: [{ productId, quantity: 1 }], buyer: BUYER });

  // One that the partner takes and one that it refuses, with everything it was told; a third that
  // has no partner.
  const first = await buy('prod_SbxDeclComplet');
  await until(() => world.partner.requests.length === 1 && world.mails.messages.length === 1);
  world.partner.always(({ body }) => ({ status: 422, body }));
  await buy('prod_SbxDeclComplet');
  await buy('prod_SbxRetraite001');
  await until(() => sentry.events.length >= 2 && world.mails.messages.length === 2);
  await until(() => collector.metrics.has('comptappart.alerts'));
  expect(await world.kill('SIGTERM')).toBe(0);
  printed = world.output();

  const { spans } = collector;
  const webhook = spans.find(
    ({ name, attributes }) =>
      name === 'receive event' && attributes['comptappart.event.id'] === first.eventIds[0],
  );
  const trace = spans.filter(({ traceId }) => traceId === webhook?.traceId);
  expect(namesFromRoot(trace, 'send mail')).toEqual([
    'POST /webhooks/stripe',
    'router - /webhooks/stripe',
    'receive event',
    'transaction',
    'add_job resolve-payment',
    'process resolve-payment',
    'resolve payment',
    // No jobs from here on, where the same process goes on; and the transactions serve many.
    'render invoice',
    'deliver email',
    'send mail',
  ]);
  const [call] = trace.filter(({ attributes }) => attributes['server.port'] === world.partner.port);
  expect(call?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 200,
  });
  expect(namesFromRoot(trace, call?.name ?? '').slice(-2)).toEqual(['deliver webhook', 'POST']);
  const names = trace.map(({ name }) => name);
  for (const step of ['print PDF', 'store file', 'read file', 'claim']) {
    expect(names).toContain(step);
  }
  const templates = trace.map(({ attributes }) => attributes['url.template']);
  expect(templates).toContain('/v1/checkout/sessions/{id}');
  // One tree: one root, and no parent that is not there.
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const roots = trace.filter(({ parentSpanId }) => parentSpanId === null);
  expect(roots.map(({ name }) => name)).toEqual(['POST /webhooks/stripe']);
  expect(trace.filter((it) => it.parentSpanId !== null && !ids.has(it.parentSpanId))).toEqual([]);
  // Three payments, three traces, and no others.
  const all = new Set(spans.map(({ traceId }) => traceId));
  expect(all.size).toBe(3);

  // What we watch with is nobody else's to see.
  expect(toStripe.headers.length).toBeGreaterThan(2);
  for (const headers of toStripe.headers) expect(headers).not.toHaveProperty('traceparent');
  for (const { headers } of world.partner.requests)
    expect(headers).not.toHaveProperty('traceparent');

  expect(
    Object.fromEntries([...collector.metrics].map(([n, { unit }]) => [n, unit])),
  ).toMatchObject({
    'comptappart.first_attempt.delay': 's',
    'comptappart.attempt.duration': 's',
    'comptappart.print.duration': 's',
    'comptappart.invoice_number.wait.duration': 's',
    'comptappart.webhook.duration': 's',
    'comptappart.alerts': '{alert}',
    'comptappart.queue.due': '{item}',
    'comptappart.queue.oldest_due.age': 's',
    'comptappart.quarantined': '{item}',
  });

  // One event per alert, grouped by its kind, with the ids that people search by.
  const alerts = sentry.events.toSorted((a, b) => (a.message ?? '').localeCompare(b.message ?? ''));
  expect(alerts.map(({ fingerprint }) => fingerprint?.[1])).toEqual([
    'payment-quarantined',
    'notification-ended',
  ]);
  const [quarantined, ended] = alerts;
  expect(quarantined?.tags).toMatchObject({
    payment_key: expect.stringMatching(/^pi_/),
    reason: 'unknown-partner',
  });
  expect(ended?.tags).toMatchObject({
    payment_key: expect.stringMatching(/^pi_/),
    order_id: '2',
    outcome: 'refused',
  });
  const attempt = spans.find(({ spanId }) => spanId === ended?.contexts.trace?.span_id);
  expect(attempt).toMatchObject({
    name: 'deliver webhook',
    traceId: ended?.contexts.trace?.trace_id,
  });
  const line = printed.split('\n').find((it) => it.includes('notification-ended')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({ trace_id: attempt?.traceId, span_id: attempt?.spanId });

  expect(world.partner.requests[0]?.body).toContain('Quiproquo');
  for (const seen of [printed, ...collector.bodies, ...sentry.bodies]) {
    for (const word of UNSPEAKABLE) expect(seen.toLowerCase()).not.toContain(word.toLowerCase());
  }
});

/** The names of a span's ancestors, the root's first, and its own. */
function namesFromRoot(trace: readonly SeenSpan[], name: string): string[] {
  const names: string[] = [];
  for (let it = trace.find((span) => span.name === name); it; ) {
    names.unshift(it.name);
    const { parentSpanId } = it;
    it = trace.find(({ spanId }) => spanId === parentSpanId);
  }
  return names;
}
