// One correction onto the books, in the caller's transaction: what it takes back from each order, the
// credit notes with their numbers, the mails they owe, and the jobs. Partners are told nothing: their
// contract knows no credit notes. Numbers come last, for their counter stays locked until the commit.

import { type CorrectionFacts, issueCreditNote } from '#domain/credit-note.ts';
import type { OrderCredit } from '#domain/credit-split.ts';
import { parisDay } from '#domain/invoice-number.ts';
import type { Cents, Currency } from '#domain/money.ts';
import { newNotification } from '#domain/notification.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { InvoicedOrder, Tx } from './ports.ts';
import type { RecordOrdersNeeds } from './record-orders.ts';

/** A correction of a payment that is on the books, and what was decided to credit for it. */
export type CreditedCorrection = Pick<CorrectionFacts, 'key' | 'cause' | 'at'> & {
  readonly payment: PaymentKey;
  readonly eventId: string;
  readonly amount: Cents;
  readonly currency: Currency;
  readonly credits: readonly OrderCredit[];
};

/** Records it. The caller holds the payment and has found the correction new. */
export async function recordCreditNotes(
  tx: Tx,
  { clock, newId, seller }: RecordOrdersNeeds,
  { credits, ...correction }: CreditedCorrection,
  orders: readonly InvoicedOrder[],
): Promise<void> {
  const { key, cause, at } = correction;
  await tx.credits.insert(correction);
  const made = [];
  for (const credit of credits) {
    const of = orders.find(({ order }) => order.id === credit.orderId);
    if (!of) throw new Error(`no order ${credit.orderId} of ${correction.payment}`);
    const { id } = await tx.credits.insertNote(key, credit);
    const given = {
      id: newId(),
      orderId: of.order.id,
      channel: 'email',
      creditNoteId: id,
    } as const;
    await tx.notifications.insert(newNotification(given, clock.now()));
    made.push({ ...of, credit, id, branding: await tx.partners.branding(of.order.partner) });
  }
  for (const { order, invoice, credit, id, branding } of made) {
    const note = await tx.invoices.issue('AQCA', (given) =>
      issueCreditNote(order, {
        ...{ ...given, cause, invoice, seller, branding },
        ...{ creditNoteId: id, refundedDay: parisDay(at), lines: credit.lines },
      }),
    );
    await tx.outbox.add({ task: 'render-invoice', payload: { invoiceNumber: note.number } });
  }
}
