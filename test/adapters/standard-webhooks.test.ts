// The signature of a partner call, checked against the specification's published vector, against
// the formula worked out here anew, and as a receiver would check it.

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newSigningSecret, signatureHeaders } from '#adapters/partner/standard-webhooks.ts';

const AT = new Date('2026-03-05T10:20:30.999Z');

describe('a signed partner call', () => {
  test('carries the signature of the Standard Webhooks reference vector', () => {
    const headers = signatureHeaders({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      sentAt: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('is verified by a receiver who knows the secret, whatever the message', () => {
    const key = fc.uint8Array({ minLength: 24, maxLength: 64 });
    const instant = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true });
    fc.assert(
      fc.property(key, fc.uuid(), instant, fc.string(), (bytes, id, at, body) => {
        const secrets = [`whsec_${Buffer.from(bytes).toString('base64')}`];
        const headers = signatureHeaders({ id, sentAt: at, body: `é🏠${body}`, secrets });
        const seconds = Math.floor(at.getTime() / 1000);
        const expected = createHmac('sha256', bytes).update(`${id}.${seconds}.é🏠${body}`);
        expect(headers['webhook-signature']).toBe(`v1,${expected.digest('base64')}`);
      }),
    );
  });

  test('counts whole seconds, cut off', () => {
    const secrets = [newSigningSecret()];
    const headers = signatureHeaders({ id: 'a', sentAt: AT, body: '', secrets });
    expect(headers['webhook-timestamp']).toBe('1772706030');
  });

  test('signs the same bytes alike, given as text or as bytes', () => {
    const message = { id: 'a', sentAt: AT, secrets: [newSigningSecret()] };
    const body = '{"nom":"Zoé 🏠"}';
    expect(signatureHeaders({ ...message, body })).toEqual(
      signatureHeaders({ ...message, body: Buffer.from(body) }),
    );
  });

  test('carries one signature for each secret while two are valid', () => {
    const [fresh, old] = [newSigningSecret(), newSigningSecret()];
    const sign = (secrets: string[]) =>
      signatureHeaders({ id: 'a', sentAt: AT, body: '{}', secrets })['webhook-signature'];
    expect(sign([fresh, old])).toBe(`${sign([fresh])} ${sign([old])}`);
    expect(sign([fresh])).not.toBe(sign([old]));
  });
});

describe('a signing secret', () => {
  test('is new each time, 32 bytes behind its prefix', () => {
    const secret = newSigningSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningSecret()).not.toBe(secret);
  });

  test.each([
    ['without its prefix', Buffer.alloc(32).toString('base64')],
    ['shorter than 24 bytes', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['longer than 64 bytes', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['that is not base64', 'whsec_ceci n’est pas du base64, mais assez long'],
    ['that is empty', ''],
  ])('%s is refused, and not repeated in the error', (_, secret) => {
    const sign = () => signatureHeaders({ id: 'a', sentAt: AT, body: '', secrets: [secret] });
    expect(sign).toThrow('A signing secret is not whsec_ and 24 to 64 bytes in base64');
  });
});
