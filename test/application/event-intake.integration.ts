// Webhooks that arrive together share a commit. Whatever arrives, in whatever company, with whatever
// trouble of the database in between: one row and one job for each event that was accepted, nothing of
// the others, and to each caller its own answer.

import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresEventStore } from '#adapters/postgres/transact.ts';
import { eventIntake } from '#application/event-intake.ts';
import type { Inbox, ReceivedEvent, Trace, Transact } from '#application/ports.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { receivedEvent, type TestBooks, testBooks } from '#test/support/books.ts';
import { line, paidCheckout } from '#test/support/orders.ts';

let books: TestBooks;
let made = 0;
beforeAll(async () => {
  books = await testBooks();
});
afterAll(() => books.close());

function newEvent(overrides: Partial<ReceivedEvent> = {}): ReceivedEvent {
  made += 1;
  return receivedEvent({ id: `evt_intake_${made}`, ...overrides });
}

/** What PostgreSQL refuses: a character that it cannot hold, an instant before its calendar. */
const SPOILT: readonly Partial<ReceivedEvent>[] = [
  { body: '{"a":"\u0000"}' },
  { createdAt: new Date(-8.64e15) },
];

type Left = { readonly rows: number; readonly open: number; readonly jobs: number };
const ONE: Left = { rows: 1, open: 1, jobs: 1 };
const NOTHING: Left = { rows: 0, open: 0, jobs: 0 };

async function leftOf({ id }: ReceivedEvent): Promise<Left> {
  const { rows } = await sql<Left>`
    select (select count(*)::int from stripe_event where id = ${id}) as rows,
      (select count(*)::int from event_outcome where event_id = ${id} and kind = 'pending') as open,
      (select count(*)::int from graphile_worker._private_jobs
       where key = 'resolve-payment:' || ${id} and payload->>'eventId' = ${id}) as jobs
  `.execute(books.db);
  return rows[0] as Left;
}

type Fate = 'ok' | 'before' | 'after';

/** A database that is away at some calls, or goes away between its commit and its answer. */
function troubled(fates: readonly Fate[]): {
  readonly transact: Transact;
  readonly store: Inbox['store'];
  calls(): number;
} {
  let calls = 0;
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    const fate = fates[calls] ?? 'ok';
    calls += 1;
    if (fate === 'before') throw new Error('the database is away');
    const result = await work();
    if (fate === 'after') throw new Error('the answer was lost');
    return result;
  }
  const store = postgresEventStore(books.db);
  return {
    calls: () => calls,
    transact: (work) => asked(() => books.transact(work)),
    store: (events, at) => asked(() => store(events, at)),
  };
}

const arrival = fc.record({
  event: fc.nat({ max: 5 }),
  pause: fc.constantFrom('none', 'none', 'turn', 'moment'),
});
const ARRIVALS = fc.array(arrival, { minLength: 1, maxLength: 25 });
const SPOILT_ONES = fc.array(fc.nat({ max: 5 }), { maxLength: 2 });
const FATES = fc.array(fc.constantFrom<Fate[]>('ok', 'ok', 'ok', 'before', 'after'), {
  maxLength: 6,
});

