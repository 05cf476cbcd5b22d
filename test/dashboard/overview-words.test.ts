// Every sentence that the overview and the quarantine can say, read as a typographer would: apostrophes,
// spaces that must not break, no English state word, nothing undefined.

import { expect, test } from 'vitest';
import { causeViews } from '#adapters/dashboard/overview-causes-view.ts';
import { cardView } from '#adapters/dashboard/quarantine-cards.ts';
import type { Causes, NotificationCause } from '#adapters/postgres/dashboard/overview-causes.ts';
import type { WorkNow } from '#adapters/postgres/dashboard/overview-work.ts';
import { QUARANTINE_WORDS } from '#adapters/quarantine-words.ts';

const NOW = new Date('2026-11-22T13:32:20Z');
const LONG_AGO = new Date('2026-11-18T13:32:20Z');
const QUIET: WorkNow = {
  ...{ workers: 1, oldestDueAt: null, deadJobs: 0, unresolved: null, unprinted: null },
  ...{ unmailed: null, lostLeases: 0, backlogs: [], foundLater: 0, lastEventAt: null },
  ...{ lastReconciledAt: null, lastAudit: null, lastOrder: null },
};
const NOTHING: Causes = { payments: [], notifications: [], prints: null, bounces: null };
const many = { count: 2, isMore: false, since: LONG_AGO };
const late = { count: 1_000, since: LONG_AGO };

const TROUBLES: readonly Partial<WorkNow>[] = [
  { workers: 0 },
  { deadJobs: 3 },
  { unresolved: late },
  { unprinted: late },
  { unmailed: late },
  { lostLeases: 2 },
  { oldestDueAt: LONG_AGO },
  { foundLater: 1 },
  { lastAudit: { at: NOW, findings: 2 } },
  { lastAudit: { at: LONG_AGO, findings: 0 } },
  { backlogs: [{ ...late, partner: 'fiscalia', name: 'Fiscalia' }] },
];

const ended = (['email', 'webhook'] as const).flatMap((channel) =>
  (['failed', 'exhausted', 'quarantined'] as const).map(
    (state): NotificationCause => ({
      ...many,
      ...{ channel, state, partner: 'fiscalia', partnerName: 'Fiscalia' },
      ...{ outcome: 'server-error', statusCode: 503 },
    }),
  ),
);

const reasons = Object.keys(QUARANTINE_WORDS);

function faultsOf(view: unknown): string[] {
  const texts = JSON.stringify(view).match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return texts.filter(
    (text) =>
      !/^"(?:\/|https:|c-|\d{4}-)/.test(text) &&
      (/[a-zéû]'[a-zé]| [:;!?%€»]|« |undefined|NaN|Invalid/.test(text) ||
        /\b(?:failed|queued|exhausted|waiting)\b/.test(text.replace(/"(?:state)":/, ''))),
  );
}

test.each(TROUBLES)('a machine in trouble is one well-set row: %o', (trouble) => {
  const rows = causeViews(NOTHING, { ...QUIET, ...trouble }, NOW);
  expect(rows).toHaveLength(1);
  expect(faultsOf(rows)).toEqual([]);
});

test('all that waits for a person is well set, and no two rows are the same', () => {
  const payments = reasons.map((reason) => ({ ...many, reason, detail: 'prod_a1' }));
  const causes = { payments, notifications: ended, prints: many, bounces: { ...many, orderId: 7 } };
  const rows = causeViews(causes, QUIET, NOW);
  expect(rows).toHaveLength(reasons.length + ended.length + 2);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(faultsOf(rows)).toEqual([]);
  expect(causeViews(NOTHING, QUIET, NOW)).toEqual([]);
});

test.each(reasons)('the card of %s has a title, a way out and what was looked at', (reason) => {
  const payment = { key: 'pi_1', reason, detail: 'fiscalia2', since: LONG_AGO };
  const cause = { key: reason, payments: [payment], settled: [] };
  const card = cardView(cause, new Map(), { environment: 'staging', now: NOW });
  expect(card.title).not.toBe(reason);
  expect(card.steps.length).toBeGreaterThan(0);
  expect(card.payments[0]?.field).not.toBe('');
  const { reason: _reason, ...said } = card;
  expect(faultsOf({ ...said, payments: [] })).toEqual([]);
});
