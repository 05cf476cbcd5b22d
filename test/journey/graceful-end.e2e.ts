// The end of the program, on real sockets: what Stripe has begun to send is taken in and answered
// before the process ends with 0; and what a worker cannot finish in its twelve seconds, it gives
// back so that another goes on at once and no try is counted.

import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { heldBy, livesOf } from '#chaos/held-work.ts';
import type { Sold } from '#chaos/shop.ts';
import { rest, verdictOf } from '#chaos/storm.ts';
import { until } from '#chaos/waiting.ts';
import { startWorld } from '#chaos/world.ts';
import { makeDataFolder } from '#test/support/database.ts';
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

test('a worker that ends while Chromium prints and a partner hangs gives its work back', {
  timeout: 120_000,
}, async () => {
  const world = await startWorld({
    ...{ folder: join(await makeDataFolder(), 'ending'), seed: 1 },
    ...{ webs: 1, workers: 2, partners: ['sain', 'pend'], partnerFaultsMax: 0, mailFaultRate: 0 },
    env: { PARTNER_TIMEOUT_MS: '60000' },
  });
  try {
    const hangs = world.partners.find(({ slug }) => slug === 'pend');
    hangs?.hang(true);
    const sold: Sold[] = [];
    const buy = (partner: string) => {
      const it = world.shop.sellOne(partner);
      sold.push(it);
      return world.sender.send(it.events, { copies: 1, spreadMs: 0 });
    };
    // With eight calls open each worker very likely has some; whoever has is told to end.
    await Promise.all(Array.from({ length: 8 }, () => buy('pend')));
    await until('the partner hangs', () => (hangs?.underWay() ?? 0) >= 8);
    const held = await Promise.all(
      world.workers.map(async ({ name }) => heldBy(world.db, await livesOf(world.db, name))),
    );
    const hanging = new Set(hangs?.calls.map(({ notificationId }) => notificationId));
    const callsOf = (at: number) => held[at]?.filter(({ id }) => hanging.has(id)) ?? [];
    const at = callsOf(0).length > 0 ? 0 : 1;
    const worker = world.workers[at];
    const calls = callsOf(at);
    expect(calls.length).toBeGreaterThan(0);

    // A print takes a moment, and the other worker takes its share: buyers come until one is seen.
    const bought: Promise<unknown>[] = [];
    await until('it prints', async () => {
      bought.push(buy('sain'), buy('sain'), buy('sain'));
      const work = await heldBy(world.db, await livesOf(world.db, worker?.name ?? ''));
      return work.some(({ kind }) => kind === 'printing');
    });
    const ended = await worker?.end('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended?.ms).toBeLessThan(15_000);
    // Given back and taken up by the other one, which calls again.
    const isUp = async () => {
      const { rows } = await world.db.query<{ count: number }>(
        `select count(*)::int as count from notification
         where id = any($1::uuid[]) and state = 'sending' and attempts = 2 and round_attempts = 1`,
        [calls.map(({ id }) => id)],
      );
      return rows[0]?.count === calls.length;
    };
    await until('the other one calls', isUp, { withinMs: 10_000 });
    hangs?.hang(false);
    await Promise.all(bought);
    await rest(world);
    const { rows } = await world.db.query(`select outcome, count(*)::int as count from attempt
      where outcome <> 'accepted' group by outcome`);
    expect(rows).toEqual([{ outcome: 'interrupted', count: calls.length }]);
    const { violations, extraMails } = await verdictOf(world, sold);
    expect({ violations, extraMails }).toEqual({ violations: [], extraMails: [] });
  } finally {
    await world.close();
  }
});
