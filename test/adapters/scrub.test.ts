// What is taken off before anything leaves the house: from texts by its shape, from spans by its name,
// from errors by what hangs on them.

import { expect, test } from 'vitest';
import { errorFields } from '#adapters/logging.ts';
import { scrubText } from '#adapters/scrub-text.ts';
import { type SpanExporter, scrubbing } from '#adapters/telemetry/scrub-spans.ts';

test.each([
  ['mail to marie.martin+a@example.co.uk now', 'mail to [e-mail] now'],
  ['{"to":"Zoé@exämple.fr"}', '{"to":"[e-mail]"}'],
  ['postgres://u:p%40ss@db.internal:5432/x', 'postgres://[secret]@db.internal:5432/x'],
  ['smtp://user:a:b@mail.example refused', 'smtp://[secret]@mail.example refused'],
  ['GET https://x.example/f/a.pdf?expires=1&signature=ab', 'GET https://x.example/f/a.pdf?[…]'],
  ['key sk_live_51Hx and rk_test_9', 'key [secret] and [secret]'],
  ['whsec_dGVzdA== ', '[secret] '],
  ['Authorization: Bearer abcdefghijkl.mno', 'Authorization: Bearer [secret]'],
  ['call +33 6 12 34 56 78 or 06.12.34.56.78', 'call [telephone] or [telephone]'],
])('%s', (text, shown) => {
  expect(scrubText(text)).toBe(shown);
});

test.each([
  '{"level":30,"time":1795408022426,"orderId":12,"number":"FQCA-2026-000001"}',
  'attempt 1 of notification 59965e54-8c77-4892-a201-72cae34073f2 failed by itself',
  'insert into "orders" values ($1, $2) at 2026-11-23T04:27:05+00:00 from 127.0.0.1:5432',
  'file:///work/src/cli.ts:12:3 http://localhost:3000/webhooks/stripe evt_7LwWsDdwQ2pHy6aC',
  'at Object.<anonymous> (node_modules/@koa/router/dist/index.js:4)',
])('%s stays as it is', (text) => {
  expect(scrubText(text)).toBe(text);
});

test('a long line without a blank is scrubbed in no time', () => {
  const startedAt = performance.now();
  scrubText('a'.repeat(20_000));
  scrubText('a@'.repeat(5_000));
  scrubText('http://a'.repeat(2_000));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('attributes pass by name, and what an error said does not', () => {
  const exported: object[] = [];
  const inner: SpanExporter = {
    export: (spans) => void exported.push(...spans),
    shutdown: async () => {},
  };
  const span = {
    name: 'GET',
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'https://s3.example/secret?X-Amz-Signature=1',
      'url.path': '/portal/login/token',
      'client.address': '203.0.113.9',
      'http.request.header.x-api-key': 'k',
      'db.query.text': "select * from t where name = 'Marie' and note = 'l''été'",
      'db.statement': 'Marie',
      'comptappart.order.id': 7,
      'something.new': 'Marie',
    },
    status: { code: 2, message: 'Marie is unknown' },
    events: [
      {
        name: 'exception',
        attributes: { 'exception.type': 'E', 'exception.message': 'Marie' },
      },
    ],
    links: [],
  };
  scrubbing(inner).export([span as never], () => {});
  const [{ name, attributes, status, events } = {} as Record<string, unknown>] = exported as Record<
    string,
    unknown
  >[];
  expect({ name, attributes, status, events }).toEqual({
    name: 'GET',
    attributes: {
      'http.request.method': 'GET',
      'db.query.text': "select * from t where name = '?' and note = '?'",
      'comptappart.order.id': 7,
    },
    status: { code: 2 },
    events: [{ name: 'exception', attributes: { 'exception.type': 'E' } }],
  });
});

test('of an error the log takes class, code, message, place and causes', () => {
  const cause = Object.assign(new Error('invalid input syntax for type json: "{Marie"'), {
    name: 'error',
    code: '22P02',
    detail: 'Token "Marie" is invalid.',
    where: 'JSON data, line 1: Marie',
    raw: { headers: { authorization: 'x' } },
  });
  const error = new Error('the event could not be stored', { cause });
  const fields = errorFields(error);
  expect(fields).toMatchObject({
    type: 'Error',
    message: 'the event could not be stored',
    cause: { type: 'error', code: '22P02', message: 'invalid input syntax for type json: "…"' },
  });
  expect(JSON.stringify(fields)).not.toContain('Marie');
});
