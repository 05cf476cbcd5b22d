// A credit note that could not be written as the law and the electronic format want it must not take a
// number, any more than such an invoice. So each is drawn up once as it would be, and looked at,
// before anything is recorded. The norm's tolerance for tax is one unit of the currency: nothing for
// euros, but in yen a tax by difference may be one off.

import { type CorrectionFacts, issueCreditNote } from '#domain/credit-note.ts';
import type { OrderCredit } from '#domain/credit-split.ts';
import { formatInvoiceNumber, parisDay, yearOf } from '#domain/invoice-number.ts';
import type { DoubtUninvoiceableNeeds } from './doubt-uninvoiceable.ts';
import type { InvoicedOrder } from './ports.ts';

/** What is wrong with the credit notes that these credits would make; empty if nothing is. */
export function creditFaults(
  { documentFaults, seller, clock }: DoubtUninvoiceableNeeds,
  { cause, at }: Pick<CorrectionFacts, 'cause' | 'at'>,
  credits: readonly OrderCredit[],
  orders: readonly InvoicedOrder[],
): readonly string[] {
  const issuedAt = clock.now();
  const issueDay = parisDay(issuedAt);
  // The number and the id are stand-ins: no rule that can fail here looks at them.
  const number = formatInvoiceNumber('AQCA', yearOf(issueDay), 1);
  return credits.flatMap(({ orderId, lines }) => {
    const of = orders.find(({ order }) => order.id === orderId);
    if (!of) throw new Error(`no order ${orderId}`);
    const { slug: _slug, ...branding } = of.invoice.partner;
    return documentFaults(
      issueCreditNote(of.order, {
        ...{ number, issuedAt, issueDay, cause, seller, branding, lines },
        ...{ creditNoteId: 1, refundedDay: parisDay(at), invoice: of.invoice },
      }),
    );
  });
}
