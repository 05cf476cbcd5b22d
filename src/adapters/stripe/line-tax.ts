// What Stripe says of a line's tax, made into a rate we can print or into "unclear". Stripe's
// amount always wins over ours, but it must be one that a French invoice can explain: one tax, a
// VAT rate, an amount that follows from it, or a reason for charging none that has a legal mention.

import { type Cents, cents, roundHalfUp, ZERO } from '#domain/money.ts';
import type { TaxFacts } from '#domain/payment.ts';
import { splitGross, type VatRate, vatRate, ZERO_RATE } from '#domain/vat.ts';
import {
  amountOf,
  expanded,
  type InvoiceLineShape,
  idOf,
  rowsOf,
  type SessionLineShape,
  type TaxRateShape,
  textOf,
} from './shapes.ts';

/** One tax on one line, whichever of Stripe's three shapes it came in. */
export type TaxEntry = {
  readonly amount: Cents | null;
  readonly exclusive: boolean;
  /** Null when the rate object could not be read. */
  readonly rate: VatRate | null;
  /** Stripe's `tax_type`, which rates set by hand need not have. */
  readonly type: string | null;
  readonly reason: string | null;
};

/** What the whole document says about the buyer and tax. */
export type TaxSituation = {
  /** Stripe's `tax_exempt`: `none`, `reverse`, `exempt`, or a word we do not know. */
  readonly exemption: string;
  readonly vatNumber: string | null;
};

const TAXED = new Set([
  'standard_rated',
  'reduced_rated',
  'portion_standard_rated',
  'portion_reduced_rated',
  'not_available', // invoices, for rates that were set by hand
]);
const EXEMPT = new Set(['product_exempt', 'product_exempt_holiday', 'customer_exempt']);

/** `stated` is the line's tax by Stripe's own sum (sessions only), to notice entries not shown. */
export function explainTax(
  entries: readonly TaxEntry[],
  { exemption, vatNumber }: TaxSituation,
  { gross, stated }: { readonly gross: Cents; readonly stated: Cents | null },
): TaxFacts {
  const [entry, ...others] = entries;
  if (entry === undefined) {
    if (stated !== null && stated !== 0) return unclear('amount_tax', stated);
    if (exemption === 'none') return 'silent';
    return exemption === 'reverse' ? reverseCharge(vatNumber) : unclear('tax_exempt', exemption);
  }
  if (others.length > 0) return unclear('taxes', entries.length);
  if (entry.amount === null) return unclear('amount', null);
  if (entry.amount === 0) {
    if (entry.reason === 'reverse_charge' || exemption === 'reverse') {
      return reverseCharge(vatNumber);
    }
    if (EXEMPT.has(entry.reason ?? '')) return { vat: ZERO, rate: ZERO_RATE, treatment: 'exempt' };
  }
  if (entry.type !== null && entry.type !== 'vat') return unclear('tax_type', entry.type);
  if (entry.reason !== null && !TAXED.has(entry.reason)) {
    return unclear('taxability_reason', entry.reason);
  }
  if (entry.rate === null || entry.rate === 0) return unclear('tax_rate', entry.rate);
  // Stripe rounds each line or the whole invoice, by a setting of the account: a cent is no fault.
  const expected = splitGross(gross, entry.rate).vat;
  return Math.abs(entry.amount - expected) <= 1
    ? { vat: entry.amount, rate: entry.rate, treatment: 'standard' }
    : unclear('amount', `${entry.amount} ≠ ${expected}`);
}

/** Names Stripe's field and what it holds, which is what an operator finds there. */
export function unclear(
  field: string,
  value: string | number | null,
): { readonly unclear: string } {
  return { unclear: `${field}: ${value}` };
}

/** The discount as the customer sees it: tax in, at least 0. */
export function grossDiscount(discount: Cents, tax: TaxFacts, entries: readonly TaxEntry[]): Cents {
  if (discount <= 0) return ZERO;
  if (typeof tax !== 'object' || 'unclear' in tax || !entries[0]?.exclusive) return discount;
  return cents(Number(roundHalfUp(BigInt(discount) * BigInt(10_000 + tax.rate), 10_000n)));
}

/** Needs `line_items.data.taxes` expanded. */
export function sessionLineTaxes(line: SessionLineShape): readonly TaxEntry[] {
  return rowsOf(line.taxes).map((tax) =>
    taxEntry(tax, expanded(tax.rate), expanded(tax.rate)?.inclusive === false),
  );
}

/** Rates come by id and are looked up; before basil they could be expanded in place. */
export function invoiceLineTaxes(
  line: InvoiceLineShape,
  rates: ReadonlyMap<string, TaxRateShape | null>,
): readonly TaxEntry[] {
  const taxes = rowsOf(line.taxes);
  if (taxes.length > 0) {
    return taxes.map((tax) => {
      const rate = rates.get(textOf(tax.tax_rate_details?.tax_rate) ?? '') ?? null;
      return taxEntry(tax, rate, tax.tax_behavior === 'exclusive');
    });
  }
  return rowsOf(line.tax_amounts).map((tax) => {
    const rate = expanded(tax.tax_rate) ?? rates.get(idOf(tax.tax_rate) ?? '') ?? null;
    return taxEntry(tax, rate, tax.inclusive === false);
  });
}

/** The ids of rates that have to be fetched to understand these lines. */
export function taxRateIds(lines: readonly InvoiceLineShape[]): readonly string[] {
  const ids = lines.flatMap((line) => [
    ...rowsOf(line.taxes).map((tax) => textOf(tax.tax_rate_details?.tax_rate)),
    ...rowsOf(line.tax_amounts).map((tax) => (expanded(tax.tax_rate) ? null : idOf(tax.tax_rate))),
  ]);
  return [...new Set(ids.filter((id) => id !== null))];
}

function taxEntry(
  tax: { readonly amount?: unknown; readonly taxability_reason?: unknown },
  rate: TaxRateShape | null,
  exclusive: boolean,
): TaxEntry {
  return {
    amount: amountOf(tax.amount),
    exclusive,
    rate: basisPoints(rate),
    type: textOf(rate?.tax_type),
    reason: textOf(tax.taxability_reason),
  };
}

// Stripe Tax says what it really applied in `effective_percentage`; rates set by hand have none.
function basisPoints(rate: TaxRateShape | null): VatRate | null {
  const percent = rate?.effective_percentage ?? rate?.percentage;
  if (typeof percent !== 'number') return null;
  const points = Math.round(percent * 100);
  const exact = Math.abs(points - percent * 100) < 1e-6;
  return exact && points >= 0 && points <= 10_000 ? vatRate(points) : null;
}

// The buyer owes the tax, which is lawful only if the invoice names their VAT number.
function reverseCharge(vatNumber: string | null): TaxFacts {
  return vatNumber === null
    ? unclear('eu_vat', null)
    : { vat: ZERO, rate: ZERO_RATE, treatment: 'reverse-charge' };
}
