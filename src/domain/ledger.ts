// Accounting entries from legal documents: what was sold, and the money that came or went back. Each
// entry balances to the cent by construction: the customer owes the whole, and the parts are the net
// and the tax of each rate. Both entries of a document are converted at the rate of the day the money
// moved, so that they settle each other without an exchange difference.

import type { Account, AccountPlan, Journal } from './account-plan.ts';
import { type ExchangeRates, inEuros } from './exchange-rates.ts';
import type { LegalDocument } from './invoice.ts';
import { type ParisDay, parseInvoiceNumber } from './invoice-number.ts';
import { type Cents, type Currency, cents, ZERO } from './money.ts';

export type EntryLine = {
  readonly account: Account;
  /** Euro cents; one of the two is zero, neither is negative. */
  readonly debit: Cents;
  readonly credit: Cents;
  /** The amount in its own currency's minor unit; null for euros. */
  readonly foreign: { readonly amount: Cents; readonly currency: Currency } | null;
  /** The letters under which entries on the customer's account settle each other. */
  readonly letter: { readonly code: string; readonly day: ParisDay } | null;
};

export type Entry = {
  readonly journal: Journal;
  readonly day: ParisDay;
  /** The day it was on the books for good, never before `day`. */
  readonly validDay: ParisDay;
  readonly piece: { readonly reference: string; readonly day: ParisDay };
  readonly label: string;
  readonly lines: readonly EntryLine[];
};

/** The rate that would be needed. */
export type MissingRate = {
  readonly missing: { readonly currency: Currency; readonly day: ParisDay };
};

/** The sale, or its reversal by a credit note. Null when there is nothing but zeros. */
export function saleEntry(
  document: LegalDocument,
  plan: AccountPlan,
  rates: ExchangeRates,
): Entry | MissingRate | null {
  const parts = document.totals.byRate.flatMap(({ rate, treatment, net, vat }) => [
    { account: plan.sales[treatment], amount: net },
    { account: plan.vat[rate] ?? plan.otherVat, amount: vat },
  ]);
  const title = document.kind === 'invoice' ? 'Facture' : 'Avoir';
  const { name, businessName } = document.buyer;
  return entryOf(document, rates, plan.customer, parts, 'sale', {
    journal: plan.salesJournal,
    day: document.issueDay,
    validDay: document.issueDay,
    piece: { reference: document.number, day: document.issueDay },
    label: [title, document.number, businessName ?? name ?? ''].join(' ').trim(),
  });
}

/** The payment or refund through Stripe. Null when no money moved. */
export function moneyEntry(
  document: LegalDocument,
  plan: AccountPlan,
  rates: ExchangeRates,
): Entry | MissingRate | null {
  if (!hasMoneyMoved(document)) return null;
  const day = moneyDay(document);
  const parts = [{ account: plan.money, amount: document.totals.gross }];
  const title = document.kind === 'invoice' ? 'Règlement' : 'Remboursement';
  return entryOf(document, rates, plan.customer, parts, 'money', {
    journal: plan.moneyJournal,
    day,
    validDay: later(day, document.issueDay),
    piece: { reference: document.paymentKey, day },
    label: `${title} ${document.number}`,
  });
}

/** The Paris day on which the customer paid, or had the money back. */
export function moneyDay(document: LegalDocument): ParisDay {
  return document.kind === 'invoice' ? document.paidDay : document.refundedDay;
}

/** False for what cost nothing, and for a credit note of Stripe's that gave nothing back. */
export function hasMoneyMoved(document: LegalDocument): boolean {
  const stays = document.kind === 'credit-note' && document.cause === 'credit-note';
  return document.totals.gross !== 0 && !stays;
}

type Part = { readonly account: Account; readonly amount: Cents };

function entryOf(
  document: LegalDocument,
  rates: ExchangeRates,
  customer: Account,
  parts: readonly Part[],
  what: 'sale' | 'money',
  head: Omit<Entry, 'lines'>,
): Entry | MissingRate | null {
  const moved = parts.filter(({ amount }) => amount !== 0);
  if (moved.length === 0) return null;
  const { currency } = document;
  const day = moneyDay(document);
  const rate = rates.on(currency, day);
  if (rate === null) return { missing: { currency, day } };
  const euros = inEuros(
    moved.map(({ amount }) => amount),
    currency,
    rate,
  );
  const total = cents(euros.reduce((a, b) => a + b, 0));
  // A sale makes the customer owe, a payment undoes it; a credit note is the other way round.
  const owes = (what === 'sale') === (document.kind === 'invoice');
  const line = (account: Account, amount: Cents, own: Cents, toDebit: boolean): EntryLine => ({
    account,
    ...sides(amount, toDebit),
    foreign: currency === 'EUR' ? null : { amount: own, currency },
    letter: null,
  });
  const own = cents(moved.reduce((sum, { amount }) => sum + amount, 0));
  const lines = [
    { ...line(customer, total, own, owes), letter: letterOf(document) },
    ...moved.map(({ account, amount }, at) => line(account, euros[at] as Cents, amount, !owes)),
  ].filter(({ debit, credit }) => debit !== 0 || credit !== 0);
  return lines.length === 0 ? null : { ...head, lines };
}

/** A negative amount stands on the other side. */
function sides(amount: Cents, toDebit: boolean): Pick<EntryLine, 'debit' | 'credit'> {
  const positive = cents(Math.abs(amount));
  return toDebit === amount >= 0
    ? { debit: positive, credit: ZERO }
    : { debit: ZERO, credit: positive };
}

// « F26000156 »: one code a document, which its sale and its money share.
function letterOf(document: LegalDocument): EntryLine['letter'] {
  if (!hasMoneyMoved(document)) return null;
  const number = parseInvoiceNumber(document.number);
  if (!number) throw new RangeError(`not a document's number: ${document.number}`);
  const year = String(number.year).slice(2);
  const code = `${number.series[0]}${year}${String(number.ordinal).padStart(6, '0')}`;
  return { code, day: later(document.issueDay, moneyDay(document)) };
}

function later(a: ParisDay, b: ParisDay): ParisDay {
  return a > b ? a : b;
}
