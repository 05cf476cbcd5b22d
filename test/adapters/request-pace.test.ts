import fc from 'fast-check';
import { expect, test } from 'vitest';
import { turns } from '#adapters/stripe/request-pace.ts';

/** A time that passes only when somebody waits, or by the given steps between two turns. */
function steppedTime() {
  let now = 0;
  return {
    now: () => now,
    wait: async (ms: number) => {
      now += ms;
    },
    step: (ms: number) => {
      now += ms;
    },
  };
}

test('no second sees more requests than the pace, however they come', async () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(pauses, fc.integer({ min: 1, max: 10 }), async (steps, perSecond) => {
      const time = steppedTime();
      const myTurn = turns({ perSecond }, time);
      const begun: number[] = [];
      for (const pause of steps) {
        time.step(pause);
        await myTurn();
        begun.push(time.now());
      }
      begun.forEach((at, index) => {
        const next = begun[index + perSecond];
        if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(1000);
      });
    }),
  );
});

test('requests made at once get their turns in order, and none waits longer than it must', async () => {
  const time = steppedTime();
  const myTurn = turns({ perSecond: 12 }, time);
  const order: number[] = [];
  await Promise.all(Array.from({ length: 30 }, (_, n) => myTurn().then(() => order.push(n))));
  expect(order).toEqual(Array.from({ length: 30 }, (_, n) => n));
  expect(time.now()).toBe(2000);
});
