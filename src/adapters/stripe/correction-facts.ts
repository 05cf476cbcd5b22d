// Stripe's refunds, disputes and credit notes made into the facts that the domain decides on: pure,
// and total. A credit note that carries refunds is those refunds, whichever of them is told of first;
// only what it gives back otherwise (credit for the next invoice, money outside of Stripe, less to
// pay) is a correction of its own.

import type { CorrectionFacts } from '#domain/credit-note.ts';
import type { NamedAmount } from '#domain/credit-split.ts';
import { type Cents, cents, sum, ZERO } from '#domain/money.ts';
import { correctionKey, type PaymentKey } from '#domain/payment-key.ts';
import type {
  CreditNoteLineShape,
  CreditNoteShape,
  DisputeShape,
  RefundShape,
} from './correction-shapes.ts';
import { invoiceLineProductId } from './line-facts.ts';
import {
  amountOf,
  expanded,
  type InvoiceLineShape,
  idOf,
  instantOf,
  rowsOf,
  textOf,
} from './shapes.ts';
import { currencyOf } from './stripe-facts.ts';

type State = CorrectionFacts['state'];

const REFUND_STATES: Readonly<Record<string, State>> = {
  succeeded: 'done',
  pending: 'pending',
  requires_action: 'pending',
  failed: 'undone',
  canceled: 'undone',
};
/** A warning is an inquiry: nothing was taken. */
const DISPUTE_STATES: Readonly<Record<string, State>> = {
  lost: 'done',
  won: 'undone',
  prevented: 'undone',
  warning_closed: 'undone',
  warning_needs_response: 'pending',
  warning_under_review: 'pending',
  needs_response: 'pending',
  under_review: 'pending',
  appeal_needs_response: 'pending',
  appeal_under_review: 'pending',
};
const NOTE_STATES: Readonly<Record<string, State>> = { issued: 'done', void: 'undone' };

/** The payment's key as far as a refund or dispute knows it: the intent, else the charge. */
export function paidKeyOf(of: RefundShape | DisputeShape): PaymentKey | null {
  const id = idOf(of.payment_intent) ?? idOf(of.charge);
  return id === null ? null : (id as PaymentKey);
}

export function refundFacts(refund: RefundShape, named: readonly NamedAmount[]): CorrectionFacts {
  const at = instantOf(refund.created);
  return {
    key: correctionKey(textOf(refund.id) ?? ''),
    cause: 'refund',
    state: stateOf(refund.status, REFUND_STATES),
    ...amountAt(at, refund.amount, refund.currency),
    named,
  };
}

/** Stripe's dispute does not say when it ended; its event does. */
export function disputeFacts(dispute: DisputeShape, endedAt: Date): CorrectionFacts {
  return {
    key: correctionKey(textOf(dispute.id) ?? ''),
    cause: 'dispute',
    state: stateOf(dispute.status, DISPUTE_STATES),
    ...amountAt(endedAt, dispute.amount, dispute.currency),
    named: [],
  };
}

/** The refunds of a credit note whose refunds are expanded, and what it gives back beside them. */
export function creditNoteFacts(
  note: CreditNoteShape,
  named: readonly NamedAmount[],
): readonly CorrectionFacts[] {
  const rows = rowsOf(note.refunds).filter(({ refund }) => idOf(refund) !== null);
  const refunds = rows.map(({ refund }) => expanded(refund)).filter((it) => it !== null);
  const total = amountOf(note.total);
  const refunded = sum(rows.map((row) => amountOf(row.amount_refunded) ?? ZERO));
  const beside = total === null ? null : cents(total - refunded);
  const ofRefunds = refunds.map((refund) => refundFacts(refund, named));
  if (beside === 0 && rows.length > 0) return ofRefunds;
  const at = instantOf(note.effective_at) ?? instantOf(note.created);
  const own: CorrectionFacts = {
    key: correctionKey(textOf(note.id) ?? ''),
    cause: 'credit-note',
    state: stateOf(note.status, NOTE_STATES),
    ...amountAt(at, beside, note.currency),
    named,
  };
  return [...ofRefunds, own];
}

/** What the lines of a credit note take back of the products of its invoice, tax in. */
export function namedAmounts(
  lines: readonly CreditNoteLineShape[],
  invoiceLines: readonly InvoiceLineShape[],
): readonly NamedAmount[] {
  const products = new Map(
    invoiceLines.map((line) => [textOf(line.id), invoiceLineProductId(line)]),
  );
  return lines.flatMap((line) => {
    const productId = products.get(textOf(line.invoice_line_item));
    const amount = grossOf(line);
    return productId && amount > 0 ? [{ productId, amount }] : [];
  });
}

function grossOf({ amount, discount_amount, taxes }: CreditNoteLineShape): Cents {
  const onTop = rowsOf(taxes).filter(({ tax_behavior }) => tax_behavior === 'exclusive');
  return sum([
    amountOf(amount) ?? ZERO,
    cents(-(amountOf(discount_amount) ?? ZERO)),
    ...onTop.map((tax) => amountOf(tax.amount) ?? ZERO),
  ]);
}

function stateOf(status: unknown, states: Readonly<Record<string, State>>): State {
  const word = textOf(status) ?? '';
  return Object.hasOwn(states, word) ? (states[word] as State) : { unknown: word };
}

// As for payments: what bears no date is something else, and its amount is not believed either.
function amountAt(
  at: Date | null,
  amount: unknown,
  currency: unknown,
): Pick<CorrectionFacts, 'at' | 'amount' | 'currency'> {
  return {
    at: at ?? new Date(0),
    amount: at === null ? null : amountOf(amount),
    currency: currencyOf(currency),
  };
}
