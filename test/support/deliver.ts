// Deliveries worked by hand: what the two pumps of a worker process would claim now, sent and
// recorded when the promise resolves. As in a process, the same needs share their pumps.

import type { DeliverNotificationNeeds } from '#application/deliver-notification.ts';
import { type DeliveryPump, deliveryPump } from '#application/delivery-pump.ts';

type Worked = { readonly pumps: readonly DeliveryPump[]; readonly faults: Error[] };

const worked = new WeakMap<DeliverNotificationNeeds, Worked>();

/** Sends all that is due and has room, and what falls due by that. Throws a fault of ours, once. */
export async function deliverDue(needs: DeliverNotificationNeeds): Promise<void> {
  const { pumps, faults } = worked.get(needs) ?? begin(needs);
  for (const pump of pumps) pump.wake();
  await Promise.all(pumps.map((pump) => pump.idle()));
  const fault = faults.shift();
  if (fault) throw fault;
}

function begin(needs: DeliverNotificationNeeds): Worked {
  const faults: Error[] = [];
  const pumps = (['email', 'webhook'] as const).map((channel) =>
    deliveryPump(needs, {
      channel,
      slots: 50,
      perPartner: 8,
      onError: (error) => void faults.push(error),
    }),
  );
  const made = { pumps, faults };
  worked.set(needs, made);
  return made;
}
