// The list of scenarios as people see it: names that the command line takes, and French that can be
// printed as it is.

import { expect, test } from 'vitest';
import { SCENARIOS, scenarioOf } from '#adapters/sandbox/scenarios.ts';

test('has each row of the table once, under its letter and its name', () => {
  const letters = SCENARIOS.flatMap(({ letter }) => letter ?? []);
  expect(letters).toEqual([...'ABCDEFGHIJKLMN']);
  expect(new Set(SCENARIOS.map(({ slug }) => slug)).size).toBe(SCENARIOS.length);
  expect(scenarioOf(' n ')?.slug).toBe('refund');
  expect(scenarioOf('SEPA')?.letter).toBe('H');
  expect(scenarioOf('constructor')).toBeNull();
  expect(scenarioOf('')).toBeNull();
});

test('speaks French as it is printed', () => {
  for (const { title, sentence, slug } of SCENARIOS) {
    expect(slug).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(sentence, slug).toMatch(/^[A-ZÀ-Ý].*\.$/);
    expect(title, slug).not.toMatch(/\.$/);
    // No straight apostrophe, no ordinary space before a sign that must not be alone.
    expect(title + sentence, slug).not.toMatch(/'| [:;!?%€»]|« /);
  }
});
