// The words of sign-in and of the journal: right for every count, and for every action that the program
// writes down anywhere.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { passwordFault, refusalText } from '#adapters/dashboard/account-words.ts';
import { actionWords, KNOWN_ACTIONS } from '#adapters/dashboard/action-words.ts';

const NOW = new Date('2026-11-22T13:32:18Z');
const WHAT = 'Adresse e-mail ou mot de passe incorrect';

test.each([
  [4, 'Encore quatre essais avant une pause de 15\u00A0minutes.'],
  [2, 'Encore deux essais avant une pause de 15\u00A0minutes.'],
  [1, 'Encore un essai avant une pause de 15\u00A0minutes.'],
  [0, 'C’était le dernier essai\u00A0: pause de 15\u00A0minutes, jusqu’à 14:47.'],
])('with %i tries left it says so', (left, words) => {
  expect(refusalText({ kind: 'wrong', left }, WHAT, NOW)).toBe(`${WHAT}. ${words}`);
});

test('a pause says when it ends, in Paris', () => {
  const until = new Date('2026-11-22T13:44:18Z');
  expect(refusalText({ kind: 'paused', until }, WHAT, NOW)).toBe(
    'Trop d’essais. Réessayez à 14:44, dans 12\u00A0min.',
  );
});

test('a password needs length, variety, and not to be the address', () => {
  expect(passwordFault('quatre mots à soi', 'a@example.fr')).toBeNull();
  expect(passwordFault('onze lettre', 'a@example.fr')).toContain('au moins 12');
  expect(passwordFault('👍👍👍👍👍👍👍👍👍👍👍👍', 'a@example.fr')).toContain('se devine');
  expect(passwordFault('Nadia@Example.fr', 'nadia@example.fr')).toContain('se devine');
  expect(passwordFault('ab cd ef gh '.repeat(100), 'a@example.fr')).toContain('au plus');
});

test('every action that is written down has its words', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const written = ['application', 'adapters']
    .flatMap((folder) =>
      readdirSync(join(src, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
    )
    .flatMap((text) => [...text.matchAll(/\baction: '([a-z]+(?:-[a-z]+)+)'/g)])
    .map(([, action]) => action as string);
  expect(written.length).toBeGreaterThan(10);
  expect([...new Set(written)].filter((action) => !KNOWN_ACTIONS.includes(action))).toEqual([]);
  expect(actionWords('something-new')).toBe('something-new');
});
