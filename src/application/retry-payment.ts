// What an operator does with a payment in quarantine: have it looked at again, once the cause is
// mended, or set it aside with a reason. Neither touches a payment that is on the books, and both keep
// who did it, when and why.

import type { PaymentKey } from '#domain/payment-key.ts';
import type { Clock, PaymentState, Transact } from './ports.ts';

type Needs = { readonly transact: Transact; readonly clock: Clock };

/** Who acts; a retry without a reason of its own is kept with that of the quarantine. */
export type PaymentActor = { readonly actor: string; readonly why: string | null };

export type RetryPaymentAnswer =
  /** The payment's events are looked at again, by as many jobs; 0: they are already. */
  | { readonly kind: 'retried'; readonly events: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'already-recorded' };

/** Has the payment resolved again, also one that waits or was dismissed. */
export function retryPayment(
  { transact, clock }: Needs,
  key: string,
  by: PaymentActor,
): Promise<RetryPaymentAnswer> {
  return transact(async ({ payments, inbox, outbox, actions }) => {
    const found = await payments.lockExisting(key);
    if (!found) return { kind: 'not-found' };
    if (found.state === 'recorded') return { kind: 'already-recorded' };
    const now = clock.now();
    // Back in quarantine, not waiting: the operator knows already and wants no second alert.
    if (found.state === 'dismissed') await payments.setState(found.key, 'quarantined', found, now);
    const eventIds = await inbox.reopen(found.key, now);
    for (const eventId of eventIds) {
      await outbox.add({ task: 'resolve-payment', payload: { eventId } });
    }
    if (eventIds.length > 0) {
      const why = by.why ?? [found.reason, found.detail].filter(Boolean).join(' ');
      const done = { at: now, actor: by.actor, action: 'payment-retried' };
      await actions.add({ ...done, subject: found.key, why });
    }
    return { kind: 'retried', events: eventIds.length };
  });
}

/** `retryPayment` for every payment in quarantine now. Returns how many. */
export async function retryQuarantined(needs: Needs, by: PaymentActor): Promise<number> {
  const keys = await needs.transact(({ payments }) => payments.quarantined(ALL_MAX));
  let retried = 0;
  for (const key of keys) {
    const answer = await retryPayment(needs, key, by);
    if (answer.kind === 'retried') retried += 1;
  }
  return retried;
}

/** Far more than people could look at; a bound all the same. */
const ALL_MAX = 100_000;

export type DismissAnswer =
  | { readonly kind: 'dismissed' }
  | { readonly kind: 'not-found' }
  /** On the books, or set aside before: there is nothing to dismiss. */
  | { readonly kind: 'not-open'; readonly state: Extract<PaymentState, 'recorded' | 'dismissed'> };

/** Sets a waiting or quarantined payment aside. Its events will not bring it back. */
export function dismissPayment(
  { transact, clock }: Needs,
  key: string,
  given: { readonly by: string; readonly why: string },
): Promise<DismissAnswer> {
  return transact(async ({ payments, actions }) => {
    const found = await payments.lockExisting(key);
    if (!found) return { kind: 'not-found' };
    if (found.state === 'recorded' || found.state === 'dismissed') {
      return { kind: 'not-open', state: found.state };
    }
    const at = clock.now();
    await payments.dismiss(found.key as PaymentKey, given.by, given.why, at);
    const action = { actor: given.by, action: 'payment-dismissed', subject: found.key };
    await actions.add({ ...action, at, why: given.why });
    return { kind: 'dismissed' };
  });
}
