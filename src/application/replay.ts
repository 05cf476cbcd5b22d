// Replays: an operator has everything of a partner and a period that did not arrive delivered again,
// at a pace the partner can bear. The order is a row, worked off a second at a time by the queue: it
// survives every crash, can be paused, and skips what has arrived.

import type { Channel } from '#domain/notification.ts';
import { retry } from '#domain/notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { Clock, Replay, ReplayState, Transact, Tx } from './ports.ts';

type Needs = { readonly transact: Transact; readonly clock: Clock };
type By = { readonly actor: string; readonly why: string | null };

export const REPLAY_RATE_MAX = 1_000;
/** One look at the list; those that have arrived are passed over in its hundreds. */
const PAGE = 200;
const SECOND_MS = 1_000;

export type StartReplayAnswer =
  | { readonly kind: 'started'; readonly replay: Replay }
  | { readonly kind: 'unknown-partner' };

/**
 * Begins a replay of what was born in [since, until). Throws RangeError on a rate that is no whole
 * number from 1 to REPLAY_RATE_MAX or an empty period.
 */
export function startReplay(
  { transact, clock }: Needs,
  asked: {
    readonly partner: PartnerSlug;
    readonly channel: Channel;
    readonly since: Date;
    readonly until: Date;
    readonly ratePerSecond: number;
  },
  { actor, why }: By,
): Promise<StartReplayAnswer> {
  const { ratePerSecond } = asked;
  if (!Number.isInteger(ratePerSecond) || ratePerSecond < 1 || ratePerSecond > REPLAY_RATE_MAX) {
    throw new RangeError(`not a rate per second: ${ratePerSecond}`);
  }
  if (!(asked.since < asked.until)) throw new RangeError('the period is empty');
  return transact(async ({ partners, replays, actions, outbox }) => {
    const known = await partners.known([asked.partner]);
    if (!known.has(asked.partner)) return { kind: 'unknown-partner' };
    const at = clock.now();
    const begun = { cursor: null, looked: 0, retried: 0, state: 'running' } as const;
    const replay = await replays.insert({ ...asked, ...begun, requestedBy: actor, why }, at);
    await actions.add({ at, actor, action: 'replay-started', subject: `${replay.id}`, why });
    await wake({ outbox }, replay);
    return { kind: 'started', replay };
  });
}

/**
 * Works off one second's worth, and has itself woken for the next. Does nothing unless the replay is
 * running. One transaction: what it retried and how far it got stand or fall together.
 */
export async function workReplay({ transact, clock }: Needs, replayId: string): Promise<void> {
  await transact(async (tx) => {
    const replay = await tx.replays.lock(Number(replayId));
    if (replay?.state !== 'running') return;
    const now = clock.now();
    const limit = Math.min(replay.ratePerSecond, PAGE);
    const { looked, ended, next } = await tx.notifications.ended(replay, replay.cursor, limit);
    const apartMs = SECOND_MS / replay.ratePerSecond;
    for (const [index, it] of ended.entries()) {
      const at = new Date(now.getTime() + Math.round(index * apartMs));
      await tx.notifications.save(retry(it, at));
      const payload = { notificationId: it.id, channel: it.channel };
      await tx.outbox.add({ task: 'deliver-notification', payload }, at);
    }
    const worked: Replay = {
      ...replay,
      state: next === null ? 'done' : 'running',
      cursor: next ?? replay.cursor,
      looked: replay.looked + looked,
      retried: replay.retried + ended.length,
    };
    await tx.replays.save(worked, now);
    const pauseMs = Math.round(ended.length * apartMs);
    if (worked.state === 'running') await wake(tx, worked, new Date(now.getTime() + pauseMs));
  });
}

export type ChangeReplayAnswer =
  | { readonly kind: 'changed'; readonly replay: Replay }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-possible'; readonly state: ReplayState };

const CHANGES = {
  pause: { from: ['running'], to: 'paused', action: 'replay-paused' },
  resume: { from: ['paused'], to: 'running', action: 'replay-resumed' },
  cancel: { from: ['running', 'paused'], to: 'cancelled', action: 'replay-cancelled' },
} as const satisfies Record<
  string,
  { from: readonly ReplayState[]; to: ReplayState; action: string }
>;

/** What was already put back in the queue is delivered all the same. */
export function changeReplay(
  { transact, clock }: Needs,
  replayId: number,
  change: keyof typeof CHANGES,
  { actor, why }: By,
): Promise<ChangeReplayAnswer> {
  return transact(async ({ replays, actions, outbox }) => {
    const found = await replays.lock(replayId);
    if (!found) return { kind: 'not-found' };
    const { from, to, action } = CHANGES[change];
    if (!(from as readonly ReplayState[]).includes(found.state)) {
      return { kind: 'not-possible', state: found.state };
    }
    const at = clock.now();
    const replay: Replay = { ...found, state: to };
    await replays.save(replay, at);
    await actions.add({ at, actor, action, subject: `${replay.id}`, why });
    if (to === 'running') await wake({ outbox }, replay);
    return { kind: 'changed', replay };
  });
}

async function wake({ outbox }: Pick<Tx, 'outbox'>, { id }: Replay, at?: Date): Promise<void> {
  await outbox.add({ task: 'replay', payload: { replayId: `${id}` } }, at);
}
