// Sentry as a server that takes envelopes: what it gets to see, how often, and that nothing waits for
// it when it is away.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type SentryReports, sentryReports } from '#adapters/sentry/sentry-reports.ts';
import { type SentryStage, sentryStage } from '#test/support/watchers.ts';

const IDS = { trace_id: '1'.repeat(32), span_id: '2'.repeat(16) };
const BOOKS = async () => ({ paymentKey: 'pi_1', orderId: 7 });

async function stage(): Promise<SentryStage & { readonly reports: SentryReports }> {
  const sentry = await sentryStage();
  return { ...sentry, reports: reportsTo(sentry.dsn) };
}

const reportsTo = (dsn: string) =>
  sentryReports({ dsn, environment: 'staging', traceIds: () => IDS });

const ended = (notificationId: string) =>
  ({
    kind: 'notification-ended',
    message: 'The webhook of order 7 is failed: refused (refused 422)',
    ids: { notificationId, orderId: 7, channel: 'webhook', outcome: 'refused' },
    detail: 'what the partner said',
  }) as const;

test('each alert is an event of its own, grouped by kind, with payment, order and trace', async () => {
  const { reports, events, bodies } = await stage();
  const alerts = reports.alerts(BOOKS);
  alerts.raise(ended('a'));
  alerts.raise(ended('b'));
  await reports.close();
  expect(events).toHaveLength(2);
  expect(events.map(({ tags }) => tags.notification_id).toSorted()).toEqual(['a', 'b']);
  for (const event of events) {
    expect(event).toMatchObject({
      level: 'error',
      fingerprint: ['comptappart.alert', 'notification-ended'],
      tags: { payment_key: 'pi_1', order_id: '7', outcome: 'refused' },
      contexts: { trace: IDS },
    });
    expect(Object.keys(event.contexts)).toEqual(['trace']);
  }
  expect(bodies.join('\n')).not.toMatch(/server_name|breadcrumbs|"modules"|what the partner said/);
});

test('books that fail or hang keep no alert back', async () => {
  const { reports, events } = await stage();
  reports.alerts(() => Promise.reject(new Error('the database is away'))).raise(ended('a'));
  reports.alerts(() => new Promise(() => {})).raise(ended('b'));
  await reports.close();
  expect(events.map(({ tags }) => tags.order_id)).toEqual(['7', '7']);
});

test('a fault is told with its causes and without data, and the same one once a minute', async () => {
  const { reports, events, bodies } = await stage();
  const cause = Object.assign(new Error('invalid input syntax for type json: "{Élodie"'), {
    name: 'error',
  });
  for (let n = 0; n < 50; n += 1) {
    const message = `could not read ${n} of elodie@example.fr at postgres://u:secret@db/x`;
    reports.fault(Object.assign(new Error(message, { cause }), { customer: 'Élodie' }), 'http');
  }
  reports.fault(new TypeError('another'), 'http');
  await reports.close();
  expect(events.map(({ tags }) => tags.where)).toEqual(['http', 'http']);
  const values = events[0]?.exception?.values.map(({ value }) => value);
  expect(values).toContain('could not read 0 of [e-mail] at postgres://[secret]@db/x');
  expect(values).toContain('invalid input syntax for type json: "…"');
  expect(bodies.join('\n')).not.toMatch(/lodie|secret@/);
});

test('what is no error is reported, too', async () => {
  const { reports, events } = await stage();
  reports.fault('just a text', 'job replay');
  await reports.close();
  expect(events).toHaveLength(1);
});

test.each(['refuses', 'takes and never answers'])(
  'a Sentry that %s holds nobody up',
  async (how) => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = new Set<{ destroy(): void }>();
    server.on('connection', (socket) => sockets.add(socket));
    const stop = () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    if (how === 'refuses') stop();
    else onTestFinished(stop);
    const reports = reportsTo(`http://0123456789abcdef0123456789abcdef@127.0.0.1:${port}/42`);
    const startedAt = performance.now();
    for (let n = 0; n < 200; n += 1) reports.alerts(BOOKS).raise(ended(`${n}`));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await reports.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  },
);

test('a DSN that is none is refused', () => {
  expect(() => reportsTo('https://example.com')).toThrow('SENTRY_DSN');
});
