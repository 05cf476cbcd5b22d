// The machine of notifications against a model of it: sequences nobody would think of, of claims,
// answers, crashes, sweeps, hanging processes, impatient operators and time, on the real database
// with a clock that the test moves. MODEL_RUNS=500 looks longer; a failure prints seed and path.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeliveryAnswer } from '#application/ports.ts';
import type { Channel } from '#domain/notification.ts';
import { ACCEPTED, REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { type Model, newModel } from '#test/support/notification-model.ts';
import {
  answer,
  CHANNELS,
  claim,
  crash,
  giveBack,
  newReal,
  print,
  retry,
  START,
  type Step,
  sweep,
  wait,
  waitForTurn,
} from '#test/support/notification-steps.ts';

const RUNS = Number(process.env.MODEL_RUNS ?? 8);
const STEPS_MAX = 50;
const MINUTE = 60_000;

/** Plays the steps from a new order on; its PDF is stored before the first unless `isEarly`. */
async function play(steps: Iterable<Step>, isEarly = false): Promise<Model> {
  const real = await newReal();
  const model = newModel(START.getTime(), ['one', 'two']);
  try {
    if (!isEarly) await print.run(model, real);
    await fc.asyncModelRun(() => ({ model, real }), steps);
  } finally {
    await real.books.close();
  }
  return model;
}

const anyChannel = fc.constantFrom(...CHANNELS);
const anyWorker = fc.constantFrom(0, 1);
const anyAnswer = fc.constantFrom(ACCEPTED, REFUSED, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE);
const anyTook = fc.constantFrom(0, 1, 250, 9_999, 10_000, 60_000, 89_999, 90_001);
const anyWait = fc.oneof(
  fc.constantFrom(1_000, MINUTE, 89_999, 90_000, 90_001, 5 * MINUTE, 30 * MINUTE),
  fc.integer({ min: 1, max: 30 * MINUTE }),
);

const claims = fc.tuple(anyChannel, anyWorker).map(([channel, which]) => claim(channel, which));
const answers = fc
  .tuple(fc.nat(3), anyAnswer, anyTook)
  .map(([which, given, tookMs]) => answer(which, given, tookMs));
const turns = fc.tuple(anyChannel, fc.boolean()).map(([it, early]) => waitForTurn(it, early));

const anySteps = fc.commands(
  [
    // As often as they are named: a machine that nobody works shows little.
    ...[claims, claims, claims, answers, answers, answers, turns, turns],
    anyWait.map(wait),
    fc.constant(print),
    fc.tuple(fc.nat(3), anyTook).map(([which, tookMs]) => answer(which, 'our fault', tookMs)),
    ...[anyWorker.map(crash), fc.boolean().map(sweep), fc.boolean().map(sweep)],
    anyWorker.map(giveBack),
    anyChannel.map(retry),
  ],
  { maxCommands: STEPS_MAX, size: 'max' },
);

const oftenPrinted = fc.constantFrom(false, false, false, true);

test('the machine does what its model does, whatever happens', async () => {
  const played = fc.asyncProperty(anySteps, oftenPrinted, async (steps, isEarly) => {
    await play(steps, isEarly);
  });
  await fc.assert(played, { numRuns: RUNS, endOnFailure: RUNS < 100 });
}, 600_000);

const tries = (channel: Channel, given: DeliveryAnswer, tookMs = 10_000): Step[] => [
  waitForTurn(channel, true),
  claim(channel, 0),
  waitForTurn(channel, false),
  claim(channel, 0),
  answer(0, given, tookMs),
];

test('a partner is tried three times in 35 minutes, and once more when asked to', async () => {
  const down = tries('webhook', UNAVAILABLE);
  const round = [...down, ...down, ...down];
  const late = [wait(30 * MINUTE), claim('webhook', 1)];
  const model = await play([
    ...round,
    ...late,
    retry('webhook'),
    ...round,
    retry('webhook'),
    ...down,
    ...tries('webhook', ACCEPTED),
    ...late,
    retry('webhook'),
  ]);
  const { state, attempts } = model.it.webhook;
  expect(state).toBe('completed');
  expect(attempts.map((it) => it.round)).toEqual([1, 1, 1, 2, 2, 2, 3, 3]);
  const [first, second, third] = attempts.map((it) => it.startedAt);
  // Each pause runs from the end of the attempt before, which took ten seconds.
  expect((second ?? 0) - (first ?? 0)).toBe(5 * MINUTE + 10_000);
  expect((third ?? 0) - (second ?? 0)).toBe(30 * MINUTE + 10_000);
});

test('a mail is tried eight times and then given up', async () => {
  const down = tries('email', UNAVAILABLE, 1_000);
  const model = await play([...Array.from({ length: 9 }, () => down).flat()]);
  expect(model.it.email).toMatchObject({ state: 'exhausted', counted: 8 });
});

test('four crashes cost no try, the fifth in a row asks for a person', async () => {
  const crashed = [claim('webhook', 0), crash(0), sweep(true)];
  const four = [...crashed, ...crashed, ...crashed, ...crashed];
  const due = [waitForTurn('webhook', false)];
  const spared = await play([...four, ...tries('webhook', UNAVAILABLE), ...due, ...four]);
  expect(spared.it.webhook).toMatchObject({ state: 'queued', counted: 1, crashes: 4 });
  const asked = await play([...four, ...crashed, ...crashed, retry('webhook'), ...four]);
  expect(asked.it.webhook).toMatchObject({ state: 'queued', round: 2, counted: 0, crashes: 4 });
  expect(asked.alerts).toBe(1);
});

test('an answer after the lease was taken away changes nothing', async () => {
  const model = await play([
    claim('webhook', 0),
    wait(90_000),
    sweep(false),
    wait(1),
    sweep(false),
    claim('webhook', 1),
    answer(0, ACCEPTED, 0),
    answer(0, REFUSED, 0),
  ]);
  const outcomes = model.it.webhook.attempts.map((it) => it.outcome);
  expect(outcomes).toEqual(['interrupted', 'refused']);
  expect(model.it.webhook.state).toBe('failed');
});

test('a process that is told to stop gives back what it holds, and nothing is counted', async () => {
  const stopped = [claim('webhook', 0), claim('email', 0), giveBack(0)];
  const model = await play([
    ...Array.from({ length: 6 }, () => stopped).flat(),
    ...tries('webhook', UNAVAILABLE),
    claim('email', 1),
    giveBack(0),
  ]);
  // The answers come all the same, too late for the first six.
  expect(model.it.webhook).toMatchObject({ state: 'queued', counted: 0, crashes: 0 });
  expect(model.it.email).toMatchObject({ state: 'sending', counted: 1, holder: 'two' });
});

test('nothing is sent before the PDF is stored, however long that takes', async () => {
  const look = CHANNELS.flatMap((channel) => [claim(channel, 0), wait(30 * MINUTE)]);
  const model = await play(
    [...look, sweep(true), ...look, print, ...tries('webhook', ACCEPTED)],
    true,
  );
  expect(model.it.webhook).toMatchObject({ state: 'completed', counted: 1 });
  expect(model.it.email).toMatchObject({ state: 'queued', counted: 0 });
});
