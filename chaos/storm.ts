// The storm: purchases come in at a steady pace while one process after the other is killed and
// started again. When the last purchase is made and the last victim is back, everything must come
// to rest by itself; then the books, the mailbox and the partners' logs are compared.

import { check, type Verdict } from './checker.ts';
import { type KillKind, planKills } from './kill-plan.ts';
import { type DoneKill, kill } from './kills.ts';
import { husks, openWork, readBooks } from './read-books.ts';
import type { Sold } from './shop.ts';
import { delay, until } from './waiting.ts';
import { startWorld, type World } from './world.ts';

export type StormOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly orders: number;
  readonly kills: number;
  readonly webs: number;
  readonly workers: number;
  readonly partners: number;
  /** Of one notification, at most. */
  readonly partnerFaultsMax: number;
  readonly mailFaultRate: number;
  /** Purchases per second. */
  readonly pace: number;
  readonly kinds?: readonly KillKind[];
  /** Hears what happens, in sentences. */
  readonly say: (line: string) => void;
};

export type StormReport = {
  readonly seed: number;
  readonly kills: readonly DoneKill[];
  readonly orders: number;
  readonly invoices: number;
  readonly calls: number;
  readonly mails: number;
  readonly webhooks: { readonly sent: number; readonly events: number };
  readonly verdict: Verdict;
  /** Kills whose work was not under way again within the limit, and stops that ended badly. */
  readonly late: readonly string[];
  /** Dead rows that were left in the queue's table. */
  readonly husks: number;
  readonly durationS: number;
};

/** No kill may keep its victim's work waiting for longer. */
export const RECOVERY_MAX_MS = 30_000;
/** A SIGTERM must be obeyed within this: 12 s for work under way, and the closing of the rest. */
const STOP_MAX_MS = 16_000;
/** A mail that was put off is sent again after one minute, and perhaps after five more. */
const REST_MS = 240_000;
/** Kills whose recovery is being watched. */
const KILLS_AT_ONCE = 4;

export async function storm(options: StormOptions): Promise<StormReport> {
  const startedAt = Date.now();
  const slugs = Array.from({ length: options.partners }, (_, n) => `cabinet-${n + 1}`);
  const world = await startWorld({ ...options, partners: slugs });
  try {
    const { sold, kills } = await rage(world, options);
    options.say('the last victim is back; waiting until nothing is left to do');
    await rest(world).catch((error: Error) => options.say(error.message));
    return await judge(world, sold, kills, startedAt);
  } finally {
    await world.close();
  }
}

async function rage(
  world: World,
  options: StormOptions,
): Promise<{ readonly sold: readonly Sold[]; readonly kills: readonly DoneKill[] }> {
  const plan = [...planKills(world.chance('kills'), options)];
  const [buyers, way] = [world.chance('buyers'), world.chance('way')];
  const sold: Sold[] = [];
  const sending: Promise<void>[] = [];
  const dying: Promise<DoneKill>[] = [];
  let dead = 0;
  const tell = (done: DoneKill) => {
    dead += 1;
    return told(options, done);
  };
  for (let made = 1; made <= options.orders; made += 1) {
    const it = world.shop.sell(buyers);
    sold.push(it);
    const copies = way.happens(0.25) ? way.whole(2, 4) : 1;
    sending.push(world.sender.send(it.events, { copies, spreadMs: 600 }));
    while (plan[0] !== undefined && plan[0].afterOrders <= made) {
      const planned = plan.shift();
      if (planned) dying.push(kill(world, planned).then(tell));
    }
    // When the victims are slow to come back, customers are slow to buy: the two stay together.
    await until('the kills', () => dying.length - dead < KILLS_AT_ONCE, { withinMs: 600_000 });
    await delay(way.between(0, 2_000 / options.pace));
  }
  const kills = await Promise.all(dying);
  await Promise.all(sending);
  return { sold, kills };
}

function told({ say }: StormOptions, done: DoneKill): DoneKill {
  const recovered = done.recoveryMs === null ? 'NOT taken up again' : `${seconds(done.recoveryMs)}`;
  say(`kill ${done.number}: ${done.kind} ${done.victim}, ${done.held} in hand: ${recovered}`);
  return done;
}

/** Resolves when nothing is open any more, seen twice in a row. Throws with what is left. */
export async function rest(world: World, withinMs = REST_MS): Promise<void> {
  let quiet = 0;
  let left = '';
  const isAtRest = async () => {
    const open = Object.entries(await openWork(world.db)).filter(([, count]) => count > 0);
    left = open.map(([what, count]) => `${count} ${what}`).join(', ');
    quiet = open.length === 0 ? quiet + 1 : 0;
    return quiet >= 2;
  };
  await until('nothing left to do', isAtRest, { withinMs, everyMs: 100 }).catch((cause: Error) => {
    throw new Error(`${cause.message}; open: ${left}`, { cause });
  });
}

/** What the checker needs of the world outside. */
export async function verdictOf(
  world: World,
  sold: readonly Sold[],
  accepted: ReadonlySet<string> = world.sender.accepted,
): Promise<Verdict> {
  const books = await readBooks(world.db, world.filesDir);
  return check(books, {
    sold,
    accepted,
    calls: world.partners.flatMap(({ calls }) => calls),
    mails: world.mailServer.mails,
  });
}

async function judge(
  world: World,
  sold: readonly Sold[],
  kills: readonly DoneKill[],
  startedAt: number,
): Promise<StormReport> {
  const books = await readBooks(world.db, world.filesDir);
  const verdict = await verdictOf(world, sold);
  return {
    seed: world.seed,
    kills,
    orders: books.orders.length,
    invoices: books.invoices.length,
    calls: world.partners.reduce((sum, { calls }) => sum + calls.length, 0),
    mails: world.mailServer.mails.length,
    webhooks: { sent: world.sender.posted.length, events: books.events.length },
    verdict,
    late: [...kills.flatMap(lateness), ...crashes(world)],
    husks: await husks(world.db),
    durationS: Math.round((Date.now() - startedAt) / 1000),
  };
}

function lateness({ number, kind, victim, recoveryMs, end, left }: DoneKill): string[] {
  const name = `kill ${number} (${kind} ${victim})`;
  const found: string[] = [];
  if (recoveryMs === null) found.push(`${name}: never taken up again: ${left.join(', ')}`);
  else if (recoveryMs > RECOVERY_MAX_MS) found.push(`${name}: only after ${seconds(recoveryMs)}`);
  if (end && end.code !== 0) found.push(`${name}: ended with ${end.code}`);
  if (end && end.ms > STOP_MAX_MS) found.push(`${name}: took ${seconds(end.ms)} to end`);
  return found;
}

/** A neighbour that is away for a while is no reason to end. */
function crashes({ webs, workers }: World): string[] {
  const fell = [...new Set([...webs, ...workers])].filter((it) => it.crashes() > 0);
  return fell.map((it) => `${it.name} ended by itself ${it.crashes()} times`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
