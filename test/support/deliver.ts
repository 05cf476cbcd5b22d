// Deliveries worked by hand: what the two pumps of a worker process would claim now, sent and
// recorded when the promise resolves.

import type { DeliverNotificationNeeds } from '#application/deliver-notification.ts';
import { deliveryPump } from '#application/delivery-pump.ts';

/** Sends all that is due and has room, and what falls due by that. Throws the first fault of ours. */
export async function deliverDue(needs: DeliverNotificationNeeds): Promise<void> {
  const faults: Error[] = [];
  const pumps = (['email', 'webhook'] as const).map((channel) =>
    deliveryPump(needs, {
      channel,
      slots: 50,
      perPartner: 8,
      onError: (error) => void faults.push(error),
    }),
  );
  for (const pump of pumps) pump.wake();
  await Promise.all(pumps.map((pump) => pump.idle()));
  if (faults[0]) throw faults[0];
}
