// The identifiers of notifications and leases: of the standard's form, rising with time, never the same.

import { expect, test, vi } from 'vitest';
import { timeOrderedId } from '#adapters/time-ordered-id.ts';

test('is a UUID of version 7', () => {
  expect(timeOrderedId()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('rises from one millisecond to the next', () => {
  vi.useFakeTimers({ now: 1_764_000_000_000 });
  const first = timeOrderedId();
  vi.advanceTimersByTime(1);
  const second = timeOrderedId();
  vi.useRealTimers();
  expect(first.slice(0, 13).replace('-', '')).toBe(
    (1_764_000_000_000).toString(16).padStart(12, '0'),
  );
  expect(first < second).toBe(true);
});

test('ten thousand of one moment are ten thousand', () => {
  expect(new Set(Array.from({ length: 10_000 }, timeOrderedId)).size).toBe(10_000);
});
