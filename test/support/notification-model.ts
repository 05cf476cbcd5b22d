// What a notification ought to do, written a second time from the partner guide and the design, in
// numbers alone and without a line of the domain's code: the model that the real machine is compared
// with, step by step. Instants and delays are in ms.

import type { AttemptResult, Channel, NotificationState } from '#domain/notification.ts';

const MINUTE = 60_000;
const LEASE_MS = 90_000;
const CRASHES_MAX = 5;

/** Pauses between the tries of a round: three tries for a partner, eight for a mail. */
export const PAUSES_MS: Readonly<Record<Channel, readonly number[]>> = {
  webhook: [5 * MINUTE, 30 * MINUTE],
  email: [1, 5, 15, 30, 60, 180, 360].map((minutes) => minutes * MINUTE),
};

export type ModelAttempt = {
  readonly number: number;
  readonly round: number;
  readonly startedAt: number;
  outcome: string | null;
  endedAt: number | null;
};
export type ModelNotification = {
  state: NotificationState;
  round: number;
  /** Tries of this round that count. */
  counted: number;
  crashes: number;
  nextAt: number | null;
  leaseUntil: number | null;
  holder: string | null;
  readonly attempts: ModelAttempt[];
};
/** An attempt that some process believes to be making. */
export type ModelFlight = {
  readonly channel: Channel;
  readonly number: number;
  readonly worker: string;
};
export type Model = {
  now: number;
  isPrinted: boolean;
  readonly it: Readonly<Record<Channel, ModelNotification>>;
  flights: ModelFlight[];
  /** Processes that may claim, and those that have died unnoticed. */
  readonly workers: string[];
  readonly dead: string[];
  /** Ends that a person must hear of. */
  alerts: number;
};

export function newModel(now: number, workers: readonly string[]): Model {
  const born = (): ModelNotification => ({
    state: 'queued',
    round: 1,
    counted: 0,
    crashes: 0,
    nextAt: now,
    leaseUntil: null,
    holder: null,
    attempts: [],
  });
  return {
    now,
    isPrinted: false,
    it: { webhook: born(), email: born() },
    flights: [],
    workers: [...workers],
    dead: [],
    alerts: 0,
  };
}

/** True when the process gets the notification to send. */
export function modelClaim(model: Model, channel: Channel, worker: string): boolean {
  const it = model.it[channel];
  if (!model.isPrinted || it.nextAt === null || it.nextAt > model.now) return false;
  const number = it.attempts.length + 1;
  it.attempts.push({
    number,
    round: it.round,
    startedAt: model.now,
    outcome: null,
    endedAt: null,
  });
  Object.assign(it, { state: 'sending', counted: it.counted + 1, nextAt: null });
  Object.assign(it, { leaseUntil: model.now + LEASE_MS, holder: worker });
  model.flights.push({ channel, number, worker });
  return true;
}

/** The answer arrives. False: too late, somebody has taken the attempt away. */
export function modelAnswer(
  model: Model,
  flight: ModelFlight,
  { result, outcome }: { readonly result: AttemptResult; readonly outcome: string },
): boolean {
  const it = model.it[flight.channel];
  if (!isOpen(it, flight.number)) return false;
  close(model, it, outcome);
  it.crashes = 0;
  const pauseMs = PAUSES_MS[flight.channel][it.counted - 1];
  if (result === 'accepted') it.state = 'completed';
  else if (result === 'refused') it.state = 'failed';
  else if (pauseMs === undefined) it.state = 'exhausted';
  else queueAt(it, model.now + pauseMs);
  if (it.state === 'failed' || it.state === 'exhausted') model.alerts += 1;
  return true;
}

/** The attempt was cut short by us: it does not count, but for the fifth in a row. */
export function modelCut(model: Model, { channel, number }: ModelFlight): boolean {
  const it = model.it[channel];
  if (!isOpen(it, number)) return false;
  close(model, it, 'interrupted');
  it.counted -= 1;
  it.crashes += 1;
  if (it.crashes >= CRASHES_MAX) {
    it.state = 'quarantined';
    model.alerts += 1;
  } else queueAt(it, model.now);
  return true;
}

/** Those whose lease is over, or whose process is known to be dead, are taken away. */
export function modelSweep(model: Model, deadHolders: readonly string[]): number {
  let cut = 0;
  for (const channel of ['webhook', 'email'] as const) {
    const it = model.it[channel];
    if (it.state !== 'sending' || it.leaseUntil === null || it.holder === null) continue;
    if (it.leaseUntil >= model.now && !deadHolders.includes(it.holder)) continue;
    modelCut(model, { channel, number: it.attempts.length, worker: it.holder });
    cut += 1;
  }
  return cut;
}

/** The process ends in good order: what it holds goes back, and nothing is counted at all. */
export function modelGiveBack(model: Model, worker: string): number {
  const mine = Object.values(model.it).filter((it) => it.holder === worker);
  for (const it of mine) {
    close(model, it, 'interrupted');
    it.counted -= 1;
    queueAt(it, model.now);
  }
  return mine.length;
}

/** An operator's wish. False: there is nothing to retry. */
export function modelRetry(model: Model, channel: Channel): boolean {
  const it = model.it[channel];
  if (!['failed', 'exhausted', 'quarantined'].includes(it.state)) return false;
  Object.assign(it, { round: it.round + 1, counted: 0, crashes: 0 });
  queueAt(it, model.now);
  return true;
}

function isOpen(it: ModelNotification, number: number): boolean {
  return it.state === 'sending' && it.attempts.length === number;
}

function close(model: Model, it: ModelNotification, outcome: string): void {
  const last = it.attempts.at(-1);
  if (last) Object.assign(last, { outcome, endedAt: model.now });
  Object.assign(it, { leaseUntil: null, holder: null });
}

function queueAt(it: ModelNotification, instant: number): void {
  Object.assign(it, { state: 'queued', nextAt: instant });
}
