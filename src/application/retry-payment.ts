// What an operator does with a payment in quarantine: have it looked at again, once the cause is
// mended, or set it aside with a reason. Neither touches a payment that is on the books.

import type { PaymentKey } from '#domain/payment-key.ts';
import type { Clock, PaymentState, Transact } from './ports.ts';

type Needs = { readonly transact: Transact; readonly clock: Clock };

export type RetryPaymentAnswer =
  /** The payment's events are looked at again, by as many jobs. */
  | { readonly kind: 'retried'; readonly events: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'already-recorded' };

/** Has the payment resolved again, also one that waits or was dismissed. */
export function retryPayment({ transact, clock }: Needs, key: string): Promise<RetryPaymentAnswer> {
  return transact(async ({ payments, inbox, outbox }) => {
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
    return { kind: 'retried', events: eventIds.length };
  });
}

/** `retryPayment` for every payment in quarantine now. Returns how many. */
export async function retryQuarantined(needs: Needs): Promise<number> {
  const keys = await needs.transact(({ payments }) => payments.quarantined(ALL_MAX));
  let retried = 0;
  for (const key of keys) {
    const answer = await retryPayment(needs, key);
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
  return transact(async ({ payments }) => {
    const found = await payments.lockExisting(key);
    if (!found) return { kind: 'not-found' };
    if (found.state === 'recorded' || found.state === 'dismissed') {
      return { kind: 'not-open', state: found.state };
    }
    await payments.dismiss(found.key as PaymentKey, given.by, given.why, clock.now());
    return { kind: 'dismissed' };
  });
}
