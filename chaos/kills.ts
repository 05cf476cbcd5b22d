// Carries out one planned kill and watches what becomes of the work that the victim held: the time
// until the last piece of it is under way again or done, by whoever. The victim is started again
// after its pause; recovery does not wait for that unless nobody else is left.

import { performance } from 'node:perf_hooks';
import { type HeldWork, heldBy, livesOf, stillWaiting } from './held-work.ts';
import type { KillKind, PlannedKill } from './kill-plan.ts';
import type { ProgramProcess } from './program-process.ts';
import { noteSlowRecovery } from './slow-recovery.ts';
import { delay, until } from './waiting.ts';
import type { World } from './world.ts';

export type DoneKill = {
  readonly number: number;
  readonly kind: KillKind;
  readonly victim: string;
  /** Pieces of work that were in its hands: attempts, printings, jobs; webhooks of a `web`. */
  readonly held: number;
  /** From the kill until the last of them was under way again or done; null: never seen. */
  readonly recoveryMs: number | null;
  /** From the kill until anything at all was accepted, called or mailed. */
  readonly progressMs: number | null;
  /** What a SIGTERM came to: exit code, and how long the end took. */
  readonly end: { readonly code: number | null; readonly ms: number } | null;
  /** What was still waiting when we gave up. */
  readonly left: readonly string[];
};

const BUSY_WITHIN_MS = 3_000;
const WATCH_MS = 90_000;
const SLOW_MS = 18_000;
const SETTLED_AFTER_MS = 6_000;
const BETWEEN_OUTAGES_MS = 10_000;

/** Chosen, and not back yet. */
const dying = new WeakSet<ProgramProcess>();

/** Resolves when the victim is back and its work was taken up (or was not, within 90 s). */
export async function kill(world: World, planned: PlannedKill): Promise<DoneKill> {
  await delay(planned.delayMs);
  switch (planned.kind) {
    case 'postgres':
      return killPostgres(world, planned);
    case 'chromium':
      return killBrowser(world, planned);
    case 'web':
    case 'web-stop':
      return killProcess(world, planned, world.webs);
    case 'worker':
    case 'worker-stop':
      return killProcess(world, planned, world.workers);
    default:
      return planned.kind satisfies never;
  }
}

async function killProcess(
  world: World,
  planned: PlannedKill,
  among: readonly ProgramProcess[],
): Promise<DoneKill> {
  const victim = await oneThatIsUp(among, planned);
  dying.add(victim);
  const signal = planned.kind.endsWith('-stop') ? 'SIGTERM' : 'SIGKILL';
  if (planned.whenBusy) await untilBusy(world, victim);
  const lives = await patiently(() => livesOf(world.db, victim.name));
  const webhooks = world.sender.inFlightAt(victim.name);
  // What it holds is read before a polite end, which gives it back, and after a murder, which
  // freezes it for the seconds until the others notice.
  const before = signal === 'SIGTERM' ? await patiently(() => heldBy(world.db, lives)) : [];
  const killedAt = performance.now();
  const ended = victim.end(signal);
  const held = signal === 'SIGKILL' ? await patiently(() => heldBy(world.db, lives)) : before;
  const watched = watch(world, planned, killedAt, held, webhooks);
  const { code, ms } = await ended;
  await delay(planned.downMs);
  await victim.start();
  dying.delete(victim);
  const end = signal === 'SIGTERM' ? { code, ms } : null;
  return report(planned, victim.name, held.length + webhooks.length, end, await watched);
}

async function killBrowser(world: World, planned: PlannedKill): Promise<DoneKill> {
  const worker = await oneThatIsUp(world.workers, planned);
  if (planned.whenBusy) await untilBusy(world, worker);
  const lives = await patiently(() => livesOf(world.db, worker.name));
  const held = (await patiently(() => heldBy(world.db, lives))).filter(isPrinting);
  const killedAt = performance.now();
  for (const pid of await worker.browsers()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in this very moment.
    }
  }
  const watched = await watch(world, planned, killedAt, held, []);
  return report(planned, `${worker.name}'s`, held.length, null, watched);
}

