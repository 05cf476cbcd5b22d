// An event whose job failed at every try is no longer tried by the queue. It must not vanish there:
// it is put in quarantine, where a person sees it and can have it looked at again.

import type { PaymentKey } from '#domain/payment-key.ts';
import { plainLine } from '#domain/text.ts';
import type { Alerts, Clock, Transact } from './ports.ts';

type Needs = { readonly transact: Transact; readonly alerts: Alerts; readonly clock: Clock };

/** Puts at most so many such events in quarantine, one alert each. Returns how many. */
export async function quarantineFailing(needs: Needs, limit: number): Promise<number> {
  const found = await needs.transact(({ inbox }) => inbox.givenUp(limit));
  let quarantined = 0;
  for (const { eventId, error } of found) {
    if (await quarantine(needs, eventId, plainLine(error, 200))) quarantined += 1;
  }
  return quarantined;
}

async function quarantine(needs: Needs, eventId: string, detail: string): Promise<boolean> {
  const key = await needs.transact(async ({ inbox, payments }) => {
    const now = needs.clock.now();
    // Nobody knows the payment's own key, unless the event stopped under it before. Money that went
    // back waits under the key of the payment it came from, which has done nothing wrong.
    const before = await inbox.outcome(eventId);
    const stopped = before?.reason === 'awaiting-order' ? null : await inbox.paymentKeyOf(eventId);
    const under = stopped ?? (eventId as PaymentKey);
    const state = await payments.lock(under, eventId, now);
    const outcome = await inbox.outcome(eventId);
    if (outcome !== null && outcome.kind !== 'wait') return null; // another sweep was faster
    const tries = outcome?.tries ?? 0;
    if (state === 'recorded' || state === 'dismissed') {
      const done = { kind: 'already-recorded', reason: null, paymentKey: under, tries } as const;
      await inbox.conclude(eventId, done, now);
      return null;
    }
    const reason = 'keeps-failing';
    await payments.setState(under, 'quarantined', { reason, detail, eventId }, now);
    await inbox.conclude(eventId, { kind: 'quarantine', reason, paymentKey: under, tries }, now);
    return under;
  });
  if (key === null) return false;
  needs.alerts.raise({
    kind: 'payment-quarantined',
    message: `Payment ${key} is in quarantine: keeps-failing`,
    ids: { paymentKey: key, eventId, reason: 'keeps-failing' },
    detail,
  });
  return true;
}
