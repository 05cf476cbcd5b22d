// How it was paid, as Stripe's type of payment method. The charge knows for certain, but Stripe's
// limit of four levels of expansion keeps it one step out of reach of an invoice; in most cases the
// intent says enough without another request.

import { ZERO } from '#domain/money.ts';
import {
  amountOf,
  type ChargeShape,
  expanded,
  type IntentShape,
  type InvoiceShape,
  idOf,
  onlyTextOf,
  rowsOf,
  type SessionShape,
  textOf,
} from './shapes.ts';

/** Paid outside of Stripe, and marked so by hand. */
export const OUT_OF_BAND = 'out_of_band';
/** Paid from the credit that the customer had with us; nothing was charged. */
export const BALANCE = 'balance';

/** Null when nothing was charged. Needs `payment_intent.latest_charge` expanded. */
export function checkoutMethod(session: SessionShape): string | null {
  if (session.payment_status !== 'paid' || !(amountOf(session.amount_total) ?? 0)) return null;
  return (
    chargeType(expanded(session.payment_intent)?.latest_charge) ??
    onlyTextOf(session.payment_method_types)
  );
}

/** The charge that must be read to know how the invoice was paid; null when that is known. */
export function chargeToRead(invoice: InvoiceShape, session: SessionShape | null): string | null {
  const paid = paidBy(invoice, session);
  return typeof paid === 'object' && paid !== null ? paid.chargeId : null;
}

/** Null when nothing was charged or nobody knows. `charge` is the one of `chargeToRead`. */
export function billedMethod(
  invoice: InvoiceShape,
  session: SessionShape | null,
  charge: ChargeShape | null,
): string | null {
  const paid = paidBy(invoice, session);
  return typeof paid === 'object' ? chargeType(charge) : paid;
}

function paidBy(
  invoice: InvoiceShape,
  session: SessionShape | null,
): string | null | { readonly chargeId: string } {
  if (invoice.status !== 'paid' || (amountOf(invoice.total) ?? ZERO) <= 0) return null;
  const rows = rowsOf(invoice.payments?.data).filter((row) => row.status === 'paid');
  const payment = rows.find((row) => row.payment?.payment_intent || row.payment?.charge)?.payment;
  const intent = payment?.payment_intent ?? invoice.payment_intent;
  if (intent) return methodOfIntent(intent, invoice, session);
  const charge = payment?.charge ?? invoice.charge;
  const chargeId = idOf(charge);
  if (chargeId !== null) return chargeType(charge) ?? { chargeId };
  return methodWithoutCharge(invoice, rows.length > 0);
}

function methodOfIntent(
  ref: string | IntentShape,
  invoice: InvoiceShape,
  session: SessionShape | null,
): string | null | { readonly chargeId: string } {
  const ofSession = expanded(session?.payment_intent);
  const same = ofSession !== null && idOf(ofSession) === idOf(ref) ? ofSession : null;
  const intent = expanded(ref) ?? same;
  const known =
    chargeType(same?.latest_charge) ??
    chargeType(intent?.latest_charge) ??
    onlyTextOf(intent?.payment_method_types) ??
    typeOfDefault(idOf(intent?.payment_method), invoice);
  if (known !== null) return known;
  const chargeId = idOf(intent?.latest_charge);
  return chargeId === null ? null : { chargeId };
}

// A renewal is charged to the subscription's default method, which is within reach: if it is the
// very one the intent names, its type is the answer and a request is saved.
function typeOfDefault(methodId: string | null, invoice: InvoiceShape): string | null {
  const subscription =
    expanded(invoice.parent?.subscription_details?.subscription) ?? expanded(invoice.subscription);
  const method = [invoice.default_payment_method, subscription?.default_payment_method]
    .map((ref) => expanded(ref))
    .find((candidate) => methodId !== null && idOf(candidate) === methodId);
  return textOf(method?.type);
}

function methodWithoutCharge(invoice: InvoiceShape, hasRecord: boolean): string | null {
  const offStripe = (amountOf(invoice.amount_paid_off_stripe) ?? ZERO) > 0;
  if (hasRecord || offStripe || invoice.paid_out_of_band === true) return OUT_OF_BAND;
  if ((amountOf(invoice.amount_paid) ?? ZERO) > 0) return OUT_OF_BAND;
  return (amountOf(invoice.starting_balance) ?? ZERO) < 0 ? BALANCE : OUT_OF_BAND;
}

function chargeType(charge: string | ChargeShape | null | undefined): string | null {
  return textOf(expanded(charge)?.payment_method_details?.type);
}
