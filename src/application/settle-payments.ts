// The second half of step 3: decides what was read at Stripe and puts the decisions on the books, many in
// one transaction. Locks are taken in the order of keys and sales come last, so that the counter of
// numbers is locked for as short a time as can be, once for all of them.

import type { OrderDraft, PaymentDecision } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import {
  type DecidePaymentsNeeds,
  decidePayments,
  INVOICE_WAITS_MS,
  type ReadEvent,
} from './decide-payments.ts';
import type { Alerts, Clock, EventOutcome, SpanFacts, StoredEvent, Tx } from './ports.ts';
import { type RecordOrdersNeeds, recordSales } from './record-orders.ts';

export type SettlePaymentsNeeds = RecordOrdersNeeds &
  DecidePaymentsNeeds & {
    readonly alerts: Alerts;
    readonly clock: Clock;
    /** Who prints in this process, told after each commit. Absent: a job tells a worker. */
    readonly prints?: { wake(): void };
  };

/** What is to be decided and recorded; `place` is the step that it is part of. */
export type Asked = ReadEvent & {
  readonly place: string | null;
  readonly tell: (facts: SpanFacts) => void;
};

export type Settled = { readonly alert: Alert | null; readonly isRecorded: boolean };
const QUIET: Settled = { alert: null, isRecorded: false };

/** Decides on each and puts it on the books. Sales come last, for the sake of the numbers' lock. */
export async function settlePayments(
  tx: Tx,
  needs: SettlePaymentsNeeds,
  all: readonly Asked[],
): Promise<readonly Settled[]> {
  const decisions = await decidePayments(tx, needs, all);
  const settled: Settled[] = all.map(() => QUIET);
  const sales: SaleOf[] = [];
  for (const [at, asked] of all.entries()) {
    const decision = decisions[at] as PaymentDecision;
    if ('key' in decision) asked.tell({ paymentKey: decision.key });
    const isRepeated = sales.some((it) => it.asked.event.id === asked.event.id);
    if (isRepeated) continue;
    if (decision.kind === 'orders') {
      sales.push({ asked, key: decision.key, drafts: decision.orders, at });
    } else {
      const alert = await conclude(tx, needs, asked, decision);
      settled[at] = { alert, isRecorded: false };
    }
  }
  for (const at of await settleSales(tx, needs, sales)) {
    settled[at] = { alert: null, isRecorded: true };
  }
  return settled;
}

type SaleOf = {
  readonly asked: Asked;
  readonly key: PaymentKey;
  readonly drafts: readonly OrderDraft[];
  /** Its place among those that are settled together. */
  readonly at: number;
};

/** Records those payments that are not on the books yet, and returns their places. */
async function settleSales(
  tx: Tx,
  needs: SettlePaymentsNeeds,
  sales: readonly SaleOf[],
): Promise<readonly number[]> {
  if (sales.length === 0) return [];
  const now = needs.clock.now();
  const firsts = sales.filter(({ key }, at) => sales.findIndex((it) => it.key === key) === at);
  const states = await tx.payments.lockAll(
    firsts.map(({ key, asked }) => ({ key, eventId: asked.event.id })),
    now,
  );
  const before = await tx.inbox.paymentKeysOf(sales.map(({ asked }) => asked.event.id));
  for (const { asked, key } of sales) {
    await supersede(tx, before.get(asked.event.id) ?? null, key, now);
  }
  const isOpen = ({ key }: SaleOf) => !['recorded', 'dismissed'].includes(states.get(key) ?? '');
  const fresh = firsts.filter(isOpen);
  for (const { key, asked } of fresh) {
    if (states.get(key) === 'new') continue; // it was made as recorded
    await tx.payments.setState(key, 'recorded', { ...NO_REASON, eventId: asked.event.id }, now);
  }
  await tx.inbox.concludeAll(
    sales.map((sale) => ({
      eventId: sale.asked.event.id,
      outcome: {
        kind: fresh.includes(sale) ? 'recorded' : 'already-recorded',
        reason: null,
        paymentKey: sale.key,
        tries: sale.asked.tries + 1,
      },
    })),
    now,
  );
  if (fresh.length === 0) return [];
  for (const eventId of await tx.inbox.wake(
    fresh.map(({ key }) => key),
    now,
  )) {
    await tx.outbox.add({ task: 'resolve-payment', payload: { eventId } });
  }
  await recordSales(
    tx,
    needs,
    fresh.map(({ asked: { event, place }, drafts }) => ({ event, drafts, place })),
    { printsAreJobs: needs.prints === undefined },
  );
  return fresh.map(({ at }) => at);
}

type Alert = Parameters<Alerts['raise']>[0];

async function conclude(
  tx: Tx,
  needs: SettlePaymentsNeeds,
  { event, tries }: Asked,
  decision: Exclude<PaymentDecision, { kind: 'orders' }>,
): Promise<Alert | null> {
  const now = needs.clock.now();
  const finish = (kind: EventOutcome['kind'], reason: string | null, key: PaymentKey | null) =>
    tx.inbox.conclude(event.id, { kind, reason, paymentKey: key, tries: tries + 1 }, now);

  if (decision.kind === 'ignored') {
    await finish('ignored', decision.reason, null);
    return null;
  }
  const { key } = decision;
  // A session that waits for its invoice has no key yet: the invoice's is the payment's.
  if (decision.kind === 'wait' && decision.reason === 'awaiting-invoice') {
    await finish('wait', decision.reason, null);
    const runAt = new Date(now.getTime() + (INVOICE_WAITS_MS[tries] ?? 0));
    await tx.outbox.add({ task: 'resolve-payment', payload: { eventId: event.id } }, runAt);
    return null;
  }
  const state = await tx.payments.lock(key, event.id, now);
  await supersede(tx, await tx.inbox.paymentKeyOf(event.id), key, now);
  if (state === 'recorded' || state === 'dismissed') {
    await finish('already-recorded', null, key);
    return null;
  }
  switch (decision.kind) {
    case 'wait':
      // Done with this event: the one that tells of the money will come. It is not `wait`, which
      // would ask for another look.
      if (state === 'new' || state === 'waiting') {
        const why = { reason: decision.reason, detail: null, eventId: event.id };
        await tx.payments.setState(key, 'waiting', why, now);
      }
      await finish('ignored', decision.reason, key);
      return null;
    case 'quarantine': {
      const { reason, detail } = decision;
      await tx.payments.setState(key, 'quarantined', { reason, detail, eventId: event.id }, now);
      await finish('quarantine', reason, key);
      return state === 'quarantined' ? null : quarantineAlert(event, decision);
    }
    default:
      return decision satisfies never;
  }
}

// An event that stopped under its session's key may come back under its invoice's: what is left
// under the first is no payment of its own.
async function supersede(
  { payments }: Tx,
  before: PaymentKey | null,
  key: PaymentKey,
  now: Date,
): Promise<void> {
  if (before === null || before === key) return;
  const found = await payments.lockExisting(before);
  if (found?.state === 'quarantined' || found?.state === 'waiting') {
    await payments.dismiss(before, 'comptappart', `it is the payment ${key}`, now);
  }
}

const NO_REASON = { reason: null, detail: null };

function quarantineAlert(
  event: StoredEvent,
  { key, reason }: Extract<PaymentDecision, { kind: 'quarantine' }>,
): Alert {
  return {
    kind: 'payment-quarantined',
    message: `Payment ${key} is in quarantine: ${reason}`,
    ids: { paymentKey: key, eventId: event.id, reason },
  };
}
