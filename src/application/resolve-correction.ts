// Step 3 for money that went back: asks Stripe for what an event is about (refunds, a dispute, a
// credit note), decides on each of them, and puts it on the books beside the payment's orders. Events
// come in any order: one that comes before its payment waits until the orders are recorded.

import {
  type CorrectionFacts,
  type CreditDoubt,
  type CreditWait,
  decideCorrection,
  exceeding,
  needsOrders,
} from '#domain/credit-note.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { plainLine } from '#domain/text.ts';
import { creditFaults } from './doubt-credit.ts';
import type { DoubtUninvoiceableNeeds } from './doubt-uninvoiceable.ts';
import type {
  Alerts,
  Clock,
  CorrectionReader,
  EventOutcome,
  PaymentState,
  ReceivedEvent,
  ToldCorrections,
  Transact,
  Tx,
} from './ports.ts';
import { recordCreditNotes } from './record-credit-notes.ts';
import type { RecordOrdersNeeds } from './record-orders.ts';

export type ResolveCorrectionNeeds = RecordOrdersNeeds &
  DoubtUninvoiceableNeeds & {
    readonly transact: Transact;
    readonly corrections: CorrectionReader;
    readonly alerts: Alerts;
    readonly clock: Clock;
  };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/**
 * How long money that went back waits for an order: nearly five days. Recording the order wakes it at
 * once, so these looks are for payments that Stripe tells us of late, or that were never ours.
 */
