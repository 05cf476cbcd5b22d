// Step 2 of a payment's way: the event is stored and its job added, or neither. No network here, so
// Stripe's answer never waits for Stripe.

import type { Clock, ReceivedEvent, Trace, Transact, Tx } from './ports.ts';
import { untraced } from './unwatched.ts';

/**
 * Stores a verified event once. `duplicate`: its id is known and nothing changed, except that an
 * event in quarantine is looked at again, since a person who sends it again has mended its cause.
 * Throws when the database is away; Stripe must then be told to come back.
 */
export function receiveEvent(
  needs: { readonly transact: Transact; readonly clock: Clock; readonly trace?: Trace },
  event: ReceivedEvent,
): Promise<'stored' | 'duplicate'> {
  const { transact, clock, trace = untraced } = needs;
  return trace.span('receive event', { facts: { eventId: event.id } }, () =>
    transact((tx) => store(tx, event, clock.now())),
  );
}

async function store(
  { inbox, outbox }: Tx,
  event: ReceivedEvent,
  now: Date,
): Promise<'stored' | 'duplicate'> {
  const stored = await inbox.store(event, now);
  if (stored === 'stored') {
    await outbox.add({ task: 'resolve-payment', payload: { eventId: event.id } });
    return stored;
  }
  const outcome = await inbox.outcome(event.id);
  if (outcome?.kind === 'quarantine' && outcome.paymentKey !== null) {
    for (const eventId of await inbox.reopen(outcome.paymentKey, now)) {
      await outbox.add({ task: 'resolve-payment', payload: { eventId } });
    }
  }
  return stored;
}
