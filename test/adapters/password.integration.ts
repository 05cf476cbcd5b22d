// What a guess at the door costs, whoever is meant: the work is the same for an account that is not there,
// and a crowd of guesses waits in line instead of taking the machine's memory.

import { expect, test } from 'vitest';
import { hashPassword, isOutdated, judgePassword } from '#adapters/password.ts';
import { cheapHash } from '#test/support/stranger.ts';

test('a password is right, wrong, or judged against nobody’s, by the same hash', async () => {
  const hash = await hashPassword('é quatre mots');
  expect(await judgePassword('e\u0301 quatre mots', hash)).toBe('right');
  expect(await judgePassword('E quatre mots', hash)).toBe('wrong');
  // Nobody’s has today’s parameters: an address without an account takes as long as one with.
  expect(isOutdated(hash)).toBe(false);
  expect(isOutdated(cheapHash('x'))).toBe(true);
  const started = process.cpuUsage();
  expect(await judgePassword('x', null)).toBe('wrong');
  const spent = process.cpuUsage(started).user;
  // A hash of 128 MiB is never had for a millisecond; a comparison is.
  expect(spent).toBeGreaterThan(20_000);
});

test.each(['!', '', 'nonsense'])('%j in place of a hash lets nobody in', async (hash) => {
  expect(await judgePassword(hash, hash)).toBe('wrong');
});

test('of a crowd, two are judged at a time, some wait, and the rest are asked to come back', async () => {
  const hash = cheapHash('le bon');
  const crowd = Array.from({ length: 40 }, () => judgePassword('le bon', hash));
  const told = await Promise.all(crowd);
  const countOf = (what: string) => told.filter((it) => it === what).length;
  expect(countOf('right') + countOf('busy')).toBe(40);
  expect(countOf('busy')).toBeGreaterThan(15);
  expect(countOf('right')).toBeGreaterThanOrEqual(2 + 16);
  expect(await judgePassword('le bon', hash)).toBe('right');
});
