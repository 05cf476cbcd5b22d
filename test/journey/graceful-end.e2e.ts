// The end of the program, on real sockets: what Stripe has begun to send is taken in and answered
// before the process ends with 0.

import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { staging } from '#test/support/staging.ts';

test('a webhook that is half sent when the end begins is stored and answered', {
  timeout: 60_000,
}, async () => {
  const world = await staging();
  await world.start();
  const t = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({
    id: 'evt_half_sent',
    object: 'event',
    type: 'customer.created',
    created: t,
    livemode: false,
    data: { object: { id: 'cus_1' } },
  });
  const v1 = createHmac('sha256', 'whsec_e2e').update(`${t}.${body}`).digest('hex');
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(
    `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=${t},v1=${v1}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 20)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const ended = world.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.write(body.slice(20));
  await closed;
  expect(answer).toMatch(/^HTTP\/1.1 200/);
  expect(answer).toContain('received');
  expect(await ended).toBe(0);
});
