// An order whose invoice could not be written as the law and the electronic format want it must not
// take a number: a number cannot be given back. So the invoice is drawn up once as it would be, and
// looked at, before anything is recorded.

import { issueInvoice } from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, yearOf } from '#domain/invoice-number.ts';
import type { OrderDraft, PaymentDecision } from '#domain/payment.ts';
import type { Seller } from '#domain/seller.ts';
import { plainLine } from '#domain/text.ts';
import type { Clock, DocumentFaults } from './ports.ts';

export type DoubtUninvoiceableNeeds = {
  readonly documentFaults: DocumentFaults;
  readonly seller: Seller;
  readonly clock: Clock;
};

/** The decision, or a quarantine `not-invoiceable` that names the first faults. */
export function doubtUninvoiceable(
  needs: DoubtUninvoiceableNeeds,
  decision: PaymentDecision,
): PaymentDecision {
  if (decision.kind !== 'orders') return decision;
  const faults = decision.orders.flatMap((draft) => needs.documentFaults(drawnUp(draft, needs)));
  if (faults.length === 0) return decision;
  const detail = plainLine(faults.join('; '), 200);
  return { kind: 'quarantine', key: decision.key, reason: 'not-invoiceable', detail };
}

const NO_BRAND = { name: '', color: null, contactEmail: null, contactPhone: null, website: null };

// Numbers, ids and brand are stand-ins: no rule that can fail here looks at them.
function drawnUp(draft: OrderDraft, { seller, clock }: DoubtUninvoiceableNeeds) {
  const issuedAt = clock.now();
  const issueDay = parisDay(issuedAt);
  const order = { ...draft, id: 1, eventId: '', eventCreatedAt: issuedAt };
  return issueInvoice(order, {
    number: formatInvoiceNumber('FQCA', yearOf(issueDay), 1),
    issuedAt,
    issueDay,
    paidDay: parisDay(draft.paidAt),
    test: false,
    seller,
    branding: NO_BRAND,
  });
}
