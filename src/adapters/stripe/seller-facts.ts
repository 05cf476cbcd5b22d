// Whether the payment is ours to invoice, and whether Stripe's own tax on it can be relied on. Both
// are said in several places, and a new word in any of them must stop the payment rather than pass
// for the usual one: an invoice in the wrong seller's name cannot be taken back.

import {
  type AutomaticTaxShape,
  expanded,
  type InvoiceShape,
  idOf,
  rowsOf,
  type SessionShape,
  textOf,
} from './shapes.ts';

type Sale = { readonly session: SessionShape | null; readonly invoice: InvoiceShape | null };

/** Someone else is the seller in law: Stripe (managed payments) or a connected account. */
export function otherSells({ session, invoice }: Sale): boolean {
  const subscription =
    expanded(invoice?.parent?.subscription_details?.subscription) ??
    expanded(invoice?.subscription);
  const intents = [
    session?.payment_intent,
    invoice?.payment_intent,
    ...rowsOf(invoice?.payments?.data).map((row) => row.payment?.payment_intent),
  ].map((ref) => expanded(ref));
  const behalves = [invoice, subscription, ...intents].map((it) => idOf(it?.on_behalf_of));
  const managed = [session, subscription, ...intents].map((it) => it?.managed_payments?.enabled);
  const sellers = [
    invoice?.issuer,
    session?.automatic_tax?.liability,
    invoice?.automatic_tax?.liability,
  ];
  return (
    behalves.some((account) => account !== null) ||
    managed.includes(true) ||
    sellers.some((it) => textOf(it?.type) !== null && it?.type !== 'self')
  );
}

/** Why Stripe Tax gave no result, in its word; null when it did, or is switched off. */
export function taxFailureOf(tax: AutomaticTaxShape | null | undefined): string | null {
  const status = textOf(tax?.status);
  if (status !== null) return status === 'complete' ? null : status;
  return tax?.enabled === true ? 'null' : null;
}
