// Dies at every statement boundary of the transaction that puts an order on the books: after
// `begin`, after each statement, just before `commit`, and just after it with the answer lost. Each
// boundary gets a purchase of its own, of a partner of its own, by which the proxy knows it.

import type { Verdict } from './checker.ts';
import { type CuttingProxy, cuttingProxy, type PassedTransaction } from './cutting-proxy.ts';
import type { Sold } from './shop.ts';
import { rest, verdictOf } from './storm.ts';
import { delay, until } from './waiting.ts';
import { startWorld, type World } from './world.ts';

export type BoundaryMode = 'cut' | 'kill';

export type BoundaryReport = {
  readonly mode: BoundaryMode;
  /** The transaction as it passed undisturbed. */
  readonly statements: readonly string[];
  /** Boundaries at which it was broken: one fewer than statements, and the one after `commit`. */
  readonly broken: number;
  readonly verdict: Verdict;
  readonly durationMs: number;
};

export type BoundaryOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly mode: BoundaryMode;
  readonly say: (line: string) => void;
};

/** More than the transaction has statements; partners are registered before it is known. */
const BOUNDARIES_MAX = 32;
const slugOf = (boundary: number) => `limite-${boundary}`;

/**
 * `cut` breaks the connection under a process that lives on, for all boundaries side by side;
 * `kill` is SIGKILL of the worker that holds it, one boundary after the other.
 */
export async function statementBoundaries(options: BoundaryOptions): Promise<BoundaryReport> {
  const startedAt = performance.now();
  let world: World | null = null;
  const proxies: CuttingProxy[] = [];
  const killed: Promise<void>[] = [];
  const isKilling = options.mode === 'kill';

  world = await startWorld({
    ...options,
    ...(isKilling ? { webs: 1, workers: 2 } : { webs: 0, workers: 0, serve: true }),
    partners: Array.from({ length: BOUNDARIES_MAX }, (_, n) => slugOf(n)),
    partnerFaultsMax: 0,
    mailFaultRate: 0,
    partnerLatencyMs: [0, 5],
    mailLatencyMs: [0, 5],
    async between(databaseUrl) {
      const made = await cuttingProxy({
        databaseUrl,
        recognise: ({ text, values }) =>
          /\bfrom "?partner"?/i.test(text) ? (/limite-\d+/.exec(values)?.[0] ?? null) : null,
        onCut(application) {
          if (isKilling) killed.push(restart(world, application));
        },
      });
      proxies.push(made);
      return made.url;
    },
  });
  const [proxy] = proxies as [CuttingProxy];
  try {
    // The first invoice of a year asks one question more than all others: learn from the second.
    const sold = [sellAt(world, 0)];
    await learnt(proxy, 1);
    sold.push(sellAt(world, 0));
    const statements = await learnt(proxy, 2);
    const boundaries = Array.from({ length: statements.length }, (_, n) => n + 1);
    if (boundaries.length >= BOUNDARIES_MAX) throw new Error('more statements than partners');
    for (const boundary of boundaries) {
      const isAfterCommit = boundary === statements.length;
      proxy.cut(slugOf(boundary), { after: boundary, isAfterCommit });
      sold.push(sellAt(world, boundary));
      if (!isKilling) continue;
      await until(`boundary ${boundary}`, () => proxy.done.has(slugOf(boundary)));
      options.say(`killed after: ${statements[boundary - 1]?.slice(0, 60)}`);
      await Promise.all(killed);
      await rest(world, 60_000);
    }
    await until('every cut', () => proxy.done.size === boundaries.length);
    await rest(world, 60_000);
    const broken = proxy.done.size;
    const verdict = await verdictOf(world, sold);
    const durationMs = Math.round(performance.now() - startedAt);
    return { mode: options.mode, statements, broken, verdict, durationMs };
  } finally {
    await world.close();
    await proxy.close();
  }
}

function sellAt(world: World, boundary: number): Sold {
  const sold = world.shop.sellOne(slugOf(boundary));
  void world.sender.send(sold.events, { copies: 1, spreadMs: 0 });
  return sold;
}

/** The statements of the undisturbed transaction of that number, from 1. */
async function learnt(proxy: CuttingProxy, number: number): Promise<readonly string[]> {
  const find = () => proxy.passed.filter(({ name }) => name === slugOf(0))[number - 1];
  await until('an undisturbed transaction', () => find() !== undefined);
  const { statements } = find() as PassedTransaction;
  if (!statements.some((text) => /insert into "?orders"?/i.test(text))) {
    throw new Error(`not the transaction that records orders: ${statements.join('; ')}`);
  }
  return statements;
}

async function restart(world: World | null, application: string): Promise<void> {
  const victim = world?.workers.find(({ name }) => name === application);
  if (!victim) throw new Error(`no worker ${application}`);
  await victim.end('SIGKILL');
  await delay(100);
  await victim.start();
}
