// Step 2 of a payment's way: the event is stored and its job added, or neither. No network here, so
// Stripe's answer never waits for Stripe.

import type { Clock, ReceivedEvent, Transact } from './ports.ts';

/**
 * Stores a verified event once. `duplicate`: its id is known, nothing changed and no job was added.
 * Throws when the database is away; Stripe must then be told to come back.
 */
export function receiveEvent(
  needs: { readonly transact: Transact; readonly clock: Clock },
  event: ReceivedEvent,
): Promise<'stored' | 'duplicate'> {
  return needs.transact(async ({ inbox, outbox }) => {
    const stored = await inbox.store(event, needs.clock.now());
    if (stored === 'stored') {
      await outbox.add({ task: 'resolve-payment', payload: { eventId: event.id } });
    }
    return stored;
  });
}
