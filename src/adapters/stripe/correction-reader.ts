// From an event to what went back, by what Stripe says now. Requests: one for a refund, a dispute, a
// charge's refunds or a credit note. Where our books do not know the payment by its intent, one more
// asks which invoice it paid, and a third for that invoice's credit notes, if it has any: so a refund
// takes back the same lines whether its own event or its credit note's comes first.

import type Stripe from 'stripe';
import type { CorrectionReader, ToldCorrections } from '#application/ports.ts';
import type { CorrectionFacts } from '#domain/credit-note.ts';
import type { NamedAmount } from '#domain/credit-split.ts';
import { invoicePaymentKey, type PaymentKey } from '#domain/payment-key.ts';
import {
  creditNoteFacts,
  disputeFacts,
  namedAmounts,
  paidKeyOf,
  refundFacts,
} from './correction-facts.ts';
import type {
  CreditedInvoiceShape,
  CreditNoteShape,
  DisputeShape,
  RefundShape,
} from './correction-shapes.ts';
import { type LiveCorrections, liveCorrections } from './live-corrections.ts';
import { amountOf, expanded, idOf, rowsOf, textOf } from './shapes.ts';
import { CORRECTION_EVENT_TYPES } from './subscribed-events.ts';

type Told = ToldCorrections | { readonly missing: string };

/** Reads with the given client. An event without an object's id is missing it. */
export function stripeCorrections(stripe: Stripe): CorrectionReader {
  const live = liveCorrections(stripe);
  return {
    tells: (type) => CORRECTION_EVENT_TYPES.some((known) => known === type),
    async read({ type, objectId, createdAt }) {
      if (objectId === null) return { missing: type };
      if (type.startsWith('credit_note.')) return readCreditNote(live, objectId);
      if (type.startsWith('charge.dispute.')) return readDispute(live, objectId, createdAt);
      return type.startsWith('refund.') ? readRefund(live, objectId) : readCharge(live, objectId);
    },
    locate: (told) => locate(live, told),
  };
}

async function readRefund(live: LiveCorrections, id: string): Promise<Told> {
  const refund = await live.refund(id);
  return refund === null ? { missing: id } : paidBy([refund], id, [refundFacts(refund, [])]);
}

async function readCharge(live: LiveCorrections, id: string): Promise<Told> {
  const refunds = await live.refundsOfCharge(id);
  if (refunds === null) return { missing: id };
  return paidBy(
    refunds,
    id,
    refunds.map((refund) => refundFacts(refund, [])),
  );
}

async function readDispute(live: LiveCorrections, id: string, endedAt: Date): Promise<Told> {
  const dispute = await live.dispute(id);
  return dispute === null
    ? { missing: id }
    : paidBy([dispute], id, [disputeFacts(dispute, endedAt)]);
}

// All of them are of one charge. One that names neither intent nor charge is nobody's payment: its
// own id stands for it, under which no order will ever come.
function paidBy(
  objects: readonly (RefundShape | DisputeShape)[],
  id: string,
  corrections: readonly CorrectionFacts[],
): ToldCorrections {
  const [object] = objects;
  const payment = (object && paidKeyOf(object)) ?? (id as PaymentKey);
  const mayBeBilled = objects.some((it) => idOf(it.payment_intent) !== null);
  return { corrections, payment, mayBeBilled, invoiceIsOpen: false };
}

async function readCreditNote(live: LiveCorrections, id: string): Promise<Told> {
  const note = await live.creditNote(id);
  const invoice = expanded(note?.invoice);
  if (note === null || invoice === null) return { missing: id };
  const corrections = creditNoteFacts(note, await namedBy(live, note, invoice));
  return { corrections, ...paidFor(invoice) };
}

/** Finds the invoice that the payment's intent paid, and the credit notes that name its refunds. */
async function locate(live: LiveCorrections, told: ToldCorrections): Promise<ToldCorrections> {
  const invoice = await live.invoicePaidBy(told.payment);
  if (invoice === null) return { ...told, mayBeBilled: false };
  const notes = hasCreditNotes(invoice) ? await live.creditNotesOf(idOf(invoice) ?? '') : [];
  const corrections: CorrectionFacts[] = [];
  for (const facts of told.corrections) {
    const note = notes.find(({ refunds }) =>
      rowsOf(refunds).some(({ refund }) => idOf(refund) === facts.key),
    );
    corrections.push(note ? { ...facts, named: await namedBy(live, note, invoice) } : facts);
  }
  return { corrections, ...paidFor(invoice) };
}

function paidFor(invoice: CreditedInvoiceShape): Omit<ToldCorrections, 'corrections'> {
  const status = textOf(invoice.status) ?? '';
  return {
    payment: invoicePaymentKey(idOf(invoice) ?? ''),
    mayBeBilled: false,
    invoiceIsOpen: status === 'draft' || status === 'open',
  };
}

function hasCreditNotes(invoice: CreditedInvoiceShape): boolean {
  const { pre_payment_credit_notes_amount: before, post_payment_credit_notes_amount: later } =
    invoice;
  return (amountOf(before) ?? 0) + (amountOf(later) ?? 0) > 0;
}

async function namedBy(
  live: LiveCorrections,
  note: CreditNoteShape,
  invoice: CreditedInvoiceShape,
): Promise<readonly NamedAmount[]> {
  const lines = await live.creditNoteLines(note);
  const isAboutLines = lines.some((line) => textOf(line.invoice_line_item) !== null);
  return isAboutLines ? namedAmounts(lines, await live.invoiceLines(invoice)) : [];
}
