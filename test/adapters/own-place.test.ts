// Where one may be led after signing in, held against anything that could stand in an address: whatever
// comes out is a page of the dashboard, on this host, for every reader of addresses.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownPlace } from '#adapters/dashboard/own-place.ts';

test.each([
  ['/dashboard', '/dashboard'],
  ['/dashboard/orders?etat=failed&q=a%20b', '/dashboard/orders?etat=failed&q=a%20b'],
  ['/dashboard/orders/../people', '/dashboard/people'],
  ['/dashboard/é', '/dashboard/%C3%A9'],
  ['', '/dashboard'],
  ['dashboard/orders', '/dashboard'],
  ['/dashboards', '/dashboard'],
  ['/portal', '/dashboard'],
  ['/dashboard/../portal', '/dashboard'],
  ['/dashboard/sign-in/code', '/dashboard'],
  ['//here.invalid/dashboard', '/dashboard'],
  ['//user@here.invalid/dashboard', '/dashboard'],
  [`/dashboard/${'x'.repeat(3_000)}`, '/dashboard'],
])('%j leads to %s', (wanted, place) => {
  expect(ownPlace(wanted)).toBe(place);
});

const PIECES = [
  ...[
    '/',
    '//',
    '\\',
    '/\\',
    '..',
    '.',
    '%2e',
    '%2f',
    '%5c',
    ':',
    '@',
    '?',
    '#',
    '\t',
    '\r\n',
    '\0',
  ],
  ...['http', 'https:', 'javascript:', 'evil.example', 'dashboard', '/dashboard', 'sign-in', ' '],
];
const hostile = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/dashboard${text}`),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);

test('whatever is wanted, the place is one of the dashboard’s own', () => {
  fc.assert(
    fc.property(hostile, (wanted) => {
      const place = ownPlace(wanted);
      const url = new URL(place, 'https://compta.example');
      expect(url.host).toBe('compta.example');
      expect(url.pathname).toMatch(/^\/dashboard(\/|$)/);
      // Nothing that a header or a lenient reader could take for something else.
      expect(place).toMatch(/^\/dashboard[\x21-\x7e]*$/);
      expect(place).not.toMatch(/^\/[/\\]/);
      expect(ownPlace(place)).toBe(place);
    }),
    { numRuns: 500 },
  );
});
