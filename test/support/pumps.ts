// The three pumps of a worker process, wired as the program wires them: prints are claimed and recorded
// in batches, and what a print releases is claimed by the transaction that releases it.

import { claimWithin, type DeliverNotificationNeeds } from '#application/deliver-notification.ts';
import { deliveryPump } from '#application/delivery-pump.ts';
import { printingPump } from '#application/printing-pump.ts';
import type { RenderInvoiceNeeds } from '#application/render-invoice.ts';

export type Pumps = {
  /** Resolves when all that was woken is printed and sent. Throws the first fault of ours. */
  settled(): Promise<void>;
  readonly prints: { wake(): void };
};

export function pumps(needs: DeliverNotificationNeeds & RenderInvoiceNeeds): Pumps {
  const faults: Error[] = [];
  const onError = (error: Error) => void faults.push(error);
  const delivering = (['email', 'webhook'] as const).map((channel) =>
    deliveryPump(needs, { channel, slots: 50, perPartner: 8, onError }),
  );
  const prints = printingPump(needs, {
    slots: 12,
    deliveries: {
      pumps: delivering,
      claim: (tx, rooms) => claimWithin(tx, needs, rooms),
    },
    onError,
    mayClaim: async () => {},
  });
  return {
    prints,
    async settled() {
      await prints.idle();
      await Promise.all(delivering.map((pump) => pump.idle()));
      const [fault] = faults.splice(0);
      if (fault) throw fault;
    },
  };
}
