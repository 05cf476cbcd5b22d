// Every scenario of the sandbox through the whole program, all at once: the books show for each of
// them what its sentence promises, and every order of theirs is mailed and told to its partner, every
// credit note mailed.

import { expect, test } from 'vitest';
import type { Scenario } from '#adapters/sandbox/scenario.ts';
import { SCENARIOS } from '#adapters/sandbox/scenarios.ts';
import { staging, until } from '#test/support/staging.ts';

const addPartner = (slug: string, url: string) => [
  ...['partner', 'add', slug, '--name', `Cabinet ${slug}`, '--staging-url', url],
  ...['--production-url', 'https://api.fiscalia.example/orders', '--api-key', 'k'.repeat(32)],
];

type Payment = {
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly orderIds: readonly number[];
};

test('every scenario ends on the books as it says', { timeout: 120_000 }, async () => {
  const world = await staging();
  await world.start();
  for (const slug of ['demo', 'demo-2']) await world.cli(...addPartner(slug, world.partner.url));
  const played: { readonly scenario: Scenario; readonly eventIds: readonly string[] }[] = [];
  for (const scenario of SCENARIOS) {
    const { eventIds } = await scenario.run(world.stripe, { delayMs: 300 });
    played.push({ scenario, eventIds });
  }
  await world.stripe.idle();
  const orders = SCENARIOS.reduce((sum, { books }) => sum + books.orders, 0);
  const documents = SCENARIOS.reduce((sum, { creditNotes }) => sum + creditNotes, orders);
  const { partner, mails } = world;
  await until(() => partner.requests.length >= orders && mails.messages.length >= documents);

  const list = await world.cli('payments', 'list', '--json', '--limit', '500');
  const { payments } = JSON.parse(list) as { readonly payments: readonly Payment[] };
  for (const { scenario, eventIds } of played) {
    const keys = eventIds.flatMap((id) => keysOf(world.stripe.store.find(id)?.data));
    const found = payments
      .filter(({ key }) => keys.includes(key))
      .map(({ state, reason, orderIds }) => ({ state, reason, orders: orderIds.length }));
    const { books } = scenario;
    expect(found, scenario.slug).toEqual(books.state === 'none' ? [] : [books]);
  }
  expect([partner.requests.length, mails.messages.length]).toEqual([orders, documents]);
  expect(await world.kill('SIGTERM')).toBe(0);
});

/** What a payment could be called after the object of its event. */
function keysOf(data: unknown): readonly unknown[] {
  const { object } = data as { readonly object: Readonly<Record<string, unknown>> };
  return [object.id, object.payment_intent, object.invoice];
}
