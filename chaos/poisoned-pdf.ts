// Invoices whose PDF can never be finished: where their file belongs there is a folder, so that every
// print of them ends in an error. The others must go their way meanwhile as if nothing were, and the
// poisoned ones must be waiting for another try or a person, not taking every turn.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pdfKey } from '#domain/invoice.ts';
import { delay, until } from './waiting.ts';
import { startWorld, type World } from './world.ts';

export type PoisonReport = {
  readonly poisoned: number;
  /** From purchase to the partner's call, of the others. */
  readonly medianMs: number;
  readonly worstMs: number;
  /** The worst before there was any poison. */
  readonly withoutMs: number;
  /** How the poisoned ones stand in the end: by state, how many. */
  readonly states: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
};

export type PoisonOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly others: number;
  readonly poisoned: number;
};

/** One core, shared with the harness: an innocent invoice is far below that. */
const OTHERS_WITHIN_MS = 10_000;

export async function poisonedPdf(options: PoisonOptions): Promise<PoisonReport> {
  const world = await startWorld({
    ...options,
    ...{ webs: 0, workers: 0, serve: true, partners: ['sain', 'poison'] },
    ...{ partnerFaultsMax: 0, mailFaultRate: 0, partnerLatencyMs: [1, 5], mailLatencyMs: [0, 5] },
  });
  try {
    const before = await series(world, 5);
    for (let n = 0; n < options.poisoned; n += 1) await buyPoisoned(world);
    const times = (await series(world, options.others)).toSorted((a, b) => a - b);
    const { rows } = await world.db.query<{ state: string; failures: number }>(
      `select state, failures from printing where state <> 'printed'`,
    );
    const states = Object.fromEntries(
      [...Map.groupBy(rows, ({ state }) => state)].map(([state, of]) => [state, of.length]),
    );
    const worstMs = times.at(-1) ?? 0;
    const isTried = rows.length === options.poisoned && rows.every(({ failures }) => failures > 0);
    return {
      poisoned: options.poisoned,
      medianMs: times[Math.floor(times.length / 2)] ?? 0,
      worstMs,
      withoutMs: Math.max(...before),
      states,
      faults: [
        ...(worstMs > OTHERS_WITHIN_MS ? [`an innocent invoice took ${worstMs} ms`] : []),
        ...(isTried ? [] : [`the poison did not work: ${JSON.stringify(rows)}`]),
      ],
    };
  } finally {
    await world.close();
  }
}

/** Milliseconds from each purchase to its call. */
async function series(world: World, count: number): Promise<readonly number[]> {
  const partner = world.partners.find(({ slug }) => slug === 'sain');
  if (!partner) throw new Error('no healthy partner');
  const bought = new Map<number, number>();
  const from = partner.calls.length;
  for (let n = 0; n < count; n += 1) {
    const startedAt = Date.now();
    const id = await nextOrder(world);
    await world.sender.send(world.shop.sellOne('sain').events, { copies: 1, spreadMs: 0 });
    await until('its order', async () => (await nextOrder(world)) > id);
    bought.set(id, startedAt);
    await delay(100);
  }
  const isDone = () => partner.calls.length >= from + count;
  await until('the others are called', isDone, { withinMs: 60_000 });
  const calls = partner.calls.slice(from);
  return calls.map(({ orderId, at }) => at.getTime() - (bought.get(orderId) ?? 0));
}

async function buyPoisoned(world: World): Promise<void> {
  const id = await nextOrder(world);
  const now = Date.now();
  // Its name in the store holds the second of the payment.
  for (const second of [-1, 0, 1, 2]) {
    const key = pdfKey({ id, paidAt: new Date(now + second * 1000) });
    await mkdir(join(world.filesDir, key), { recursive: true });
  }
  await world.sender.send(world.shop.sellOne('poison').events, { copies: 1, spreadMs: 0 });
  await until('the poisoned order', async () => (await nextOrder(world)) > id);
}

async function nextOrder({ db }: World): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    'select coalesce(max(id), 0)::int + 1 as id from orders',
  );
  return rows[0]?.id ?? 1;
}
