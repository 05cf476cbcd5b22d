// What the domain decides on many payments at once, and the doubts that need more than one payment's
// facts to be settled: whose partners exist, whether a document could be written, how late an event is.

import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import { decidePayment, type PaymentDecision, type PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { type DoubtUninvoiceableNeeds, doubtUninvoiceable } from './doubt-uninvoiceable.ts';
import type { StoredEvent, Tx } from './ports.ts';

export type DecidePaymentsNeeds = DoubtUninvoiceableNeeds & {
  readonly housePartner: PartnerSlug | null;
};

/** An event, how often it was looked at before, and what Stripe says of it now. */
export type ReadEvent = {
  readonly event: StoredEvent;
  readonly tries: number;
  /** It came too late to be believed. */
  readonly isLate: boolean;
  readonly read: { readonly facts: PaymentFacts } | { readonly missing: string };
};

/** How long we wait for Stripe to attach the invoice a session must have: some six minutes. */
export const INVOICE_WAITS_MS: readonly number[] = [1, 2, 4, 8, 15, 30, 60, 120, 120].map(
  (seconds) => seconds * 1000,
);

/** A decision for each, in their order. */
export async function decidePayments(
  { partners }: Tx,
  needs: DecidePaymentsNeeds,
  all: readonly ReadEvent[],
): Promise<readonly PaymentDecision[]> {
  const { housePartner } = needs;
  const named = all.flatMap(({ read }) =>
    'facts' in read && read.facts.kind !== 'unrelated'
      ? read.facts.lines.map((line) => parsePartnerSlug(line.partner ?? ''))
      : [],
  );
  const slugs = [...named, housePartner].filter((slug) => slug !== null);
  const known = await partners.known([...new Set(slugs)]);
  // A house partner that was removed takes nothing.
  const house = housePartner !== null && known.has(housePartner) ? housePartner : null;
  return all.map(({ event, read, isLate, tries }) => {
    const decision =
      'facts' in read
        ? decidePayment(read.facts, { slugs: known, house, livemode: event.livemode })
        : missing(event, read.missing);
    const doubted = 'facts' in read ? doubtUninvoiceable(needs, decision) : decision;
    return patient(isLate ? doubtLate(doubted) : doubted, tries);
  });
}

// Stripe answers 404: a test event of the dashboard with placeholder ids, or another account's.
// The event's own id is the key, so that placeholders never stand in a real payment's way.
function missing(event: StoredEvent, what: string): PaymentDecision {
  const key = event.id as PaymentKey;
  return { kind: 'quarantine', key, reason: 'missing-at-stripe', detail: what };
}

// What would become no order may come as late as it likes.
function doubtLate(decision: PaymentDecision): PaymentDecision {
  if (decision.kind !== 'orders') return decision;
  const detail = decision.orders[0]?.paidAt.toISOString().slice(0, 10) ?? '';
  return { kind: 'quarantine', key: decision.key, reason: 'too-old', detail };
}

// Waiting for Stripe's invoice has an end; then a person must look.
function patient(decision: PaymentDecision, tries: number): PaymentDecision {
  if (decision.kind !== 'wait' || decision.reason !== 'awaiting-invoice') return decision;
  if (tries < INVOICE_WAITS_MS.length) return decision;
  return { kind: 'quarantine', key: decision.key, reason: 'invoice-missing', detail: '' };
}