test('any company and any trouble: what was accepted is there once, and each hears its own answer', async () => {
  const property = fc.asyncProperty(
    ARRIVALS,
    SPOILT_ONES,
    FATES,
    fc.boolean(),
    async (...given) => {
      const [arrivals, bad, fates, isAlone] = given;
      const events = Array.from({ length: 6 }, (_, at) =>
        newEvent(bad.includes(at) ? SPOILT[at % SPOILT.length] : {}),
      );
      const { transact, store } = troubled(fates);
      const { receive } = eventIntake({ ...books.base, transact, ...(isAlone ? { store } : {}) });
      const answers = events.map((): Promise<string>[] => []);
      for (const { event, pause } of arrivals) {
        if (pause === 'turn') await new Promise(setImmediate);
        if (pause === 'moment') await new Promise((resolve) => setTimeout(resolve, 2));
        const received = receive(events[event] as ReceivedEvent).catch(() => 'failed');
        answers[event]?.push(received);
      }
      for (const [at, event] of events.entries()) {
        const heard = await Promise.all(answers[at] ?? []);
        const count = (answer: string) => heard.filter((it) => it === answer).length;
        const left = await leftOf(event);
        if (bad.includes(at)) {
          expect(count('failed')).toBe(heard.length);
          expect(left).toEqual(NOTHING);
          continue;
        }
        expect(count('stored')).toBeLessThanOrEqual(1);
        if (count('stored') + count('duplicate') > 0) expect(left).toEqual(ONE);
        else expect([ONE, NOTHING]).toContainEqual(left);
        if (fates.every((it) => it === 'ok') && heard.length > 0) {
          expect([count('stored'), count('duplicate')]).toEqual([1, heard.length - 1]);
        }
        if (!fates.includes('after')) {
          expect(left).toEqual(count('stored') === 1 ? ONE : NOTHING);
        }
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('those that arrive at once, or while a commit is under way, share one', async () => {
  const gate = Promise.withResolvers<void>();
  const counted = troubled([]);
  const transact: Transact = async (work) => {
    await gate.promise;
    return counted.transact(work);
  };
  const { receive } = eventIntake({ ...books.base, transact });
  const early = Array.from({ length: 50 }, () => receive(newEvent()));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const late = Array.from({ length: 200 }, () => receive(newEvent()));
  gate.resolve();
  expect(new Set(await Promise.all([...early, ...late]))).toEqual(new Set(['stored']));
  expect(counted.calls()).toBe(3); // 50, then 128 at most, then the rest
});

test('what waits is bounded, by its length too; when it is taken in there is room again', async () => {
  const gate = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const transact: Transact = async (work) => {
    await gate.promise;
    return books.transact((tx) =>
      work({
        ...tx,
        inbox: {
          ...tx.inbox,
          store(events, at) {
            sizes.push(events.length);
            return tx.inbox.store(events, at);
          },
        },
      }),
    );
  };
  const limits = { batchEvents: 128, batchLength: 25_000, waitingLength: 60_000 };
  const { receive } = eventIntake({ ...books.base, transact }, limits);
  const large = () => newEvent({ body: `"${'x'.repeat(10_000)}"` });
  const taken = Array.from({ length: 4 }, () => receive(large()));
  expect(await receive(large())).toBe('full');
  gate.resolve();
  expect(await Promise.all(taken)).toEqual(Array(4).fill('stored'));
  expect(sizes).toEqual([1, 1, 1, 1]);
  expect(await receive(large())).toBe('stored');
});

test('an event in quarantine that is sent again among others is looked at again', async () => {
  const { receive } = eventIntake(books.base);
  const stopped = newEvent();
  const facts = paidCheckout({
    paymentIntentId: 'pi_stopped',
    lines: [line({ partner: 'nobody' })],
  });
  await receive(stopped);
  await resolvePayment({ ...books.base, stripe: { read: async () => ({ facts }) } }, stopped.id);
  const { kind } = await outcomeOf(stopped);
  expect(kind).toBe('quarantine');
  const answers = await Promise.all([newEvent(), stopped, stopped, newEvent()].map(receive));
  expect(answers).toEqual(['stored', 'duplicate', 'duplicate', 'stored']);
  expect(await outcomeOf(stopped)).toEqual({ kind: 'pending' });
  expect(await leftOf(stopped)).toEqual(ONE);
});

test('while the database is away nobody waits for its turn to find out', async () => {
  let now = 0;
  let calls = 0;
  const away = async (): Promise<never> => {
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    now += 5_000; // as long as one waits for a connection
    throw new Error('the database is away');
  };
  const clock = { now: () => new Date(now) };
  const { receive } = eventIntake({ transact: away, clock });
  const all = Array.from({ length: 1_000 }, () => receive(newEvent()).catch(() => 'failed'));
  expect(new Set(await Promise.all(all))).toEqual(new Set(['failed']));
  expect(calls).toBe(2); // as many batches as are stored at once
});

test('each event and its job go on from their own steps', async () => {
  const { trace, adding } = numberedSteps();
  const { receive } = eventIntake({ ...books.base, trace, adding });
  const events = [newEvent(), newEvent()];
  await Promise.all(events.map(receive));
  const { rows } = await sql<{ place: string; job: string }>`
    select e.trace_parent as place, j.payload->>'traceparent' as job from stripe_event e
    join graphile_worker._private_jobs j on j.key = 'resolve-payment:' || e.id
    where e.id = any(${events.map((it) => it.id)}) order by e.id`.execute(books.db);
  expect(rows).toEqual([
    { place: 'receive event 1/transaction 2', job: 'receive event 1/transaction 2/add_job 3' },
    { place: 'receive event 4/transaction 5', job: 'receive event 4/transaction 5/add_job 6' },
  ]);
});

/** Steps that are named by all that they lie in. */
function numberedSteps(): Required<Pick<Parameters<typeof eventIntake>[0], 'trace' | 'adding'>> {
  const steps = new AsyncLocalStorage<string | undefined>();
  let last = 0;
  const under = (name: string): string => {
    last += 1;
    return [...(steps.getStore() ? [steps.getStore()] : []), `${name} ${last}`].join('/');
  };
  const trace: Trace = {
    span: (name, _about, work) => steps.run(under(name), () => work({ tell() {} })),
    place: () => steps.getStore() ?? null,
    apart: (work) => steps.run(undefined, work),
  };
  const adding: ReturnType<typeof numberedSteps>['adding'] = (_task, add) => {
    const place = under('add_job');
    return steps.run(place, () => add(place));
  };
  return { trace, adding };
}

async function outcomeOf({ id }: ReceivedEvent): Promise<{ readonly kind: string }> {
  return books.db
    .selectFrom('event_outcome')
    .select('kind')
    .where('event_id', '=', id)
    .executeTakeFirstOrThrow();
}
