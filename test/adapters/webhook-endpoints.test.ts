// What is wrong with the endpoints registered at Stripe, found from their description alone.

import { expect, test } from 'vitest';
import { OUR_EVENT_TYPES } from '#adapters/stripe/subscribed-events.ts';
import { type Endpoint, endpointFaults } from '#adapters/stripe/webhook-endpoints.ts';

const OURS = { url: 'https://pay.example/webhooks/stripe', pinned: '2026-10-28.endive' };
const GOOD: Endpoint = {
  id: 'we_1',
  url: OURS.url,
  isEnabled: true,
  events: OUR_EVENT_TYPES,
  apiVersion: OURS.pinned,
  payload: 'snapshot',
};
const faults = (...endpoints: Partial<Endpoint>[]) =>
  endpointFaults(
    endpoints.map((it) => ({ ...GOOD, ...it })),
    OURS,
  );

test.each<[string, Partial<Endpoint>[], object[]]>([
  ['ours as it should be', [{}], []],
  ['a slash at the end of the address', [{ url: `${OURS.url}/` }], []],
  ['none at all', [], [{ kind: 'none', others: [] }]],
  [
    'another address',
    [{ url: 'https://x.example' }],
    [{ kind: 'none', others: ['https://x.example'] }],
  ],
  ['one that Stripe has disabled', [{ isEnabled: false }], [{ kind: 'disabled', id: 'we_1' }]],
  ['a thin one alone', [{ payload: 'thin' }], [{ kind: 'thin', id: 'we_1' }]],
  ['a thin one beside', [{}, { id: 'we_2', payload: 'thin' }], [{ kind: 'thin', id: 'we_2' }]],
  [
    'no word of payments',
    [{ events: OUR_EVENT_TYPES.filter((it) => it !== 'invoice.paid') }],
    [{ kind: 'missing-payments', types: ['invoice.paid'] }],
  ],
  [
    'no word of refunds',
    [{ events: OUR_EVENT_TYPES.filter((it) => it !== 'charge.refunded') }],
    [{ kind: 'missing-corrections', types: ['charge.refunded'] }],
  ],
  ['every event there is', [{ events: ['*'] }], [{ kind: 'superfluous', types: ['*'] }]],
  [
    'the version of the account',
    [{ apiVersion: null }],
    [{ kind: 'version', found: null, pinned: OURS.pinned }],
  ],
  ['two of them', [{}, { id: 'we_2' }], [{ kind: 'twice', ids: ['we_1', 'we_2'] }]],
  [
    'two that share what we need',
    [{ events: OUR_EVENT_TYPES.slice(0, 3) }, { id: 'we_2', events: OUR_EVENT_TYPES.slice(3) }],
    [{ kind: 'twice', ids: ['we_1', 'we_2'] }],
  ],
])('%s', (_what, endpoints, expected) => {
  expect(faults(...endpoints)).toEqual(expected);
});