async function killPostgres(world: World, planned: PlannedKill): Promise<DoneKill> {
  // An outage of its own for each, or no recovery could be told from the next one's.
  const isSettled = () => world.postgres.upForMs() > BETWEEN_OUTAGES_MS;
  await until('PostgreSQL is up', isSettled, { withinMs: 300_000 });
  if (planned.whenBusy) await untilSomeoneIsBusy(world);
  const lives = await patiently(() => livesOf(world.db, null));
  const held = await patiently(() => heldBy(world.db, lives));
  const webhooks = world.webs.flatMap(({ name }) => world.sender.inFlightAt(name));
  const killedAt = performance.now();
  await world.postgres.kill();
  const watched = watch(world, planned, killedAt, held, webhooks);
  await delay(planned.downMs);
  await world.postgres.start();
  return report(planned, 'postgres', held.length + webhooks.length, null, await watched);
}

function isPrinting({ kind }: HeldWork): boolean {
  return kind === 'printing';
}

/**
 * A process to kill. Somebody of its kind who is settled survives it, if there are several: the dead
 * are noticed by the living, and who has just started has not looked around yet.
 */
async function oneThatIsUp(
  among: readonly ProgramProcess[],
  { victim }: PlannedKill,
): Promise<ProgramProcess> {
  const free = () => among.filter((it) => it.isUp() && !dying.has(it));
  const candidates = () =>
    free().filter(
      (it) =>
        among.length === 1 ||
        free().some((other) => other !== it && other.upForMs() > SETTLED_AFTER_MS),
    );
  await until('somebody to kill', () => candidates().length > 0, { withinMs: 300_000 });
  const all = candidates();
  return all[Math.floor(victim * all.length)] as ProgramProcess;
}

async function untilBusy(world: World, { name, role }: ProgramProcess): Promise<void> {
  const isBusy = async () =>
    role === 'web'
      ? world.sender.inFlightAt(name).length > 0
      : (await heldBy(world.db, await livesOf(world.db, name))).length > 0;
  await until('busy', isBusy, { withinMs: BUSY_WITHIN_MS, everyMs: 15 }).catch(() => {});
}

async function untilSomeoneIsBusy(world: World): Promise<void> {
  const isBusy = async () => (await heldBy(world.db, await livesOf(world.db, null))).length > 0;
  await until('busy', isBusy, { withinMs: BUSY_WITHIN_MS, everyMs: 15 }).catch(() => {});
}

/** The database may be down at that very moment. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 300) throw error;
      await delay(100);
    }
  }
}

type Watched = Pick<DoneKill, 'recoveryMs' | 'progressMs' | 'left'>;

async function watch(
  world: World,
  { number }: PlannedKill,
  killedAt: number,
  held: readonly HeldWork[],
  webhooks: readonly string[],
): Promise<Watched> {
  const wallClock = Date.now();
  let waiting = held;
  let isNoted = false;
  let progressMs: number | null = null;
  let recoveryMs: number | null = null;
  const leftWebhooks = () => webhooks.filter((id) => !world.sender.accepted.has(id));
  while (recoveryMs === null || progressMs === null) {
    const ms = performance.now() - killedAt;
    if (ms > WATCH_MS) break;
    if (ms > SLOW_MS && !isNoted) {
      isNoted = true;
      await noteSlowRecovery(world, number, waiting);
    }
    if (progressMs === null && lastProgress(world) > wallClock) progressMs = ms;
    if (recoveryMs === null) {
      waiting = await stillWaiting(world.db, waiting).catch(() => waiting);
      if (waiting.length + leftWebhooks().length === 0) recoveryMs = performance.now() - killedAt;
    }
    // At the end of a run there is nothing left that could still move.
    if (recoveryMs !== null && ms > 10_000) break;
    await delay(50);
  }
  const left = waiting.map(({ kind, id }) => `${kind} ${id}`);
  return { recoveryMs, progressMs, left: [...left, ...leftWebhooks()] };
}

function lastProgress({ sender, mailServer, partners }: World): number {
  const accepted = sender.posted.findLast(({ status }) => status === 200)?.at ?? 0;
  const mailed = mailServer.mails.at(-1)?.at.getTime() ?? 0;
  return Math.max(
    accepted,
    mailed,
    ...partners.map(({ calls }) => calls.at(-1)?.at.getTime() ?? 0),
  );
}

function report(
  { number, kind }: PlannedKill,
  victim: string,
  held: number,
  end: DoneKill['end'],
  watched: Watched,
): DoneKill {
  return { number, kind, victim, held, end, ...watched };
}
