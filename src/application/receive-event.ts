// Step 2 of a payment's way: an event is stored and its job added, or neither. No network here, so
// Stripe's answer never waits for Stripe. Many events are stored as one, since it is the commit that
// costs; each has an answer of its own all the same.

import type { PaymentKey } from '#domain/payment-key.ts';
import type { ArrivingEvent, Clock, Inbox, ReceivedEvent, Trace, Transact } from './ports.ts';
import { untraced } from './unwatched.ts';

export type ReceiveNeeds = {
  readonly transact: Transact;
  readonly clock: Clock;
  /** Stores by one statement alone, which asks the database once instead of thrice; absent: in a transaction. */
  readonly store?: Inbox['store'];
  readonly trace?: Trace;
  /** Adds a job as a step of its own, given its place; absent: it belongs to the step under way. */
  readonly adding?: <T>(task: string, add: (place: string | null) => Promise<T>) => Promise<T>;
};

/**
 * `duplicate`: the id is known and nothing changed, except that an event in quarantine is looked at
 * again, since a person who sends it again has mended its cause.
 */
export type Receipt = 'stored' | 'duplicate';

/** Nothing is known of what came of it: whoever sent it must send it again. */
type Failure = { readonly failed: unknown };

/** What became of one event among many; with `failed`, nothing is promised about it. */
export type Receiving = Receipt | Failure;

/** Stores a verified event once. Throws when that failed; Stripe must then be told to come back. */
export function receiveEvent(needs: ReceiveNeeds, event: ReceivedEvent): Promise<Receipt> {
  const { trace = untraced } = needs;
  return arriving(needs, event, async (arrived) => {
    const [received] = await trace.apart(() => receiveEvents(needs, [arrived]));
    if (typeof received === 'string') return received;
    throw received?.failed;
  });
}

/**
 * The steps in which an event's trace shows how it arrived: `transaction` is its share of the one in
 * which `take` stores it with others, and which belongs to no trace itself.
 */
export function arriving<T>(
  { trace = untraced, adding = (_task, add) => add(trace.place()) }: ReceiveNeeds,
  event: ReceivedEvent,
  take: (arrived: ArrivingEvent) => Promise<T>,
): Promise<T> {
  return trace.span('receive event', { facts: { eventId: event.id } }, () => {
    if (trace.place() === null) return take(event);
    return trace.span('transaction', {}, () => {
      const place = trace.place();
      return adding('resolve-payment', (jobPlace) => take({ ...event, place, jobPlace }));
    });
  });
}

/**
 * Stores events with one commit, an answer for each of them in their order; the same event may be
 * among them twice. One that the database refuses fails alone: then they are stored one by one.
 * Throws when the database is away; nothing was stored then.
 */
export async function receiveEvents(
  needs: ReceiveNeeds,
  events: readonly ArrivingEvent[],
): Promise<readonly Receiving[]> {
  const firstAt = new Map<string, number>();
  for (const [at, { id }] of events.entries()) if (!firstAt.has(id)) firstAt.set(id, at);
  // Sorted, so that two processes that are given the same events never wait for each other in a ring.
  const given = events
    .filter(({ id }, at) => firstAt.get(id) === at)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  let stored: ReadonlySet<string>;
  try {
    stored = await storeAll(needs, given);
  } catch (error) {
    if (error instanceof Refusal) return oneByOne(needs, events, error);
    throw error;
  }
  const known = given.flatMap(({ id }) => (stored.has(id) ? [] : [id]));
  const failures = known.length > 0 ? await lookAgain(needs, known) : new Map<string, Failure>();
  return events.map(({ id }, at): Receiving => {
    if (stored.has(id) && firstAt.get(id) === at) return 'stored';
    return failures.get(id) ?? 'duplicate';
  });
}

async function storeAll(
  { transact, clock, store }: ReceiveNeeds,
  given: readonly ArrivingEvent[],
): Promise<ReadonlySet<string>> {
  const by = async (storing: Inbox['store']): Promise<ReadonlySet<string>> => {
    const stored = await storing(given, clock.now());
    if ('refused' in stored) throw new Refusal('an event was refused', { cause: stored.refused });
    return stored;
  };
  return store ? by(store) : transact(({ inbox }) => by(inbox.store));
}

/** In a transaction it is what ends it, for PostgreSQL takes nothing more of that one. */
class Refusal extends Error {}

async function oneByOne(
  needs: ReceiveNeeds,
  events: readonly ArrivingEvent[],
  refusal: Refusal,
): Promise<readonly Receiving[]> {
  if (events.length === 1) return [{ failed: refusal }];
  const answers: Receiving[] = [];
  for (const event of events) {
    try {
      answers.push(...(await receiveEvents(needs, [event])));
    } catch (failed) {
      // The database went away: the others need not wait for that, each in its turn.
      return events.map((_event, at) => answers[at] ?? { failed });
    }
  }
  return answers;
}

/** Opens those known events again that are in quarantine; which ones that failed for, and why. */
async function lookAgain(
  { transact, clock }: ReceiveNeeds,
  known: readonly string[],
): Promise<ReadonlyMap<string, Failure>> {
  let stopped: ReadonlyMap<string, PaymentKey>;
  try {
    stopped = await transact(({ inbox }) => inbox.quarantined(known));
  } catch (failed) {
    // What is new among their company is stored, and hears so.
    return new Map(known.map((id) => [id, { failed }]));
  }
  const failures = new Map<PaymentKey, Failure>();
  for (const key of new Set(stopped.values())) {
    try {
      await transact(async ({ inbox, outbox }) => {
        for (const eventId of await inbox.reopen(key, clock.now())) {
          await outbox.add({ task: 'resolve-payment', payload: { eventId } });
        }
      });
    } catch (failed) {
      failures.set(key, { failed });
    }
  }
  return new Map(
    [...stopped].flatMap(([id, key]) => {
      const failure = failures.get(key);
      return failure ? [[id, failure]] : [];
    }),
  );
}
