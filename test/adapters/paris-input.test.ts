// A day and an hour typed in Paris, over both changes of the clocks.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parisField, parisInstant } from '#adapters/pages/paris-input.ts';

test.each([
  ['in winter', '2026-11-22T14:30', '2026-11-22T13:30:00.000Z'],
  ['in summer', '2026-07-14T00:05', '2026-07-13T22:05:00.000Z'],
  ['with seconds and a space', '2026-11-22 14:30:59', '2026-11-22T13:30:00.000Z'],
  ['in the hour that comes twice: the first', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
  ['in the hour that is missing: as it would be', '2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
])('an hour %s', (_, typed, instant) => {
  expect(parisInstant(typed)?.toISOString()).toBe(instant);
});

test.each(['', 'hier', '2026-02-30T10:00', '2026-13-01T10:00', '2026-11-22', '2026-11-22T25:00'])(
  '%j is no hour',
  (typed) => expect(parisInstant(typed)).toBeNull(),
);

test('what a field shows is read back to the minute, but for the second of a double hour', () => {
  const instants = fc.date({
    min: new Date('2000-01-01'),
    max: new Date('2100-01-01'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, (at) => {
      const read = parisInstant(parisField(at));
      expect(read && parisField(read)).toBe(parisField(at));
    }),
    { numRuns: 200 },
  );
});