export const ORDER_WAITS_MS: readonly number[] = [
  ...[2_000, 15_000, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[24 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR],
];

type Event = Omit<ReceivedEvent, 'body'>;
type Alert = Parameters<Alerts['raise']>[0];
/** The event as it is looked at now. */
type Look = { readonly event: Event; readonly tries: number; readonly now: Date };

/**
 * Resolves an event that tells of money gone back; `tries` is how often it has waited before. Throws
 * when Stripe or the database is away: the job comes back.
 */
export async function resolveCorrection(
  needs: ResolveCorrectionNeeds,
  event: Event,
  tries: number,
): Promise<void> {
  const read = await needs.corrections.read(event);
  const told = 'missing' in read ? read : await located(needs, read);
  const alerts = await needs.transact(async (tx) => {
    const look = { event, tries, now: needs.clock.now() };
    return 'missing' in told
      ? [await setAside(tx, look, event.id as PaymentKey, 'missing-at-stripe', told.missing)]
      : await conclude(tx, needs, look, told);
  });
  for (const alert of alerts) if (alert) needs.alerts.raise(alert);
}

// Which invoice was paid costs a request, and is asked only when the answer decides something.
async function located(
  { transact, corrections }: ResolveCorrectionNeeds,
  told: ToldCorrections,
): Promise<ToldCorrections> {
  if (!told.mayBeBilled) return told;
  const isKnown = await transact(async ({ credits, payments }) => {
    const recorded = await credits.recorded(told.corrections.map(({ key }) => key));
    const isOpen = told.corrections.some((it) => needsOrders(it, recorded.has(it.key)));
    return !isOpen || (await payments.state(told.payment)) === 'recorded';
  });
  return isKnown ? told : corrections.locate(told);
}

async function conclude(
  tx: Tx,
  needs: ResolveCorrectionNeeds,
  look: Look,
  { corrections, payment, invoiceIsOpen }: ToldCorrections,
): Promise<(Alert | null)[]> {
  const state = await tx.payments.hold(payment, look.event.id, look.now);
  await supersede(tx, look, payment);
  const recorded = await tx.credits.recorded(corrections.map(({ key }) => key));
  const open = corrections.filter((it) => needsOrders(it, recorded.has(it.key)));
  if (open.length > 0 && state !== 'recorded') {
    return withoutOrders(tx, look, { open, payment, state, invoiceIsOpen });
  }
  const alerts: (Alert | null)[] = [];
  const outcomes: Outcome[] = [];
  for (const facts of corrections.toSorted(inTime)) {
    const settled = await settle(tx, needs, look, { facts, payment });
    alerts.push(settled.alert);
    outcomes.push(settled.outcome);
  }
  // One event may tell of several refunds; what a person must look at is its outcome.
  const outcome = RANKS.flatMap((kind) => outcomes.filter((it) => it.kind === kind))[0];
  await finish(tx, look, outcome ?? NOTHING);
  return alerts;
}

// An event that Stripe knew nothing of stopped under its own id; now its payment is known.
async function supersede(
  { payments }: Tx,
  { event, now }: Look,
  payment: PaymentKey,
): Promise<void> {
  const own = await payments.lockExisting(event.id);
  if (own?.state !== 'quarantined') return;
  await payments.dismiss(own.key, 'comptappart', `it is of the payment ${payment}`, now);
}

type Outcome = Pick<EventOutcome, 'kind' | 'reason' | 'paymentKey'>;
const RANKS: readonly EventOutcome['kind'][] = [
  ...(['quarantine', 'recorded', 'already-recorded', 'ignored'] as const),
];
const NOTHING: Outcome = { kind: 'ignored', reason: 'nothing-to-credit', paymentKey: null };

function inTime(a: CorrectionFacts, b: CorrectionFacts): number {
  return a.at.getTime() - b.at.getTime() || (a.key < b.key ? -1 : 1);
}

function finish({ inbox }: Tx, { event, tries, now }: Look, outcome: Outcome): Promise<void> {
  return inbox.conclude(event.id, { ...outcome, tries: tries + 1 }, now);
}

// A payment that is not on the books, or not yet. Nothing can be credited of what was not invoiced.
async function withoutOrders(
  tx: Tx,
  look: Look,
  of: {
    readonly open: readonly CorrectionFacts[];
    readonly payment: PaymentKey;
    readonly state: Exclude<PaymentState, 'recorded'> | null;
    readonly invoiceIsOpen: boolean;
  },
): Promise<(Alert | null)[]> {
  const { open, payment, state } = of;
  // A person set the payment aside, or Stripe took it off an invoice that nobody has paid yet:
  // should the payment be recorded after all, that wakes this event.
  if (state === 'dismissed' || of.invoiceIsOpen) {
    const reason: CreditWait = of.invoiceIsOpen ? 'invoice-open' : 'payment-dismissed';
    await finish(tx, look, { kind: 'ignored', reason, paymentKey: payment });
    return [];
  }
  const waitMs = ORDER_WAITS_MS[look.tries] ?? ORDER_WAITS_MS.at(-1) ?? 0;
  if (look.tries < ORDER_WAITS_MS.length || state !== null) {
    await finish(tx, look, { kind: 'wait', reason: 'awaiting-order', paymentKey: payment });
    const job = { task: 'resolve-payment', payload: { eventId: look.event.id } } as const;
    await tx.outbox.add(job, new Date(look.now.getTime() + waitMs));
    return [];
  }
  const alerts: (Alert | null)[] = [];
  for (const { key } of open) {
    alerts.push(await setAside(tx, look, key, 'order-missing', payment));
  }
  return alerts;
}

type Settled = { readonly outcome: Outcome; readonly alert: Alert | null };

/** Decides one correction and puts the decision on the books. */
async function settle(
  tx: Tx,
  needs: ResolveCorrectionNeeds,
  look: Look,
  { facts, payment }: { readonly facts: CorrectionFacts; readonly payment: PaymentKey },
): Promise<Settled> {
  const { key, cause, at } = facts;
  const listed = await tx.payments.lockExisting(key);
  const isRecorded = (await tx.credits.recorded([key])).has(key);
  const outcome = (kind: EventOutcome['kind'], reason: string | null = null): Outcome => ({
    ...{ kind, reason, paymentKey: key },
  });
  const aside = async (reason: CreditDoubt, detail: string): Promise<Settled> => {
    const alert = await setAside(tx, look, key, reason, detail);
    return { outcome: outcome('quarantine', reason), alert };
  };
  if (listed?.state === 'dismissed') return { outcome: outcome('already-recorded'), alert: null };
  const orders = await tx.credits.ordersOf(payment);
  const decision = decideCorrection(facts, isRecorded, orders);
  switch (decision.kind) {
    case 'already-recorded':
      return { outcome: outcome(decision.kind), alert: null };
    case 'ignored':
      if (listed?.state === 'quarantined') {
        await tx.payments.dismiss(key, 'comptappart', decision.reason, look.now);
      }
      return { outcome: outcome(decision.kind, decision.reason), alert: null };
    case 'quarantine':
      return aside(decision.reason, decision.detail);
    case 'credit': {
      const { amount, currency, excess, credits } = decision;
      const [fault] = creditFaults(needs, facts, credits, orders);
      if (fault !== undefined) return aside('credit-does-not-split', plainLine(fault, 200));
      const eventId = look.event.id;
      const correction = { key, cause, at, payment, eventId, amount, currency, credits };
      await recordCreditNotes(tx, needs, correction, orders);
      if (excess > 0) return aside('exceeds-invoice', exceeding(excess, amount + excess));
      const done = { reason: null, detail: null, eventId };
      if (listed) await tx.payments.setState(key, 'recorded', done, look.now);
      return { outcome: outcome('recorded'), alert: null };
    }
    default:
      return decision satisfies never;
  }
}

// Listed among the payments, under the correction's own key: what an operator does with a payment in
// quarantine (look, retry, dismiss) is the same. Null when it was there before.
async function setAside(
  tx: Tx,
  look: Look,
  key: PaymentKey,
  reason: CreditDoubt | 'missing-at-stripe',
  detail: string,
): Promise<Alert | null> {
  const eventId = look.event.id;
  const state = await tx.payments.lock(key, eventId, look.now);
  if (state === 'dismissed') {
    await finish(tx, look, { kind: 'already-recorded', reason: null, paymentKey: key });
    return null;
  }
  await tx.payments.setState(key, 'quarantined', { reason, detail, eventId }, look.now);
  await finish(tx, look, { kind: 'quarantine', reason, paymentKey: key });
  if (state === 'quarantined') return null;
  return {
    kind: 'payment-quarantined',
    message: `Money that went back (${key}) is in quarantine: ${reason}`,
    ids: { paymentKey: key, eventId, reason },
  };
}
