// Every request that we make to Stripe to understand what went back. One brings the refund, the
// dispute, the charge's refunds, or the credit note with its invoice and refunds; a second says which
// invoice was paid, where our books do not know the payment; a third the credit notes of an invoice
// that has any.

import type Stripe from 'stripe';
import type {
  CreditedInvoiceShape,
  CreditNoteLineShape,
  CreditNoteShape,
  DisputeShape,
  PaidInvoiceShape,
  RefundShape,
} from './correction-shapes.ts';
import { after, allRows, asked, found, ROWS_MAX } from './live-objects.ts';
import { expanded, type InvoiceLineShape, textOf } from './shapes.ts';

const NOTE_EXPAND = ['invoice', 'refunds.refund'];
const PAGE_ROWS = 100;

export type LiveCorrections = {
  /** Null when Stripe has no such object. The same holds for all below. */
  refund(id: string): Promise<RefundShape | null>;
  refundsOfCharge(id: string): Promise<readonly RefundShape[] | null>;
  dispute(id: string): Promise<DisputeShape | null>;
  /** With its invoice and its refunds. */
  creditNote(id: string): Promise<CreditNoteShape | null>;
  /** All lines of the credit note, in its order. */
  creditNoteLines(note: CreditNoteShape): Promise<readonly CreditNoteLineShape[]>;
  creditNotesOf(invoiceId: string): Promise<readonly CreditNoteShape[]>;
  /** The invoice that the intent paid; null for a payment without one. */
  invoicePaidBy(paymentIntentId: string): Promise<CreditedInvoiceShape | null>;
  invoiceLines(invoice: CreditedInvoiceShape): Promise<readonly InvoiceLineShape[]>;
};

/** Every method throws when Stripe is away, limits us, or answers with something else. */
export function liveCorrections(stripe: Stripe): LiveCorrections {
  return {
    refund: (id) => found(`refund ${id}`, 'refund', () => stripe.refunds.retrieve(id)),
    async refundsOfCharge(id) {
      const list = await found(`refunds of charge ${id}`, 'list', () =>
        stripe.refunds.list({ charge: id, limit: PAGE_ROWS }),
      );
      return (
        list &&
        allRows<RefundShape>(list, (last) =>
          asked(`refunds of charge ${id}`, () =>
            stripe.refunds
              .list({ charge: id, ...after(last) })
              .autoPagingToArray({ limit: ROWS_MAX }),
          ),
        )
      );
    },
    dispute: (id) => found(`dispute ${id}`, 'dispute', () => stripe.disputes.retrieve(id)),
    creditNote: (id) =>
      found(`credit note ${id}`, 'credit_note', () =>
        stripe.creditNotes.retrieve(id, { expand: NOTE_EXPAND }),
      ),
    creditNoteLines(note) {
      const id = textOf(note.id) ?? '';
      return allRows<CreditNoteLineShape>(note.lines, (last) =>
        asked(`lines of credit note ${id}`, () =>
          stripe.creditNotes.listLineItems(id, after(last)).autoPagingToArray({ limit: ROWS_MAX }),
        ),
      );
    },
    async creditNotesOf(invoiceId) {
      const { data } = await asked(`credit notes of invoice ${invoiceId}`, () =>
        stripe.creditNotes.list({ invoice: invoiceId, limit: PAGE_ROWS }),
      );
      return data;
    },
    async invoicePaidBy(paymentIntentId) {
      const payment = { type: 'payment_intent', payment_intent: paymentIntentId } as const;
      const { data } = await asked(`invoice paid by ${paymentIntentId}`, () =>
        stripe.invoicePayments.list({ payment, expand: ['data.invoice'] }),
      );
      const rows: readonly PaidInvoiceShape[] = data;
      const row = rows.find(({ status }) => status === 'paid') ?? rows[0];
      return expanded(row?.invoice);
    },
    invoiceLines(invoice) {
      const id = textOf(invoice.id) ?? '';
      return allRows<InvoiceLineShape>(invoice.lines, (last) =>
        asked(`lines of invoice ${id}`, () =>
          stripe.invoices.listLineItems(id, after(last)).autoPagingToArray({ limit: ROWS_MAX }),
        ),
      );
    },
  };
}
