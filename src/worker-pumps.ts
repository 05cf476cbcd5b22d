// The three pumps of a worker process, wired to each other, and how much each has under way at once. The
// figures are for a process on two cores; more processes, and not larger figures, make more of them.

import type { LifeLock } from '#adapters/worker/life-lock.ts';
import { claimWithin, type DeliverNotificationNeeds } from '#application/deliver-notification.ts';
import { type DeliveryPump, deliveryPump } from '#application/delivery-pump.ts';
import { type PrintingPump, printingPump } from '#application/printing-pump.ts';
import { answerRecorder } from '#application/record-answers.ts';
import type { RenderInvoiceNeeds } from '#application/render-invoice.ts';

/** Chromium's pages that print side by side: one more than cores, so that none waits between two prints. */
export const PAGES_AT_ONCE = 3;
/** Documents under way: some are stored and recorded while others are printed. */
const PRINTS_AT_ONCE = 8 * PAGES_AT_ONCE;
const MAILS_AT_ONCE = 16;
/** To all partners together. */
const CALLS_AT_ONCE = 256;
/** Calls in flight to one partner, in all processes together. */
const CALLS_PER_PARTNER = 8;

export type WorkerPumps = {
  readonly prints: PrintingPump;
  readonly mails: DeliveryPump;
  readonly calls: DeliveryPump;
};

/** Nothing is under way until they are woken. */
export function workerPumps(
  needs: { readonly deliver: DeliverNotificationNeeds; readonly render: RenderInvoiceNeeds },
  around: {
    readonly life: LifeLock;
    readonly log: { error(about: { readonly err: Error }, message: string): void };
  },
): WorkerPumps {
  const { deliver, render } = needs;
  const failed = (what: string) => (err: Error) => around.log.error({ err }, what);
  const mayClaim = () => around.life.held();
  const onError = failed('a delivery failed on our side');
  const record = answerRecorder(deliver);
  const mails = deliveryPump(deliver, {
    ...{ onError, mayClaim, record, channel: 'email' },
    slots: MAILS_AT_ONCE,
    perPartner: MAILS_AT_ONCE,
  });
  const calls = deliveryPump(deliver, {
    ...{ onError, mayClaim, record, channel: 'webhook' },
    slots: CALLS_AT_ONCE,
    perPartner: CALLS_PER_PARTNER,
  });
  const prints = printingPump(render, {
    ...{ mayClaim, onError: failed('a print failed on our side') },
    slots: PRINTS_AT_ONCE,
    deliveries: {
      pumps: [mails, calls],
      claim: (tx, rooms) => claimWithin(tx, deliver, rooms),
    },
  });
  return { prints, mails, calls };
}
