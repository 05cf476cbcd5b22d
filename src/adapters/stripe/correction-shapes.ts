// Every field of Stripe's that we read about money that went back, and none that we do not. As in
// shapes.ts, whatever arrives is only believed to be JSON. What a credit note takes back of a line is
// counted as Stripe counts it: before discount, and without tax that came on top.

import type { InvoiceShape, Ref, Rows } from './shapes.ts';

type Maybe<T> = T | null | undefined;
type Named = { readonly id?: unknown };

export type RefundShape = {
  readonly id?: unknown;
  readonly amount?: unknown;
  readonly currency?: unknown;
  readonly created?: unknown;
  readonly status?: unknown;
  readonly payment_intent?: Ref<Named>;
  readonly charge?: Ref<Named>;
};

export type DisputeShape = {
  readonly id?: unknown;
  readonly amount?: unknown;
  readonly currency?: unknown;
  readonly status?: unknown;
  readonly payment_intent?: Ref<Named>;
  readonly charge?: Ref<Named>;
};

export type CreditNoteShape = {
  readonly id?: unknown;
  readonly total?: unknown;
  readonly currency?: unknown;
  readonly created?: unknown;
  readonly effective_at?: unknown;
  readonly status?: unknown;
  readonly invoice?: Ref<CreditedInvoiceShape>;
  readonly refunds?: Rows<{
    readonly amount_refunded?: unknown;
    readonly refund?: Ref<RefundShape>;
  }>;
  readonly lines?: Maybe<{
    readonly data?: Rows<CreditNoteLineShape>;
    readonly has_more?: unknown;
  }>;
};

export type CreditNoteLineShape = {
  readonly id?: unknown;
  readonly amount?: unknown;
  readonly discount_amount?: unknown;
  readonly invoice_line_item?: unknown;
  readonly taxes?: Rows<{ readonly amount?: unknown; readonly tax_behavior?: unknown }>;
};

export type CreditedInvoiceShape = Pick<InvoiceShape, 'id' | 'status' | 'lines'> & {
  readonly pre_payment_credit_notes_amount?: unknown;
  readonly post_payment_credit_notes_amount?: unknown;
};

export type PaidInvoiceShape = {
  readonly status?: unknown;
  readonly invoice?: Ref<CreditedInvoiceShape>;
};
