// Step 3: asks Stripe for the live objects behind an event, decides (the domain's table), and puts
// the decision on the books. Reading happens outside any transaction; what was read is decided and
// recorded in one.

import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import { decidePayment, type PaymentDecision, type PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { type DoubtUninvoiceableNeeds, doubtUninvoiceable } from './doubt-uninvoiceable.ts';
import type {
  Alerts,
  Clock,
  EventOutcome,
  SpanFacts,
  StoredEvent,
  StripeReader,
  Trace,
  Transact,
  Tx,
} from './ports.ts';
import { type RecordOrdersNeeds, recordOrders } from './record-orders.ts';
import { type ResolveCorrectionNeeds, resolveCorrection } from './resolve-correction.ts';
import { untraced } from './unwatched.ts';

export type ResolvePaymentNeeds = ResolveCorrectionNeeds &
  RecordOrdersNeeds &
  DoubtUninvoiceableNeeds & {
    readonly transact: Transact;
    readonly stripe: StripeReader;
    readonly alerts: Alerts;
    readonly clock: Clock;
    readonly housePartner: PartnerSlug | null;
    readonly trace?: Trace;
  };

/** How long we wait for Stripe to attach the invoice a session must have: some six minutes. */
const INVOICE_WAITS_MS = [1, 2, 4, 8, 15, 30, 60, 120, 120].map((seconds) => seconds * 1000);

/** As far back as Stripe itself sends events again; what is older may have its invoice elsewhere. */
const AGE_MAX_MS = 30 * 24 * 60 * 60 * 1000;

type Event = StoredEvent;
type Open = { readonly event: Event; readonly tries: number; readonly isLate: boolean };

/**
 * Resolves one stored event. Does nothing when that was done before. Throws when Stripe or the
 * database is away: the job comes back.
 */
export async function resolvePayment(needs: ResolvePaymentNeeds, eventId: string): Promise<void> {
  const open = await needs.transact((tx) => openEvent(tx, needs, eventId));
  if (!open) return;
  const { trace = untraced } = needs;
  const about = { facts: { eventId }, from: open.event.trace ?? null };
  await trace.span('resolve payment', about, ({ tell }) => resolveOpen(needs, open, tell));
}

async function resolveOpen(
  needs: ResolvePaymentNeeds,
  { event, tries, isLate }: Open,
  tell: (facts: SpanFacts) => void,
): Promise<void> {
  if (isOfCorrection(needs, event)) return resolveCorrection(needs, event, tries);
  // Connect: an event of somebody else's account is none of ours, whatever it says.
  const read =
    event.account === null
      ? await needs.stripe.read(event)
      : { facts: { kind: 'unrelated' } as PaymentFacts };

  const raised = await needs.transact(async (tx) => {
    const decision =
      'facts' in read
        ? await decide(tx, needs, read.facts, event.livemode)
        : missing(event, read.missing);
    const timely = isLate ? doubtLate(decision) : decision;
    if ('key' in timely) tell({ paymentKey: timely.key });
    return conclude(tx, needs, event, patient(timely, tries), tries);
  });
  if (raised) needs.alerts.raise(raised);
}

/**
 * The event, if it is still to be resolved, how often it has been looked at, and whether it came
 * too late to be believed. A person who has it looked at again has answered that question.
 */
async function openEvent(
  { inbox, payments }: Tx,
  needs: ResolvePaymentNeeds,
  eventId: string,
): Promise<Open | null> {
  const event = await inbox.find(eventId);
  if (!event) throw new Error(`no event ${eventId} in the inbox`);
  const outcome = await inbox.outcome(eventId);
  if (outcome && outcome.kind !== 'wait') return null;
  const tries = outcome?.tries ?? 0;
  if (isOfCorrection(needs, event)) return { event, tries, isLate: false };
  const { clock } = needs;
  // An invoice's id is its payment's key: of its two events, the second costs Stripe no request.
  const key = event.objectId as PaymentKey | null;
  const state = key === null ? null : await payments.state(key);
  if (state !== 'recorded') {
    const isOld = clock.now().getTime() - event.createdAt.getTime() > AGE_MAX_MS;
    return { event, tries, isLate: isOld && (await inbox.paymentKeyOf(eventId)) === null };
  }
  const done = { kind: 'already-recorded', reason: null, paymentKey: key, tries } as const;
  await inbox.conclude(eventId, done, clock.now());
  return null;
}

// What was sold by us is ours to take back, however late its event comes.
function isOfCorrection({ corrections }: ResolvePaymentNeeds, { account, type }: Event): boolean {
  return account === null && corrections.tells(type);
}

async function decide(
  { partners }: Tx,
  needs: ResolvePaymentNeeds,
  facts: PaymentFacts,
  livemode: boolean,
): Promise<PaymentDecision> {
  const { housePartner } = needs;
  const named = facts.kind === 'unrelated' ? [] : facts.lines.map((line) => line.partner ?? '');
  const slugs = [...named.map(parsePartnerSlug), housePartner].filter((slug) => slug !== null);
  const known = await partners.known([...new Set(slugs)]);
  // A house partner that was removed takes nothing.
  const house = housePartner !== null && known.has(housePartner) ? housePartner : null;
  const decision = decidePayment(facts, { slugs: known, house, livemode });
  return doubtUninvoiceable(needs, decision);
}

// Stripe answers 404: a test event of the dashboard with placeholder ids, or another account's.
// The event's own id is the key, so that placeholders never stand in a real payment's way.
function missing(event: Event, what: string): PaymentDecision {
  const key = event.id as PaymentKey;
  return { kind: 'quarantine', key, reason: 'missing-at-stripe', detail: what };
}

// What would become no order may come as late as it likes.
function doubtLate(decision: PaymentDecision): PaymentDecision {
  if (decision.kind !== 'orders') return decision;
  const detail = decision.orders[0]?.paidAt.toISOString().slice(0, 10) ?? '';
  return { kind: 'quarantine', key: decision.key, reason: 'too-old', detail };
}

// Waiting for Stripe's invoice has an end; then a person must look.
function patient(decision: PaymentDecision, tries: number): PaymentDecision {
  if (decision.kind !== 'wait' || decision.reason !== 'awaiting-invoice') return decision;
  if (tries < INVOICE_WAITS_MS.length) return decision;
  return { kind: 'quarantine', key: decision.key, reason: 'invoice-missing', detail: '' };
}

type Alert = Parameters<Alerts['raise']>[0];

async function conclude(
  tx: Tx,
  needs: ResolvePaymentNeeds,
  event: Event,
  decision: PaymentDecision,
  tries: number,
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
  await supersede(tx, event.id, key, now);
  if (state === 'recorded' || state === 'dismissed') {
    await finish('already-recorded', null, key);
    return null;
  }
  switch (decision.kind) {
    case 'orders':
      await recordOrders(tx, needs, event, decision.orders);
      await tx.payments.setState(key, 'recorded', { ...NO_REASON, eventId: event.id }, now);
      await finish('recorded', null, key);
      for (const eventId of await tx.inbox.wake(key, now)) {
        await tx.outbox.add({ task: 'resolve-payment', payload: { eventId } });
      }
      return null;
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
  { inbox, payments }: Tx,
  eventId: string,
  key: PaymentKey,
  now: Date,
): Promise<void> {
  const before = await inbox.paymentKeyOf(eventId);
  if (before === null || before === key) return;
  const found = await payments.lockExisting(before);
  if (found?.state === 'quarantined' || found?.state === 'waiting') {
    await payments.dismiss(before, 'comptappart', `it is the payment ${key}`, now);
  }
}

const NO_REASON = { reason: null, detail: null };

function quarantineAlert(
  event: Event,
  { key, reason }: Extract<PaymentDecision, { kind: 'quarantine' }>,
): Alert {
  return {
    kind: 'payment-quarantined',
    message: `Payment ${key} is in quarantine: ${reason}`,
    ids: { paymentKey: key, eventId: event.id, reason },
  };
}
