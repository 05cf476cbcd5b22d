// Step 4: everything that payments owe the world is written in one transaction: orders with their
// lines, notifications, invoice numbers and invoices, and what wakes the printing. Numbers come last,
// for their counter stays locked until the commit; many payments are recorded under one such lock.

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

/** A payment that was found new, under its lock, and what its event made of it. */
export type Sale = {
  readonly event: Pick<ReceivedEvent, 'id' | 'createdAt' | 'livemode'>;
  readonly drafts: readonly OrderDraft[];
  /** The step that its invoices go on from. Absent: the one under way. */
  readonly place?: string | null;
};

/** Records the orders of one payment, with a job for each print. */
export function recordOrders(
  tx: Tx,
  needs: RecordOrdersNeeds,
  event: Sale['event'],
  drafts: readonly OrderDraft[],
): Promise<void> {
  return recordSales(tx, needs, [{ event, drafts }], { printsAreJobs: true });
}

/**
 * Records the orders of several payments. The caller holds the payments' locks. `printsAreJobs`:
 * nobody here prints them after the commit, a worker must be told.
 */
export async function recordSales(
  tx: Tx,
  needs: RecordOrdersNeeds,
  sales: readonly Sale[],
  { printsAreJobs }: { readonly printsAreJobs: boolean },
): Promise<void> {
  const sold = sales.flatMap((sale) => sale.drafts.map((draft) => ({ sale, draft })));
  if (sold.length === 0) return;
  const orders = await tx.orders.insertAll(
    sold.map(({ sale: { event }, draft }) => ({
      ...draft,
      eventId: event.id,
      eventCreatedAt: event.createdAt,
    })),
  );
  const now = needs.clock.now();
  await tx.notifications.insertAll(
    orders.flatMap(({ id: orderId }) =>
      (['email', 'webhook'] as const).map((channel) =>
        newNotification({ id: needs.newId(), orderId, channel, creditNoteId: null }, now),
      ),
    ),
  );
  const brandings = await tx.partners.brandings([...new Set(orders.map((it) => it.partner))]);
  const builds = orders.map((order, at) => {
    const { event, place } = (sold[at] as (typeof sold)[number]).sale;
    const branding = brandings.get(order.partner);
    if (!branding) throw new Error(`no partner ${order.partner}`);
    const build = (
      given: Pick<Parameters<typeof issueInvoice>[1], 'number' | 'issuedAt' | 'issueDay'>,
    ) =>
      issueInvoice(order, {
        ...given,
        paidDay: parisDay(order.paidAt),
        test: !event.livemode,
        seller: needs.seller,
        branding,
      });
    return { build, ...(place !== undefined && { place }) };
  });
  const invoices = await tx.invoices.issueAll('FQCA', builds);
  if (!printsAreJobs) return;
  for (const { number } of invoices) {
    await tx.outbox.add({ task: 'render-invoice', payload: { invoiceNumber: number } });
  }
}
