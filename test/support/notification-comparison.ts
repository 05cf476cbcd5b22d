// Whether the rows of the notifications are what their model says, and whether they are lawful by
// themselves: what holds of any log of attempts, however it came about, is asked of the rows alone,
// so that a mistake in the model cannot hide one in the machine.

import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Channel } from '#domain/notification.ts';
import type { TestBooks } from './books.ts';
import { type Model, type ModelAttempt, PAUSES_MS } from './notification-model.ts';

type Seen = {
  readonly channel: Channel;
  readonly state: string;
  readonly round: number;
  readonly counted: number;
  readonly crashes: number;
  readonly total: number;
  readonly nextAt: Date | null;
  readonly leaseUntil: Date | null;
  readonly holder: string | null;
  readonly isReleased: boolean;
  readonly hasEnded: boolean;
  /** When the queue wakes it; null when no job does. */
  readonly wakeAt: Date | null;
  readonly attempts: readonly Tried[];
};
type Tried = {
  readonly number: number;
  readonly round: number;
  readonly outcome: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
};

/** Compares every notification on the books with its model; throws as `expect` does. */
export async function expectSame(model: Model, books: TestBooks): Promise<void> {
  const { rows } = await sql<Seen>`
    select channel, state, round, round_attempts as counted, interruptions as crashes,
      attempts as total, next_attempt_at as "nextAt", lease_until as "leaseUntil",
      lease_holder as holder, released_at is not null as "isReleased",
      completed_at is not null or ended_at is not null as "hasEnded",
      (select run_at from graphile_worker._private_jobs
        where key = 'deliver-notification:' || n.id) as "wakeAt",
      coalesce((select json_agg(json_build_object('number', number, 'round', round,
          'outcome', outcome, 'startedAt', started_at, 'endedAt', ended_at) order by number)
        from attempt where notification_id = n.id), '[]') as attempts
    from notification n`.execute(books.db);
  expect(rows).toHaveLength(Object.keys(model.it).length);
  for (const { attempts: log, nextAt, leaseUntil, wakeAt, ...seen } of rows) {
    const { attempts, ...it } = model.it[seen.channel];
    expect({ ...seen, nextAt: millis(nextAt), leaseUntil: millis(leaseUntil) }).toEqual({
      ...it,
      channel: seen.channel,
      total: attempts.length,
      isReleased: model.isPrinted,
      hasEnded: it.state !== 'queued' && it.state !== 'sending',
    });
    const tried = log.map(({ startedAt, endedAt, ...rest }) => {
      return { ...rest, startedAt: Date.parse(startedAt), endedAt: endedAt && Date.parse(endedAt) };
    });
    expect(tried).toEqual(attempts);
    expectLawful(tried as ModelAttempt[], seen.channel, seen.state);
    // Whatever waits has a job that wakes it in time.
    if (model.isPrinted && nextAt !== null)
      expect(millis(wakeAt) ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(nextAt.getTime());
  }
  const ends = books.raised.filter(({ kind }) => kind === 'notification-ended').length;
  expect(ends).toBe(model.alerts);
}

function millis(instant: Date | null): number | null {
  return instant?.getTime() ?? null;
}

/** What holds of any log of attempts, told from the rows alone. */
function expectLawful(attempts: readonly ModelAttempt[], channel: Channel, state: string): void {
  const pauses = PAUSES_MS[channel];
  let counted = 0;
  let cutInARow = 0;
  for (const [index, attempt] of attempts.entries()) {
    const before = attempts[index - 1];
    expect(attempt.number).toBe(index + 1);
    if (attempt.outcome === null) expect([index, state]).toEqual([attempts.length - 1, 'sending']);
    if (before === undefined || before.round !== attempt.round) {
      expect(attempt.round).toBeGreaterThanOrEqual((before?.round ?? 0) + 1);
      counted = 0;
      cutInARow = 0;
    } else {
      // Nothing follows an end but a new round; a pause runs from the end of the try before.
      expect(['server-error', 'interrupted']).toContain(before.outcome);
      const pauseMs = before.outcome === 'interrupted' ? 0 : (pauses[counted - 1] ?? Infinity);
      expect(attempt.startedAt).toBeGreaterThanOrEqual((before.endedAt ?? Infinity) + pauseMs);
    }
    if (attempt.outcome === 'interrupted') cutInARow += 1;
    else {
      counted += 1;
      cutInARow = 0;
    }
    expect(counted).toBeLessThanOrEqual(pauses.length + 1);
  }
  expect(state === 'sending').toBe(attempts.at(-1)?.outcome === null);
  if (state === 'quarantined') expect(cutInARow).toBeGreaterThanOrEqual(5);
}
