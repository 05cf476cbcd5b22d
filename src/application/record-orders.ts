// Step 4: everything a payment owes the world is written in one transaction: orders with their
// lines, notifications, invoice numbers and invoices, and the jobs. Numbers come last, for their
// counter stays locked until the commit.

import { issueInvoice } from '#domain/invoice.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { newNotification } from '#domain/notification.ts';
import type { OrderDraft } from '#domain/payment.ts';
import type { Seller } from '#domain/seller.ts';
import type { Clock, NewId, ReceivedEvent, Tx } from './ports.ts';

export type RecordOrdersNeeds = {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly seller: Seller;
};

/** Records the orders of one payment. The caller holds the payment's lock and has found it new. */
export async function recordOrders(
  tx: Tx,
  needs: RecordOrdersNeeds,
  event: Pick<ReceivedEvent, 'id' | 'createdAt' | 'livemode'>,
  drafts: readonly OrderDraft[],
): Promise<void> {
  const made = [];
  for (const draft of drafts) {
    const order = await tx.orders.insert({
      ...draft,
      eventId: event.id,
      eventCreatedAt: event.createdAt,
    });
    for (const channel of ['email', 'webhook'] as const) {
      const given = { id: needs.newId(), orderId: order.id, channel, creditNoteId: null };
      await tx.notifications.insert(newNotification(given, needs.clock.now()));
    }
    made.push({ order, branding: await tx.partners.branding(order.partner) });
  }
  for (const { order, branding } of made) {
    const invoice = await tx.invoices.issue('FQCA', (given) =>
      issueInvoice(order, {
        ...given,
        paidDay: parisDay(order.paidAt),
        test: !event.livemode,
        seller: needs.seller,
        branding,
      }),
    );
    await tx.outbox.add({ task: 'render-invoice', payload: { invoiceNumber: invoice.number } });
  }
}
