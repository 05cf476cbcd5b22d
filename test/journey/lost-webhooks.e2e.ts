// Webhooks that never arrive, on the whole program: a quarter of them is lost on the way, and one
// command, `stripe reconcile`, brings every payment onto the books.

import { expect, test } from 'vitest';
import { staging, until } from '#test/support/staging.ts';

const PURCHASES = 24;

test('after a reconciliation no payment is without its order', { timeout: 90_000 }, async () => {
  const world = await staging();
  await world.start();
  const partner = ['--name', 'Fiscalia', '--staging-url', world.partner.url];
  const production = ['--production-url', 'https://api.fiscalia.example/orders'];
  await world.cli('partner', 'add', 'demo', ...partner, ...production);
  world.stripe.webhooks.drop(0.25, 20261122);
  const items = [{ productId: 'prod_SbxDeclComplet', quantity: 1 }];
  for (let n = 0; n < PURCHASES; n += 1) await world.stripe.buy({ mode: 'payment', items });
  await world.stripe.idle();
  const lost = world.stripe.webhooks.dropped().length;
  expect(lost).toBeGreaterThan(0);

  const report = JSON.parse(await world.cli('stripe', 'reconcile', '--since', '24h', '--json'));
  expect(report).toMatchObject({ looked: PURCHASES, received: lost });
  expect(report.ordersWithoutPayment).toEqual([]);
  const orderIds = () => world.partner.requests.map((it) => JSON.parse(it.body).order_id as number);
  await until(() => new Set(orderIds()).size === PURCHASES);
  expect(orderIds()).toHaveLength(PURCHASES);
  await until(() => world.mails.messages.length === PURCHASES);

  const again = JSON.parse(await world.cli('stripe', 'reconcile', '--since', '24h', '--json'));
  expect(again).toMatchObject({ looked: PURCHASES, received: 0 });
});
