// One message that must reach one recipient, as a state machine. The type says which facts exist in
// which state, the edge table lists every legal move, and the database's CHECK constraints repeat
// both. A transition takes the narrow state and returns the narrow state: who calls it has looked.

export type Channel = 'email' | 'webhook';

type Common = {
  readonly id: string;
  readonly orderId: number;
  readonly channel: Channel;
  /** Null: it brings the order's invoice; else that credit note's document. */
  readonly creditNoteId: number | null;
  /** Rounds count from 1; an operator's retry opens the next. */
  readonly round: number;
  /** Attempts of this round that count: not those our own crash cut short. */
  readonly roundAttempts: number;
  /** All attempts ever, so that attempt numbers go on over rounds. */
  readonly attempts: number;
  /** Crashes in a row that cut an attempt short. */
  readonly interruptions: number;
};

export type Notification = Common &
  (
    | { readonly state: 'queued'; readonly nextAttemptAt: Date }
    | {
        readonly state: 'sending';
        readonly leaseToken: string;
        /** The process that sends, so that its death can be noticed before the lease ends. */
        readonly leaseHolder: string;
        readonly leaseUntil: Date;
      }
    | { readonly state: 'completed'; readonly completedAt: Date }
    | Ended<'failed'>
    | Ended<'exhausted'>
    | Ended<'quarantined'>
  );
type Ended<S> = { readonly state: S; readonly endedAt: Date };

export type NotificationState = Notification['state'];
export type NotificationIn<S extends NotificationState> = Extract<Notification, { state: S }>;

/** Every legal move. Compared with ARCHITECTURE.md's picture and with the database by tests. */
export const NOTIFICATION_EDGES = {
  queued: ['sending'],
  sending: ['completed', 'failed', 'queued', 'exhausted', 'quarantined'],
  completed: [],
  failed: ['queued'],
  exhausted: ['queued'],
  quarantined: ['queued'],
} as const satisfies Record<NotificationState, readonly NotificationState[]>;

/** What became of one attempt: delivered, refused for good, or no answer that counts for now. */
export type AttemptResult = 'accepted' | 'refused' | 'unavailable';

/** Crashes in a row after which we stop guessing. */
export const INTERRUPTIONS_MAX = 5;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * E-mail, after a transient refusal: delays in ms from the end of the attempt before. Eight tries
 * over some eleven hours; a mailbox that is full tonight may be read tomorrow morning.
 */
export const EMAIL_RETRY_DELAYS_MS: readonly number[] = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
];

/** The partner guide's: at once, after 5 minutes, after 30 minutes. */
export const PARTNER_RETRY_DELAYS_MS: readonly number[] = [5 * MINUTE, 30 * MINUTE];

/** The state a notification is born in: due at once, as soon as its invoice's PDF is stored. */
export function newNotification(
  given: Pick<Common, 'id' | 'orderId' | 'channel' | 'creditNoteId'>,
  now: Date,
): NotificationIn<'queued'> {
  const counters = { round: 1, roundAttempts: 0, attempts: 0, interruptions: 0 };
  return { ...given, ...counters, state: 'queued', nextAttemptAt: now };
}

/** Takes a due notification for one attempt; the lease says until when we may be believed alive. */
export function claim(
  it: NotificationIn<'queued'>,
  lease: {
    readonly token: string;
    readonly holder: string;
    readonly now: Date;
    readonly forMs: number;
  },
): NotificationIn<'sending'> | 'not-yet' {
  if (it.nextAttemptAt > lease.now) return 'not-yet';
  return {
    ...common(it),
    attempts: it.attempts + 1,
    roundAttempts: it.roundAttempts + 1,
    state: 'sending',
    leaseToken: lease.token,
    leaseHolder: lease.holder,
    leaseUntil: new Date(lease.now.getTime() + lease.forMs),
  };
}

/** Records what the attempt came to, at the attempt's end. Delays are in ms and run from there. */
export function conclude(
  it: NotificationIn<'sending'>,
  result: AttemptResult,
  at: { readonly now: Date; readonly delaysMs: readonly number[] },
): NotificationIn<'completed' | 'failed' | 'queued' | 'exhausted'> {
  const base = { ...common(it), interruptions: 0 };
  switch (result) {
    case 'accepted':
      return { ...base, state: 'completed', completedAt: at.now };
    case 'refused':
      return { ...base, state: 'failed', endedAt: at.now };
    case 'unavailable': {
      const delayMs = at.delaysMs[it.roundAttempts - 1];
      return delayMs === undefined
        ? { ...base, state: 'exhausted', endedAt: at.now }
        : { ...base, state: 'queued', nextAttemptAt: new Date(at.now.getTime() + delayMs) };
    }
    default:
      return result satisfies never;
  }
}

/** Our own crash cut the attempt short: it does not count, but the fifth in a row is a question. */
export function interrupt(
  it: NotificationIn<'sending'>,
  now: Date,
): NotificationIn<'queued' | 'quarantined'> {
  const interruptions = it.interruptions + 1;
  const base = { ...common(it), interruptions, roundAttempts: it.roundAttempts - 1 };
  return interruptions >= INTERRUPTIONS_MAX
    ? { ...base, state: 'quarantined', endedAt: now }
    : { ...base, state: 'queued', nextAttemptAt: now };
}

/** The process ends in good order before the attempt does: it counts as nothing at all. */
export function giveBack(it: NotificationIn<'sending'>, now: Date): NotificationIn<'queued'> {
  return {
    ...common(it),
    roundAttempts: it.roundAttempts - 1,
    state: 'queued',
    nextAttemptAt: now,
  };
}

/** An operator's retry, due at `at`: a new round of all its tries; attempt numbers go on. */
export function retry(
  it: NotificationIn<'failed' | 'exhausted' | 'quarantined'>,
  at: Date,
): NotificationIn<'queued'> {
  return {
    ...common(it),
    round: it.round + 1,
    roundAttempts: 0,
    interruptions: 0,
    state: 'queued',
    nextAttemptAt: at,
  };
}

function common(it: Notification): Common {
  const { id, orderId, channel, creditNoteId, round, roundAttempts, attempts, interruptions } = it;
  return { id, orderId, channel, creditNoteId, round, roundAttempts, attempts, interruptions };
}
