// Step 3: asks Stripe for the live objects behind an event and has the decision put on the books
// (settle-payments.ts). Reading happens outside any transaction; what was read is decided and recorded
// in one, together with what else was read by then.

import type { PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { inBatches } from './in-batches.ts';
import type { EventOutcome, StoredEvent, StripeReader, Trace, Transact, Tx } from './ports.ts';
import { type ResolveCorrectionNeeds, resolveCorrection } from './resolve-correction.ts';
import { type Asked, type SettlePaymentsNeeds, settlePayments } from './settle-payments.ts';
import { untraced } from './unwatched.ts';

export type ResolvePaymentNeeds = ResolveCorrectionNeeds &
  SettlePaymentsNeeds & {
    readonly transact: Transact;
    readonly stripe: StripeReader;
    readonly trace?: Trace;
  };

/** As far back as Stripe itself sends events again; what is older may have its invoice elsewhere. */
const AGE_MAX_MS = 30 * 24 * 60 * 60 * 1000;

/** Events that are opened, or recorded, by one transaction. */
const BATCHES = { most: 16, apartMs: 20 };

type Event = StoredEvent;
type Open = Pick<Asked, 'event' | 'tries' | 'isLate'>;

/**
 * Resolves one stored event. Does nothing when that was done before. Throws when Stripe or the
 * database is away: the job comes back.
 */
export function resolvePayment(needs: ResolvePaymentNeeds, eventId: string): Promise<void> {
  return paymentResolver(needs)(eventId);
}

/**
 * The same for a process that resolves many at a time: those that come while others are being opened
 * or recorded share one transaction. Each has its own success or failure all the same.
 */
export function paymentResolver(needs: ResolvePaymentNeeds): (eventId: string) => Promise<void> {
  const { trace = untraced, transact, prints } = needs;
  const open = inBatches(
    (ids: readonly string[]) => trace.apart(() => transact((tx) => openEvents(tx, needs, ids))),
    BATCHES,
  );
  const settle = inBatches(
    (asked: readonly Asked[]) =>
      trace.apart(() => transact((tx) => settlePayments(tx, needs, asked))),
    BATCHES,
  );
  return async (eventId) => {
    const opened = await open(eventId);
    if (opened === 'unknown') throw new Error(`no event ${eventId} in the inbox`);
    if (opened === 'done') return;
    const { event, tries } = opened;
    const about = { facts: { eventId }, from: event.trace ?? null };
    await trace.span('resolve payment', about, async ({ tell }) => {
      if (isOfCorrection(needs, event)) return resolveCorrection(needs, event, tries);
      // Connect: an event of somebody else's account is none of ours, whatever it says.
      const read: Asked['read'] =
        event.account === null
          ? await needs.stripe.read(event)
          : { facts: { kind: 'unrelated' } as PaymentFacts };
      const settled = await settle({ ...opened, read, tell, place: trace.place() });
      if (settled.alert) needs.alerts.raise(settled.alert);
      if (settled.isRecorded) prints?.wake();
    });
  };
}

/**
 * The events that are still to be resolved, how often each has been looked at, and whether it came
 * too late to be believed. A person who has it looked at again has answered that question.
 */
async function openEvents(
  { inbox }: Tx,
  needs: ResolvePaymentNeeds,
  eventIds: readonly string[],
): Promise<readonly (Open | 'done' | 'unknown')[]> {
  const found = await inbox.open(eventIds);
  const now = needs.clock.now();
  const done: { readonly eventId: string; readonly outcome: EventOutcome }[] = [];
  const opened = eventIds.map((eventId): Open | 'done' | 'unknown' => {
    const it = found.get(eventId);
    if (!it) return 'unknown';
    const { event, outcome, paymentKey, objectState } = it;
    if (outcome && outcome.kind !== 'wait') return 'done';
    const tries = outcome?.tries ?? 0;
    if (isOfCorrection(needs, event)) return { event, tries, isLate: false };
    if (objectState !== 'recorded') {
      const isOld = now.getTime() - event.createdAt.getTime() > AGE_MAX_MS;
      return { event, tries, isLate: isOld && paymentKey === null };
    }
    // An invoice's id is its payment's key: of its two events, the second costs Stripe no request.
    const key = event.objectId as PaymentKey;
    done.push({
      eventId,
      outcome: { kind: 'already-recorded', reason: null, paymentKey: key, tries },
    });
    return 'done';
  });
  await inbox.concludeAll(done, now);
  return opened;
}

// What was sold by us is ours to take back, however late its event comes.
function isOfCorrection({ corrections }: ResolvePaymentNeeds, { account, type }: Event): boolean {
  return account === null && corrections.tells(type);
}
